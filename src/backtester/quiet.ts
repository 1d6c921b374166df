/**
 * Rows that can meet nothing: no order is open, nothing is under way, nothing falls due, and no loss comes near its
 * limit. Strategies are shown such rows in one go, and the exchange after them. Moment by moment each row visits every
 * part of a run: a bar took 0.4 us so, and less than half of it in one go.
 */
import { decimal, numberFromDecimal } from '../domain/decimal.ts';
import type { EpochMicros } from '../domain/time.ts';
import { type Batch, EventKind } from '../tape/batch.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import type { SimulatedBroker } from './broker.ts';
import type { RunSessions } from './sessions.ts';
import type { Valuation } from './valuation.ts';

/** From this share of the loss limit on the desk looks at each moment. */
const LOSS_WATCH_SHARE = 0.5;
/** So far is looked ahead. Farther, and much of it is looked at again behind the next order. */
const ROWS_MAX = 64;
/** Short of the watched loss by more than floating-point numbers can be wrong. */
const NEAR_LOSS = 0.999;

export class QuietRows {
  readonly #broker: SimulatedBroker;
  readonly #valuation: Valuation;
  readonly #sessions: RunSessions;
  readonly #lossWatched: number;
  /** Rows of the batch before this one are not quiet: the loss may come near its limit. */
  #busyTo = 0;

  constructor(parts: {
    readonly broker: SimulatedBroker;
    readonly valuation: Valuation;
    readonly sessions: RunSessions;
    readonly lossWatched: number;
  }) {
    this.#broker = parts.broker;
    this.#valuation = parts.valuation;
    this.#sessions = parts.sessions;
    this.#lossWatched = parts.lossWatched;
  }

  /** Before the rows of another batch. */
  begin(): void {
    this.#busyTo = 0;
  }

  /** Behind the last quiet row from here on, as far as it looks; a moment is never divided. */
  end(batch: Batch, from: number, to: number, wakeMicros: EpochMicros): number {
    if (this.#broker.openCount > 0 || from < this.#busyTo) return from;
    if (this.#sessions.isClosing(batch.receivedMicros(from))) return from;
    const { kind, receivedNs } = batch;
    const wakeNs = (wakeMicros - batch.baseMicros) * 1_000;
    const farthest = Math.min(to, from + ROWS_MAX);
    let end = from;
    while (end < farthest && receivedNs[end]! < wakeNs && kind[end] !== EventKind.status) end += 1;
    if (end < to) while (end > from && receivedNs[end - 1] === receivedNs[end]) end -= 1;
    const bound = this.#valuation.sessionEquity - this.#lossWatched * NEAR_LOSS;
    if (this.#valuation.staysAbove(bound, { batch, from, to: end, markets: this.#broker })) return end;
    this.#busyTo = end;
    return from;
  }
}

/** The session's loss from which on the desk looks at it at every tick; always where a fall from the highest counts. */
export function lossWatchedFrom({ risk, strategies }: Tradeplan): number {
  const isWatched = risk.drawdownMax !== null || strategies.some((strategy) => strategy.risk !== null);
  return isWatched
    ? Number.NEGATIVE_INFINITY
    : numberFromDecimal(decimal(risk.dailyLossMax)) * LOSS_WATCH_SHARE;
}
