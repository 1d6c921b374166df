/**
 * A recorded tape, played as the market: its trades, quotes and halts, restamped to now.
 *
 * At the recorded speed times are moved by whole minutes, so that the tape's minutes stay minutes: its first event lies
 * up to a minute before the start, and is history at once. With an offset, what lies before it is history too.
 */
import { EXIT_USAGE, UserError } from '../../domain/exit.ts';
import { type EpochMicros, MICROS_PER_MINUTE } from '../../domain/time.ts';
import { type Batch, EventKind, RowFlag } from '../../tape/batch.ts';
import { TapeReader } from '../../tape/reader.ts';
import { conditionsAt, statusAt, takerSideAt } from '../../tape/rows.ts';
import type { ExchangeLog } from '../options.ts';
import { conditionsWith, type TradeEffect } from './conditions.ts';
import type { QuoteEvent, Report, TickEvent, TickSource, TradeEvent } from './events.ts';

/** Ticks read ahead of their time. */
const READ_AHEAD_ROWS = 100_000;

/** Halting and resuming status codes: of the consolidated tape (A, B), then of Nasdaq's plan (C). */
const HALT_CODES = new Set(['2', 'F', 'H', 'P']);
const RESUME_CODES = new Set(['3', 'T']);

export interface PlaybackOptions {
  readonly path: string;
  /** Null = all that the tape holds. */
  readonly symbols: ReadonlySet<string> | null;
  readonly startMicros: EpochMicros;
  readonly offsetMs: number;
  readonly speed: number;
  readonly log: ExchangeLog;
}

interface TapeContents {
  readonly symbols: readonly string[];
  readonly tapeLetters: ReadonlyMap<string, string>;
  readonly firstMicros: EpochMicros;
}

/** @throws {UserError} when the file cannot be read or is no tape (exit 2). */
export async function openTapeSource(options: PlaybackOptions): Promise<TapeSource> {
  const contents = await survey(options);
  const reader = await TapeReader.open({ path: options.path });
  return new TapeSource(reader, contents, options);
}

export class TapeSource implements TickSource {
  readonly symbols: readonly string[];
  /** Letter of the consolidated tape by symbol, where the recording has it. */
  readonly tapeLetters: ReadonlyMap<string, string>;
  /** When the first event stands here. */
  readonly firstMicros: EpochMicros;
  readonly #reader: TapeReader;
  readonly #batches: AsyncIterator<Batch>;
  readonly #known: ReadonlySet<string>;
  readonly #options: PlaybackOptions;
  /** What is taken off a recorded time, and the moment here that it is counted from. */
  readonly #originMicros: EpochMicros;
  readonly #anchorMicros: EpochMicros;
  readonly #lastQuotes = new Map<string, QuoteEvent>();
  readonly #halted = new Set<string>();
  #ahead: Report[] = [];
  #taken = 0;
  #lastAt: EpochMicros = Number.NEGATIVE_INFINITY;
  #tradeId = 0;
  #isReading = false;
  #isOver = false;

  constructor(reader: TapeReader, contents: TapeContents, options: PlaybackOptions) {
    this.#reader = reader;
    this.#batches = reader[Symbol.asyncIterator]();
    this.#options = options;
    this.symbols = contents.symbols;
    this.tapeLetters = contents.tapeLetters;
    this.#known = new Set(contents.symbols);
    this.#originMicros = contents.firstMicros + options.offsetMs * 1_000;
    const shift = options.startMicros - this.#originMicros;
    this.#anchorMicros =
      options.speed === 1
        ? this.#originMicros + Math.floor(shift / MICROS_PER_MINUTE) * MICROS_PER_MINUTE
        : options.startMicros;
    this.firstMicros = this.#restamp(contents.firstMicros);
  }

