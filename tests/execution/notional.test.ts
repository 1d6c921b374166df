import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderBody } from '../../src/brokers/alpaca/orders.ts';
import type { BrokerOrder } from '../../src/brokers/contract.ts';
import { add, type Decimal, decimal, multiply, ZERO } from '../../src/domain/decimal.ts';
import type { OrderIntent, OrderStatus } from '../../src/domain/order.ts';
import { readLine, writeLine } from '../../src/execution/books/journal.ts';
import { Bench, type BenchOptions } from './harness.ts';

const fractions: BenchOptions = { risk: { fractionAllowed: true } };
const spend = (notional: string): Partial<OrderIntent> => ({ quantity: ZERO, notional: decimal(notional) });

/** As the broker tells of an order by amount: without a quantity. */
function told(bench: Bench, id: string, status: OrderStatus, filled: Decimal = ZERO): BrokerOrder {
  return { ...bench.described(id, status, filled), quantity: null };
}

function hear(bench: Bench, id: string, status: OrderStatus, shares: string, price = '100'): void {
  bench.nowMicros += 1;
  const filled = add(bench.told(id).filledQuantity, decimal(shares));
  const execution = shares === '0' ? null : bench.execution(id, shares, price);
  const order = told(bench, id, status, filled);
  bench.feed({
    type: 'trade_update',
    update: { event: status, order, execution, atMicros: bench.nowMicros },
  });
}

