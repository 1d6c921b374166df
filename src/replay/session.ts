/** What a recorded session was: its strategies with their symbols, and the history that they were given. */
import type { RecalledBars } from '../backtester/history.ts';
import type { Bar } from '../domain/market.ts';
import { type EpochMicros, MICROS_PER_DAY, MICROS_PER_MINUTE } from '../domain/time.ts';
import type { InstanceConfig } from '../engine/config.ts';
import { type HostNote, historyOf } from '../engine/inbox.ts';
import { readInbox } from '../tape/inbox.ts';
import type { Unit } from '../transport/messages.ts';
import type { BatchTapes } from './tapes.ts';

/** By symbol, then by start: a bar that was asked for twice is one. */
type Bars = Map<string, Map<EpochMicros, Bar>>;

/** All symbols that an instance was to trade from a moment on, by the plan and by its scanners. */
export interface WantedSymbols {
  readonly atMicros: EpochMicros;
  readonly instanceId: string;
  readonly symbols: readonly string[];
}

/** What a consumer was told of one unit's symbols. */
interface UnitTold {
  readonly atMicros: EpochMicros;
  readonly unit: Unit;
  readonly symbols: readonly string[];
}

export class RecordedSession {
  /** As the first consumer had them: all have the same. */
  instances: readonly InstanceConfig[] = [];
  readonly #told: UnitTold[] = [];
  readonly #minutes: Bars = new Map();
  readonly #days: Bars = new Map();

  /** Those that the instance was given at any time, by the plan or by scanners. */
  symbolsOf(instanceId: string): readonly string[] {
    const told = this.#told.filter(({ unit }) => unit.instanceId === instanceId);
    return [...new Set(told.flatMap(({ symbols }) => symbols))].sort();
  }

  /**
   * When an instance was told which symbols, in the order of time. What was told again stands here again: a symbol that
   * was held then leaves when it is flat.
   */
  wantedOf(instanceId: string): readonly WantedSymbols[] {
    const told = this.#told
      .filter(({ unit }) => unit.instanceId === instanceId)
      .sort((one, other) => one.atMicros - other.atMicros);
    const byUnit = new Map<string, readonly string[]>();
    return told.map(({ atMicros, unit, symbols }) => {
      byUnit.set(unit.symbol, symbols);
      return { atMicros, instanceId, symbols: [...new Set([...byUnit.values()].flat())].sort() };
    });
  }

  take(note: HostNote, atMicros: EpochMicros): void {
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
        for (const unit of command.units) this.#told.push({ atMicros, unit, symbols: unit.symbols });
      } else if (command.type === 'symbols') this.#told.push({ atMicros, ...command });
    }
  }

  /** Of the bars that its strategies were given at any time, those that were over at a moment. */
  readonly recalled: RecalledBars = (symbol, interval, nowMicros) => {
    const [bars, lengthMicros] =
      interval === 'minute' ? [this.#minutes, MICROS_PER_MINUTE] : [this.#days, MICROS_PER_DAY];
    return [...(bars.get(symbol)?.values() ?? [])]
      .filter(({ timeMicros }) => timeMicros + lengthMicros <= nowMicros)
      .sort((one, other) => one.timeMicros - other.timeMicros);
  };
}

/** @throws {UserError} exit code 2 when a tape is damaged. */
export async function readSession(tapes: BatchTapes): Promise<RecordedSession> {
  const session = new RecordedSession();
  for (const inbox of tapes.consumers.values()) {
    for await (const entry of readInbox({ inbox, market: tapes.market })) {
      if (entry.type === 'note') session.take(entry.value as HostNote, entry.atMicros);
    }
  }
  return session;
}

function keep(bars: Bars, symbol: string, bar: Bar): void {
  const known = bars.get(symbol) ?? new Map<EpochMicros, Bar>();
  known.set(bar.timeMicros, bar);
  bars.set(symbol, known);
}
