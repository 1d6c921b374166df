/** The rows of `ticker_data`. */
import { and, eq } from 'drizzle-orm';
import type { Queries } from '../backend.ts';
import type { MiningStores, TickerRow } from '../mining.ts';
import { tickerData } from '../schema/markets.ts';
import { insertInParts, overwriting } from './rows.ts';

type TickerStores = Pick<MiningStores, 'recordTickers' | 'listTickers'>;

export function createTickerStores(queries: Queries): TickerStores {
  return {
    async recordTickers(tickers) {
      const rows = tickers.map((ticker) => ({ ...ticker, description: '' }));
      return await insertInParts(queries, rows, async (target, part) => {
        const written = await target
          .insert(tickerData)
          .values(part)
          .onConflictDoUpdate({
            target: tickerData.symbol,
            ...overwriting(
              tickerData,
              ['name', 'exchange', 'assetClass', 'tradable', 'shortable', 'fractionable'],
              'modifyTstamp',
            ),
          })
          .returning({ symbol: tickerData.symbol });
        return written.length;
      });
    },

    async listTickers(assetClass) {
      const rows = await queries
        .select()
        .from(tickerData)
        .where(and(eq(tickerData.assetClass, assetClass), eq(tickerData.tradable, true)))
        .orderBy(tickerData.symbol);
      return rows.map(
        (row): TickerRow => ({
          symbol: row.symbol,
          name: row.name,
          exchange: row.exchange ?? '',
          assetClass,
          tradable: row.tradable === true,
          shortable: row.shortable === true,
          fractionable: row.fractionable === true,
        }),
      );
    },
  };
}
