/** Made ticks of one symbol: quotes and trades in turn, a millisecond apart, around a seeded random walk. */
import { seededRandom } from '../../src/clock/chance.ts';
import { appendQuote, appendTrade } from '../../src/tape/append.ts';
import { Batch } from '../../src/tape/batch.ts';
import type { SymbolTable } from '../../src/tape/symbols.ts';
import { BENCH_FROM_MS } from './bars.ts';

const BATCH = { rows: 4_096, heapBytes: 64 };
const STEP_MICROS = 1_000;
const SPREAD = 0.02;
const SIZE = 100;

export function benchTicks(
  count: number,
  of: { readonly symbol: string; readonly symbols: SymbolTable },
): Batch[] {
  const random = seededRandom(42);
  const all: Batch[] = [];
  let batch = Batch.create(BATCH, 1);
  let price = 100;
  for (let index = 0; index < count; index += 1) {
    const timeMicros = BENCH_FROM_MS * 1_000 + index * STEP_MICROS;
    if (!batch.hasRoom(0)) {
      all.push(batch);
      batch = Batch.create(BATCH, 1);
    }
    if (batch.count === 0) batch.baseMicros = timeMicros;
    price = Math.max(1, Math.round((price + 0.02 * (random() - 0.5)) * 100) / 100);
    const market = { symbol: of.symbol, timeMicros };
    const options = { symbols: of.symbols };
    if (index % 2 === 0) {
      const askPrice = Math.round((price + SPREAD) * 100) / 100;
      appendQuote(batch, { ...market, bidPrice: price, bidSize: SIZE, askPrice, askSize: SIZE }, options);
    } else {
      const said = { id: '', exchange: '', tape: '', conditions: [] };
      appendTrade(batch, { ...market, ...said, price, size: SIZE }, options);
    }
  }
  all.push(batch);
  return all;
}
