/** The market of a plan for a command that does not trade: provider, broker and calendar, opened and closed around a call. */
import type { BrokerConfig } from '../brokers/config.ts';
import type { Broker } from '../brokers/contract.ts';
import { createBroker } from '../brokers/factory.ts';
import { rulesOf, SessionCalendar } from '../clock/calendar.ts';
import { newSeed, seededRandom } from '../clock/chance.ts';
import { liveClock } from '../clock/live.ts';
import { createLog, type Log } from '../observability/log.ts';
import type { ProviderConfig } from '../providers/config.ts';
import type { HistoryProvider, ProviderContext } from '../providers/contract.ts';
import { createHistoryProvider } from '../providers/factory.ts';
import { brokerConfigOf, providerConfigOf } from '../trader/configuration.ts';
import { type Preparation, reachExchange } from '../trader/preparation.ts';
import { learnSessions, sessionQuery } from '../trader/sessions.ts';
import { startExchangeProcess } from '../trader/threads/exchangeProcess.ts';

export interface Market {
  readonly batchId: string;
  readonly log: Log;
  readonly broker: Broker;
  readonly history: HistoryProvider;
  /** With the broker's own sessions, where it tells them. */
  readonly calendar: SessionCalendar;
}

/** Calls `use` with the market, in simulated mode with an exchange that is started for it, and ends all of it after. */
export async function withMarket(
  preparation: Preparation,
  of: { readonly thread: string; readonly batchId: string },
  use: (market: Market) => Promise<void>,
): Promise<void> {
  const { plan } = preparation;
  await withAdapters(preparation, of, async ({ batchId, log, broker: brokerConfig, provider, adapter }) => {
    const broker = createBroker(brokerConfig, adapter);
    try {
      const history = createHistoryProvider(provider, adapter);
      const calendar = new SessionCalendar(rulesOf(plan.assetClass));
      await learnSessions({ calendar, query: sessionQuery(plan.assetClass, broker), clock: liveClock, log });
      await use({ batchId, log, broker, history, calendar });
    } finally {
      await broker.close();
    }
  });
}

/** What adapters are made of. */
export interface Adapters {
  readonly batchId: string;
  readonly log: Log;
  readonly broker: BrokerConfig;
  readonly provider: ProviderConfig;
  readonly adapter: ProviderContext;
}

/** The same before anything is asked of the broker. */
export async function withAdapters(
  preparation: Preparation,
  { thread, batchId }: { readonly thread: string; readonly batchId: string },
  use: (adapters: Adapters) => Promise<void>,
): Promise<void> {
  const { plan, instances } = preparation;
  const isPretty = process.stderr.isTTY === true;
  const logTarget = { level: preparation.environment.logLevel, file: null, isPretty } as const;
  const log = createLog(logTarget, { thread, batchId });
  const exchange =
    plan.mode === 'simulated' ? startExchangeProcess(plan.simulation, { clock: liveClock, log }) : null;
  // Whatever fails from here on, an exchange that was started must end: it would keep this process alive.
  try {
    const environment =
      exchange === null ? preparation.environment : reachExchange(preparation, await exchange.listening);
    const context = { batchId, plan, environment, instances, log: logTarget };
    const adapter = { clock: liveClock, random: seededRandom(newSeed()), log };
    await use({
      batchId,
      log,
      broker: brokerConfigOf(context),
      provider: providerConfigOf(context),
      adapter,
    });
  } finally {
    await exchange?.stop();
  }
}
