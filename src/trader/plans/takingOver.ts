/** A plan that was read again, taken over by the running parts. */
import { isDeepStrictEqual } from 'node:util';
import { assert } from '../../domain/assert.ts';
import { formatDecimal, ZERO } from '../../domain/decimal.ts';
import type { Log } from '../../observability/log.ts';
import type { Alerts } from '../alerts.ts';
import type { Parts } from '../assembly.ts';
import { portfoliosOf, requirePortfolios } from '../portfolios.ts';
import type { Preparation, PreparedInstance } from '../preparation.ts';
import { type LeftHolding, type ReloadAnswer, requireReloadable } from './reload.ts';
import type { Roster } from './roster.ts';

export interface TakeOverContext {
  readonly batchId: string;
  readonly running: Preparation;
  readonly next: Preparation;
  /** Of the table trade_plan, beside those of the plan's file. */
  readonly rows: readonly PreparedInstance[];
  readonly alerts: Alerts;
  readonly log: Log;
}

/**
 * Answers the preparation that runs from now on, and what has changed.
 * @throws {UserError} when nothing was taken over: the plan cannot be, or the database does not answer.
 */
export async function takeOver(
  parts: Parts,
  { batchId, running, next: read, rows, alerts, log }: TakeOverContext,
): Promise<{ readonly preparation: Preparation; readonly answer: ReloadAnswer }> {
  const { roster, universe, stores, states, desk, consumers, scanners, miners, startMiners } = parts;
  assert(roster && universe && stores && states && desk, 'a plan is taken over when all parts are there');
  assert(consumers && scanners && miners && startMiners, 'a plan is taken over when all parts are there');
  const next = requireReloadable(running, read, roster);
  const environment = next.environment.algoEnvironment;
  const instances = [...next.instances, ...rows];
  const plan = { ...next.plan, strategies: instances.map((instance) => instance.plan) };
  await requirePortfolios(stores, { batchId, environment, plan });
  await states.load(roster.changesTo(instances).added);
  const { positions } = await desk.status();
  const traded = new Set(roster.rules().map(({ portfolioId }) => portfolioId));
  const fresh = portfoliosOf(plan).filter((portfolioId) => !traded.has(portfolioId));
  const funds = fresh.length === 0 ? [] : await stores.portfolioFunds(fresh);

  const change = await consumers.follow(() => {
    const followed = roster.follow(instances);
    desk.tellInstances(roster.rules(), funds);
    universe.follow(roster.shapes(), followed.restarted);
    for (const { instanceId, symbol, quantity } of positions) {
      if (quantity !== ZERO && followed.added.includes(instanceId)) universe.addHeld(instanceId, [symbol]);
    }
    return followed;
  });
  const scanned = scanners.follow(next.scanners);
  const hasOtherMiners = !isDeepStrictEqual(running.plan.miners, next.plan.miners);
  if (hasOtherMiners) {
    await miners.stop();
    startMiners(next.miners);
  }
  const left = leftHoldings((await desk.status()).positions, roster);
  for (const { instanceId, symbol, qty, fate } of left) {
    alerts.raise({
      severity: 'warning',
      code: 'removed_strategy_holds',
      message: `the plan no longer has ${instanceId}, which holds ${qty} ${symbol}: ${fate}`,
      fields: { strategy: instanceId, symbol },
    });
  }
  const answer = { ...change, left, scanners: scanned, miners: hasOtherMiners };
  log.info({ reload: answer }, 'the plan was read again');
  return { preparation: next, answer };
}

/** What becomes of positions whose strategies the plan no longer has. */
function leftHoldings(
  positions: Awaited<ReturnType<NonNullable<Parts['desk']>['status']>>['positions'],
  roster: Roster,
): readonly LeftHolding[] {
  return positions.flatMap(({ instanceId, symbol, quantity }) => {
    if (quantity === ZERO || !roster.isEnding(instanceId)) return [];
    const end = roster.find(instanceId)?.plan.isIntraday === true ? ', at the latest before the close' : '';
    const fate = `it takes no new risk, and ends when it is flat${end}`;
    return [{ instanceId, symbol, qty: formatDecimal(quantity), fate }];
  });
}