describe('an order by amount', () => {
  it('goes to the broker as an amount, and stands in journal and row with what it comes to', () => {
    const bench = new Bench(fractions);
    const id = bench.order(spend('500'));
    const { order } = bench.of('submit').at(-1)!;
    const body = JSON.parse(orderBody(order)) as Record<string, unknown>;
    expect(body).toMatchObject({ notional: '500', type: 'market', time_in_force: 'day' });
    expect(body).not.toHaveProperty('qty');
    const entry = bench.journal().findLast((line) => line.entry === 'order')!;
    expect(readLine(writeLine(1, entry).trimEnd())?.entry).toEqual(entry);
    // At the ask of 100.01.
    expect(bench.told(id).quantity).toBe(decimal('4.999500049'));
    expect(bench.of('record_order').at(-1)?.row.qty).toBe('4.999500049');
  });

  it('is filled when the broker says so, whatever that comes to in shares', () => {
    const bench = new Bench(fractions);
    const id = bench.order(spend('500'));
    bench.feed({
      type: 'submitted',
      clientOrderId: id,
      outcome: { type: 'accepted', order: told(bench, id, 'new') },
    });
    hear(bench, id, 'partially_filled', '3', '90');
    expect(bench.told(id)).toMatchObject({ status: 'partially_filled', filledQuantity: decimal('3') });
    hear(bench, id, 'filled', '2.555555555', '90');
    expect(bench.told(id)).toMatchObject({ status: 'filled', quantity: decimal('5.555555555') });
    expect(bench.position()).toBe(decimal('5.555555555'));
    expect(bench.machine.openOrderCount()).toBe(0);
    expect(bench.alerts()).toEqual([]);
  });

  it.each<[string, Partial<OrderIntent>, BenchOptions['risk'], string]>([
    ['of more than an order may be', spend('10000.01'), {}, 'order_notional'],
    [
      'of more than a position may be',
      spend('9000'),
      { positionNotionalMax: '8999.99' },
      'position_notional',
    ],
    ['where no fractions are allowed', spend('500'), { fractionAllowed: false }, 'fraction_not_allowed'],
    ['of less than 1', spend('0.99'), {}, 'invalid'],
    ['with a quantity', { notional: decimal('500') }, {}, 'invalid'],
    ['with a limit', { ...spend('500'), type: 'limit', limitPrice: decimal('99') }, {}, 'invalid'],
    ['that outlasts the day', { ...spend('500'), timeInForce: 'gtc' }, {}, 'invalid'],
    ['raised of what is not held', { ...spend('500'), side: 'sell' }, {}, 'short_not_allowed'],
  ])('is denied %s', (_name, changes, risk, code) => {
    const bench = new Bench({ risk: { fractionAllowed: true, ...risk } });
    expect(bench.denial(bench.order(changes))?.code).toBe(code);
  });

  it('is allowed up to the last cent, and counts with its amount', () => {
    const bench = new Bench({
      risk: { fractionAllowed: true, orderNotionalMax: '500', positionNotionalMax: '500' },
    });
    bench.account({ buyingPower: decimal('500') });
    expect(bench.denial(bench.order(spend('500')))).toBeUndefined();
    expect(bench.denial(bench.order(spend('1')))?.code).toBe('position_notional');
    expect(bench.denial(bench.order({ ...spend('1'), instanceId: 'beta' }))?.code).toBe('position_notional');
  });

  it('needs a market that is fresh', () => {
    const bench = new Bench(fractions);
    expect(bench.denial(bench.order({ ...spend('500'), symbol: 'Y' }))?.code).toBe('no_market');
    bench.skipTo(bench.nowMicros + 6_000_000);
    expect(bench.denial(bench.order(spend('500')))?.code).toBe('stale_market');
  });

  it('raises money from what is held, should the market fall by the collar meanwhile', () => {
    const bench = new Bench(fractions);
    bench.buy('5');
    // 5 at 5 % below 99.99 is 474.95.
    expect(bench.denial(bench.order({ ...spend('475'), side: 'sell' }))?.code).toBe('short_not_allowed');
    const id = bench.order({ ...spend('474'), side: 'sell' });
    expect(bench.denial(id)).toBeUndefined();
    hear(bench, id, 'filled', '4.74', '100');
    expect(bench.position()).toBe(decimal('0.26'));
  });

  it('is not replaced, and ends canceled with nothing bought', () => {
    const bench = new Bench(fractions);
    const id = bench.order(spend('500'));
    bench.feed({
      type: 'submitted',
      clientOrderId: id,
      outcome: { type: 'accepted', order: told(bench, id, 'new') },
    });
    expect(bench.denial(bench.replace(id, { quantity: decimal('3') }))?.code).toBe('invalid');
    bench.cancel(id);
    hear(bench, id, 'canceled', '0');
    expect(bench.told(id)).toMatchObject({ status: 'canceled', quantity: ZERO, filledQuantity: ZERO });
    expect(bench.denial(bench.order({ quantity: decimal('100') }))?.code).toBe('order_notional');
    expect(bench.denial(bench.order({ quantity: decimal('99') }))).toBeUndefined();
  });

  it('comes to the same end in whatever order and however often the broker tells of it', () => {
    const fill = fc.record({
      shares: fc.integer({ min: 1, max: 900_000_000 }),
      cents: fc.integer({ min: 8_000, max: 12_000 }),
    });
    fc.assert(
      fc.property(
        fc.array(fill, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.array(fc.nat(), { minLength: 30, maxLength: 30 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        (fills, isFilled, ranks, repeats) => {
          const bench = new Bench(fractions);
          const id = bench.order(spend('5000'));
          const from = bench.nowMicros;
          let filled = ZERO;
          let spent = ZERO;
          const words = fills.map(({ shares, cents }, index) => {
            const quantity = decimal(`${shares}e-9`);
            const price = decimal(`${cents}e-2`);
            filled = add(filled, quantity);
            spent = add(spent, multiply(price, quantity));
            const isLast = isFilled && index === fills.length - 1;
            const status: OrderStatus = isLast ? 'filled' : 'partially_filled';
            const order = { ...told(bench, id, status, filled), updatedAtMicros: from + 1 + index };
            const execution = { ...bench.execution(id, '1'), executionId: `of ${index}`, quantity, price };
            return { event: isLast ? 'fill' : 'partial_fill', order, execution, atMicros: from + 1 + index };
          });
          const shuffled = [...words, ...repeats.map((repeat) => words[repeat % words.length]!)]
            .map((update, at) => ({ update, rank: ranks[at % ranks.length]! }))
            .sort((a, b) => a.rank - b.rank);
          for (const { update } of shuffled) bench.feed({ type: 'trade_update', update });
          const end = bench.told(id);
          expect(end.status).toBe(isFilled ? 'filled' : 'partially_filled');
          expect(end.filledQuantity).toBe(filled);
          if (isFilled) expect(end.quantity).toBe(filled);
          expect(bench.position()).toBe(filled);
          expect(bench.alerts()).not.toContain('surplus_execution');
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('positions of several strategies in one account', () => {
  it('are closed by orders that the broker takes: no fraction is sold short, no order turns the account around', () => {
    const bench = new Bench({ risk: { fractionAllowed: true, shortAllowed: true } });
    bench.buy('5.5', '100');
    const short = bench.order({ instanceId: 'beta', side: 'sell', quantity: decimal('7') });
    bench.accept(short);
    bench.fill(short, '7');
    bench.feed({ type: 'command', command: 'liquidate', reason: 'enough', instanceIds: null });
    for (let tries = 0; tries < 60; tries += 1) {
      for (const { clientOrderId, status, quantity } of bench.machine.status().openOrders) {
        if (status !== 'submitting') continue;
        const net = add(bench.position('alpha'), bench.position('beta'));
        const { side } = bench.told(clientOrderId);
        const isClosing = side === 'sell' ? net > ZERO : net < ZERO;
        const most = net > ZERO ? net : -net;
        expect(isClosing ? quantity <= most : side === 'buy' || quantity % decimal('1') === 0n).toBe(true);
        bench.accept(clientOrderId);
        bench.fill(clientOrderId, String(Number(quantity) / 1e9));
      }
      bench.pass(1);
      bench.quote(99.99, 100.01);
    }
    expect([bench.position('alpha'), bench.position('beta')]).toEqual([ZERO, ZERO]);
  });
});
