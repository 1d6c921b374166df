/** The rows of `trade_plan` as people write them. */
import { and, desc, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { JsonObject } from '../../domain/order.ts';
import type { Backend } from '../backend.ts';
import { portfolio, tradePlan } from '../schema/portfolios.ts';
import { type ListedTradePlan, TRADE_PLANS_MAX, type TradePlanStores } from '../tradePlans.ts';

type EditingStores = Pick<TradePlanStores, 'listTradePlans' | 'addTradePlan' | 'changeTradePlan'>;

export function createEditingStores({
  queries,
  presence,
}: Pick<Backend, 'queries' | 'presence'>): EditingStores {
  return {
    async listTradePlans(tradePlanIds) {
      const holder = sql<string | null>`(select a.details ->> 'batchId' from trade_plan_execution_audit a
        where a.trade_plan_id = trade_plan.trade_plan_id and a.ended_on is null
        order by a.execution_id desc limit 1)`;
      const rows = await queries
        .select({ row: tradePlan, batchId: holder })
        .from(tradePlan)
        .where(tradePlanIds === undefined ? undefined : inArray(tradePlan.tradePlanId, [...tradePlanIds]))
        .orderBy(desc(tradePlan.createTstamp), desc(tradePlan.tradePlanId))
        .limit(TRADE_PLANS_MAX);
      const batchIds = rows.flatMap(({ batchId }) => (batchId === null ? [] : [batchId]));
      const dead = new Set(batchIds.length === 0 ? [] : await presence.unclaimed([...new Set(batchIds)]));
      return rows.map(
        ({ row, batchId }): ListedTradePlan => ({
          tradePlanId: row.tradePlanId,
          portfolioId: row.portfolioId,
          strategyName: row.strategyName,
          parameters: row.parameters as JsonObject,
          startDate: row.startDate,
          expiresAt: row.expireTstamp,
          createdAt: row.createTstamp,
          modifiedAt: row.modifyTstamp,
          batchId: batchId === null || dead.has(batchId) ? null : batchId,
        }),
      );
    },

    async addTradePlan({ expiresAt, portfolioId, ...plan }) {
      return await queries.transaction(async (transaction) => {
        const [known] = await transaction
          .select({ portfolioId: portfolio.portfolioId })
          .from(portfolio)
          .where(and(eq(portfolio.portfolioId, portfolioId), isNull(portfolio.expireTstamp)));
        if (known === undefined) return false;
        await transaction
          .insert(tradePlan)
          .values({ ...plan, portfolioId, expireTstamp: expiresAt })
          .onConflictDoNothing();
        return true;
      });
    },

    async changeTradePlan({ tradePlanId, parameters, startDate, expiresAt }) {
      const changed = await queries
        .update(tradePlan)
        .set({
          // Named so that a change of nothing is a statement, too.
          tradePlanId,
          ...(parameters === undefined ? {} : { parameters }),
          ...(startDate === undefined ? {} : { startDate }),
          ...(expiresAt === undefined ? {} : { expireTstamp: expiresAt }),
        })
        .where(eq(tradePlan.tradePlanId, tradePlanId))
        .returning({ tradePlanId: tradePlan.tradePlanId });
      return changed.length > 0;
    },
  };
}
