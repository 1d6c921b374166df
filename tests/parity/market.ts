/** A market in which all fill models say the same, as rows of a tape. */
import { seededRandom } from '../../src/clock/chance.ts';
import type { EpochMicros } from '../../src/domain/time.ts';
import { appendDefinition, appendQuote, appendTrade } from '../../src/tape/append.ts';
import { Batch } from '../../src/tape/batch.ts';
import type { SymbolTable } from '../../src/tape/symbols.ts';

export const SYMBOLS = ['AAPL', 'MSFT'] as const;
const SECOND = 1_000_000;

export type MarketEvent =
  | {
      readonly type: 'quote';
      readonly symbol: string;
      readonly timeMicros: EpochMicros;
      readonly bid: number;
      readonly ask: number;
    }
  | {
      readonly type: 'trade';
      readonly symbol: string;
      readonly timeMicros: EpochMicros;
      readonly price: number;
      readonly id: number;
    };

/**
 * A second apart: a quote, a trade in its middle, and the quote again. Orders that are decided on the trade deal with the
 * same prices whether an exchange has them at once (the local one) or with the next quote (backtests, the paper
 * broker). Middles are even cents and limits odd ones, so that nothing trades at a limit itself, where queues differ.
 */
export function marketOf(startMicros: EpochMicros, steps: number, seed: number): readonly MarketEvent[] {
  const random = seededRandom(seed);
  const middles = new Map<string, number>(SYMBOLS.map((symbol, index) => [symbol, 10_000 + index * 5_000]));
  const events: MarketEvent[] = [];
  const quote = (symbol: string, timeMicros: EpochMicros): MarketEvent => {
    const middle = middles.get(symbol)!;
    return { type: 'quote', symbol, timeMicros, bid: (middle - 1) / 100, ask: (middle + 1) / 100 };
  };
  // Before the session's first decision: where everything stands.
  SYMBOLS.forEach((symbol, index) => {
    events.push(quote(symbol, startMicros - 10 * SECOND + index * 1_000));
  });
  for (let step = 0; step < steps; step += 1) {
    const symbol = SYMBOLS[step % SYMBOLS.length]!;
    const at = startMicros + (5 + 3 * step) * SECOND;
    middles.set(symbol, middles.get(symbol)! + 2 * Math.round((random() - 0.5) * 8));
    events.push(quote(symbol, at));
    events.push({
      type: 'trade',
      symbol,
      timeMicros: at + SECOND,
      price: middles.get(symbol)! / 100,
      id: step + 1,
    });
    events.push(quote(symbol, at + 2 * SECOND));
  }
  return events;
}

/** Appends an event as a feed's row, received when it happened unless it says otherwise. */
export function appendEvent(
  batch: Batch,
  event: MarketEvent,
  of: { readonly symbols: SymbolTable; readonly receivedMicros?: EpochMicros },
): void {
  const { symbol, timeMicros } = event;
  if (event.type === 'quote') {
    const sides = { bidPrice: event.bid, bidSize: 5_000, askPrice: event.ask, askSize: 5_000 };
    appendQuote(batch, { symbol, timeMicros, ...sides }, of);
  } else {
    const { price, id } = event;
    const where = { exchange: 'N', conditions: ['@'], tape: 'C', id: String(id) };
    appendTrade(batch, { symbol, timeMicros, price, size: 2_000, ...where }, of);
  }
}

export function batchOf(rows: number, baseMicros: EpochMicros): Batch {
  return Batch.create({ rows, heapBytes: rows * 32 }, 0, baseMicros);
}

/** A batch that names all symbols. */
export function definitions(symbols: SymbolTable): Batch {
  const batch = batchOf(SYMBOLS.length, 0);
  for (const symbol of SYMBOLS) appendDefinition(batch, symbols.intern(symbol), symbol);
  return batch;
}
