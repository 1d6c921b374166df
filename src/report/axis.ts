/** The axes of charts: round values, and a time in which nights and weekends take little room. */

/** Ticks beside a chart, at most; fewer where the round values lie further apart. */
const TICKS_MAX = 6;
const ROUND = [1, 2, 2.5, 5, 10] as const;
/** Labels below a chart. */
const LABELS = 5;
/** What a closed time takes of the width of all open times. */
const CLOSED_SHARE = 0.01;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Round values around a range, equally far apart, the lowest first. */
export interface Ticks {
  readonly values: readonly number[];
  readonly step: number;
}

export function ticksAround(low: number, high: number): Ticks {
  const rough = (high - low) / (TICKS_MAX - 2);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ROUND.find((round) => round * power >= rough * (1 - 1e-9))! * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const places = placesOf(step);
  const values = Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toFixed(places)),
  );
  return { values, step };
}

/** Decimals that multiples of a step have. */
export function placesOf(step: number): number {
  for (let places = 0; places < 12; places += 1) {
    if (Math.abs(step - Number(step.toFixed(places))) < step * 1e-6) return places;
  }
  return 12;
}

/** From one moment to another, in milliseconds since 1970. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Stretches in which no market had a price, where prices come in minutes: its nights, weekends and holidays. */
export function closedTimes(pricesMs: readonly number[]): readonly Stretch[] {
  const times = [...new Set(pricesMs)].sort((one, other) => one - other);
  const steps = times.slice(1).map((time, index) => time - times[index]!);
  const usual = steps.toSorted((one, other) => one - other)[Math.floor(steps.length / 2)] ?? 0;
  if (usual === 0 || usual > HOUR_MS) return [];
  return steps.flatMap((step, index) =>
    step < 4 * HOUR_MS ? [] : [{ fromMs: times[index]!, toMs: times[index + 1]! }],
  );
}

export class TimeAxis {
  readonly #low: number;
  readonly #closed: readonly Stretch[];
  readonly #closedMs: number;
  readonly #size: number;
  readonly #spanMs: number;

  constructor({ fromMs, toMs }: Stretch, closed: readonly Stretch[]) {
    this.#low = fromMs;
    this.#closed = closed.filter((one) => one.fromMs >= fromMs && one.toMs <= toMs);
    const hidden = this.#closed.reduce((sum, one) => sum + one.toMs - one.fromMs, 0);
    this.#spanMs = toMs - fromMs;
    const openMs = Math.max(this.#spanMs - hidden, 1);
    this.#closedMs = openMs * CLOSED_SHARE;
    this.#size = openMs + this.#closed.length * this.#closedMs;
  }

  /** 0 at the left end, 1 at the right one. */
  shareOf(atMs: number): number {
    let place = atMs - this.#low;
    for (const { fromMs, toMs } of this.#closed) {
      if (fromMs >= atMs) break;
      const passed = Math.min(atMs, toMs) - fromMs;
      place += (passed / (toMs - fromMs)) * this.#closedMs - passed;
    }
    return place / this.#size;
  }

  /** Texts at equal distances: dates, times of day within a few days, seconds within an hour. */
  labels(): readonly string[] {
    const cut: readonly [number, number] =
      this.#spanMs > 3 * DAY_MS ? [0, 10] : this.#spanMs > HOUR_MS ? [5, 16] : [11, 19];
    return Array.from({ length: LABELS }, (_, index) =>
      new Date(this.#momentAt(index / (LABELS - 1)))
        .toISOString()
        .slice(...cut)
        .replace('T', ' '),
    );
  }

  /** By halving: the shares of later moments are never smaller. */
  #momentAt(share: number): number {
    let low = this.#low;
    let high = this.#low + this.#spanMs;
    while (high - low > 1) {
      const middle = (low + high) / 2;
      if (this.shareOf(middle) < share) low = middle;
      else high = middle;
    }
    return share === 0 ? this.#low : high;
  }
}
