/** Candles made by a formula, so that figures of other programs over the same candles can stand in a table. */
export interface TestCandle {
  readonly timeMicros: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

const MINUTE_MICROS = 60_000_000;
const START_MICROS = 1_790_000_040_000_000;

/** The minimal standard generator of Park and Miller: uniform in (0, 1), the same in every language. */
function parkMiller(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const cents = (price: number): number => Math.round(price * 100) / 100;

/** A walk in whole cents, minute by minute. Each seventeenth candle is flat, as in a quiet minute. */
export function madeCandles(count: number, seed = 7): TestCandle[] {
  const random = parkMiller(seed);
  let close = 100;
  return Array.from({ length: count }, (_, index): TestCandle => {
    const timeMicros = START_MICROS + index * MINUTE_MICROS;
    if (index % 17 === 16) {
      return { timeMicros, open: close, high: close, low: close, close, volume: 0 };
    }
    const open = cents(close + (random() - 0.5) * 0.1);
    close = cents(open * (1 + (random() - 0.495) * 0.02));
    const high = cents(Math.max(open, close) + random() * 0.4);
    const low = cents(Math.min(open, close) - random() * 0.4);
    const volume = 100 + Math.floor(random() * 10_000);
    return { timeMicros, open, high, low, close, volume };
  });
}
