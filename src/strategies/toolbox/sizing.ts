/** How much to trade, by what may be lost. */

export interface RiskSizing {
  /** Where the position is opened, and where it is given up; on either side of each other. */
  readonly entryPrice: number;
  readonly stopPrice: number;
  /** Amount that is lost when the stop is hit, in account currency. Slippage and fees come on top. */
  readonly risk: number;
  /** Most that the position may cost; default no limit. */
  readonly notionalMax?: number;
  /** Smallest part of a unit that can be traded: 1 for whole shares, 0 for any. Default 1. */
  readonly step?: number;
}

/**
 * Quantity = risk / |entry - stop|, no more than notionalMax / entry, rounded down to the step. 0 where that is
 * nothing.
 */
export function quantityByRisk({
  entryPrice,
  stopPrice,
  risk,
  notionalMax = Number.POSITIVE_INFINITY,
  step = 1,
}: RiskSizing): number {
  const distance = Math.abs(entryPrice - stopPrice);
  if (!(distance > 0 && entryPrice > 0)) return 0;
  const quantity = Math.min(risk / distance, notionalMax / entryPrice);
  if (!(quantity > 0 && Number.isFinite(quantity))) return 0;
  return step > 0 ? Math.floor(quantity / step) * step : quantity;
}

/** A share of the account's equity as an amount; 0 while the equity is unknown or nothing. */
export function shareOfEquity(equity: number, percent: number): number {
  return equity > 0 ? (equity * percent) / 100 : 0;
}
