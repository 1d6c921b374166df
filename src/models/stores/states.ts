/** What scanners picked and what strategies remember. */
import { and, eq, inArray, sql } from 'drizzle-orm';
import { parseMicros } from '../../domain/time.ts';
import type { Queries } from '../backend.ts';
import type { StateRow, Stores } from '../contract.ts';
import { trendingTickers } from '../schema/markets.ts';
import { strategyState } from '../schema/trades.ts';
import { insertInParts, newestOfEach } from './rows.ts';

type StateStores = Pick<Stores, 'recordPicks' | 'saveStates' | 'loadStates'>;

export function createStateStores(queries: Queries): StateStores {
  return {
    async recordPicks(picks) {
      const rows = picks.map((pick) => ({
        batchId: pick.batchId,
        symbol: pick.symbol,
        createTstamp: pick.pickedAt,
        scannerName: pick.scanner,
        rank: pick.rank,
        reason: pick.reason,
      }));
      await insertInParts(queries, rows, async (target, part) => {
        const inserted = await target
          .insert(trendingTickers)
          .values(part)
          .onConflictDoNothing()
          .returning({ trendingId: trendingTickers.trendingId });
        return inserted.length;
      });
    },

    async saveStates(states, environment) {
      const newest = newestOfEach(
        states,
        (row) => JSON.stringify([row.instanceId, row.symbol]),
        (row) => parseMicros(row.savedAt) ?? 0,
      );
      const rows = newest.map((row) => ({
        instanceId: row.instanceId,
        algoEnv: environment,
        symbol: row.symbol,
        state: row.state,
        tstamp: row.savedAt,
      }));
      await insertInParts(queries, rows, async (target, part) => {
        const saved = await target
          .insert(strategyState)
          .values(part)
          .onConflictDoUpdate({
            target: [strategyState.instanceId, strategyState.algoEnv, strategyState.symbol],
            set: { state: sql`excluded.state`, tstamp: sql`excluded.tstamp` },
            setWhere: sql`excluded.tstamp >= ${strategyState.tstamp}`,
          })
          .returning({ symbol: strategyState.symbol });
        return saved.length;
      });
    },

    async loadStates(instanceIds, environment) {
      if (instanceIds.length === 0) return [];
      const rows = await queries
        .select()
        .from(strategyState)
        .where(
          and(inArray(strategyState.instanceId, [...instanceIds]), eq(strategyState.algoEnv, environment)),
        )
        .orderBy(strategyState.instanceId, strategyState.symbol);
      return rows.map(
        (row): StateRow => ({
          instanceId: row.instanceId,
          symbol: row.symbol,
          state: row.state,
          savedAt: row.tstamp,
        }),
      );
    },
  };
}
