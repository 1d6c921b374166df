/** The same strategy on the same recorded trades: in the backtester, on the paper broker, on the local exchange. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { showBatch } from '../../src/backtester/backtest.ts';
import { BacktestRun } from '../../src/backtester/run.ts';
import { alpacaBrokerConfig } from '../../src/brokers/config.ts';
import { createBroker } from '../../src/brokers/factory.ts';
import { seededRandom } from '../../src/clock/chance.ts';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import type { Intent } from '../../src/domain/order.ts';
import { formatMicros } from '../../src/domain/time.ts';
import { startExchange } from '../../src/exchange/exchange.ts';
import { type Fields, intentFields } from '../../src/execution/fields.ts';
import type { NewTrade } from '../../src/models/contract.ts';
import { silentLog } from '../../src/observability/log.ts';
import { providerConfig } from '../../src/providers/config.ts';
import { createMarketStream } from '../../src/providers/factory.ts';
import { EventKind } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { TapeWriter } from '../../src/tape/writer.ts';
import { loadTradeplan } from '../../src/tradeplan/load.ts';
import { prepareStrategies } from '../../src/trader/preparation.ts';
import { House } from './house.ts';
import { appendEvent, batchOf, type MarketEvent, marketOf, SYMBOLS } from './market.ts';

/** 2026-11-20T14:30:00Z, half past nine in New York. */
const START = Date.UTC(2026, 10, 20, 14, 30) * 1_000;
const SETTLED_MICROS = 40_000;
const BATCH_ID = '7f000000-0000-4000-8000-000000000000';
const STEPS = 80;
const DEADLINE_MS = 20_000;

const STRATEGY = `
import { defineStrategy, z } from 'openbell';
export default defineStrategy({
  name: 'mixed', description: 'Market and limit orders, cancels and closings.', scope: 'symbol', channels: ['trades', 'quotes'],
  parameters: z.strictObject({}),
  initialState: () => ({ trades: 0, fills: 0 }),
  onTrade(context, trade) {
    const { state, position } = context;
    state.trades += 1;
    if (context.openOrders.length > 0) {
      if (state.trades % 5 === 0) for (const order of context.openOrders) context.cancel(order.clientOrderId, 'it rests');
      return;
    }
    const dice = context.random();
    const cents = Math.round(trade.price * 100);
    if (dice < 0.15) return;
    if (position.quantity === 0) {
      if (dice < 0.5) context.buy({ quantity: 100 + state.fills, reason: 'in' });
      else context.buy({ quantity: 100, limitPrice: (cents - 3) / 100, reason: 'bid' });
    } else if (dice < 0.5) context.flatten('out');
    else context.sell({ quantity: position.quantity, limitPrice: (cents + 3) / 100, reason: 'offer' });
  },
  onFill(context) {
    context.state.fills += 1;
  },
});
`;

