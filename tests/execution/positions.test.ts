import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, decimal, formatDecimal, multiply, subtract, ZERO } from '../../src/domain/decimal.ts';
import type { Fill, Side } from '../../src/domain/order.ts';
import { Positions } from '../../src/execution/books/positions.ts';

function fill(side: Side, quantity: string, price: string, fee = '0'): Fill {
  return {
    executionId: '',
    clientOrderId: '',
    brokerOrderId: '',
    instanceId: 'alpha',
    algoRunId: '1',
    symbol: 'X',
    side,
    quantity: decimal(quantity),
    price: decimal(price),
    fee: decimal(fee),
    executedAtMicros: 0,
  };
}

describe('a position', () => {
  it.each([
    ['opens long at the price paid', [fill('buy', '10', '100')], '10', '100', '0'],
    [
      'weighs its average by quantity',
      [fill('buy', '10', '100'), fill('buy', '30', '104')],
      '40',
      '103',
      '0',
    ],
    [
      'keeps its average while it shrinks',
      [fill('buy', '10', '100'), fill('sell', '4', '110')],
      '6',
      '100',
      '40',
    ],
    ['is flat without an average', [fill('buy', '10', '100'), fill('sell', '10', '90')], '0', '0', '-100'],
    [
      'turns short at the price of the turn',
      [fill('buy', '10', '100'), fill('sell', '15', '110')],
      '-5',
      '110',
      '100',
    ],
    [
      'gains when a short is bought back lower',
      [fill('sell', '10', '100'), fill('buy', '10', '90')],
      '0',
      '0',
      '100',
    ],
    ['turns long out of a short', [fill('sell', '10', '100'), fill('buy', '25', '101')], '15', '101', '-10'],
    ['keeps parts of cents', [fill('buy', '0.000000001', '0.1234')], '0.000000001', '0.1234', '0'],
  ])('%s', (_name, fills, quantity, average, realized) => {
    const positions = new Positions();
    for (const one of fills) positions.apply(one);
    const position = positions.find('alpha', 'X')!;
    expect(formatDecimal(position.quantity)).toBe(quantity);
    expect(formatDecimal(position.averagePrice)).toBe(average);
    expect(formatDecimal(position.realizedPnl)).toBe(realized);
  });

  it('holds what was bought less what was sold, and its gain is what was paid and taken', () => {
    const fills = fc.array(
      fc.record({
        side: fc.constantFrom<Side>('buy', 'sell'),
        quantity: fc.integer({ min: 1, max: 1_000 }),
        cents: fc.integer({ min: 1, max: 100_000 }),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(fills, (plan) => {
        const positions = new Positions();
        let held = ZERO;
        let cash = ZERO;
        for (const { side, quantity, cents } of plan) {
          const one = fill(side, String(quantity), String(cents / 100), '0.01');
          positions.apply(one);
          const value = multiply(one.price, one.quantity);
          held = side === 'buy' ? add(held, one.quantity) : subtract(held, one.quantity);
          cash = side === 'buy' ? subtract(cash, value) : add(cash, value);
        }
        const position = positions.find('alpha', 'X');
        expect(position?.quantity ?? ZERO).toBe(held);
        expect(position?.fees ?? ZERO).toBe(multiply(decimal('0.01'), decimal(String(plan.length))));
        // Cash is what was realised, less what is still bound in the position; averages are rounded at nine places.
        const bound = position === undefined ? ZERO : multiply(position.averagePrice, position.quantity);
        const difference = subtract(add(cash, bound), position?.realizedPnl ?? ZERO);
        expect(Math.abs(Number(formatDecimal(difference)))).toBeLessThan(0.001);
        if (held === ZERO) expect(position?.averagePrice ?? ZERO).toBe(ZERO);
      }),
    );
  });
});
