/** Figures of a trading session: its gap, its opening range, its volume against other sessions. */
import { assertInterval, type Indicator, period } from './indicator.ts';

const MINUTE_MICROS = 60_000_000;

/** How far a session opened above (below 0: under) the close before, in percent of that close. */
export function gapPercent(previousClose: number, open: number): number {
  return previousClose > 0 ? (100 * (open - previousClose)) / previousClose : Number.NaN;
}

/** A candle's part that a session's figures need; a `BarView` is one. */
export interface SessionCandle {
  /** Start, microseconds since the epoch. */
  readonly timeMicros: number;
  readonly high: number;
  readonly low: number;
  readonly volume: number;
}

export interface RangeFigures {
  readonly high: number;
  readonly low: number;
}

/**
 * Highest and lowest price of a session's first minutes. Toby Crabel, "Day Trading with Short Term Price Patterns",
 * 1990.
 */
export class OpeningRange implements Indicator<SessionCandle, RangeFigures> {
  readonly #openMicros: number;
  readonly #endMicros: number;
  readonly #candleMicros: number;
  #high = Number.NaN;
  #low = Number.NaN;
  #isComplete = false;

  /** @param candleMicros length of the candles that go in. */
  constructor(openMicros: number, lengthMicros: number, candleMicros: number = MINUTE_MICROS) {
    this.#openMicros = openMicros;
    this.#endMicros = openMicros + assertInterval(lengthMicros);
    this.#candleMicros = assertInterval(candleMicros);
  }

  /** Takes the next candle; those before the open or after the range count nothing but the time. */
  update({ timeMicros, high, low }: SessionCandle): RangeFigures {
    if (timeMicros >= this.#openMicros && timeMicros < this.#endMicros) {
      if (!(this.#high >= high)) this.#high = high;
      if (!(this.#low <= low)) this.#low = low;
    }
    if (timeMicros + this.#candleMicros >= this.#endMicros) this.#isComplete = true;
    return this.value;
  }

  get value(): RangeFigures {
    return { high: this.#high, low: this.#low };
  }

  /** NaN before the first candle. */
  get high(): number {
    return this.#high;
  }

  get low(): number {
    return this.#low;
  }

  /** Whether the range's time is over and there was a price in it. */
  get isReady(): boolean {
    return this.#isComplete && !Number.isNaN(this.#high);
  }
}

/** Volume of a candle that starts at a moment; a `BarView` is one. */
export type VolumeAt = Pick<SessionCandle, 'timeMicros' | 'volume'>;

export interface RelativeVolumeOptions {
  /** Sessions that the mean looks back on; older ones fade. */
  readonly sessions?: number;
  /** Length of a session's steps; default a minute. */
  readonly stepMicros?: number;
  /** Longest session; candles beyond it count nothing. */
  readonly sessionMicros?: number;
}

/**
 * A session's volume so far over the mean volume that earlier sessions had at the same time after their open: 2 means
 * twice the usual. The mean is a plain one up to `sessions` sessions, then each new one counts 1 / `sessions`.
 */
export class RelativeVolume implements Indicator<VolumeAt> {
  readonly #sessions: number;
  readonly #stepMicros: number;
  /** Mean volume from the open to the end of each step. */
  readonly #usual: Float64Array;
  readonly #today: Float64Array;
  #sessionsSeen = 0;
  #openMicros = Number.NaN;
  #step = -1;
  #volume = 0;

  constructor({
    sessions = 20,
    stepMicros = MINUTE_MICROS,
    sessionMicros = 390 * MINUTE_MICROS,
  }: RelativeVolumeOptions = {}) {
    this.#sessions = period(sessions);
    this.#stepMicros = assertInterval(stepMicros);
    const steps = Math.ceil(assertInterval(sessionMicros) / stepMicros);
    this.#usual = new Float64Array(steps);
    this.#today = new Float64Array(steps);
  }

  /** A session begins; the one before becomes part of the mean. */
  startSession(openMicros: number): void {
    if (this.#step >= 0) this.#close();
    this.#openMicros = openMicros;
    this.#step = -1;
    this.#volume = 0;
  }

  /** Takes the session's next candle and answers {@link value}. */
  update({ timeMicros, volume }: VolumeAt): number {
    const step = Math.floor((timeMicros - this.#openMicros) / this.#stepMicros);
    if (!(step >= 0 && step < this.#today.length && volume >= 0)) return this.value;
    this.#fill(step);
    this.#volume += volume;
    this.#today[step] = this.#volume;
    return this.value;
  }

  get isReady(): boolean {
    return !Number.isNaN(this.value);
  }

  /** NaN before the session's first candle, and while no earlier session is known. */
  get value(): number {
    const usual = this.#step < 0 ? 0 : this.#usual[this.#step]!;
    return usual > 0 ? this.#volume / usual : Number.NaN;
  }

  /** Steps without a candle had no volume. */
  #fill(step: number): void {
    this.#today.fill(this.#volume, this.#step + 1, Math.max(this.#step + 1, step + 1));
    this.#step = Math.max(this.#step, step);
  }

  #close(): void {
    this.#fill(this.#today.length - 1);
    this.#sessionsSeen += 1;
    const weight = 1 / Math.min(this.#sessionsSeen, this.#sessions);
    for (let step = 0; step < this.#usual.length; step += 1) {
      this.#usual[step]! += (this.#today[step]! - this.#usual[step]!) * weight;
    }
  }
}
