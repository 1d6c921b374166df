import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decimal, formatDecimal, ZERO } from '../../src/domain/decimal.ts';
import type { RunningExchange } from '../../src/exchange/exchange.ts';
import { NO_FAULTS } from '../../src/exchange/faults.ts';
import type { Stores } from '../../src/models/contract.ts';
import { DatabaseFailure } from '../../src/models/failure.ts';
import { until } from '../support/until.ts';
import { type Floor, openFloor, SYMBOL } from './floor.ts';
import type { Harness } from './harness.ts';

let floor: Floor;
let exchange: RunningExchange;
let stores: Stores;

beforeAll(async () => {
  floor = await openFloor();
  ({ exchange, stores } = floor);
});
afterAll(() => floor.close());
// A test that failed must not leave its position to the next.
afterEach(() => floor.clear());

async function tradeRows(harness: Harness) {
  return (await stores.listTrades({ batchId: harness.config.batchId })).toReversed();
}

describe('a desk on the local exchange', () => {
  it('takes an order from intent to fill, position and row, and back to flat', async () => {
    const harness = await floor.startDesk();
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

  it('tells the strategy why the broker refused, and why risk did', async () => {
    const harness = await floor.startDesk({
      risk: { orderNotionalMax: '1000000000', positionNotionalMax: '1000000000' },
    });
    const denied = harness.order({ symbol: SYMBOL, side: 'sell' });
    await until(() => harness.events.some((event) => event.type === 'denial'), { what: 'the denial' });
    expect(harness.events.find((event) => event.type === 'denial')).toMatchObject({
      denial: { clientOrderId: denied, reason: { code: 'short_not_allowed' } },
    });
    exchange.setFaults({ rejectProbability: 1 });
    const rejected = harness.order({ symbol: SYMBOL, side: 'buy' });
    expect((await harness.settled(rejected, 'rejected')).filledQuantity).toBe(ZERO);
    expect(harness.alerts()).toContain('order_rejected');
  });

  it('protects a position by a trailing stop, which the market sets off', async () => {
    const harness = await floor.startDesk();
    await harness.settled(harness.order({ symbol: SYMBOL, side: 'buy' }), 'filled');
    const trail = { type: 'trailing_stop', trailPrice: decimal('0.02') } as const;
    const stop = harness.order({ symbol: SYMBOL, side: 'sell', ...trail });
    await until(() => harness.told(stop)?.status === 'filled', {
      what: 'the stop to be set off',
      timeoutMs: 40_000,
    });
    expect(harness.fills(stop).at(-1)!.position.quantity).toBe(ZERO);
  });

  it('counts an order once that is filled in parts', async () => {
    const harness = await floor.startDesk({
      risk: { orderNotionalMax: '10000000', positionNotionalMax: '10000000' },
    });
    const id = harness.order({ symbol: SYMBOL, side: 'buy', quantity: decimal('4000') });
    await harness.settled(id, 'filled');
    const fills = harness.fills(id);
    expect(fills.length).toBeGreaterThan(1);
    expect(fills.reduce((sum, { fill }) => sum + fill.quantity, 0n)).toBe(decimal('4000'));
    expect(fills.at(-1)!.position.quantity).toBe(decimal('4000'));
    await close(harness);
  });

  it.each([
    'reset_after_accepting',
    'reset_before_accepting',
    'unavailable_after_accepting',
    'hang_after_accepting',
  ] as const)('ends with one order when the answer is lost: %s', async (kind) => {
    const harness = await floor.startDesk();
    exchange.setFaults({ lostAnswer: { kind, times: 1 }, lookupDelayMs: 100 });
    const before = exchange.statistics().ordersAccepted;
    const id = harness.order({ symbol: SYMBOL, side: 'buy' });
    await harness.settled(id, 'filled');
    expect(exchange.statistics().ordersAccepted - before).toBe(1);
    expect(harness.fills(id).at(-1)!.position.quantity).toBe(decimal('10'));
    await close(harness);
  });

  it('books each execution once when all are told twice, and when the fill comes before the answer', async () => {
    const harness = await floor.startDesk();
    exchange.setFaults({ duplicateExecutions: true, fillBeforeAnswer: true });
    const id = harness.order({ symbol: SYMBOL, side: 'buy' });
    await harness.settled(id, 'filled');
    await close(harness);
    expect(harness.fills(id).reduce((sum, { fill }) => sum + fill.quantity, 0n)).toBe(decimal('10'));
    expect(harness.alerts()).toEqual([]);
  });

  it('finds fills that the stream never told, and those of the time it was cut off', async () => {
    const harness = await floor.startDesk();
    exchange.setFaults({ missingExecutions: true });
    const untold = harness.order({ symbol: SYMBOL, side: 'buy' });
    await until(() => exchange.statistics().ordersOpen === 0, { what: 'the exchange to have filled it' });
    exchange.disconnect('trading');
    await harness.settled(untold, 'filled');
    expect(harness.fills(untold).at(-1)!.position.quantity).toBe(decimal('10'));
    exchange.setFaults({ missingExecutions: false });
    await until(async () => (await harness.status()).reconciled, { what: 'reconciled' });
    await close(harness);
    expect(harness.alerts()).toEqual(['broker_disconnected']);
  });

  it.each([
    ['bustProbability', '0', 'trade_bust'],
    ['correctProbability', '10', 'trade_correct'],
  ] as const)('takes executions back that the broker revises: %s', async (fault, left, event) => {
    const harness = await floor.startDesk();
    exchange.setFaults({ [fault]: 1 });
    const id = harness.order({ symbol: SYMBOL, side: 'buy' });
    await until(() => harness.fills(id).some(({ fill }) => fill.executionId.endsWith('.revoked')), {
      what: event,
    });
    exchange.setFaults(NO_FAULTS);
    await until(async () => (await harness.status()).positions[0]?.quantity === decimal(left), {
      what: `${left} to be held`,
    });
    expect(harness.alerts()).toContain('history_changed');
    expect(harness.alerts()).not.toContain('position_break');
    await until(async () => (await tradeRows(harness)).length >= 2, { what: 'rows' });
    await close(harness);
  });

  it('trades on while the database is down, and every row is there once when it is back', async () => {
    let isDown = true;
    const refuse = () => Promise.reject(new DatabaseFailure('unreachable', 'down'));
    const harness = await floor.startDesk({
      stores: {
        holdings: (ids, environment) => stores.holdings(ids, environment),
        recordOrders: (rows) => (isDown ? refuse() : stores.recordOrders(rows)),
        recordTrades: (rows) => (isDown ? refuse() : stores.recordTrades(rows)),
      },
    });
    const id = harness.order({ symbol: SYMBOL, side: 'buy' });
    await harness.settled(id, 'filled');
    expect((await harness.status()).rowsWaiting).toBeGreaterThan(0);
    expect(await tradeRows(harness)).toEqual([]);
    await until(() => harness.alerts().includes('database_down'), { what: 'the alert' });
    isDown = false;
    await until(async () => (await harness.status()).rowsWaiting === 0, { what: 'rows to be written' });
    const rows = await tradeRows(harness);
    expect(rows.reduce((sum, row) => sum + decimal(row.qty), 0n)).toBe(decimal('10'));
    await close(harness);
  });

  it.each(['written', 'synced'] as const)(
    'goes on after a kill where it was, its journal %s',
    async (journalMode) => {
      const first = await floor.startDesk({ journalMode });
      const bought = first.order({ symbol: SYMBOL, side: 'buy' });
      await first.settled(bought, 'filled');
      const { bid } = await floor.showMarket(first);
      const limitPrice = decimal((bid * 0.8).toFixed(2));
      const resting = first.order({ symbol: SYMBOL, side: 'buy', type: 'limit', limitPrice });
      await first.settled(resting, 'new');
      exchange.setFaults({ lostAnswer: { kind: 'hang_after_accepting', times: 1 }, missingExecutions: true });
      const { fills } = exchange.statistics();
      const lost = first.order({ symbol: SYMBOL, side: 'buy', quantity: decimal('3') });
      await until(() => exchange.statistics().fills > fills, { what: 'the market to fill it' });
      expect(first.told(lost)?.filledQuantity ?? ZERO).toBe(ZERO);
      await first.kill();
      exchange.setFaults(NO_FAULTS);

      const second = await floor.startDesk({ directory: first.directory, journalMode });
      await until(async () => (await second.status()).positions[0]?.quantity === decimal('13'), {
        what: 'the lost order to be found, and its fill',
      });
      const { openOrders } = await second.status();
      expect(openOrders.map(({ clientOrderId }) => clientOrderId)).toEqual([resting]);
      second.cancel(resting, SYMBOL);
      await second.settled(resting, 'canceled');
      await close(second);
      const bookedSum = async () => {
        const rows = [...(await tradeRows(first)), ...(await tradeRows(second))];
        return rows.reduce((total, row) => total + (row.side === 'buy' ? 1n : -1n) * decimal(row.qty), 0n);
      };
      await until(async () => (await tradeRows(first)).length > 0 && (await bookedSum()) === 0n, {
        what: 'rows of all that was bought and sold',
      });
      expect(second.alerts()).toEqual([]);
    },
  );

  it('cancels what is open when it stops, and says so', async () => {
    const harness = await floor.startDesk();
    const { bid } = await floor.showMarket(harness);
    const limitPrice = decimal((bid * 0.8).toFixed(2));
    const resting = harness.order({ symbol: SYMBOL, side: 'buy', type: 'limit', limitPrice });
    await harness.settled(resting, 'new');
    expect(await harness.stop()).toMatchObject({ openOrders: 0, rowsWaiting: 0 });
    expect(exchange.statistics().ordersOpen).toBe(0);
  });

  it('does not start with keys that are refused: exit 3, and what to do', async () => {
    const harness = floor.openDesk({ broken: { secretKey: 'wrong' } });
    await until(() => harness.reports.some(({ type }) => type === 'failed'), { what: 'the failure' });
    expect(harness.reports.find((report) => report.type === 'failed')?.error).toMatchObject({
      exitCode: 3,
      remedy: expect.stringContaining('APCA_API_SECRET_KEY'),
    });
  });
});

/** Back to a flat account, which the next test expects. */
async function close(harness: Harness): Promise<void> {
  harness.command({ type: 'liquidate', reason: 'the test is over', instanceIds: null });
  await until(
    async () => {
      const { positions, openOrders } = await harness.status();
      return openOrders.length === 0 && positions.every(({ quantity }) => quantity === ZERO);
    },
    { what: 'flat' },
  );
}
