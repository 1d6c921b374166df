import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cashOf } from '../../src/domain/cash.ts';
import { add, decimal, formatDecimal, ZERO } from '../../src/domain/decimal.ts';
import { denialText } from '../../src/execution/orders/denials.ts';
import type { PortfolioFunds } from '../../src/models/portfolios.ts';
import { ACCOUNT, Bench, START } from './harness.ts';

const funds = (changes: Partial<PortfolioFunds> = {}): PortfolioFunds => ({
  ...{ portfolioId: 'growth', cash: '3000', funded: '3000', credit: '0' },
  ...changes,
});

/** Both instances trade for `growth`, unless it is said otherwise. */
function benchWith(
  given: readonly PortfolioFunds[],
  of: Readonly<Record<string, string>> = { alpha: 'growth', beta: 'growth' },
): Bench {
  const bench = new Bench({
    isReady: false,
    risk: { shortAllowed: true },
    config: {
      instances: ['alpha', 'beta'].map((instanceId) => ({
        ...{ instanceId, isIntraday: true, runs: [{ consumer: 'A', algoRunId: '1' }] },
        ...(of[instanceId] === undefined ? {} : { portfolioId: of[instanceId] }),
      })),
    },
  });
  const nothing = { orders: [], executionIds: [], holdings: [], risk: null };
  bench.feed({ type: 'restore', ...nothing, portfolios: given });
  bench.feed({ type: 'account', account: ACCOUNT, askedAtMicros: START });
  bench.feed({ type: 'broker_connection', connected: true, detail: '' });
  bench.reconcile({});
  bench.quote(99.99, 100.01);
  bench.actions.length = 0;
  return bench;
}

const limit = (quantity: string, limitPrice = '100') =>
  ({ type: 'limit', quantity: decimal(quantity), limitPrice: decimal(limitPrice) }) as const;

