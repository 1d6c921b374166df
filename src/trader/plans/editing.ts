/** Rows of the table `trade_plan` as people write them: checked as the daemon checks them before it runs one. */
import { rulesOf, SessionCalendar } from '../../clock/calendar.ts';
import { newId } from '../../clock/chance.ts';
import type { Clock } from '../../clock/clock.ts';
import { EXIT_USAGE, UserError, type Violation } from '../../domain/exit.ts';
import type { JsonObject } from '../../domain/order.ts';
import type { Environment } from '../../models/contract.ts';
import type { PortfolioStores } from '../../models/portfolios.ts';
import type { ListedTradePlan, TradePlanRow, TradePlanStores } from '../../models/tradePlans.ts';
import type { Tradeplan } from '../../tradeplan/plan.ts';
import { portfolioRefusals } from '../portfolios.ts';
import { instanceIdOf, prepareRow } from './tradePlanRow.ts';

export interface EditedPlan extends ListedTradePlan {
  /** By which rows, logs and `openbell runs` name the strategy. */
  readonly instanceId: string;
}

export interface PlanAddition {
  readonly strategyName: string;
  readonly portfolioId: string;
  readonly parameters: JsonObject;
  /** `YYYY-MM-DD`, the exchange's; null = today. */
  readonly startDate: string | null;
  readonly expiresAt: string | null;
}

/** What is given is changed, the rest stays. */
export interface PlanChange {
  /** The row's key, the beginning of it, or the id of the strategy that it is. */
  readonly id: string;
  readonly parameters?: JsonObject;
  readonly startDate?: string;
  readonly expiresAt?: string | null;
}

export interface PlanEdit {
  readonly row: EditedPlan;
  /** Whether the plan has `trade_plan: { enabled: true }`; null = there was no plan to look at. */
  readonly isFollowed: boolean | null;
}

/** All reject with a {@link UserError}, exit 2, that names what is wrong. */
export interface PlanEditor {
  list(): Promise<readonly EditedPlan[]>;
  add(addition: PlanAddition): Promise<PlanEdit>;
  change(change: PlanChange): Promise<PlanEdit>;
}

export interface PlanEditorContext {
  readonly stores: TradePlanStores & Pick<PortfolioStores, 'checkPortfolios'>;
  readonly clock: Clock;
  /** The plan that runs, or is to run, the rows. Asked only where a row has to be checked. */
  plan(): Tradeplan;
  /** Whose trades a portfolio must book; null = not known, and not checked. */
  readonly environment: Environment | null;
}

export function createPlanEditor(context: PlanEditorContext): PlanEditor {
  const { stores } = context;
  const rowOf = async (tradePlanId: string) => edited((await stores.listTradePlans([tradePlanId]))[0]!);
  return {
    async list() {
      return (await stores.listTradePlans()).map(edited);
    },

    async add({ startDate, ...addition }) {
      const plan = context.plan();
      const today = new SessionCalendar(rulesOf(plan.assetClass)).dateAt(context.clock.nowMicros());
      const row = { ...addition, tradePlanId: newId(), startDate: startDate ?? today.toString() };
      await requireFit(row, plan, context);
      if (!(await stores.addTradePlan(row))) throw unknownPortfolio(row.portfolioId);
      return { row: await rowOf(row.tradePlanId), isFollowed: plan.tradePlan.isEnabled };
    },

    async change({ id, ...change }) {
      const row = found(id, (await stores.listTradePlans()).map(edited));
      const { tradePlanId } = row;
      const { parameters } = change;
      const plan = parameters === undefined ? null : context.plan();
      if (plan !== null && parameters !== undefined) await requireFit({ ...row, parameters }, plan, context);
      await stores.changeTradePlan({ tradePlanId, ...change });
      return { row: await rowOf(tradePlanId), isFollowed: plan?.tradePlan.isEnabled ?? null };
    },
  };
}

function edited(row: ListedTradePlan): EditedPlan {
  return { ...row, instanceId: instanceIdOf(row) };
}

function found(id: string, rows: readonly EditedPlan[]): EditedPlan {
  const fitting = rows.filter((row) => row.instanceId === id || row.tradePlanId.startsWith(id));
  const [row] = fitting;
  if (row !== undefined && fitting.length === 1) return row;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: row === undefined ? `there is no row ${id}` : `${fitting.length} rows begin with ${id}`,
    remedy: '`openbell plan list --all` shows the rows of trade_plan.',
  });
}

const GIVEN_BY_THE_ROW = ['id', 'portfolio'];

async function requireFit(
  row: Omit<TradePlanRow, 'modifiedAt'>,
  plan: Tradeplan,
  { environment, stores }: PlanEditorContext,
): Promise<void> {
  const place = `trade_plan ${row.tradePlanId}`;
  const violations: Violation[] = GIVEN_BY_THE_ROW.filter((key) => key in row.parameters).map((key) => ({
    path: `${place}.parameters.${key}`,
    found: JSON.stringify(row.parameters[key]),
    allowed: 'what the row does not say itself',
  }));
  const prepared = await prepareRow({ ...row, modifiedAt: '' }, plan);
  if (!prepared.ok) violations.push(...prepared.violations);
  else if (environment !== null) {
    const strategies = [prepared.instance.plan];
    const refusals = await portfolioRefusals(stores, { environment, plan: { ...plan, strategies } });
    violations.push(...refusals.map((refusal) => ({ ...refusal, path: `${place}.portfolio` })));
  }
  if (violations.length === 0) return;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `${row.strategyName} cannot be run by ${plan.path}`,
    remedy: 'Nothing was written. Correct what is named above.',
    violations: violations.map((one) => ({ ...one, path: one.path.replace(`${place}.`, '') })),
  });
}

function unknownPortfolio(portfolioId: string): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `there is no portfolio ${portfolioId}`,
    remedy: `Make it with \`openbell portfolio create ${portfolioId} --cash AMOUNT\`.`,
  });
}
