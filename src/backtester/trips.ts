/** Round trips: from flat to flat, of one instance in one symbol, with all that happened in between. */
import { add, type Decimal, numberFromDecimal, subtract, ZERO } from '../domain/decimal.ts';
import type { Position } from '../domain/order.ts';

/** Gains that are kept one by one; of more, every second, fourth ... */
const GAINS_MAX = 100_000;

export interface TripCounts {
  readonly count: number;
  readonly wins: number;
  readonly losses: number;
  readonly grossProfit: Decimal;
  readonly grossLoss: Decimal;
  readonly largestWin: Decimal;
  readonly largestLoss: Decimal;
}

export class RoundTrips {
  /** Realised P&L less fees when the trip that is under way began; by instance, then by symbol. */
  readonly #startedAt = new Map<string, Map<string, Decimal>>();
  #count = 0;
  #wins = 0;
  #losses = 0;
  #profit: Decimal = ZERO;
  #loss: Decimal = ZERO;
  #largestWin: Decimal = ZERO;
  #largestLoss: Decimal = ZERO;
  #gains: number[] = [];
  #gainStride = 1;

  /** @param position after a fill. */
  note(position: Position): void {
    if (position.quantity !== ZERO) return;
    const { instanceId, symbol } = position;
    let ofInstance = this.#startedAt.get(instanceId);
    if (ofInstance === undefined) {
      ofInstance = new Map();
      this.#startedAt.set(instanceId, ofInstance);
    }
    const total = subtract(position.realizedPnl, position.fees);
    const gain = subtract(total, ofInstance.get(symbol) ?? ZERO);
    ofInstance.set(symbol, total);
    if (this.#count % this.#gainStride === 0) this.#keep(numberFromDecimal(gain));
    this.#count += 1;
    if (gain > ZERO) {
      this.#wins += 1;
      this.#profit = add(this.#profit, gain);
      if (gain > this.#largestWin) this.#largestWin = gain;
    } else {
      if (gain < ZERO) this.#losses += 1;
      this.#loss = add(this.#loss, gain);
      if (gain < this.#largestLoss) this.#largestLoss = gain;
    }
  }

  /** After fees, in the order of their ends: all, or an even selection of many. For statistics. */
  get gains(): readonly number[] {
    return this.#gains;
  }

  counts(): TripCounts {
    return {
      count: this.#count,
      wins: this.#wins,
      losses: this.#losses,
      grossProfit: this.#profit,
      grossLoss: this.#loss,
      largestWin: this.#largestWin,
      largestLoss: this.#largestLoss,
    };
  }

  #keep(gain: number): void {
    if (this.#gains.length === GAINS_MAX) {
      this.#gains = this.#gains.filter((_, index) => index % 2 === 0);
      this.#gainStride *= 2;
      if (this.#count % this.#gainStride !== 0) return;
    }
    this.#gains.push(gain);
  }
}