describe("a portfolio's cash", () => {
  it('bounds what its strategies order together, with the numbers that decided', () => {
    const bench = benchWith([funds()]);
    const first = bench.order(limit('20'));
    bench.accept(first);
    const second = bench.order({ ...limit('11'), instanceId: 'beta' });
    expect(bench.denial(first)).toBeUndefined();
    const reason = bench.denial(second);
    expect(reason).toEqual({
      ...{ code: 'portfolio_cash', portfolioId: 'growth', needed: decimal('1100') },
      ...{ cash: decimal('3000'), credit: ZERO, reserved: decimal('2000') },
    });
    expect(denialText(reason!)).toBe(
      'portfolio_cash: 1100 needed of growth: cash 3000, credit 0, reserved 2000',
    );
    expect(bench.of('log').map(({ fields }) => fields.reason)).toContain(denialText(reason!));
    expect(bench.of('record_order').find(({ row }) => row.clientOrderId === second)?.row).toMatchObject({
      ...{ status: 'denied', reason: denialText(reason!) },
    });
    expect(bench.denial(bench.order({ ...limit('10'), instanceId: 'beta' }))).toBeUndefined();
  });

  it('keeps two portfolios on one account apart, and leaves strategies of none alone', () => {
    const bench = benchWith([funds(), funds({ portfolioId: 'income', cash: '500', funded: '500' })], {
      alpha: 'growth',
      beta: 'income',
    });
    expect(bench.denial(bench.order(limit('30')))).toBeUndefined();
    expect(bench.denial(bench.order({ ...limit('6'), instanceId: 'beta' }))).toMatchObject({
      ...{ portfolioId: 'income', cash: decimal('500'), reserved: ZERO },
    });
    expect(bench.denial(bench.order({ ...limit('5'), instanceId: 'beta' }))).toBeUndefined();
    const free = benchWith([], { alpha: 'growth' });
    expect(free.denial(free.order({ ...limit('90'), instanceId: 'beta' }))).toBeUndefined();
    // A portfolio that nobody has told of has nothing to spend.
    expect(free.denial(free.order(limit('1')))).toMatchObject({ code: 'portfolio_cash', cash: ZERO });
  });

  it('may be exceeded by its credit, and what people pay in and out counts at once', () => {
    const bench = benchWith([funds({ credit: '500' })]);
    bench.buy('35', '100', limit('35'));
    expect(bench.denial(bench.order(limit('1')))).toMatchObject({
      ...{ cash: decimal('-500'), credit: decimal('500'), reserved: ZERO, needed: decimal('100') },
    });
    // The tables are asked while our fill is not in them yet: only what people did is taken over.
    bench.feed({ type: 'funds', portfolios: [funds({ credit: '500', funded: '3200' })] });
    expect(bench.denial(bench.order(limit('2')))).toBeUndefined();
    bench.feed({ type: 'funds', portfolios: [funds({ credit: '0', funded: '3200' })] });
    expect(bench.denial(bench.order(limit('1')))).toMatchObject({ credit: ZERO, cash: decimal('-300') });
  });

  it('reserves an order at the market with the collar on top, and gives back what an ended one did not take', () => {
    const bench = benchWith([funds()]);
    // 100.01 and 5 % of it, thirty times.
    expect(bench.denial(bench.order({ quantity: decimal('29') }))).toMatchObject({
      needed: decimal('3045.3045'),
    });
    const id = bench.order({ quantity: decimal('28') });
    bench.accept(id);
    bench.fill(id, '8', '100.02');
    const shown = bench.denial(bench.order(limit('30')));
    expect(shown).toMatchObject({ cash: decimal('2199.84'), reserved: decimal('2100.21') });
    bench.update(id, 'canceled', 'canceled');
    expect(bench.denial(bench.order(limit('21')))).toBeUndefined();
  });

  it('always lets positions be closed, and pays for what was bought back', () => {
    const bench = benchWith([funds()]);
    bench.buy('30', '100', limit('30'));
    expect(bench.denial(bench.order(limit('1')))).toMatchObject({ cash: ZERO });
    const close = bench.order({ side: 'sell', quantity: decimal('10') });
    expect(bench.denial(close)).toBeUndefined();
    bench.accept(close);
    bench.fill(close, '10', '101');
    expect(bench.denial(bench.order(limit('11')))).toMatchObject({ cash: decimal('1010') });
    expect(bench.denial(bench.order(limit('10')))).toBeUndefined();
  });

  it('secures a short position with its proceeds and as much again', () => {
    const bench = benchWith([funds()]);
    const short = { side: 'sell', ...limit('31') } as const;
    expect(bench.denial(bench.order(short))).toMatchObject({ needed: decimal('3100') });
    const id = bench.order({ ...short, quantity: decimal('20') });
    bench.accept(id);
    expect(bench.denial(bench.order({ ...limit('11'), instanceId: 'beta', symbol: 'X' }))).toMatchObject({
      code: 'wash_trade',
    });
    bench.fill(id, '20');
    expect(bench.denial(bench.order({ ...limit('11'), instanceId: 'beta' }))).toMatchObject({
      ...{ cash: decimal('5000'), reserved: decimal('4000') },
    });
    expect(bench.denial(bench.order({ quantity: decimal('20') }))).toBeUndefined();
  });

  it('gives and takes what an execution that the broker takes back had moved', () => {
    const bench = benchWith([funds()]);
    const id = bench.order(limit('20'));
    bench.accept(id);
    const update = bench.fillUpdate(id, '20');
    bench.feed({ type: 'trade_update', update });
    const revision = {
      previousExecutionId: update.execution!.executionId,
      ...{ revoked: null, corrected: null },
    };
    const order = bench.described(id, 'canceled', ZERO);
    bench.feed({
      type: 'trade_update',
      update: { event: 'trade_bust', order, execution: null, revision, atMicros: bench.nowMicros },
    });
    expect(bench.position()).toBe(ZERO);
    expect(bench.denial(bench.order(limit('31')))).toMatchObject({ cash: decimal('3000') });
  });

  it('is what its strategies see of the account, with what they hold', () => {
    const bench = benchWith([funds({ credit: '500' })], { alpha: 'growth' });
    bench.buy('10', '100', limit('10'));
    bench.order(limit('5'));
    bench.quote(104.99, 105.01);
    bench.actions.length = 0;
    bench.account({});
    expect(bench.events().find((event) => event.type === 'account')).toMatchObject({
      account: { cash: decimal('100000') },
      portfolios: [
        {
          ...{ instanceIds: ['alpha'], cash: decimal('2000'), equity: decimal('3050') },
          buyingPower: decimal('2000'),
        },
      ],
    });
    expect(bench.machine.accountEvent()).toEqual(bench.events().find((event) => event.type === 'account'));
  });

  it('is never exceeded by limited orders, whatever is ordered, filled, canceled, paid in or out', () => {
    const step = fc.record({
      kind: fc.constantFrom('buy', 'sell', 'fill', 'cancel', 'fund'),
      instanceId: fc.constantFrom('alpha', 'beta'),
      size: fc.integer({ min: 1, max: 20 }),
      price: fc.integer({ min: 96, max: 104 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(1_000), (steps, credit) => {
        const bench = benchWith([funds({ credit: String(credit) })]);
        const open: string[] = [];
        let funded = decimal('3000');
        let cash = decimal('3000');
        for (const { kind, instanceId, size, price } of steps) {
          bench.nowMicros += 1_000_000;
          bench.quote(99.99, 100.01);
          if (kind === 'buy' || kind === 'sell') {
            const held = bench.position(instanceId);
            const quantity = kind === 'sell' && held > ZERO ? formatDecimal(held) : String(size);
            if (kind === 'sell' && held === ZERO) continue;
            const id = bench.order({ ...limit(quantity, String(price)), side: kind, instanceId });
            if (bench.denial(id) === undefined && bench.told(id).status === 'submitting') {
              bench.accept(id);
              open.push(id);
            }
          } else if (kind === 'fund') {
            funded = add(funded, decimal(String(size)));
            cash = add(cash, decimal(String(size)));
            bench.feed({
              type: 'funds',
              portfolios: [funds({ funded: formatDecimal(funded), credit: String(credit) })],
            });
          } else {
            const id = open.shift();
            if (id === undefined || bench.told(id).status === 'canceled') continue;
            if (kind === 'cancel') bench.update(id, 'canceled', 'canceled');
            else {
              const { side, quantity, limitPrice } = bench.told(id);
              bench.fill(id, formatDecimal(quantity), formatDecimal(limitPrice!));
              cash = add(cash, cashOf({ side, quantity, price: limitPrice!, fee: ZERO }));
            }
          }
          expect(cash >= -decimal(String(credit))).toBe(true);
        }
        const last = bench.denial(bench.order(limit('99', '101')));
        if (last?.code === 'portfolio_cash') expect(last.cash).toBe(cash);
      }),
      { numRuns: 200 },
    );
  });
});
