/** The rows of `trade_plan` and of `trade_plan_execution_audit`. */
import { and, asc, desc, eq, gt, inArray, isNull, lte, or, sql } from 'drizzle-orm';
import type { JsonObject } from '../../domain/order.ts';
import type { Backend } from '../backend.ts';
import { tradePlanExecutionAudit as audit, tradePlan } from '../schema/portfolios.ts';
import type { TradePlanStores } from '../tradePlans.ts';

/** What an execution says: who has it, and who had it before. */
interface Execution {
  readonly batchId?: string;
  readonly environment?: string;
  readonly earlierBatchIds?: readonly string[];
  readonly reason?: string | null;
}

/** Batches that are named; older ones stand in `portfolio_batch_ids`. */
const EARLIER_MAX = 50;

type OwnStores = Pick<TradePlanStores, 'activeTradePlans' | 'takeTradePlan' | 'endTradePlans'>;

export function createTradePlanStores({ queries, presence }: Backend): OwnStores {
  return {
    async activeTradePlans({ date, at, limit }) {
      const rows = await queries
        .select()
        .from(tradePlan)
        .where(
          and(
            lte(tradePlan.startDate, date),
            or(isNull(tradePlan.expireTstamp), gt(tradePlan.expireTstamp, at)),
          ),
        )
        .orderBy(asc(tradePlan.startDate), asc(tradePlan.createTstamp), asc(tradePlan.tradePlanId))
        .limit(limit);
      return rows.map((row) => ({
        tradePlanId: row.tradePlanId,
        portfolioId: row.portfolioId,
        strategyName: row.strategyName,
        parameters: row.parameters as JsonObject,
        modifiedAt: row.modifyTstamp,
      }));
    },

    async takeTradePlan({ tradePlanId, batchId, environment, takenAt }) {
      await presence.claim(batchId);
      return await queries.transaction(async (transaction) => {
        // Held until the transaction ends, so that of two daemons that look at the same moment one sees the other.
        await transaction.execute(
          sql`select pg_advisory_xact_lock(hashtextextended('openbell trade plan ' || ${tradePlanId}, 0))`,
        );
        const [last] = await transaction
          .select()
          .from(audit)
          .where(eq(audit.tradePlanId, tradePlanId))
          .orderBy(desc(audit.executionId))
          .limit(1);
        if (last === undefined) {
          const details: Execution = { batchId, environment };
          await transaction.insert(audit).values({ tradePlanId, details, startedOn: takenAt });
          return 'taken';
        }
        const { batchId: holder, earlierBatchIds = [] } = (last.details ?? {}) as Execution;
        const isOurs = holder === batchId;
        if (isOurs && last.endedOn === null) return 'taken';
        const isHeld = last.endedOn === null && holder !== undefined && !isOurs;
        if (isHeld && (await presence.unclaimed([holder])).length === 0) return 'elsewhere';
        const earlier = [...earlierBatchIds, ...(holder === undefined || isOurs ? [] : [holder])];
        const details: Execution = { batchId, environment, earlierBatchIds: earlier.slice(-EARLIER_MAX) };
        await transaction
          .update(audit)
          .set({ details, endedOn: null })
          .where(eq(audit.executionId, last.executionId));
        return 'taken';
      });
    },

    async endTradePlans({ batchId, tradePlanIds, endedAt, reason }) {
      if (tradePlanIds?.length === 0) return 0;
      const rows = await queries
        .update(audit)
        .set({ endedOn: endedAt, details: sql`${audit.details} || ${JSON.stringify({ reason })}::jsonb` })
        .where(
          and(
            isNull(audit.endedOn),
            sql`${audit.details} ->> 'batchId' = ${batchId}`,
            tradePlanIds === null ? undefined : inArray(audit.tradePlanId, [...tradePlanIds]),
          ),
        )
        .returning({ executionId: audit.executionId });
      return rows.length;
    },
  };
}
