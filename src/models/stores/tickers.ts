/** The rows of `ticker_data`. */
import { and, eq, sql } from 'drizzle-orm';
import type { Queries } from '../backend.ts';
import type { MiningStores, TickerRow } from '../mining.ts';
import { tickerData } from '../schema/markets.ts';
import { insertInParts } from './rows.ts';

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
            set: {
              name: sql`excluded.name`,
              exchange: sql`excluded.exchange`,
              assetClass: sql`excluded.asset_class`,
              tradable: sql`excluded.tradable`,
              shortable: sql`excluded.shortable`,
              fractionable: sql`excluded.fractionable`,
              modifyTstamp: sql`excluded.modify_tstamp`,
            },
            setWhere: sql`(ticker_data.name, ticker_data.exchange, ticker_data.asset_class, ticker_data.tradable,
                ticker_data.shortable, ticker_data.fractionable)
              is distinct from (excluded.name, excluded.exchange, excluded.asset_class, excluded.tradable,
                excluded.shortable, excluded.fractionable)`,
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
