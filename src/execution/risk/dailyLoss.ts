/**
 * What the session has cost so far, measured twice: by the broker's equity against the equity that the session began
 * with, and by our own fills at the market's prices. The larger loss counts: the account may be told late, and our
 * fills do not know of fees that the broker books on its own.
 */
import {
  add,
  type Decimal,
  decimalFromNumber,
  maximum,
  numberFromDecimal,
  subtract,
  ZERO,
} from '../../domain/decimal.ts';
import type { Account, Position } from '../../domain/order.ts';
import type { Prices } from './prices.ts';

const MONEY_PLACES = 2;

export class DailyLoss {
  #startEquity: Decimal | null = null;
  #startRealized: Decimal = ZERO;
  /** Of the positions that were measured last: the loss is looked at three times for each change of them. */
  #measured: readonly Position[] | null = null;
  #measuredRealized: Decimal = ZERO;
  /** Unrealised P&L that positions brought into the session; null until the market has priced them. */
  readonly #carried = new Map<string, number | null>();

  get startEquity(): Decimal | null {
    return this.#startEquity;
  }

  get startRealized(): Decimal {
    return this.#startRealized;
  }

  /** A new session begins: what was gained or lost before does not count any more. */
  begin(positions: readonly Position[], account: Account | null): void {
    this.#startEquity = account?.equity ?? null;
    this.#startRealized = realizedOf(positions);
    this.carry(positions);
  }

  /** The session goes on after a restart. */
  resume(startEquity: Decimal | null, startRealized: Decimal): void {
    this.#startEquity = startEquity;
    this.#startRealized = startRealized;
  }

  /** Positions that were there before we watched: only how they move from now on counts. */
  carry(positions: readonly Position[]): void {
    this.#carried.clear();
    for (const position of positions) {
      if (position.quantity !== ZERO) this.#carried.set(keyOf(position), null);
    }
  }

  /** True when the account's equity is taken as the session's first. */
  onAccount(account: Account): boolean {
    if (this.#startEquity !== null) return false;
    this.#startEquity = account.equity;
    return true;
  }

  /** The session's loss as a positive amount; zero or negative is a gain. Null before anything is known. */
  measure(positions: readonly Position[], prices: Prices, account: Account | null): Decimal | null {
    const byFills = subtract(ZERO, this.#gainByFills(positions, prices));
    if (account === null || this.#startEquity === null) return byFills;
    return maximum(byFills, subtract(this.#startEquity, account.equity));
  }

  #gainByFills(positions: readonly Position[], prices: Prices): Decimal {
    let unrealized = 0;
    for (const position of positions) {
      const gain = unrealizedOf(position, prices);
      const key = this.#carried.size === 0 ? '' : keyOf(position);
      const carried = this.#carried.get(key);
      if (carried === undefined) {
        unrealized += gain ?? 0;
      } else if (gain !== null) {
        if (carried === null) this.#carried.set(key, gain);
        else unrealized += gain - carried;
      }
    }
    if (positions !== this.#measured) {
      this.#measured = positions;
      this.#measuredRealized = realizedOf(positions);
    }
    const realized = subtract(this.#measuredRealized, this.#startRealized);
    return add(realized, decimalFromNumber(unrealized, MONEY_PLACES));
  }
}

/** At the market's price; 0 when flat, null when the market has no price. */
export function unrealizedOf(position: Position, prices: Prices): number | null {
  if (position.quantity === ZERO) return 0;
  const mark = prices.mark(position.symbol);
  if (mark === null) return null;
  return (mark - numberFromDecimal(position.averagePrice)) * numberFromDecimal(position.quantity);
}

/** Realised P&L less fees. */
export function realizedOf(positions: readonly Position[]): Decimal {
  let sum = ZERO;
  for (const position of positions) sum = add(sum, subtract(position.realizedPnl, position.fees));
  return sum;
}

function keyOf(position: Position): string {
  return `${position.instanceId}\u0000${position.symbol}`;
}
