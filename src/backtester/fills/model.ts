/**
 * What dealing costs, by the plan: the spread where the data shows none, slippage, fees. Exact: a rate is a decimal
 * factor, and a price times a factor is rounded once, at the ninth place.
 */
import {
  add,
  type Decimal,
  decimal,
  decimalFromNumber,
  divide,
  maximum,
  multiply,
  ONE,
  subtract,
  ZERO,
} from '../../domain/decimal.ts';
import type { Side } from '../../domain/order.ts';
import { MICROS_PER_MILLISECOND } from '../../domain/time.ts';
import type { BacktestPlan } from '../../tradeplan/plan.ts';

const BPS_PER_ONE = decimal('10000');
const PERCENT = 100;
export class FillModel {
  readonly latencyMicros: number;
  /** Latency as a bar can show it: the whole bars in it. */
  readonly latencyBarsMicros: number;
  readonly barMicros: number;
  /** From 0 to 1. */
  readonly volumeShare: number;
  readonly borrowPerYear: Decimal;
  readonly #spread: Decimal;
  readonly #slippage: Decimal;
  readonly #fee: { readonly rate: Decimal; readonly perShare: Decimal; readonly minimum: Decimal };
  readonly #saleFee: { readonly rate: Decimal; readonly perShare: Decimal };
  readonly #hasFees: boolean;
  readonly #hasSaleFees: boolean;

  constructor(plan: BacktestPlan) {
    this.latencyMicros = plan.latencyMs * MICROS_PER_MILLISECOND;
    this.barMicros = plan.barIntervalMs * MICROS_PER_MILLISECOND;
    this.latencyBarsMicros = Math.floor(this.latencyMicros / this.barMicros) * this.barMicros;
    this.volumeShare = plan.volumePercentMax / PERCENT;
    this.borrowPerYear = divide(decimalFromNumber(plan.borrowPercent), decimal('100'));
    // Half of the spread is paid by each deal at the market.
    this.#spread = divide(rateOf(plan.spreadBps), decimal('2'));
    this.#slippage = rateOf(plan.slippageBps);
    this.#fee = {
      rate: rateOf(plan.feeBps),
      perShare: decimalFromNumber(plan.feePerShare),
      minimum: decimalFromNumber(plan.feeMinimum),
    };
    this.#saleFee = { rate: rateOf(plan.sellFeeBps), perShare: decimalFromNumber(plan.sellFeePerShare) };
    const { rate, perShare, minimum } = this.#fee;
    this.#hasSaleFees = this.#saleFee.rate !== ZERO || this.#saleFee.perShare !== ZERO;
    this.#hasFees = rate !== ZERO || perShare !== ZERO || minimum !== ZERO || this.#hasSaleFees;
  }

  /**
   * What a deal at the market costs a share.
   * @param isQuoted the price is the quote's own side: the spread is in it.
   * @param slips whether slippage counts: for market and stop orders, not for limits.
   */
  takerPrice(
    price: number,
    side: Side,
    how: { readonly isQuoted: boolean; readonly slips: boolean },
  ): Decimal {
    const shown = decimalFromNumber(price);
    const worse = add(how.isQuoted ? ZERO : this.#spread, how.slips ? this.#slippage : ZERO);
    if (worse === ZERO) return shown;
    return multiply(shown, side === 'buy' ? add(ONE, worse) : subtract(ONE, worse));
  }

  /** Of one deal, never rounded to cents: brokers round a day's sum. */
  feeOf(side: Side, price: Decimal, quantity: Decimal): Decimal {
    if (!this.#hasFees) return ZERO;
    const { rate, perShare, minimum } = this.#fee;
    const value = multiply(price, quantity);
    const byValue = multiply(value, rate);
    const fee = maximum(minimum, perShare === ZERO ? byValue : add(byValue, multiply(perShare, quantity)));
    if (side === 'buy' || !this.#hasSaleFees) return fee;
    return add(fee, add(multiply(value, this.#saleFee.rate), multiply(this.#saleFee.perShare, quantity)));
  }

  /** How much of a volume our orders may take; without a bound where the data does not know the volume (NaN). */
  shareOf(volume: number): number {
    return Number.isNaN(volume) ? Number.POSITIVE_INFINITY : volume * this.volumeShare;
  }
}

function rateOf(bps: number): Decimal {
  return divide(decimalFromNumber(bps), BPS_PER_ONE);
}
