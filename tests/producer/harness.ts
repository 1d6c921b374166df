/** A receiver at the other end of a real port, and events that can be told apart. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ProducerLimits } from '../../src/producer/config.ts';
import type { BatchSink } from '../../src/producer/receiver.ts';
import { Batch, EventKind, RowFlag } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';

/** So small that a random test reaches every limit. */
export const TINY_LIMITS: ProducerLimits = {
  creditsPerReceiver: 2,
  creditsCatchingUp: 4,
  batch: { rows: 4, heapBytes: 64 },
  tradeRingRows: 5,
  keptRows: 6,
  waitingHeapBytes: 120,
  statisticsPeriodMs: 1_000,
};

export interface Event {
  readonly symbol: string;
  readonly kind: EventKind;
  readonly flags?: number;
  readonly heapBytes?: number;
}

export const SNAPSHOT = RowFlag.snapshot;
const BASE_MICROS = 1_763_000_000_000_000;

/** Writes events to batches as a stream does. Each gets a serial number, which is its id and its microsecond. */
export class EventWriter {
  readonly symbols = new SymbolTable();
  serial = 0;

  batch(events: readonly Event[]): Batch {
    const heapBytes = events.reduce((sum, event) => sum + (event.heapBytes ?? 0), 0);
    const { batch: usual } = TINY_LIMITS;
    // Of the receivers' own size where it can be, so that the batch itself may be sent.
    const fits = events.length <= usual.rows && heapBytes <= usual.heapBytes;
    const batch = Batch.create(fits ? usual : { rows: events.length, heapBytes });
    batch.reset(0, BASE_MICROS + this.serial);
    for (const event of events) {
      this.serial += 1;
      const row = batch.count;
      batch.clearRow(row, event.kind, this.symbols.intern(event.symbol));
      batch.timeNs[row] = (BASE_MICROS + this.serial - batch.baseMicros) * 1_000;
      batch.receivedNs[row] = batch.timeNs[row]!;
      batch.idLow[row] = this.serial;
      batch.n0[row] = this.serial;
      batch.flags[row] = event.flags ?? 0;
      if (event.heapBytes !== undefined && event.heapBytes > 0)
        batch.setHeapBytes(row, new Uint8Array(event.heapBytes).fill(this.serial & 0xff));
      batch.count += 1;
    }
    return batch;
  }
}

export interface Shown {
  readonly kind: number;
  readonly symbol: string;
  readonly serial: number;
  readonly fromSerial: number;
  readonly toSerial: number;
  readonly count: number;
  readonly reason: number;
  readonly heap: readonly number[];
}

/** Reads a port when it is told to: as slow as a test wants. */
export class SlowReader {
  readonly sink: BatchSink;
  readonly shown: Shown[] = [];
  readonly #near: MessagePort;
  readonly #far: MessagePort;
  readonly #symbols = new SymbolTable();
  readonly undefinedSymbols: number[] = [];

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#near = port1;
    this.#far = port2;
    this.sink = {
      post: (buffer, transfer) => this.#near.postMessage(buffer, transfer),
      takeReturned: () => this.takeReturned(),
    };
  }

  /** What the producer's side of the port holds: a buffer that came back. */
  takeReturned(): ArrayBuffer | undefined {
    return receiveMessageOnPort(this.#near)?.message as ArrayBuffer | undefined;
  }

  /** Shows one batch and gives it back. False when none was there. */
  read(): boolean {
    const message = receiveMessageOnPort(this.#far);
    if (message === undefined) return false;
    const batch = new Batch(message.message as ArrayBuffer);
    for (let row = 0; row < batch.count; row += 1) this.#show(batch, row);
    this.#far.postMessage(batch.buffer, [batch.buffer]);
    return true;
  }

  close(): void {
    this.#near.close();
    this.#far.close();
  }

  #show(batch: Batch, row: number): void {
    const kind = batch.kind[row]!;
    const symbolId = batch.symbolId[row]!;
    if (kind === EventKind.definition) {
      this.#symbols.define(symbolId, batch.heapText(row));
      return;
    }
    const symbol = this.#symbols.textOf(symbolId);
    if (symbolId !== 0 && symbol === '') this.undefinedSymbols.push(symbolId);
    const isGap = kind === EventKind.gap;
    this.shown.push({
      kind,
      symbol,
      serial: batch.idLow[row]!,
      fromSerial: isGap ? batch.timeMicros(row) - BASE_MICROS : 0,
      toSerial: isGap ? batch.baseMicros + batch.n0[row]! / 1_000 - BASE_MICROS : 0,
      count: isGap ? batch.n1[row]! : 0,
      reason: isGap ? batch.code0[row]! : 0,
      heap: [...batch.heapBytes(row)],
    });
  }
}
