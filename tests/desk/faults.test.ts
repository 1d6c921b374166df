import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DeskLimits } from '../../src/desk/config.ts';
import { decimal, ZERO } from '../../src/domain/decimal.ts';
import type { DeskCommand } from '../../src/transport/messages.ts';
import { until } from '../support/until.ts';
import { type Floor, openFloor, SYMBOL } from './floor.ts';
import type { Harness } from './harness.ts';

let floor: Floor;

beforeAll(async () => {
  floor = await openFloor();
});
afterEach(() => floor.clear());
afterAll(() => floor.close());

/** An order to buy that rests far below the market. */
async function rest(harness: Harness): Promise<string> {
  const { bid } = await floor.showMarket(harness);
  const limitPrice = decimal((bid * 0.8).toFixed(2));
  const id = harness.order({ symbol: SYMBOL, side: 'buy', type: 'limit', limitPrice });
  await until(
    () => harness.told(id)?.brokerOrderId !== undefined && harness.told(id)?.status !== 'submitting',
    {
      what: 'the order to rest',
    },
  );
  return id;
}

/** The numbers are those of the scenarios in docs/ORDERS.md. */
describe('a desk whose exchange', () => {
  it('mixes the order of its updates ends with one position (6)', async () => {
    const harness = await floor.startDesk();
    floor.exchange.setFaults({ shuffledUpdatesMs: 400, duplicateExecutions: true });
    const id = harness.order({ symbol: SYMBOL, side: 'buy', quantity: decimal('1500') });
    await harness.settled(id, 'filled');
    await until(() => harness.fills(id).at(-1)?.position.quantity === decimal('1500'), { what: 'all fills' });
    expect(harness.fills(id).reduce((sum, { fill }) => sum + fill.quantity, 0n)).toBe(decimal('1500'));
    await floor.flatten(harness);
  });

  it('never carries a cancel out alerts a person, and asks again (7)', async () => {
    const harness = await floor.startDesk();
    const id = await rest(harness);
    floor.exchange.setFaults({ stuckPendingCancel: true });
    harness.cancel(id, SYMBOL);
    await until(() => harness.alerts().includes('cancel_overdue'), { what: 'the alert' });
    expect(harness.told(id)?.status).toBe('pending_cancel');
  });

  it('refuses a cancel keeps the order (24)', async () => {
    const harness = await floor.startDesk();
    const id = await rest(harness);
    floor.exchange.setFaults({ cancelRejected: true });
    harness.cancel(id, SYMBOL);
    await until(() => harness.alerts().includes('cancel_rejected'), { what: 'the alert' });
    await harness.settled(id, 'new');
    floor.exchange.setFaults({ cancelRejected: false });
    harness.cancel(id, SYMBOL);
    await harness.settled(id, 'canceled');
  });

  it('says stopped, suspended, calculated, restated and done for the day keeps the order open (24)', async () => {
    const harness = await floor.startDesk();
    floor.exchange.setFaults({ oddEvents: true });
    const id = await rest(harness);
    await harness.settled(id, 'done_for_day');
    expect(harness.alerts()).toContain('history_changed');
    expect((await harness.status()).openOrders.map(({ clientOrderId }) => clientOrderId)).toEqual([id]);
    harness.cancel(id, SYMBOL);
    await harness.settled(id, 'canceled');
  });

  it('has the account suspended: the order is refused once, and no further one is sent (10)', async () => {
    const harness = await floor.startDesk();
    floor.exchange.setFaults({ tradeSuspended: true });
    const id = harness.order({ symbol: SYMBOL, side: 'buy' });
    const { statusReason } = await harness.settled(id, 'rejected');
    expect(statusReason).toContain('new orders are rejected by user request');
    expect(harness.alerts()).toContain('order_rejected');
    const accepted = floor.exchange.statistics().ordersAccepted;
    await until(async () => (await harness.status()).account?.blockedReason?.includes('suspended') === true, {
      what: 'the account to be known as suspended',
      timeoutMs: 30_000,
    });
    const next = harness.order({ symbol: SYMBOL, side: 'buy' });
    await until(() => harness.events.some((event) => event.type === 'denial'), { what: 'the denial' });
    expect(harness.events.find((event) => event.type === 'denial')).toMatchObject({
      denial: { clientOrderId: next, reason: { code: 'risk_state' } },
    });
    expect(floor.exchange.statistics().ordersAccepted).toBe(accepted);
  });

  describe('is traded on by somebody else, too (25)', () => {
    const buy = { symbol: SYMBOL, qty: '5', side: 'buy', type: 'market', time_in_force: 'day' };

    async function buyByHand(): Promise<void> {
      expect((await floor.byHand('POST', '/v2/orders', buy)).status).toBe(200);
      await until(() => floor.exchange.statistics().ordersOpen === 0, { what: 'the purchase' });
    }

    it('reports order and position, and leaves them', async () => {
      const harness = await floor.startDesk();
      await buyByHand();
      await until(() => harness.alerts().includes('foreign_order'), { what: 'the foreign order' });
      floor.exchange.disconnect('trading');
      await until(() => harness.alerts().includes('foreign_position'), { what: 'the foreign position' });
      expect((await harness.status()).positions).toEqual([]);
    });

    it.each<[string, Partial<DeskLimits>, DeskCommand | null]>([
      ['from time to time, though all looks well', { reconcilePeriodMs: 100 }, null],
      ['when another stream was cut off', {}, { type: 'reconcile', reason: 'the market data is back' }],
    ])('finds out %s', async (_when, limits, command) => {
      const harness = await floor.startDesk({ limits });
      await buyByHand();
      await until(() => harness.alerts().includes('foreign_order'), { what: 'the foreign order' });
      if (command !== null) {
        expect(harness.alerts()).toEqual(['foreign_order']);
        harness.command(command);
      }
      await until(() => harness.alerts().includes('foreign_position'), { what: 'the foreign position' });
      expect(harness.alerts()).not.toContain('broker_disconnected');
    });

    it('closes and cancels them where the plan says so', async () => {
      const harness = await floor.startDesk({ unknownHoldings: 'flatten' });
      await buyByHand();
      const resting = { ...buy, type: 'limit', limit_price: '10' };
      expect((await floor.byHand('POST', '/v2/orders', resting)).status).toBe(200);
      floor.exchange.disconnect('trading');
      await until(
        async () => {
          const positions = (await (await floor.byHand('GET', '/v2/positions')).json()) as unknown[];
          return positions.length === 0 && floor.exchange.statistics().ordersOpen === 0;
        },
        { what: 'an account with nothing in it' },
      );
      await until(async () => (await harness.status()).positions.every(({ quantity }) => quantity === ZERO), {
        what: 'a flat desk',
      });
    });
  });
});