const folder = mkdtempSync(join(tmpdir(), 'openbell-parity-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'mixed.ts'), STRATEGY);
const planPath = join(folder, 'tradeplan.yaml');
writeFileSync(
  planPath,
  JSON.stringify({
    mode: 'paper',
    channels: ['trades', 'quotes'],
    liquidate_before_close: 'never',
    strategies: [{ path: './mixed.ts', symbols: SYMBOLS, intraday: false }],
    risk: {
      max_orders_per_minute: 1_000,
      max_order_notional: 100_000,
      max_position_notional: 100_000,
      max_market_age: '1h',
    },
    backtest: { latency: 0, fee_bps: 0, slippage_bps: 0, starting_cash: 100_000 },
  }),
);
const plan = loadTradeplan(planPath);
const { instances } = await prepareStrategies(plan);

interface Outcome {
  readonly orders: readonly Fields[];
  readonly fills: readonly string[];
}

/** All that the design names, but the causing event: each place counts what it is told in its own way. */
function outcomeOf(intents: readonly Intent[], fills: readonly NewTrade[]): Outcome {
  return {
    orders: intents.map((intent) => {
      const { causedBy: _, ...fields } = intentFields(intent);
      return fields;
    }),
    fills: fills.map(({ clientOrderId, side, qty, price }) => `${clientOrderId} ${side} ${qty} at ${price}`),
  };
}

function inBacktester(events: readonly MarketEvent[]): Outcome {
  const symbols = new SymbolTable();
  const intents: Intent[] = [];
  const fills: NewTrade[] = [];
  const batch = batchOf(events.length, START);
  for (const event of events) appendEvent(batch, event, { symbols });
  const run = new BacktestRun({
    batchId: BATCH_ID,
    plan,
    instances,
    symbols,
    feedHasBars: false,
    startMicros: START,
    onIntent: (intent) => intents.push(intent),
    onTrade: (row) => fills.push(row),
  });
  showBatch(run, batch, { fromMicros: START, toMicros: Number.POSITIVE_INFINITY });
  run.finish();
  return outcomeOf(intents, fills);
}

async function onPaperBroker(events: readonly MarketEvent[]): Promise<Outcome> {
  const clock = new SimulatedClock(START);
  const broker = createBroker(
    { broker: 'paper', startingCash: '100000', currency: 'USD', latencyMs: 0 },
    { clock, random: seededRandom(1), log: silentLog },
  );
  const house = new House({ plan, instances, batchId: BATCH_ID, clock, broker, isTold: async () => true });
  await house.start();
  for (const event of events) {
    clock.advanceTo(Math.max(START, event.timeMicros) + SETTLED_MICROS);
    await house.take(event);
  }
  await house.close();
  return outcomeOf(house.intents, house.fills);
}

async function tapeOf(events: readonly MarketEvent[]): Promise<string> {
  const path = join(folder, 'market.tape');
  const symbols = new SymbolTable();
  const metadata = {
    kind: 'market',
    feed: 'test',
    createdAt: formatMicros(START),
    source: 'a test',
  } as const;
  const writer = await TapeWriter.open({ path, symbols, metadata });
  const batch = batchOf(events.length, START);
  for (const event of events) appendEvent(batch, event, { symbols });
  writer.append(batch);
  await writer.close();
  return path;
}

async function onLocalExchange(events: readonly MarketEvent[]): Promise<Outcome> {
  const clock = new SimulatedClock(START);
  const exchange = await startExchange({
    port: 0,
    seed: 1,
    symbols: [],
    ratePerSecond: 1,
    tape: await tapeOf(events),
    faults: {},
    clock,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    haltsPerHour: 0,
    latencyMs: [0, 0],
    sessions: { openedBeforeStartMinutes: 0, earlierDays: 2, earlierMinuteDays: 1 },
    limits: { requestsPerMinute: 1_000_000 },
  });
  const { env } = exchange;
  const keys = { keyId: env.APCA_API_KEY_ID, secretKey: env.APCA_API_SECRET_KEY };
  const context = { clock, random: seededRandom(1), log: silentLog };
  const never = { pingIntervalMs: 86_400_000 };
  const broker = createBroker(
    alpacaBrokerConfig({
      baseUrl: env.APCA_API_BASE_URL,
      ...keys,
      assetClass: 'us_equity',
      limits: { ...never, requestsPerMinuteMax: 1_000_000 },
    }),
    context,
  );
  const ask = async (path: string) => {
    const headers = { 'APCA-API-KEY-ID': keys.keyId, 'APCA-API-SECRET-KEY': keys.secretKey };
    const answer = await fetch(env.APCA_API_BASE_URL + path, { headers });
    return (await answer.json()) as readonly unknown[];
  };
  // The exchange's own books say whether the desk has heard of everything.
  const isTold = async (house: House) => {
    const [fills, open] = [
      await ask('/v2/account/activities/FILL'),
      await ask('/v2/orders?status=open&limit=500'),
    ];
    return fills.length === house.fills.length && open.length === house.core.machine.openOrderCount();
  };
  const house = new House({ plan, instances, batchId: BATCH_ID, clock, broker, isTold });
  const received: MarketEvent[] = [];
  const stream = createMarketStream(
    providerConfig({
      provider: 'alpaca',
      feed: 'iex',
      assetClass: 'us_equity',
      streamUrl: env.APCA_API_STREAM_URL,
      dataUrl: env.APCA_API_DATA_URL,
      ...keys,
      stream: never,
    }),
    context,
  );
  let isLive = false;
  stream.open({
    onPending: () => setImmediate(() => stream.flush()),
    onBatch: (batch) => {
      for (let row = 0; row < batch.count; row += 1) {
        const symbol = stream.symbols.textOf(batch.symbolId[row]!);
        const timeMicros = batch.timeMicros(row);
        if (batch.kind[row] === EventKind.quote)
          received.push({ type: 'quote', symbol, timeMicros, bid: batch.n0[row]!, ask: batch.n2[row]! });
        else if (batch.kind[row] === EventKind.trade)
          received.push({ type: 'trade', symbol, timeMicros, price: batch.n0[row]!, id: batch.idLow[row]! });
      }
      return batch;
    },
    onNotice: (notice) => {
      if (notice.type === 'state') isLive = notice.state === 'live';
    },
  });
  stream.want({ trades: SYMBOLS, quotes: SYMBOLS, bars: [] });
  await arrived(() => isLive, 'the live stream');
  await house.start();
  const history = events.filter(({ timeMicros }) => timeMicros < START);
  for (const event of history) await house.take(event);
  for (const [index, event] of events.slice(history.length).entries()) {
    // Only now does the tape go on: all that was said about the event before is done.
    clock.advanceTo(event.timeMicros + SETTLED_MICROS);
    await arrived(() => received.length > index, `event ${index} of the tape`);
    expect(received[index]).toEqual(event);
    await house.settle();
    await house.take(event);
  }
  await house.close();
  await stream.close();
  await exchange.close();
  return outcomeOf(house.intents, house.fills);
}

/** As soon as it is there: a look at each turn of the event loop. */
async function arrived(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((done) => setImmediate(done));
  }
}

describe('parity', () => {
  it('the backtester and the paper broker see the same orders and fills', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const events = marketOf(START, 3 * STEPS, seed);
      expect(await onPaperBroker(events), `seed ${seed}`).toEqual(inBacktester(events));
    }
  }, 120_000);

  it('and so does the local exchange in lock-step: its tape goes on when all is said about an event', async () => {
    const events = marketOf(START, STEPS, 21);
    const backtester = inBacktester(events);
    expect(backtester.orders.length).toBeGreaterThan(25);
    expect(backtester.fills.length).toBeGreaterThan(12);
    expect(new Set(backtester.orders.map(({ decision, type }) => type ?? decision))).toEqual(
      new Set(['market', 'limit', 'cancel']),
    );
    expect(await onLocalExchange(events)).toEqual(backtester);
  }, 120_000);
});
