/**
 * Support and resistance: prices at which a market turned before. Everything is told by the candles and the moments
 * that are given; no clock is asked, so a backtest sees what a live run would have seen.
 */
import { assertInterval, type Indicator } from './indicator.ts';
import { type ResampledCandle, Resampler, type SourceCandle } from './resample.ts';

const MINUTE_MICROS = 60_000_000;

/** A group of prices that lie close together. */
export interface Cluster {
  readonly low: number;
  readonly high: number;
  /** Mean of the group. */
  readonly price: number;
  readonly count: number;
}

/**
 * Groups prices: sorted, each joins the group of its neighbour below when it lies no more than `margin` above it, as a
 * share of that neighbour (single linkage). Lowest group first. Prices must be above 0.
 */
export function clusters(prices: Iterable<number>, margin = 0.02): Cluster[] {
  const groups: number[][] = [];
  for (const price of [...prices].sort((a, b) => a - b)) {
    const group = groups.at(-1);
    const below = group?.at(-1);
    if (group !== undefined && below !== undefined && (price - below) / below <= margin) group.push(price);
    else groups.push([price]);
  }
  return groups.map((group) => ({
    low: group[0]!,
    high: group.at(-1)!,
    price: group.reduce((sum, price) => sum + price, 0) / group.length,
    count: group.length,
  }));
}

/** A turn of the market. */
export interface Extreme {
  readonly kind: 'high' | 'low';
  readonly price: number;
  /** Start of the candle that turned. */
  readonly timeMicros: number;
}

export interface ExtremaOptions {
  /** Turns are looked for in candles of this length; default five minutes. */
  readonly intervalMicros?: number;
  /** Intervals are counted from here; default the epoch. */
  readonly anchorMicros?: number;
  /** Length of the candles that go in; default a minute. */
  readonly sourceMicros?: number;
}

/**
 * Local extrema over any interval, one candle at a time. A candle of the interval is a high when its high is not below
 * the one's before it and above the one's after it; of equal ones in a row the last counts. Lows likewise. So a turn is
 * known when the candle after it has closed, and not before.
 */
export class Extrema {
  readonly #resampler: Resampler;
  #before: ResampledCandle | undefined;
  #candidate: ResampledCandle | undefined;

  constructor({ intervalMicros = 5 * MINUTE_MICROS, anchorMicros = 0, sourceMicros }: ExtremaOptions = {}) {
    const source = sourceMicros ?? Math.min(MINUTE_MICROS, intervalMicros);
    this.#resampler = new Resampler({ intervalMicros, anchorMicros, sourceMicros: source });
  }

  /** Takes the next candle and answers the turns that it confirmed. */
  update(candle: SourceCandle): readonly Extreme[] {
    const found: Extreme[] = [];
    for (const after of this.#resampler.update(candle)) {
      const [before, turned] = [this.#before, this.#candidate];
      this.#before = turned;
      this.#candidate = after;
      if (before === undefined || turned === undefined) continue;
      const { timeMicros, high, low } = turned;
      if (high >= before.high && high > after.high) found.push({ kind: 'high', price: high, timeMicros });
      if (low <= before.low && low < after.low) found.push({ kind: 'low', price: low, timeMicros });
    }
    return found;
  }
}

export interface LevelOptions extends ExtremaOptions {
  /** How far back turns count, from the newest candle's end; default 100 minutes. */
  readonly lookbackMicros?: number;
  /** Turns closer to each other than this share of the price are one level; default 0.005. */
  readonly margin?: number;
  /** Turns that are remembered; the oldest are forgotten first. */
  readonly turnsMax?: number;
}

export interface Levels {
  /** Below the price, nearest first. */
  readonly supports: readonly Cluster[];
  /** At or above the price, nearest first. */
  readonly resistances: readonly Cluster[];
}

/** Support and resistance of the last time, by the turns of {@link Extrema}. */
export class SupportResistance implements Indicator<SourceCandle, readonly Extreme[]> {
  readonly #extrema: Extrema;
  readonly #sourceMicros: number;
  readonly #lookbackMicros: number;
  readonly #margin: number;
  readonly #turnsMax: number;
  #turns: Extreme[] = [];
  #nowMicros = Number.NEGATIVE_INFINITY;

  constructor(options: LevelOptions = {}) {
    this.#extrema = new Extrema(options);
    this.#sourceMicros = options.sourceMicros ?? MINUTE_MICROS;
    this.#lookbackMicros = assertInterval(options.lookbackMicros ?? 100 * MINUTE_MICROS);
    this.#margin = options.margin ?? 0.005;
    this.#turnsMax = options.turnsMax ?? 1_000;
  }

  /** Takes the next candle and answers the turns that count now, oldest first. */
  update(candle: SourceCandle): readonly Extreme[] {
    this.#nowMicros = candle.timeMicros + this.#sourceMicros;
    const oldestMicros = this.#nowMicros - this.#lookbackMicros;
    const kept = [...this.#turns, ...this.#extrema.update(candle)].filter(
      ({ timeMicros }) => timeMicros >= oldestMicros,
    );
    this.#turns = kept.slice(-this.#turnsMax);
    return this.#turns;
  }

  get value(): readonly Extreme[] {
    return this.#turns;
  }

  get isReady(): boolean {
    return this.#turns.length > 0;
  }

  /** The latest low: where a stop may stand below. Undefined when there is none. */
  get lastLow(): Extreme | undefined {
    return this.#turns.findLast(({ kind }) => kind === 'low');
  }

  get lastHigh(): Extreme | undefined {
    return this.#turns.findLast(({ kind }) => kind === 'high');
  }

  /** Lows make supports, highs resistances; a group of turns counts by its mean. */
  around(price: number): Levels {
    const of = (kind: Extreme['kind']) =>
      clusters(
        this.#turns.filter((turn) => turn.kind === kind).map((turn) => turn.price),
        this.#margin,
      );
    return {
      supports: of('low')
        .filter((cluster) => cluster.price < price)
        .reverse(),
      resistances: of('high').filter((cluster) => cluster.price >= price),
    };
  }
}

/** The levels around a price by a whole column of candles, oldest first, as they were when the last one closed. */
export function supportResistance(
  candles: Iterable<SourceCandle>,
  price: number,
  options: LevelOptions = {},
): Levels {
  const levels = new SupportResistance(options);
  for (const candle of candles) levels.update(candle);
  return levels.around(price);
}
