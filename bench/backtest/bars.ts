/** The published bars of the benchmark: seeded one-minute bars of a random walk (mulberry32), 24 hours a day. */
import { seededRandom } from '../../src/clock/chance.ts';

export const BENCH_FROM_MS = Date.UTC(2020, 0, 1);

/** Rows of CSV, the header first. The same seed gives the same file, byte by byte. */
export function* benchLines(count: number, seed = 42): Generator<string> {
  yield 'ts_ms,open,high,low,close,volume';
  const random = seededRandom(seed);
  const gauss = () => {
    let sum = 0;
    for (let index = 0; index < 12; index += 1) sum += random();
    return sum - 6;
  };
  let price = 100;
  for (let index = 0; index < count; index += 1) {
    const open = price;
    const close = Math.max(1, open * (1 + 0.0005 * gauss()));
    const high = Math.max(open, close) * (1 + 0.0002 * random());
    const low = Math.min(open, close) * (1 - 0.0002 * random());
    const volume = 100 + Math.floor(random() * 900);
    const prices = [open, high, low, close].map((value) => value.toFixed(4));
    yield `${BENCH_FROM_MS + index * 60_000},${prices.join(',')},${volume}`;
    price = Number(close.toFixed(4));
  }
}
