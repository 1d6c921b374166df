/** What `import ... from 'openbell'` gives the author of a strategy. */
export { isEligibleQuote, type TradeUse, tradeUse } from '../domain/conditions.ts';
export type {
  DenialReason,
  JsonObject,
  OrderClass,
  OrderStatus,
  OrderType,
  RiskState,
  Side,
  TimeInForce,
} from '../domain/order.ts';
export { Dema, Ema, Hma, Kama, Sma, Tema, Wilder, Wma } from '../fincalcs/averages.ts';
export { BarBuilder, type BuiltBar, TradeEffect } from '../fincalcs/bars.ts';
export { Bollinger, type ChannelFigures, Donchian, Keltner } from '../fincalcs/channels.ts';
export { Adx, type AdxFigures, Aroon, type AroonFigures } from '../fincalcs/directional.ts';
export { type BestPrices, type ImbalanceFigures, VolumeOrderImbalance } from '../fincalcs/imbalance.ts';
export {
  averagePrice,
  barsOf,
  type Candle,
  candlesOf,
  column,
  columns,
  type Indicator,
} from '../fincalcs/indicator.ts';
export * from '../fincalcs/levels.ts';
export { Macd, type MacdFigures } from '../fincalcs/macd.ts';
export { AccumulationDistribution, ChaikinMoneyFlow, Mfi, Obv } from '../fincalcs/moneyFlow.ts';
export {
  Cci,
  Momentum,
  RateOfChange,
  Rsi,
  Stochastic,
  type StochasticFigures,
  WilliamsR,
} from '../fincalcs/oscillators.ts';
export { Pair, type PairFigures, type PairPrices } from '../fincalcs/pair.ts';
export * from '../fincalcs/patterns.ts';
export { Atr, TrueRange } from '../fincalcs/range.ts';
export * from '../fincalcs/resample.ts';
export { gapPercent, OpeningRange, RelativeVolume, type RelativeVolumeOptions } from '../fincalcs/session.ts';
export { ParabolicSar, SuperTrend, type SuperTrendFigures } from '../fincalcs/stops.ts';
export {
  Trend,
  type TrendDirection,
  type TrendFigures,
  type TrendThresholds,
  trendDirection,
} from '../fincalcs/trend.ts';
export { annualized, StandardDeviation, Volatility } from '../fincalcs/volatility.ts';
export { AnchoredVwap, SessionVwap, type TimedCandle } from '../fincalcs/vwap.ts';
export * from './contract.ts';
export * as z from './schema.ts';
export * from './toolbox/cycle.ts';
export { BarFollower } from './toolbox/follower.ts';
export { onEachPrice, type PriceNow } from './toolbox/prices.ts';
export { quantityByRisk, type RiskSizing, shareOfEquity } from './toolbox/sizing.ts';
export { approach, type TargetOrders, type Targets } from './toolbox/targets.ts';
