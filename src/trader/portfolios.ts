/** The portfolios that a plan gives to its strategies: whether they are there, and that this batch trades for them. */
import { unreachable } from '../domain/assert.ts';
import { EXIT_USAGE, UserError, type Violation } from '../domain/exit.ts';
import type { Environment } from '../models/contract.ts';
import type { AssignmentRefusal, PortfolioAssets, PortfolioStores } from '../models/portfolios.ts';
import type { StrategyPlan, Tradeplan } from '../tradeplan/plan.ts';

/** Each once, in the plan's order. */
export function portfoliosOf({ strategies }: Pick<Tradeplan, 'strategies'>): readonly string[] {
  const named = strategies.map((strategy) => strategy.portfolioId).filter((id) => id !== null);
  return [...new Set(named)];
}

/**
 * Notes that the batch trades for the plan's portfolios.
 * @throws {UserError} exit 2, naming every strategy whose portfolio is none, or not for this mode or market.
 */
export async function requirePortfolios(
  stores: Pick<PortfolioStores, 'assignPortfolios'>,
  batch: { readonly batchId: string; readonly environment: Environment; readonly plan: Tradeplan },
): Promise<void> {
  const { batchId, environment, plan } = batch;
  const asked = { environment, assets: assetsOf(plan), portfolioIds: portfoliosOf(plan) };
  throwRefused(plan, await stores.assignPortfolios({ ...asked, batchId }));
}

/** What is wrong with the portfolios of a plan's strategies; nothing is noted. */
export async function portfolioRefusals(
  stores: Pick<PortfolioStores, 'checkPortfolios'>,
  { environment, plan }: { readonly environment: Environment; readonly plan: Tradeplan },
): Promise<readonly Violation[]> {
  const asked = { environment, assets: assetsOf(plan), portfolioIds: portfoliosOf(plan) };
  const refusals = await stores.checkPortfolios(asked);
  return refusals.flatMap((refusal) => violationsOf(plan.strategies, refusal));
}

/** As {@link requirePortfolios}, noting nothing. */
export async function checkPortfolios(
  stores: Pick<PortfolioStores, 'checkPortfolios'>,
  { environment, plan }: { readonly environment: Environment; readonly plan: Tradeplan },
): Promise<void> {
  const asked = { environment, assets: assetsOf(plan), portfolioIds: portfoliosOf(plan) };
  throwRefused(plan, await stores.checkPortfolios(asked));
}

function assetsOf({ assetClass }: Tradeplan): PortfolioAssets {
  return assetClass === 'crypto' ? 'CRYPTO' : 'US_EQUITIES';
}

function throwRefused(plan: Tradeplan, refusals: readonly AssignmentRefusal[]): void {
  if (refusals.length === 0) return;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `${plan.path} names portfolios that it cannot trade for`,
    remedy:
      'Make them with `openbell portfolio create`, or name others; `openbell portfolio list` shows them.',
    violations: refusals.flatMap((refusal) => violationsOf(plan.strategies, refusal)),
  });
}

function violationsOf(strategies: readonly StrategyPlan[], refusal: AssignmentRefusal): readonly Violation[] {
  return strategies.flatMap(({ portfolioId }, index) =>
    portfolioId === refusal.portfolioId
      ? [{ path: `strategies[${index}].portfolio`, found: portfolioId, allowed: allowedFor(refusal) }]
      : [],
  );
}

function allowedFor(refusal: AssignmentRefusal): string {
  switch (refusal.type) {
    case 'unknown_portfolio':
      return `a portfolio that is there: openbell portfolio create ${refusal.portfolioId} --cash AMOUNT`;
    case 'other_environment':
      return `another portfolio: this one books trades of ${refusal.environment}`;
    case 'other_assets':
      return `another portfolio: this one is for ${refusal.assets}`;
    default:
      return unreachable(refusal);
  }
}