  /** Reads until what happens up to the moment is at hand, or the tape has ended. */
  async readTo(moment: EpochMicros): Promise<void> {
    while (!this.#isOver && (this.#ahead.at(-1)?.at ?? Number.NEGATIVE_INFINITY) <= moment)
      await this.#readBatch();
  }

  advanceTo(moment: EpochMicros): Report[] {
    const from = this.#taken;
    while (this.#taken < this.#ahead.length && this.#ahead[this.#taken]!.at <= moment) this.#taken += 1;
    const due = this.#ahead.slice(from, this.#taken);
    if (this.#ahead.length - this.#taken < READ_AHEAD_ROWS / 2) void this.#readAhead();
    return due;
  }

  skipTo(moment: EpochMicros): void {
    this.advanceTo(moment);
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#reader.close();
  }

  async #readAhead(): Promise<void> {
    if (this.#isReading || this.#isOver) return;
    this.#isReading = true;
    try {
      while (!this.#isOver && this.#ahead.length - this.#taken < READ_AHEAD_ROWS) await this.#readBatch();
    } catch (error) {
      this.#isOver = true;
      this.#options.log.error(
        { error: String(error), tape: this.#options.path },
        'the tape cannot be read on',
      );
    } finally {
      this.#isReading = false;
    }
  }

  async #readBatch(): Promise<void> {
    const next = await this.#batches.next();
    // Closed while it was being read.
    if (this.#isOver) return;
    if (next.done === true) {
      this.#isOver = true;
      this.#options.log.info({ tape: this.#options.path }, 'the tape has ended: no more market data follows');
      return;
    }
    if (this.#taken > 0) {
      this.#ahead = this.#ahead.slice(this.#taken);
      this.#taken = 0;
    }
    const batch = next.value;
    for (let row = 0; row < batch.count; row += 1) {
      const event = this.#eventAt(batch, row);
      if (event === undefined) continue;
      this.#lastAt = Math.max(this.#lastAt, event.timeMicros);
      this.#ahead.push({ at: this.#lastAt, event });
    }
  }

  #restamp(recorded: EpochMicros): EpochMicros {
    return this.#anchorMicros + Math.round((recorded - this.#originMicros) / this.#options.speed);
  }

  /** The row as a tick of ours; undefined for other kinds (bars are folded here, from the trades). */
  #eventAt(batch: Batch, row: number): TickEvent | undefined {
    const kind = batch.kind[row];
    if (kind !== EventKind.trade && kind !== EventKind.quote && kind !== EventKind.status) return undefined;
    const symbol = this.#reader.symbols.textOf(batch.symbolId[row]!);
    if (!this.#known.has(symbol)) return undefined;
    const ns = batch.timeNs[row]!;
    const moment = {
      timeMicros: this.#restamp(batch.timeMicros(row)),
      nanos: Math.round(ns - Math.floor(ns / 1_000) * 1_000),
    };
    const tape = this.tapeLetters.get(symbol) ?? '';
    const base = { symbol, ...moment, tape };
    if (kind === EventKind.trade) return this.#trade(batch, row, base);
    if (kind === EventKind.quote) {
      const quote: QuoteEvent = {
        kind: 'quote',
        ...base,
        bidPrice: batch.n0[row]!,
        bidSize: batch.n1[row]!,
        bidExchange: letterOf(batch.code0[row]!),
        askPrice: batch.n2[row]!,
        askSize: batch.n3[row]!,
        askExchange: letterOf(batch.code1[row]!),
        conditions: conditionsAt(batch, row),
      };
      this.#lastQuotes.set(symbol, quote);
      return quote;
    }
    const status = statusAt(batch, row, this.#reader.symbols);
    if (HALT_CODES.has(status.statusCode)) this.#halted.add(symbol);
    if (RESUME_CODES.has(status.statusCode)) this.#halted.delete(symbol);
    return {
      kind: 'status',
      ...base,
      halted: this.#halted.has(symbol),
      code: status.statusCode,
      message: status.statusMessage,
      reasonCode: status.reasonCode,
      reason: status.reasonMessage,
    };
  }

  #trade(
    batch: Batch,
    row: number,
    base: { symbol: string; timeMicros: number; nanos: number; tape: string },
  ): TradeEvent {
    this.#tradeId += 1;
    const price = batch.n0[row]!;
    const side = takerSideAt(batch, row);
    const quote = this.#lastQuotes.get(base.symbol);
    // Stocks do not tell who took: a trade in the lower half of the quote was sold.
    const isSold =
      side === undefined
        ? quote !== undefined && price * 2 < quote.bidPrice + quote.askPrice
        : side === 'sell';
    return {
      kind: 'trade',
      ...base,
      id: this.#tradeId,
      price,
      size: batch.n1[row]!,
      exchange: letterOf(batch.code0[row]!),
      conditions: conditionsWith(effectAt(batch, row), conditionsAt(batch, row)),
      taker: isSold ? 'S' : 'B',
    };
  }
}

/** What the tape holds: read once through, before it is played. */
async function survey(options: PlaybackOptions): Promise<TapeContents> {
  const reader = await TapeReader.open({ path: options.path });
  const tapeLetters = new Map<string, string>();
  const symbols = new Set<string>();
  let firstMicros = Number.POSITIVE_INFINITY;
  for await (const batch of reader) {
    for (let row = 0; row < batch.count; row += 1) {
      const kind = batch.kind[row];
      if (kind !== EventKind.trade && kind !== EventKind.quote) continue;
      const symbol = reader.symbols.textOf(batch.symbolId[row]!);
      if (symbol === '' || options.symbols?.has(symbol) === false) continue;
      symbols.add(symbol);
      firstMicros = Math.min(firstMicros, batch.timeMicros(row));
      if (batch.tape[row] !== 0 && !tapeLetters.has(symbol))
        tapeLetters.set(symbol, letterOf(batch.tape[row]!));
    }
  }
  if (symbols.size === 0) throw emptyTape(options);
  return { symbols: [...symbols].sort(), tapeLetters, firstMicros };
}

function emptyTape(options: PlaybackOptions): UserError {
  const wanted = options.symbols === null ? '' : ` of ${[...options.symbols].slice(0, 5).join(', ')}`;
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `the tape ${options.path} holds no trades or quotes${wanted}`,
    remedy: 'name another tape, or symbols that it holds (`openbell tape info`)',
  });
}

function effectAt(batch: Batch, row: number): TradeEffect {
  const flags = batch.flags[row]!;
  return {
    movesLast: (flags & RowFlag.notLast) === 0,
    movesRange: (flags & RowFlag.notRange) === 0,
    countsInVolume: (flags & RowFlag.notVolume) === 0,
  };
}

function letterOf(byte: number): string {
  return byte === 0 ? '' : String.fromCharCode(byte);
}
