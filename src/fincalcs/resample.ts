/** Candles of any interval from candles of a shorter one. */
import { assertInterval, averagePrice, type Candle } from './indicator.ts';

const MINUTE_MICROS = 60_000_000;

/** What is resampled: a `BarView` is one. What a feed does not tell may be missing. */
export interface SourceCandle extends Candle {
  /** Start, microseconds since the epoch. */
  readonly timeMicros: number;
  readonly vwap?: number;
  readonly tradeCount?: number;
  readonly incomplete?: boolean;
}

export interface ResampledCandle extends Required<SourceCandle> {}

export interface ResampleOptions {
  readonly intervalMicros: number;
  /** Intervals are counted from here, such as the session's open. Default: the epoch. */
  readonly anchorMicros?: number;
  /** Length of the candles that go in; default a minute. */
  readonly sourceMicros?: number;
}

/**
 * Folds candles into longer ones: first open, highest high, lowest low, last close, sum of volume and trades, VWAP by
 * volume. A candle is closed by the last of its source candles, or by the first that belongs to a later one; no clock
 * is asked. Intervals without candles give none.
 */
export class Resampler {
  readonly #intervalMicros: number;
  readonly #anchorMicros: number;
  readonly #sourceMicros: number;
  #forming: ResampledCandle | undefined;

  constructor({ intervalMicros, anchorMicros = 0, sourceMicros = MINUTE_MICROS }: ResampleOptions) {
    this.#intervalMicros = assertInterval(intervalMicros);
    this.#anchorMicros = anchorMicros;
    this.#sourceMicros = assertInterval(sourceMicros);
  }

  /** The candle under way; undefined when there is none. */
  get forming(): ResampledCandle | undefined {
    return this.#forming;
  }

  /**
   * Takes the next source candle, not older than the one before, and answers the candles that it closed: at most two.
   */
  update(source: SourceCandle): readonly ResampledCandle[] {
    const closed: ResampledCandle[] = [];
    const timeMicros = this.#startOf(source.timeMicros);
    if (this.#forming !== undefined && this.#forming.timeMicros !== timeMicros) closed.push(this.#take());
    this.#forming = this.#forming === undefined ? begun(timeMicros, source) : joined(this.#forming, source);
    if (source.timeMicros + this.#sourceMicros >= timeMicros + this.#intervalMicros)
      closed.push(this.#take());
    return closed;
  }

  #startOf(timeMicros: number): number {
    const since = timeMicros - this.#anchorMicros;
    return this.#anchorMicros + Math.floor(since / this.#intervalMicros) * this.#intervalMicros;
  }

  #take(): ResampledCandle {
    const candle = this.#forming!;
    this.#forming = undefined;
    return candle;
  }
}

/** Resamples a whole column of candles, oldest first; the last may be still under way. */
export function resample(candles: Iterable<SourceCandle>, options: ResampleOptions): ResampledCandle[] {
  const resampler = new Resampler(options);
  const closed: ResampledCandle[] = [];
  for (const candle of candles) closed.push(...resampler.update(candle));
  return resampler.forming === undefined ? closed : [...closed, resampler.forming];
}

function begun(timeMicros: number, source: SourceCandle): ResampledCandle {
  const { open, high, low, close, volume } = source;
  const { tradeCount = 0, incomplete = false } = source;
  const vwap = averagePrice(source);
  return { timeMicros, open, high, low, close, volume, vwap, tradeCount, incomplete };
}

function joined(before: ResampledCandle, source: SourceCandle): ResampledCandle {
  const volume = before.volume + source.volume;
  const vwap = averagePrice(source);
  return {
    timeMicros: before.timeMicros,
    open: before.open,
    high: Math.max(before.high, source.high),
    low: Math.min(before.low, source.low),
    close: source.close,
    volume,
    vwap: volume > 0 ? (before.vwap * before.volume + vwap * source.volume) / volume : source.close,
    tradeCount: before.tradeCount + (source.tradeCount ?? 0),
    incomplete: before.incomplete || (source.incomplete ?? false),
  };
}
