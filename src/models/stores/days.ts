/** The rows of `stock_ohlc`. */
import { and, desc, gte, inArray } from 'drizzle-orm';
import type { Queries } from '../backend.ts';
import type { DayRow, MiningStores } from '../mining.ts';
import { stockOhlc } from '../schema/markets.ts';
import { insertInParts, overwriting } from './rows.ts';

type DayStores = Pick<MiningStores, 'recordDays' | 'forgetDays' | 'newestDays' | 'closesSince'>;

export function createDayStores(queries: Queries): DayStores {
  return {
    async recordDays(days) {
      return await insertInParts(queries, days.map(fromDay), async (target, part) => {
        const written = await target
          .insert(stockOhlc)
          .values(part)
          .onConflictDoUpdate({
            target: [stockOhlc.symbol, stockOhlc.symbolDate],
            ...overwriting(
              stockOhlc,
              ['open', 'high', 'low', 'close', 'volume', 'vwap', 'tradeCount'],
              'modifyTstamp',
            ),
          })
          .returning({ symbol: stockOhlc.symbol });
        return written.length;
      });
    },

    async forgetDays(symbols) {
      if (symbols.length === 0) return;
      await queries.delete(stockOhlc).where(inArray(stockOhlc.symbol, [...symbols]));
    },

    async closesSince(symbols, fromDate) {
      if (symbols.length === 0) return [];
      const { symbol, symbolDate: date, close, volume } = stockOhlc;
      return await queries
        .select({ symbol, date, close, volume })
        .from(stockOhlc)
        .where(and(inArray(symbol, [...symbols]), gte(date, fromDate)))
        .orderBy(symbol, date);
    },

    async newestDays(symbols) {
      if (symbols.length === 0) return [];
      return await queries
        .selectDistinctOn([stockOhlc.symbol], {
          symbol: stockOhlc.symbol,
          date: stockOhlc.symbolDate,
          close: stockOhlc.close,
        })
        .from(stockOhlc)
        .where(inArray(stockOhlc.symbol, [...symbols]))
        .orderBy(stockOhlc.symbol, desc(stockOhlc.symbolDate));
    },
  };
}

function fromDay({ date, ...day }: DayRow): typeof stockOhlc.$inferInsert {
  return { ...day, symbolDate: date };
}
