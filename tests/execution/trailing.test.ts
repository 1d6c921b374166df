import { describe, expect, it } from 'vitest';
import { orderBody } from '../../src/brokers/alpaca/orders.ts';
import { decimal } from '../../src/domain/decimal.ts';
import type { OrderIntent } from '../../src/domain/order.ts';
import { propose } from '../../src/engine/intents.ts';
import { readLine, writeLine } from '../../src/execution/books/journal.ts';
import { Bench } from './harness.ts';

const trailing = (changes: Partial<OrderIntent>): Partial<OrderIntent> => ({
  type: 'trailing_stop',
  side: 'sell',
  ...changes,
});

describe('a trailing stop', () => {
  it('goes to the broker with its distance, and stands in the journal with it', () => {
    const bench = new Bench();
    bench.buy('10', '100');
    bench.order(trailing({ trailPercent: decimal('1.5') }));
    const { order } = bench.of('submit').at(-1)!;
    expect(JSON.parse(orderBody(order))).toMatchObject({ type: 'trailing_stop', trail_percent: '1.5' });
    const entry = bench.journal().findLast((line) => line.entry === 'order')!;
    expect(readLine(writeLine(1, entry).trimEnd())?.entry).toEqual(entry);
    const row = bench.of('record_order').at(-1)!;
    expect(row.row).toMatchObject({ type: 'trailing_stop', stopPrice: null });
  });

  it.each<[string, Partial<OrderIntent>]>([
    ['without a distance', trailing({})],
    ['with two', trailing({ trailPrice: decimal('1'), trailPercent: decimal('1') })],
    ['with a distance below zero', trailing({ trailPrice: decimal('-1') })],
    ['with a limit price', trailing({ trailPrice: decimal('1'), limitPrice: decimal('100') })],
    ['that must be filled at once', trailing({ trailPrice: decimal('1'), timeInForce: 'ioc' })],
    ['in another order', { type: 'market', trailPrice: decimal('1') }],
  ])('%s is invalid', (_name, changes) => {
    const bench = new Bench();
    bench.buy('10', '100');
    expect(bench.denial(bench.order(changes))?.code).toBe('invalid');
  });

  it('counts with what it may cost to buy back', () => {
    const bench = new Bench({ risk: { shortAllowed: true, orderNotionalMax: '1010' } });
    const buy = { type: 'trailing_stop', side: 'buy', quantity: decimal('10') } as const;
    expect(bench.denial(bench.order({ ...buy, trailPrice: decimal('2') }))?.code).toBe('order_notional');
    expect(bench.denial(bench.order({ ...buy, trailPrice: decimal('0.5') }))).toBeUndefined();
  });

  it.each([
    [{ trailPrice: 0.504 }, { type: 'trailing_stop', trailPrice: decimal('0.5') }],
    [{ trailPercent: 2 }, { type: 'trailing_stop', trailPercent: decimal('2') }],
    [{ trailPercent: 2, trailPrice: 1 }, 'not both'],
    [{ trailPercent: 2, stopPrice: 90 }, 'takes no limitPrice'],
    [{ trailPrice: 0.001 }, 'less than the smallest step'],
    [{ trailPrice: -1 }, 'above zero'],
  ])('is what a strategy asks for with %j', (fields, expected) => {
    const nothing = {
      symbol: 'X',
      limitPrice: undefined,
      stopPrice: undefined,
      timeInForce: undefined,
      targetPrice: undefined,
      stopLossPrice: undefined,
      indicators: '{}',
    };
    const proposed = propose(
      'sell',
      { ...nothing, quantity: 10, reason: 'protect', ...fields },
      { assetClass: 'us_equity', indicatorsCharactersMax: 100 },
    );
    if (typeof expected === 'string') {
      expect(proposed).toMatchObject({ ok: false, detail: expect.stringContaining(expected) as string });
    } else {
      expect(proposed).toMatchObject({
        ok: true,
        proposal: { ...expected, limitPrice: null, stopPrice: null },
      });
    }
  });
});
