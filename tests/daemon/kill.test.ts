import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSeed, seededRandom } from '../../src/clock/chance.ts';
import { DESK_STEPS } from '../../src/desk/steps.ts';
import { cashOf } from '../../src/domain/cash.ts';
import { add, decimal, formatDecimal } from '../../src/domain/decimal.ts';
import type { OrderRow, TradeRow } from '../../src/models/contract.ts';
import type { Recalculation } from '../../src/models/portfolios.ts';
import { openWorkshop, statusOf, type Workshop } from '../support/daemon.ts';
import { openbell, openbellJson, type Running, startOpenbell } from '../support/openbell.ts';
import { startPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

/** Kills at random moments, on top of one at each step; set by `npm run test:kill -- --runs N --seed S`. */
const RANDOM_KILLS = Number(process.env.OPENBELL_KILL_RUNS ?? 0);
const SEED = Number(process.env.OPENBELL_KILL_SEED ?? newSeed());
const LIFE_MS_MAX = 6_000;
const KILL_AT = pathToFileURL(resolve('tests/support/killAt.mjs')).href;
const PAGE_SIZE = 100;
/** More than it can spend. */
const CASH = '1000000';
/** Where it is installed: a daemon on it starts in half the time that the embedded database takes to recover. */
const postgres = await startPostgres();

/** In and out at every fifth trade, at the market or at its price, with exits and without, and changing its mind. */
const BUSY = `
  initialState: () => ({ trades: 0 }),
  onTrade(context, trade) {
    context.state.trades += 1;
    if (context.state.trades % 5 !== 0) return;
    const patient = context.openOrders.find(({ type, parentId }) => type === 'limit' && parentId === null);
    if (patient !== undefined && context.state.trades % 10 === 0) {
      context.replace(patient.clientOrderId, { limitPrice: trade.price * 0.999, quantity: 8, reason: 'busy' });
      return;
    }
    for (const order of context.openOrders) context.cancel(order.clientOrderId, 'another one');
    if (context.openOrders.length > 0) return;
    const isPatient = context.state.trades % 15 === 0;
    const order = { quantity: 7, reason: 'busy', ...(isPatient ? { limitPrice: trade.price } : {}) };
    const exits = { takeProfit: { limitPrice: trade.price * 1.002 }, stopLoss: { stopPrice: trade.price * 0.997 } };
    if (context.position.quantity === 0) context.buy(context.state.trades % 2 === 0 ? { ...order, ...exits } : order);
    else context.sell({ ...order, quantity: context.position.quantity });
  },`;

type Fields = Readonly<Record<string, string>>;

describe('the daemon, killed at every step of an order and started again', () => {
  let workshop: Workshop;
  let exchange: Running;
  let env: Record<string, string>;
  let plan: string;

  beforeAll(async () => {
    workshop = openWorkshop('kill');
    plan = workshop.plan({
      mode: 'paper',
      consumers: 1,
      strategies: [{ path: workshop.strategy('busy', BUSY), symbols: ['AAPL', 'MSFT'], portfolio: 'growth' }],
      risk: { max_orders_per_minute: 10_000 },
    });
    exchange = startOpenbell(['sim', '--json', '--seed', '5', '--symbols', 'AAPL,MSFT', '--rate', '300']);
    await exchange.heard('\n');
    ({ env } = JSON.parse(exchange.stdout()) as { env: Record<string, string> });
    if (postgres !== null) env = { ...env, DATABASE_URL: postgres.url };
    const amounts = ['--cash', CASH, '--credit', '1000000'];
    await openbellJson(['portfolio', 'create', 'growth', ...amounts, ...workshop.storage], env);
  });

  afterAll(async () => {
    exchange.child.kill('SIGKILL');
    await exchange.finished;
    await postgres?.close();
    workshop.close();
  });

  const start = (nodeOptions: readonly string[] = []) =>
    startOpenbell(['trade', plan, ...workshop.storage], env, nodeOptions);

  async function ask(path: string): Promise<readonly Fields[]> {
    const answer = await fetch(`${env.APCA_API_BASE_URL}${path}`, {
      headers: { 'APCA-API-KEY-ID': env.APCA_API_KEY_ID!, 'APCA-API-SECRET-KEY': env.APCA_API_SECRET_KEY! },
    });
    expect(answer.status, path).toBe(200);
    return (await answer.json()) as readonly Fields[];
  }

  async function pages(path: string, next: string): Promise<readonly Fields[]> {
    const all: Fields[] = [];
    for (;;) {
      const last = all.at(-1);
      const page = await ask(last === undefined ? path : `${path}&${next}=${encodeURIComponent(last.id!)}`);
      all.push(...page);
      if (page.length < PAGE_SIZE) return all;
    }
  }

  it.each(DESK_STEPS)('%s', async (step) => {
    const daemon = start(['--import', `${KILL_AT}?step=${step}&times=3`]);
    await daemon.finished;
    expect(daemon.child.signalCode, daemon.stderr().slice(-2_000)).toBe('SIGKILL');
  });

  it.runIf(RANDOM_KILLS > 0)(
    `at ${RANDOM_KILLS} random moments (seed ${SEED})`,
    async () => {
      const random = seededRandom(SEED);
      for (let kills = 0; kills < RANDOM_KILLS; kills += 1) {
        const daemon = start();
        // The moment of a kill is what this test draws; it waits for nothing.
        const timer = setTimeout(() => daemon.child.kill('SIGKILL'), random() * LIFE_MS_MAX);
        await daemon.finished;
        clearTimeout(timer);
        expect(daemon.child.signalCode, daemon.stderr().slice(-2_000)).toBe('SIGKILL');
      }
    },
    60_000 + RANDOM_KILLS * 2 * LIFE_MS_MAX,
  );

  it('has lost nothing, doubled nothing, and holds what the exchange says it holds', async () => {
    const daemon = start();
    await daemon.heard('Trading, batch');
    await openbell(['halt', '--reason', 'the reckoning', ...workshop.storage]);
    await until(
      async () => {
        const desk = (await statusOf(workshop))?.desk;
        return desk?.reconciled === true && desk.openOrders.length === 0 && desk.rowsWaiting === 0;
      },
      { what: 'no open order and no row that waits' },
    );
    // What reduces passes a halt, too: both are looked at while nothing moves.
    const shares = async () =>
      (await ask('/v2/positions')).map(({ symbol, qty }) => `${symbol} ${qty}`).sort();
    let positions: readonly string[] = [];
    let held: readonly string[] = [];
    await until(
      async () => {
        positions = await shares();
        const desk = (await statusOf(workshop))!.desk!;
        held = desk.positions.filter(({ qty }) => qty !== '0').map(({ symbol, qty }) => `${symbol} ${qty}`);
        return desk.openOrders.length === 0 && String(await shares()) === String(positions);
      },
      { what: 'a moment without a fill' },
    );
    daemon.child.kill('SIGTERM');
    expect((await daemon.finished).exitCode).toBe(0);
    expect([...held].sort()).toEqual(positions);

    const limit = ['--limit', '100000'];
    const rows = await openbellJson<OrderRow[]>(['orders', ...limit, ...workshop.storage], env);
    const trades = await openbellJson<TradeRow[]>(['trades', ...limit, ...workshop.storage], env);
    const query = `status=all&nested=true&limit=${PAGE_SIZE}&direction=asc`;
    const orders = (await pages(`/v2/orders?${query}`, 'after_order_id')).flatMap(withExits);
    const fills = await pages(
      `/v2/account/activities/FILL?direction=asc&page_size=${PAGE_SIZE}`,
      'page_token',
    );
    const ids = orders.map(({ client_order_id }) => client_order_id!);
    expect(orders.length).toBeGreaterThan(DESK_STEPS.length);
    expect(new Set(ids).size, 'orders under one id').toBe(ids.length);
    const known = new Map(rows.map((row) => [row.clientOrderId, `${row.status} ${row.filledQty}`]));
    expect(orders.map((order) => [order.client_order_id, known.get(order.client_order_id!)])).toEqual(
      orders.map((order) => [order.client_order_id, `${order.status} ${order.filled_qty}`]),
    );
    const idOf = new Map(orders.map((order) => [order.id!, order.client_order_id!]));
    const told = fills.map((fill) => `${idOf.get(fill.order_id!)} ${fill.qty} ${fill.price}`);
    const booked = trades.map((trade) => `${trade.clientOrderId} ${plain(trade.qty)} ${plain(trade.price)}`);
    expect(booked.sort()).toEqual(told.sort());
    const cash = trades.map(({ side, qty, price, fee }) =>
      cashOf({ side, quantity: decimal(qty), price: decimal(price), fee: decimal(fee) }),
    );
    const words = ['portfolio', 'recalculate', 'growth', '--dry-run', ...workshop.storage];
    expect(await openbellJson<Recalculation>(words, env)).toMatchObject({
      ...{ differences: [], tradesChecked: trades.length },
      cashBefore: formatDecimal(cash.reduce(add, decimal(CASH))),
    });
  });
});

/** An order, and those that came with it by the ids that we know them by. */
function withExits(order: Fields): readonly Fields[] {
  const legs = (order.legs ?? []) as unknown as readonly Fields[];
  const idOf = ({ type }: Fields) =>
    `${order.client_order_id}.${type === 'limit' ? 'take_profit' : 'stop_loss'}`;
  return [order, ...legs.map((leg) => ({ ...leg, client_order_id: idOf(leg) }))];
}

function plain(amount: string): string {
  return formatDecimal(decimal(amount));
}
