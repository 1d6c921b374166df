import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decimal, formatDecimal } from '../../src/domain/decimal.ts';
import type { TradeRow } from '../../src/models/contract.ts';
import { openWorkshop, statusOf, type Workshop } from '../support/daemon.ts';
import { openbell, openbellJson, type Running, startOpenbell } from '../support/openbell.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const TIMEOUT_MS = 120_000;
const postgres = await startPostgres();

/** In and out at every tenth trade. */
const BUSY = `
  initialState: () => ({ trades: 0 }),
  onTrade(context) {
    context.state.trades += 1;
    if (context.state.trades % 10 !== 0 || context.openOrders.length > 0) return;
    if (context.position.quantity === 0) context.buy({ quantity: 1, reason: 'in' });
    else context.sell({ quantity: context.position.quantity, reason: 'out' });
  },`;

/** Holds something, has an order in the market, and never returns from then on. */
const STUCK = `
  initialState: () => ({ trades: 0 }),
  onTrade(context, trade) {
    context.state.trades += 1;
    if (context.state.trades === 5) context.buy({ quantity: 5, reason: 'to hold something' });
    const [resting] = context.openOrders.filter(({ type }) => type === 'limit');
    if (context.position.quantity === 5 && resting === undefined)
      context.buy({ quantity: 2, limitPrice: Math.round(trade.price * 80) / 100, reason: 'to rest' });
    while (resting?.status === 'new');
  },`;

type Fields = Readonly<Record<string, string>>;

describe.skipIf(postgres === null)('a daemon whose database crashes while a strategy never returns', () => {
  const server = postgres as RunningPostgres;
  let workshop: Workshop;
  let exchange: Running;
  let daemon: Running;
  let env: Record<string, string>;

  beforeAll(async () => {
    workshop = openWorkshop('outage');
    exchange = startOpenbell(['sim', '--json', '--seed', '5', '--symbols', 'AAPL,MSFT', '--rate', '200']);
    await exchange.heard('\n');
    ({ env } = JSON.parse(exchange.stdout()) as { env: Record<string, string> });
    env = { ...env, DATABASE_URL: server.url };
    const plan = workshop.plan({
      mode: 'paper',
      consumers: 2,
      strategies: [
        { path: workshop.strategy('busy', BUSY), symbols: ['AAPL'], intraday: false },
        { path: workshop.strategy('stuck', STUCK), symbols: ['MSFT'], intraday: false },
      ],
      risk: { max_orders_per_minute: 10_000 },
      limits: { heartbeat_timeout: '1s' },
      rebalance: { enabled: false },
    });
    daemon = startOpenbell(['trade', plan, ...workshop.storage], env);
    await daemon.heard('Trading, batch', 60_000);
  }, TIMEOUT_MS);

  afterAll(async () => {
    daemon.child.kill('SIGKILL');
    exchange.child.kill('SIGKILL');
    await Promise.all([daemon.finished, exchange.finished]);
    await postgres?.close();
    workshop.close();
  });

  async function ask(path: string): Promise<readonly Fields[]> {
    const answer = await fetch(`${env.APCA_API_BASE_URL}${path}`, {
      headers: { 'APCA-API-KEY-ID': env.APCA_API_KEY_ID!, 'APCA-API-SECRET-KEY': env.APCA_API_SECRET_KEY! },
    });
    expect(answer.status, path).toBe(200);
    return (await answer.json()) as readonly Fields[];
  }
  const openOrders = () => ask('/v2/orders?status=open');
  const deskStatus = async () => (await statusOf(workshop))?.desk;

  it(
    'trades on, with rows that wait',
    async () => {
      await until(
        async () => (await statusOf(workshop))?.consumers.some(({ state }) => state === 'blocked') === true,
        { what: 'a blocked consumer', timeoutMs: 60_000 },
      );
      expect((await openOrders()).some(({ symbol, type }) => symbol === 'MSFT' && type === 'limit')).toBe(
        true,
      );
      await server.crash();
      const before = (await deskStatus())?.ordersSubmitted ?? 0;
      await until(async () => ((await deskStatus())?.ordersSubmitted ?? 0) >= before + 3, {
        what: 'further orders',
        timeoutMs: 60_000,
      });
      await until(
        async () => (await statusOf(workshop))?.alerts.some(({ code }) => code === 'database_down') === true,
        { what: 'the alert' },
      );
      expect((await deskStatus())?.rowsWaiting).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it(
    'is halted, with no order left in the market, and flattened, all the same',
    async () => {
      const halted = await openbell(['halt', '--reason', 'enough', ...workshop.storage], env);
      expect(halted.exitCode, halted.stderr).toBe(0);
      await until(async () => (await openOrders()).length === 0, { what: 'no order in the market' });
      expect(await deskStatus()).toMatchObject({ riskState: 'halted', riskReason: 'enough' });
      expect((await ask('/v2/positions')).map(({ symbol }) => symbol)).toContain('MSFT');
      const liquidated = await openbell(['liquidate', ...workshop.storage], env);
      expect(liquidated.exitCode, liquidated.stderr).toBe(0);
      await until(async () => (await ask('/v2/positions')).length === 0, { what: 'a flat account' });
      expect((await statusOf(workshop))?.consumers.some(({ state }) => state === 'blocked')).toBe(true);
    },
    TIMEOUT_MS,
  );

  it(
    'has written every execution once when the database is back',
    async () => {
      expect((await deskStatus())?.rowsWaiting).toBeGreaterThan(0);
      await server.restart();
      await until(async () => (await deskStatus())?.rowsWaiting === 0, {
        what: 'all rows to be written',
        timeoutMs: 60_000,
      });
      const trades = await openbellJson<TradeRow[]>(['trades', '--limit', '10000', ...workshop.storage], env);
      const orders = await ask('/v2/orders?status=all&limit=500');
      const fills = await ask('/v2/account/activities/FILL?page_size=100');
      const idOf = new Map(orders.map((order) => [order.id!, order.client_order_id!]));
      const plain = (amount: string) => formatDecimal(decimal(amount));
      const booked = trades.map(
        ({ clientOrderId, qty, price }) => `${clientOrderId} ${plain(qty)} ${plain(price)}`,
      );
      expect(booked.sort()).toEqual(
        fills.map(({ order_id, qty, price }) => `${idOf.get(order_id!)} ${qty} ${price}`).sort(),
      );
    },
    TIMEOUT_MS,
  );
});
