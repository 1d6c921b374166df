/** What decides beside the strategies of the plan's file: scanners, miners, strategies of the table trade_plan. */
import { dirname } from 'node:path';
import type { Broker } from '../../brokers/contract.ts';
import type { SessionCalendar } from '../../clock/calendar.ts';
import type { StoresClient } from '../../models/client.ts';
import type { AssemblyContext, Parts } from '../assembly.ts';
import type { BatchContext } from '../configuration.ts';
import type { PooledHistory } from '../history/pooledHistory.ts';
import { cachedInstruments } from '../instruments.ts';
import type { PreparedMiner } from '../mining/miners.ts';
import { MinerRunner } from '../mining/mining.ts';
import { portfolioRefusals, requirePortfolios } from '../portfolios.ts';
import { ScannerRunner } from '../scanning/scanning.ts';
import type { Consumers } from '../units/consumers.ts';
import type { States } from '../units/states.ts';
import type { Universe } from '../units/universe.ts';
import { fixedOf } from './reload.ts';
import { TradePlans } from './tradePlans.ts';

/** The rows of trade_plan that are to run from the start on, beside the strategies of the plan's file. */
export async function withTradePlans(
  parts: Parts,
  context: AssemblyContext,
  joined: { batch: BatchContext; calendar: SessionCalendar; stores: StoresClient; states: States },
): Promise<BatchContext> {
  const { alerts, batchId, clock, log, plan } = context;
  const { batch, calendar, stores, states } = joined;
  const { isEnabled, pollMs, rowsMax } = batch.plan.tradePlan;
  if (!isEnabled) return batch;
  const environment = batch.environment.algoEnvironment;
  const tradePlans = new TradePlans({
    ...{ stores, calendar, clock, log, alerts, batchId, environment, pollMs, rowsMax, plan },
    refusals: async (instance) => [
      ...fixedOf(parts.roster?.find(instance.instanceId), instance, instance.instanceId),
      ...(await portfolioRefusals(stores, { environment, plan: { ...plan(), strategies: [instance.plan] } })),
    ],
  });
  parts.tradePlans = tradePlans;
  await tradePlans.begin();
  const rows = tradePlans.instances;
  if (rows.length === 0) return batch;
  const strategies = [...batch.plan.strategies, ...rows.map((row) => row.plan)];
  const whole = { ...batch, plan: { ...batch.plan, strategies }, instances: [...batch.instances, ...rows] };
  await requirePortfolios(stores, { batchId, environment, plan: whole.plan });
  await states.load(rows.map(({ instanceId }) => instanceId));
  return whole;
}

export function makeScanners(
  context: AssemblyContext,
  joined: {
    universe: Universe;
    consumers: Consumers;
    history: PooledHistory;
    calendar: SessionCalendar;
    broker: Broker;
    stores: StoresClient;
  },
): ScannerRunner {
  const { clock, log, batchId, preparation } = context;
  const { universe, consumers, history, calendar, broker, stores } = joined;
  const { plan } = preparation;
  return new ScannerRunner({
    scanners: preparation.scanners,
    market: {
      ...{ history, calendar, hours: plan.marketHours, instruments: cachedInstruments(broker, clock) },
      sift: (task, signal) => history.sift(task, signal),
      select: (query, limits) => stores.select(query, limits),
    },
    clock,
    log,
    batchId,
    scanTimeoutMs: plan.limits.scannerTimeoutMs,
    onPicks: (scannerId, picks) => {
      universe.setPicks(
        scannerId,
        picks.map((pick) => pick.symbol),
      );
      void consumers.place();
    },
    recordPicks: (rows) => stores.recordPicks(rows),
  });
}

export function makeMiners(
  context: AssemblyContext,
  miners: readonly PreparedMiner[],
  joined: { history: PooledHistory; calendar: SessionCalendar; broker: Broker; stores: StoresClient },
): MinerRunner {
  const { clock, log, batchId, preparation } = context;
  const { history, calendar, broker, stores } = joined;
  const { assetClass, limits, path } = preparation.plan;
  return new MinerRunner({
    miners,
    market: {
      ...{ history, calendar, assetClass, folder: dirname(path) },
      instruments: () => broker.instruments(),
    },
    ...{ stores, clock, log, batchId },
    runTimeoutMs: limits.minerTimeoutMs,
  });
}
