/** Rows of the database: asked of the running daemon, which alone may touch the embedded one, else read directly. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { liveClock } from '../clock/live.ts';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { RowFilter, Stores } from '../models/contract.ts';
import { embeddedFolder } from '../models/place.ts';
import type { PortfolioStores } from '../models/portfolios.ts';
import type { Storage } from '../tradeplan/environment.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import { type ControlClient, connectControl } from '../trader/control/control.ts';
import type { PortfolioMethods } from '../trader/control/portfolioMethods.ts';
import type { PlanEditor } from '../trader/plans/editing.ts';

export type Stored = Pick<
  Stores,
  'listRuns' | 'listOrders' | 'listTrades' | 'listPositions' | 'listMinerRuns'
>;

/**
 * Does all its reading over one connection, and closes it whatever happens.
 * @throws {UserError} exit code 2 where nothing has ever run: an empty answer would hide a directory mistyped.
 */
export async function withStored<T>(storage: Storage, work: (stored: Stored) => Promise<T>): Promise<T> {
  const client = await connectControl(storage.dataDirectory, liveClock);
  if (client === null) {
    if (storage.databaseUrl === null && !existsSync(embeddedFolder(storage.dataDirectory)))
      throw unused(storage);
    // Loaded only now: where a daemon answers, no database driver is needed here.
    const { withDatabase } = await import('./database.ts');
    return withDatabase(storage, ({ stores }) => work(stores));
  }
  const ask =
    <Name extends keyof Stored>(method: Name) =>
    (filter: RowFilter) =>
      client.call<Awaited<ReturnType<Stored[Name]>>>(method, { ...filter });
  try {
    return await work({
      listRuns: ask('listRuns'),
      listOrders: ask('listOrders'),
      listTrades: ask('listTrades'),
      listPositions: ask('listPositions'),
      listMinerRuns: ask('listMinerRuns'),
    });
  } finally {
    client.close();
  }
}

function unused({ dataDirectory }: Storage): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `nothing has run on ${resolve(dataDirectory)} yet: there is no database in it`,
    remedy: "name the daemon's directory with --data-dir, or begin with openbell trade",
  });
}

/** The portfolios, in the same way. */
export async function withPortfolios<T>(
  storage: Storage,
  work: (stores: PortfolioMethods) => Promise<T>,
): Promise<T> {
  const client = await connectControl(storage.dataDirectory, liveClock);
  if (client === null) {
    const { withDatabase } = await import('./database.ts');
    return withDatabase(storage, ({ stores }) => work(stores));
  }
  try {
    return await work(portfoliosOver(client));
  } finally {
    client.close();
  }
}

/**
 * The rows of trade_plan, in the same way.
 * @param loadPlan the plan that they are checked by where no daemon runs: a daemon has its own.
 */
export async function withPlanEditor<T>(
  storage: Storage,
  loadPlan: () => Tradeplan,
  work: (editor: PlanEditor) => Promise<T>,
): Promise<T> {
  const client = await connectControl(storage.dataDirectory, liveClock);
  if (client === null) {
    const { withDatabase } = await import('./database.ts');
    const { createPlanEditor } = await import('../trader/plans/editing.ts');
    const context = { clock: liveClock, plan: loadPlan, environment: null };
    return withDatabase(storage, ({ stores }) => work(createPlanEditor({ ...context, stores })));
  }
  try {
    return await work({
      list: () => client.call('listTradePlans'),
      add: (addition) => client.call('addTradePlan', { ...addition }),
      change: (change) => client.call('changeTradePlan', { ...change }),
    });
  } finally {
    client.close();
  }
}

function portfoliosOver(client: ControlClient): PortfolioMethods {
  const ask = <Name extends keyof PortfolioMethods>(method: Name, parameters: object) =>
    client.call<Awaited<ReturnType<PortfolioStores[Name]>>>(method, { ...parameters });
  return {
    createPortfolio: (portfolio) => ask('createPortfolio', portfolio),
    listPortfolios: (portfolioIds) =>
      ask('listPortfolios', portfolioIds === undefined ? {} : { portfolioIds }),
    fundPortfolio: (funding) => ask('fundPortfolio', funding),
    checkPortfolios: (assignment) => ask('checkPortfolios', assignment),
    portfolioHistory: (portfolioId) => ask('portfolioHistory', { portfolioId }),
    portfolioTrades: (portfolioId, limit) => ask('portfolioTrades', { portfolioId, limit }),
    recalculatePortfolio: (portfolioId, isDryRun) => ask('recalculatePortfolio', { portfolioId, isDryRun }),
  };
}
