import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import { decimal, formatDecimal, ZERO } from '../../src/domain/decimal.ts';
import { type RunningExchange, startExchange } from '../../src/exchange/exchange.ts';
import { NO_FAULTS } from '../../src/exchange/faults.ts';
import type { Stores } from '../../src/models/contract.ts';
import { createStores } from '../../src/models/stores.ts';
import { silentLog } from '../../src/observability/log.ts';
import { embeddedDatabases } from '../models/databases.ts';
import { aRun } from '../models/rows.ts';
import { until } from '../support/until.ts';
import { Harness, type HarnessOptions, INSTANCE } from './harness.ts';

const SYMBOL = 'AAPL';
let exchange: RunningExchange;
let stores: Stores;
let closeDatabase: () => Promise<void>;
let batches = 0;
const running: Harness[] = [];

beforeAll(async () => {
  exchange = await startExchange({
    port: 0,
    seed: 7,
    symbols: [SYMBOL, 'MSFT'],
    ratePerSecond: 400,
    faults: {},
    clock: liveClock,
    log: silentLog,
    haltsPerHour: 0,
    limits: { requestsPerMinute: 1_000_000 },
  });
  const backend = await (await embeddedDatabases()).open()!;
  stores = createStores(backend);
  closeDatabase = () => backend.close();
});

afterAll(async () => {
  await exchange.close();
  await closeDatabase();
});

afterEach(async () => {
  exchange.setFaults(NO_FAULTS);
  for (const harness of running.splice(0)) await harness.kill();
});

/** A desk of a new batch, that is ready and knows the market. */
async function startDesk(options: HarnessOptions = {}): Promise<Harness> {
  batches += 1;
  const batchId = options.batchId ?? `${batches}-batch`;
  const algoRunId = await stores.startRun(aRun({ batchId, instanceId: INSTANCE }));
  const harness = new Harness({ exchange, stores, batchId, algoRunId, ...options });
  running.push(harness);
  await harness.ready();
  await showMarket(harness);
  return harness;
}

/** What the exchange quotes now, as the producer would bring it. */
async function showMarket(harness: Harness): Promise<{ bid: number; ask: number }> {
  const { env } = exchange;
  const answer = await fetch(`${env.APCA_API_DATA_URL}/v2/stocks/quotes/latest?symbols=${SYMBOL}`, {
    headers: { 'APCA-API-KEY-ID': env.APCA_API_KEY_ID, 'APCA-API-SECRET-KEY': env.APCA_API_SECRET_KEY },
  });
  const { quotes } = (await answer.json()) as { quotes: Record<string, { bp: number; ap: number }> };
  const { bp: bid, ap: ask } = quotes[SYMBOL]!;
  await harness.quote(SYMBOL, bid, ask);
  return { bid, ask };
}

async function tradeRows(harness: Harness) {
  return (await stores.listTrades({ batchId: harness.config.batchId })).toReversed();
}

describe('a desk on the local exchange', () => {
  it('takes an order from intent to fill, position and row, and back to flat', async () => {
    const harness = await startDesk();
    const buy = harness.order({ symbol: SYMBOL, side: 'buy' });
    const bought = await harness.settled(buy, 'filled');
    expect(formatDecimal(bought.filledQuantity)).toBe('10');
    const sell = harness.order({ symbol: SYMBOL, side: 'sell' });
    await harness.settled(sell, 'filled');
    const last = harness.fills(sell).at(-1)!;
    expect(last.position.quantity).toBe(ZERO);
    expect(last.order.status).toBe('filled');
    await until(async () => (await tradeRows(harness)).length >= 2, { what: 'rows' });
    const rows = await tradeRows(harness);
    const sum = rows.reduce((total, row) => total + (row.side === 'buy' ? 1n : -1n) * decimal(row.qty), 0n);
    expect(sum).toBe(0n);
    expect(rows[0]).toMatchObject({
      clientOrderId: buy,
      indicators: { buy: { vwap: 1.5, reason: 'a test' } },
    });
    expect(await harness.stop()).toMatchObject({ openOrders: 0, rowsWaiting: 0 });
  });
});
