/**
 * Cash and positions of the simulated account, exact. A cash account: what is held, long or short, and what open
 * orders may still buy or sell short, is covered in full by equity.
 */
import type { BrokerPosition } from '../brokers/contract.ts';
import { entryPrice } from '../brokers/holding.ts';
import {
  absolute,
  add,
  type Decimal,
  decimal,
  decimalFromNumber,
  divide,
  isZero,
  maximum,
  multiply,
  negate,
  numberFromDecimal,
  subtract,
  ZERO,
} from '../domain/decimal.ts';
import type { Account, Side } from '../domain/order.ts';
import type { SymbolState } from './fills/market.ts';

const DAYS_PER_YEAR = decimal('365');

interface Held {
  quantity: Decimal;
  averagePrice: Decimal;
  readonly market: SymbolState;
}

export class SimulatedAccount {
  readonly startingCash: Decimal;
  readonly #held = new Map<string, Held>();
  /** Null when deals have changed them since they were asked for. */
  #heldMarkets: readonly SymbolState[] | null = null;
  #cash: Decimal;
  #fees: Decimal = ZERO;
  #borrowed: Decimal = ZERO;
  #dividends: Decimal = ZERO;
  /** Equity when the session before ended. */
  #lastEquity: Decimal;

  constructor(startingCash: Decimal) {
    this.startingCash = startingCash;
    this.#cash = startingCash;
    this.#lastEquity = startingCash;
  }

  /** All fees so far. */
  get fees(): Decimal {
    return this.#fees;
  }

  /** All that borrowing shares has cost so far. */
  get borrowCost(): Decimal {
    return this.#borrowed;
  }

  /** All dividends so far, less those that were owed for shorts. */
  get dividends(): Decimal {
    return this.#dividends;
  }

  quantity(symbol: string): Decimal {
    return this.#held.get(symbol)?.quantity ?? ZERO;
  }

  /** Books a deal: cash against shares, and the fee. */
  deal(
    market: SymbolState,
    side: Side,
    of: { readonly price: Decimal; readonly quantity: Decimal; readonly fee: Decimal },
  ): void {
    const value = multiply(of.price, of.quantity);
    this.#cash = subtract(side === 'buy' ? subtract(this.#cash, value) : add(this.#cash, value), of.fee);
    this.#fees = add(this.#fees, of.fee);
    const held = this.#held.get(market.symbol) ?? { quantity: ZERO, averagePrice: ZERO, market };
    const change = side === 'buy' ? of.quantity : negate(of.quantity);
    const next = add(held.quantity, change);
    market.held = numberFromDecimal(next);
    this.#heldMarkets = null;
    if (isZero(next)) {
      this.#held.delete(market.symbol);
      return;
    }
    const averagePrice = entryPrice(held, change, of.price);
    this.#held.set(market.symbol, { quantity: next, averagePrice, market });
  }

  /** Pays a dividend on what is held of the symbol; who is short owes it. */
  payDividend(symbol: string, perShare: Decimal): void {
    const amount = multiply(this.quantity(symbol), perShare);
    this.#cash = add(this.#cash, amount);
    this.#dividends = add(this.#dividends, amount);
  }

  /** Markets in which something is held. */
  heldMarkets(): readonly SymbolState[] {
    if (this.#heldMarkets === null) this.#heldMarkets = [...this.#held.values()].map(({ market }) => market);
    return this.#heldMarkets;
  }

  /** Notes for each market that is held what a share of it is worth now. */
  markAll(): void {
    for (const { market } of this.#held.values()) {
      const worth = market.worth();
      market.mark = Number.isNaN(worth) ? 0 : worth;
    }
  }

  /** Cash and what is held, at what it is worth now. */
  equity(): Decimal {
    let equity = this.#cash;
    for (const held of this.#held.values()) equity = add(equity, worthOf(held));
    return equity;
  }

  /** @param reserved what open orders may still cost. */
  describe(reserved: Decimal): Account {
    let equity = this.#cash;
    let covered = reserved;
    for (const held of this.#held.values()) {
      const value = worthOf(held);
      equity = add(equity, value);
      covered = add(covered, absolute(value));
    }
    return {
      accountId: 'backtest',
      currency: 'USD',
      cash: this.#cash,
      equity,
      lastEquity: this.#lastEquity,
      buyingPower: maximum(ZERO, subtract(equity, covered)),
      shortingEnabled: true,
      blockedReason: null,
    };
  }

  positions(): readonly BrokerPosition[] {
    return [...this.#held.values()].map(({ market, quantity, averagePrice }) => ({
      symbol: market.symbol,
      quantity,
      averagePrice,
      currentPrice: Number.isNaN(market.worth()) ? null : decimalFromNumber(market.worth()),
    }));
  }

  /**
   * A session is over: what is short is borrowed until the next one opens, and equity is noted.
   * @param days from this session's opening to the next one's.
   */
  endSession(days: number, borrowPerYear: Decimal): void {
    if (days > 0 && borrowPerYear !== ZERO) {
      for (const held of this.#held.values()) {
        if (held.quantity >= ZERO) continue;
        const rate = divide(multiply(borrowPerYear, decimal(String(days))), DAYS_PER_YEAR);
        const cost = multiply(absolute(worthOf(held)), rate);
        this.#cash = subtract(this.#cash, cost);
        this.#borrowed = add(this.#borrowed, cost);
      }
    }
    this.#lastEquity = this.equity();
  }
}

function worthOf({ market, quantity, averagePrice }: Held): Decimal {
  const worth = market.worth();
  return multiply(Number.isNaN(worth) ? averagePrice : decimalFromNumber(worth), quantity);
}
