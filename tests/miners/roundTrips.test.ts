import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, decimal, formatDecimal, multiply, ZERO } from '../../src/domain/decimal.ts';
import type { MinedFill } from '../../src/miners/contract.ts';
import { PositionWalk, percentOf } from '../../src/miners/roundTrips.ts';

type Order = readonly [side: 'buy' | 'sell', quantity: string, price: string, stop?: string];

function fill(
  [side, quantity, price, stop]: Order,
  index: number,
  changes: Partial<MinedFill> = {},
): MinedFill {
  return {
    ...{ fillId: String(index), algoRunId: '1', batchId: 'b', instanceId: 'i', environment: 'PAPER' },
    ...{ symbol: 'AAPL', side, quantity: decimal(quantity), price: decimal(price) },
    ...{ fee: ZERO, portfolioId: null },
    stopPrice: stop === undefined ? null : decimal(stop),
    executedAtMicros: index,
    ...changes,
  };
}

/** Each round trip as `gain percent R`. */
function tripsOf(orders: readonly Order[]): string[] {
  const walk = new PositionWalk();
  return orders.flatMap((order, index) => {
    const { roundTrip } = walk.take(fill(order, index));
    if (roundTrip === null) return [];
    const { gain, cost, rUnits } = roundTrip;
    const units = rUnits === null ? 'none' : formatDecimal(rUnits);
    return [`${formatDecimal(gain)} ${formatDecimal(percentOf(gain, cost))} ${units}`];
  });
}

describe('a round trip', () => {
  it.each<[string, readonly Order[], string[]]>([
    [
      'a long one at one risk',
      [
        ['buy', '10', '100', '98'],
        ['sell', '10', '102'],
      ],
      ['20 2 1'],
    ],
    [
      'a long one that was stopped',
      [
        ['buy', '10', '100', '98'],
        ['sell', '10', '98'],
      ],
      ['-20 -2 -1'],
    ],
    [
      'a short one',
      [
        ['sell', '10', '100', '104'],
        ['buy', '10', '90'],
      ],
      ['100 10 2.5'],
    ],
    [
      'one without a stop has no R',
      [
        ['buy', '1', '10'],
        ['sell', '1', '11'],
      ],
      ['1 10 none'],
    ],
    [
      'a stop on the wrong side is no risk',
      [
        ['buy', '1', '10', '12'],
        ['sell', '1', '11'],
      ],
      ['1 10 none'],
    ],
    [
      'parts of an exit belong together, and a later stop does not make the risk smaller',
      [
        ['buy', '10', '100', '90'],
        ['sell', '5', '110'],
        ['buy', '5', '120', '119'],
        ['sell', '10', '110'],
      ],
      ['50 3.125 0.199999999'],
    ],
    [
      'what goes through zero ends one and begins another',
      [
        ['buy', '1', '10'],
        ['sell', '3', '12'],
        ['buy', '2', '11'],
      ],
      ['2 20 none', '2 8.333333333 none'],
    ],
  ])('%s', (_, orders, expected) => {
    const found = tripsOf(orders);
    expect(found.map((trip) => trip.split(' ').slice(0, 2))).toEqual(
      expected.map((trip) => trip.split(' ').slice(0, 2)),
    );
    for (const [index, trip] of found.entries()) {
      const [units, wanted] = [trip, expected[index] ?? ''].map((one) => one.split(' ')[2]);
      if (wanted === 'none') expect(units).toBe('none');
      else expect(Number(units)).toBeCloseTo(Number(wanted), 6);
    }
  });

  it('goes on from one batch into the next on paper, and begins anew with each simulation', () => {
    const walkOf = (environment: string) => {
      const walk = new PositionWalk();
      walk.take(fill(['buy', '1', '10'], 1, { environment, batchId: 'monday' }));
      return walk.take(fill(['sell', '1', '11'], 2, { environment, batchId: 'tuesday', algoRunId: '2' }));
    };
    expect(walkOf('PAPER').roundTrip).toMatchObject({ algoRunId: '1' });
    expect(walkOf('PAPER').closing).toMatchObject({ algoRunId: '2' });
    expect(walkOf('SIMULATED')).toEqual({ closing: null, roundTrip: null });
  });

  it('earns exactly the cash that moved, however it was entered and left', () => {
    const order = fc.tuple(
      fc.constantFrom('buy', 'sell'),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 500 }),
    );
    fc.assert(
      fc.property(fc.array(order, { maxLength: 30 }), (orders) => {
        const walk = new PositionWalk();
        let [cash, held, trips, closings] = [ZERO, 0, ZERO, ZERO];
        const take = (side: 'buy' | 'sell', quantity: number, price: number) => {
          const one = fill([side, String(quantity), String(price)], 0);
          const sign = side === 'buy' ? 1 : -1;
          held += sign * quantity;
          cash = add(cash, multiply(decimal(String(-sign * quantity)), one.price));
          const { closing, roundTrip } = walk.take(one);
          trips = add(trips, roundTrip?.gain ?? ZERO);
          closings = add(closings, closing?.gain ?? ZERO);
        };
        for (const [side, quantity, price] of orders) take(side as 'buy' | 'sell', quantity, price);
        if (held !== 0) take(held > 0 ? 'sell' : 'buy', Math.abs(held), 100);
        expect(formatDecimal(trips)).toBe(formatDecimal(cash));
        // Each closing takes its share of the cost, rounded at the ninth place; the last takes what is left.
        expect(formatDecimal(closings)).toBe(formatDecimal(cash));
      }),
    );
  });
});
