/** A local exchange, a database, and desks that trade on them one after another. */
import { liveClock } from '../../src/clock/live.ts';
import { ZERO } from '../../src/domain/decimal.ts';
import { type RunningExchange, startExchange } from '../../src/exchange/exchange.ts';
import { NO_FAULTS } from '../../src/exchange/faults.ts';
import type { Stores } from '../../src/models/contract.ts';
import { createStores } from '../../src/models/stores.ts';
import { silentLog } from '../../src/observability/log.ts';
import { embeddedDatabases } from '../models/databases.ts';
import { aRun } from '../models/rows.ts';
import { until } from '../support/until.ts';
import { Harness, type HarnessOptions, INSTANCE } from './harness.ts';

export const SYMBOL = 'AAPL';

export interface Floor {
  readonly exchange: RunningExchange;
  readonly stores: Stores;
  /** A desk of a new batch, that is ready and knows the market. */
  startDesk(options?: HarnessOptions): Promise<Harness>;
  /** A desk that may never become ready; it ends with the test as the others do. */
  openDesk(options: HarnessOptions): Harness;
  /** What the exchange quotes now, shown to the desk as the producer would. */
  showMarket(harness: Harness): Promise<{ bid: number; ask: number }>;
  /** A request of somebody else on the same account. */
  byHand(method: string, path: string, body?: Record<string, string>): Promise<Response>;
  /** Back to a flat account, as the next test expects it. */
  flatten(harness: Harness): Promise<void>;
  /** Ends the desks and the faults of a test. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function openFloor(): Promise<Floor> {
  const exchange = await startExchange({
    port: 0,
    seed: 7,
    symbols: [SYMBOL, 'MSFT'],
    ratePerSecond: 400,
    faults: {},
    clock: liveClock,
    log: silentLog,
    haltsPerHour: 0,
    startCash: '100000000',
    limits: { requestsPerMinute: 1_000_000 },
  });
  const backend = await (await embeddedDatabases()).open()!;
  const stores: Stores = createStores(backend);
  const running: Harness[] = [];
  let batches = 0;

  const byHand: Floor['byHand'] = (method, path, body) => {
    const { env } = exchange;
    return fetch(`${env.APCA_API_BASE_URL}${path}`, {
      method,
      headers: { 'APCA-API-KEY-ID': env.APCA_API_KEY_ID, 'APCA-API-SECRET-KEY': env.APCA_API_SECRET_KEY },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  };
  const showMarket: Floor['showMarket'] = async (harness) => {
    const answer = await byHand('GET', `/v2/stocks/quotes/latest?symbols=${SYMBOL}`);
    const { quotes } = (await answer.json()) as { quotes: Record<string, { bp: number; ap: number }> };
    const { bp: bid, ap: ask } = quotes[SYMBOL]!;
    await harness.quote(SYMBOL, bid, ask);
    return { bid, ask };
  };
  const openDesk: Floor['openDesk'] = (options) => {
    const harness = new Harness({ exchange, stores, ...options });
    running.push(harness);
    return harness;
  };
  return {
    exchange,
    stores,
    byHand,
    showMarket,
    openDesk,
    startDesk: async (options = {}) => {
      batches += 1;
      const batchId = options.batchId ?? `${batches}-floor`;
      const algoRunId = await stores.startRun(aRun({ batchId, instanceId: INSTANCE }));
      const harness = openDesk({ batchId, algoRunId, ...options });
      await harness.ready();
      await showMarket(harness);
      return harness;
    },
    flatten: async (harness) => {
      exchange.setFaults(NO_FAULTS);
      harness.command({ type: 'liquidate', reason: 'the test is over', instanceIds: null });
      await until(
        async () => {
          const { positions, openOrders } = await harness.status();
          return openOrders.length === 0 && positions.every(({ quantity }) => quantity === ZERO);
        },
        { what: 'flat' },
      );
    },
    clear: async () => {
      exchange.setFaults(NO_FAULTS);
      for (const harness of running.splice(0)) await harness.kill();
      await byHand('DELETE', '/v2/positions?cancel_orders=true');
      await until(() => exchange.statistics().ordersOpen === 0, { what: 'a clean exchange' });
    },
    close: async () => {
      await exchange.close();
      await backend.close();
    },
  };
}
