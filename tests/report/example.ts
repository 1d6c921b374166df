/** A small batch made by hand: two symbols, three days, a long trip, a short one, and one that turns over. */
import { decimal } from '../../src/domain/decimal.ts';
import { formatMicros, MICROS_PER_DAY, MICROS_PER_HOUR } from '../../src/domain/time.ts';
import type { ReportFill } from '../../src/report/fill.ts';
import { BatchWalk } from '../../src/report/walk.ts';

/** Wednesday, 2024-01-31, 15:00 UTC: the next day is another month. */
export const START = Date.UTC(2024, 0, 31, 15) * 1_000;

export function at(day: number, hour: number): number {
  return START + day * MICROS_PER_DAY + hour * MICROS_PER_HOUR;
}

export function fill(
  atMicros: number,
  side: 'buy' | 'sell',
  of: {
    qty: string;
    price: string;
    fee?: string;
    stop?: string;
    symbol?: string;
    reason?: string;
    instanceId?: string;
  },
): ReportFill {
  return {
    instanceId: of.instanceId ?? 'one',
    symbol: of.symbol ?? 'AAA',
    side,
    qty: of.qty,
    price: of.price,
    fee: of.fee ?? '0',
    executedAt: formatMicros(atMicros),
    stopPrice: of.stop ?? null,
    indicators: { [side]: { reason: of.reason ?? `${side} it` } },
  };
}

export function price(
  walk: BatchWalk,
  symbol: string,
  atMicros: number,
  [low, high, close]: [number, number, number],
): void {
  const market = walk.market(symbol);
  walk.before(atMicros);
  if (!market.hasPrices) market.first = close;
  market.last = close;
  market.prices.note(atMicros, { open: close, high, low, close });
  walk.price(market, atMicros, { low, high });
}

/** 1,000 to begin with. @param more fills of the last hours. */
export function exampleWalk(more: readonly ReportFill[] = []): BatchWalk {
  const walk = new BatchWalk(decimal('1000'), START);
  const see = (hour: [number, number], prices: [number, number, number], symbol = 'AAA') =>
    price(walk, symbol, at(...hour), prices);
  see([0, 0], [10, 10, 10]);
  see([0, 0], [100, 100, 100], 'BBB');
  // 10 at 10, stop at 8, fee 1; falls to 9, rises to 13; sold at 12, fee 1: gain 18, R (12 - 10) / (10 - 8) = 1.
  walk.add(fill(at(0, 0.5), 'buy', { qty: '10', price: '10', fee: '1', stop: '8' }));
  see([0, 1], [9, 11, 11]);
  see([0, 2], [11, 13, 12]);
  walk.add(fill(at(0, 2.5), 'sell', { qty: '10', price: '12', fee: '1', reason: 'target' }));
  see([0, 3], [12, 20, 15]);
  see([0, 3], [110, 110, 110], 'BBB');
  // Short 4 at 15, wrong side stop; rises to 18; bought back 2 at 17 and 2 at 14: -4 + 2 = -2.
  walk.add(fill(at(1, 0), 'sell', { qty: '4', price: '15', stop: '14' }));
  see([1, 1], [15, 18, 17]);
  walk.add(fill(at(1, 1.5), 'buy', { qty: '2', price: '17' }));
  see([1, 2], [13, 17, 14]);
  see([1, 2], [99, 99, 99], 'BBB');
  // Closes the 2 that are left and opens 3 long, fee 5: 2 of it for the short, 3 for the long.
  walk.add(fill(at(2, 0), 'buy', { qty: '5', price: '14', fee: '5' }));
  see([2, 1], [14, 16, 16]);
  see([2, 1], [121, 121, 121], 'BBB');
  for (const one of more) walk.add(one);
  walk.finish(at(2, 2));
  return walk;
}
