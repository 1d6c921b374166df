/**
 * Candle patterns. All thresholds are shares of the candle's own range (high - low), so a pattern means the same for a
 * share of 2 dollars, of 2000, and for a coin. What is small against the market's usual movement can be left out by
 * `rangeMin`, such as a part of the average true range.
 *
 * Body = |close - open|; upper wick = high - max(open, close); lower wick = min(open, close) - low. Shapes after Steve
 * Nison, "Japanese Candlestick Charting Techniques", 1991.
 */
import { type Candle, CandleIndicator } from './indicator.ts';

export interface PatternThresholds {
  /** A body of at most this share of the range is a doji's. */
  readonly dojiBody: number;
  /** A wick of at least this share of the range is one. */
  readonly wick: number;
  /** A spinning top's upper wick is at least this many times its lower one, and at most the inverse. */
  readonly wickBalance: number;
  /** A bullish candle's body is more than this many times its wicks together. */
  readonly bodyToWicks: number;
  /** Smallest range that counts, in the price's unit. */
  readonly rangeMin: number;
}

export const PATTERN_THRESHOLDS: PatternThresholds = {
  dojiBody: 0.1,
  wick: 0.1,
  wickBalance: 0.8,
  bodyToWicks: 1.2,
  rangeMin: 0,
};

/** Parts of a candle as shares of its range. */
interface Shape {
  readonly body: number;
  readonly upper: number;
  readonly lower: number;
}

/** Differences of prices are exact to this share of the price only. */
const PRICE_ROUNDING = 1e-9;

/** One tick of ten is a tenth exactly, whatever the price. */
const SHARES_IN_ONE = 1e6;

/** Undefined where nothing moved, or too little. */
function shapeOf({ open, high, low, close }: Candle, { rangeMin }: PatternThresholds): Shape | undefined {
  const range = high - low;
  if (range <= high * PRICE_ROUNDING || range < rangeMin) return undefined;
  const share = (part: number) => Math.round((part / range) * SHARES_IN_ONE) / SHARES_IN_ONE;
  return {
    body: share(Math.abs(close - open)),
    upper: share(high - Math.max(open, close)),
    lower: share(Math.min(open, close) - low),
  };
}

type OneCandle = (candle: Candle, thresholds?: PatternThresholds) => boolean;

function shaped(test: (shape: Shape, thresholds: PatternThresholds, candle: Candle) => boolean): OneCandle {
  return (candle, thresholds = PATTERN_THRESHOLDS) => {
    const shape = shapeOf(candle, thresholds);
    return shape !== undefined && test(shape, thresholds, candle);
  };
}

/** Nothing moved: open, high, low and close are one price. */
export const isFourPriceDoji: OneCandle = ({ open, high, low, close }) =>
  open === high && open === low && open === close;

/** Opened and closed at nearly one price, with a wick to each side. */
export const isDoji: OneCandle = shaped(
  ({ body, upper, lower }, { dojiBody, wick }) => body <= dojiBody && upper >= wick && lower >= wick,
);

/** A doji near the low: a long upper wick, more than twice the lower one. */
export const isGravestoneDoji: OneCandle = shaped(
  ({ body, upper, lower }, { dojiBody }) => body <= dojiBody && upper > 2 * lower,
);

/** A doji near the high: a long lower wick, more than twice the upper one. */
export const isDragonfly: OneCandle = shaped(
  ({ body, upper, lower }, { dojiBody }) => body <= dojiBody && lower > 2 * upper,
);

/** A small body in the middle: wicks of nearly one length, together at least twice the body. */
export const isSpinningTop: OneCandle = shaped(
  ({ body, upper, lower }, { wick, wickBalance }) =>
    upper + lower >= 2 * body &&
    upper >= wick &&
    lower >= wick &&
    upper > wickBalance * lower &&
    lower > wickBalance * upper,
);

/** Closed above the open, with a body larger than its wicks together. */
export const isBullish: OneCandle = shaped(
  ({ body, upper, lower }, { bodyToWicks }, { open, close }) =>
    close > open && body > bodyToWicks * (upper + lower),
);

/** Closed below the open, by more than a doji would. */
export const isBearish: OneCandle = shaped(
  ({ body }, { dojiBody }, { open, close }) => close < open && body > dojiBody,
);

type TwoCandles = (before: Candle, candle: Candle, thresholds?: PatternThresholds) => boolean;

/** A spinning top, then a candle that closed below its open. */
export const isSpinningTopBearishFollowup: TwoCandles = (before, candle, thresholds) =>
  isSpinningTop(before, thresholds) && candle.close < candle.open;

/** A bullish candle, then a dragonfly that opened above its close. */
export const isBullishThenDragonfly: TwoCandles = (before, candle, thresholds) =>
  isBullish(before, thresholds) && isDragonfly(candle, thresholds) && candle.open > before.close;

const ONE_CANDLE = {
  'four-price-doji': isFourPriceDoji,
  doji: isDoji,
  'gravestone-doji': isGravestoneDoji,
  dragonfly: isDragonfly,
  'spinning-top': isSpinningTop,
  bullish: isBullish,
  bearish: isBearish,
} as const satisfies Record<string, OneCandle>;

const TWO_CANDLES = {
  'spinning-top-bearish-followup': isSpinningTopBearishFollowup,
  'bullish-then-dragonfly': isBullishThenDragonfly,
} as const satisfies Record<string, TwoCandles>;

export type PatternName = keyof typeof ONE_CANDLE | keyof typeof TWO_CANDLES;

const entriesOf = <Name extends string, Test>(table: Record<Name, Test>) =>
  Object.entries(table) as [Name, Test][];

/** The names of all patterns that the newest candle shows, alone or with the one before it. */
export class Patterns extends CandleIndicator<readonly PatternName[]> {
  readonly #thresholds: PatternThresholds;
  #before: Candle | undefined;

  constructor(thresholds: Partial<PatternThresholds> = {}) {
    super([]);
    this.#thresholds = { ...PATTERN_THRESHOLDS, ...thresholds };
  }

  protected next(candle: Candle): readonly PatternName[] {
    const before = this.#before;
    // A view may change after the call.
    const { open, high, low, close, volume } = candle;
    this.#before = { open, high, low, close, volume };
    const alone = entriesOf(ONE_CANDLE).filter(([, test]) => test(candle, this.#thresholds));
    const together = entriesOf(TWO_CANDLES).filter(
      ([, test]) => before !== undefined && test(before, candle, this.#thresholds),
    );
    return [...alone, ...together].map(([name]) => name);
  }
}
