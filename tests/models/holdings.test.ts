import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Decimal, decimal, formatDecimal } from '../../src/domain/decimal.ts';
import { applyExecution, averagePrice, FLAT, type Holding, realizedPnl } from '../../src/models/holdings.ts';

type Step = readonly ['buy' | 'sell', string, string];

function fold(steps: readonly Step[]): Holding {
  return steps.reduce(
    (holding, [side, quantity, price]) =>
      applyExecution(holding, {
        side,
        quantity: decimal(quantity),
        price: decimal(price),
        targetPrice: null,
        stopPrice: null,
      }),
    FLAT,
  );
}

describe('what is held', () => {
  it.each<{ name: string; steps: Step[]; quantity: string; average: string; realized: string }>([
    { name: 'nothing without executions', steps: [], quantity: '0', average: '0', realized: '0' },
    {
      name: 'the quantity-weighted average of what was bought',
      steps: [
        ['buy', '10', '10'],
        ['buy', '5', '10.3'],
      ],
      quantity: '15',
      average: '10.1',
      realized: '0',
    },
    {
      name: 'at an unchanged average after selling a part, with the gain realised',
      steps: [
        ['buy', '3', '10'],
        ['sell', '1', '12.5'],
      ],
      quantity: '2',
      average: '10',
      realized: '2.5',
    },
    {
      name: 'short, with the gain of buying back cheaper',
      steps: [
        ['sell', '4', '100'],
        ['sell', '4', '102'],
        ['buy', '2', '99'],
      ],
      quantity: '-6',
      average: '101',
      realized: '4',
    },
    {
      name: 'the other side at the price of the execution that went through zero',
      steps: [
        ['buy', '2', '10'],
        ['sell', '5', '11'],
      ],
      quantity: '-3',
      average: '11',
      realized: '2',
    },
    {
      name: 'nothing after closing, and the loss to the last digit although the average does not end',
      steps: [
        ['buy', '1', '1'],
        ['buy', '2', '1.000000001'],
        ['sell', '3', '0.9'],
      ],
      quantity: '0',
      average: '0',
      realized: '-0.300000002',
    },
    {
      name: 'an average rounded only where it is shown',
      steps: [
        ['buy', '1', '1'],
        ['buy', '2', '2'],
      ],
      quantity: '3',
      average: '1.666666667',
      realized: '0',
    },
  ])('is $name', ({ steps, quantity, average, realized }) => {
    const holding = fold(steps);
    expect(formatDecimal(holding.quantity)).toBe(quantity);
    expect(formatDecimal(averagePrice(holding))).toBe(average);
    expect(formatDecimal(realizedPnl(holding))).toBe(realized);
  });

  it('keeps the last target and stop while it is open, and forgets them when flat', () => {
    const buy = { side: 'buy', quantity: decimal('1'), price: decimal('1') } as const;
    const open = applyExecution(FLAT, { ...buy, targetPrice: '2', stopPrice: '0.5' });
    const more = applyExecution(open, { ...buy, targetPrice: null, stopPrice: '0.75' });
    expect(more).toMatchObject({ targetPrice: '2', stopPrice: '0.75' });
    const flat = applyExecution(more, {
      side: 'sell',
      quantity: decimal('2'),
      price: decimal('1'),
      targetPrice: '9',
      stopPrice: null,
    });
    expect(flat).toMatchObject({ targetPrice: null, stopPrice: null });
  });

  it('never makes or loses money: realised P&L less cost is the cash that moved, whatever was traded', () => {
    const amount = fc.bigInt({ min: 1n, max: 10n ** 15n }).map((value) => value as Decimal);
    const step = fc.record({ side: fc.constantFrom('buy', 'sell'), quantity: amount, price: amount });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let holding = FLAT;
        let cash = 0n;
        let quantity = 0n;
        for (const { side, quantity: traded, price } of steps) {
          holding = applyExecution(holding, {
            side: side as 'buy' | 'sell',
            quantity: traded,
            price,
            targetPrice: null,
            stopPrice: null,
          });
          cash += (side === 'buy' ? -traded : traded) * price;
          quantity += side === 'buy' ? traded : -traded;
        }
        expect(holding.quantity).toBe(quantity);
        expect(holding.realized - holding.cost).toBe(cash);
      }),
    );
  });
});
