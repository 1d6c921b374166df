/** What a recorded session was: its strategies with their symbols, and the history that they were given. */
import type { Bar } from '../domain/market.ts';
import { type EpochMicros, MICROS_PER_DAY, MICROS_PER_MINUTE } from '../domain/time.ts';
import type { InstanceConfig } from '../engine/config.ts';
import { type HostNote, historyOf } from '../engine/inbox.ts';
import { appendBar } from '../tape/append.ts';
import { Batch, EventKind } from '../tape/batch.ts';
import { readInbox } from '../tape/inbox.ts';
import type { SymbolTable } from '../tape/symbols.ts';
import type { BatchTapes } from './tapes.ts';

const BAR_HEAP_BYTES = 32;

/** By symbol, then by start: a bar that was asked for twice is one. */
type Bars = Map<string, Map<EpochMicros, Bar>>;

export class RecordedSession {
  /** As the first consumer had them: all have the same. */
  instances: readonly InstanceConfig[] = [];
  readonly #symbols = new Map<string, Set<string>>();
  readonly #minutes: Bars = new Map();
  readonly #days: Bars = new Map();

  /** Those that the instance was given at any time, by the plan or by scanners. */
  symbolsOf(instanceId: string): readonly string[] {
    return [...(this.#symbols.get(instanceId) ?? [])].sort();
  }

  take(note: HostNote): void {
    if (note.type === 'start') {
      if (this.instances.length === 0) this.instances = note.config.instances;
    } else if (note.type === 'history') {
      const { answer, symbol } = historyOf(note);
      if (!answer.ok) return;
      for (const bar of answer.minuteBars) keep(this.#minutes, symbol, bar);
      for (const bar of answer.dailyBars) keep(this.#days, symbol, bar);
    } else if (note.type === 'command') {
      const { command } = note;
      if (command.type === 'assign') {
        for (const { instanceId, symbols } of command.units) this.#add(instanceId, symbols);
      } else if (command.type === 'symbols') this.#add(command.unit.instanceId, command.symbols);
    }
  }

  /** Bars that were over by the moment, in the order in which they were. */
  past(symbols: SymbolTable, beforeMicros: EpochMicros): Batch {
    const bars = [
      ...[...allOf(this.#days)].map((bar) => ({
        bar,
        kind: EventKind.dailyBar,
        endMicros: bar.timeMicros + MICROS_PER_DAY,
      })),
      ...[...allOf(this.#minutes)].map((bar) => ({
        bar,
        kind: EventKind.minuteBar,
        endMicros: bar.timeMicros + MICROS_PER_MINUTE,
      })),
    ].filter(({ endMicros }) => endMicros <= beforeMicros);
    bars.sort((a, b) => a.endMicros - b.endMicros);
    const size = { rows: bars.length, heapBytes: bars.length * BAR_HEAP_BYTES };
    const batch = Batch.create(size, 0, beforeMicros);
    for (const { bar, kind, endMicros } of bars) {
      appendBar(batch, bar, { symbols, kind, receivedMicros: endMicros });
    }
    return batch;
  }

  #add(instanceId: string, symbols: readonly string[]): void {
    const known = this.#symbols.get(instanceId) ?? new Set();
    for (const symbol of symbols) known.add(symbol);
    this.#symbols.set(instanceId, known);
  }
}

/** @throws {UserError} exit code 2 when a tape is damaged. */
export async function readSession(tapes: BatchTapes): Promise<RecordedSession> {
  const session = new RecordedSession();
  for (const inbox of tapes.consumers.values()) {
    for await (const entry of readInbox({ inbox, market: tapes.market })) {
      if (entry.type === 'note') session.take(entry.value as HostNote);
    }
  }
  return session;
}

function keep(bars: Bars, symbol: string, bar: Bar): void {
  const known = bars.get(symbol) ?? new Map<EpochMicros, Bar>();
  known.set(bar.timeMicros, bar);
  bars.set(symbol, known);
}

function* allOf(bars: Bars): Generator<Bar, void, undefined> {
  for (const known of bars.values()) yield* known.values();
}
