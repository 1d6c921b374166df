import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PRODUCER_LIMITS, type ProducerLimits } from '../../src/producer/config.ts';
import { TINY_LIMITS } from '../producer/harness.ts';
import { bundles, CONSUMERS, House, nameOf, type PlacedUnit, UNITS } from './house.ts';

const AMPLE_LIMITS: ProducerLimits = {
  ...DEFAULT_PRODUCER_LIMITS,
  creditsPerReceiver: 2,
  batch: { rows: 4, heapBytes: 128 },
  tradeRingRows: 1_024,
  keptRows: 1_024,
};

const consumer = fc.constantFrom(...CONSUMERS);
const unit = fc.constantFrom(...UNITS);
const event = fc.record({
  symbol: fc.constantFrom('AAPL', 'MSFT', 'GOOG'),
  what: fc.constantFrom('trade' as const, 'trade' as const, 'quote' as const, 'bar' as const),
});

type Step = (house: House) => void;
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(event, { maxLength: 9 }).map(
      (events): Step =>
        (h) =>
          h.feed(events),
    ),
  },
  { weight: 4, arbitrary: fc.constant<Step>((house) => house.endTurn()) },
  {
    weight: 5,
    arbitrary: consumer.map(
      (name): Step =>
        (house) =>
          house.read(name),
    ),
  },
  {
    weight: 4,
    arbitrary: consumer.map(
      (name): Step =>
        (house) =>
          house.credit(name),
    ),
  },
  {
    weight: 3,
    arbitrary: unit.map(
      (each): Step =>
        (house) =>
          house.move(each),
    ),
  },
  {
    weight: 3,
    arbitrary: unit.map(
      (each): Step =>
        (house) =>
          house.tell(each),
    ),
  },
  {
    weight: 3,
    arbitrary: consumer.map(
      (name): Step =>
        (house) =>
          house.hear(name),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Step>((house) => house.handOver()) },
  { weight: 2, arbitrary: fc.constant<Step>((house) => house.sendOn()) },
);

function shownTo(house: House, each: PlacedUnit) {
  return house.told.filter(({ unit: name, serial }) => name === nameOf(each) && serial !== undefined);
}

function serialsOf(rows: readonly { readonly [key: string]: unknown }[], what: string): readonly unknown[] {
  return rows.filter((row) => (row.what ?? row.message) === what).map(({ serial }) => serial);
}

/** In order, no event twice, none that was not routed, and the state came along every time. */
function expectOrdered(house: House, each: PlacedUnit): void {
  const shown = shownTo(house, each);
  const market = shown.filter(({ message }) => message !== 'denial');
  for (const symbol of each.symbols) {
    const serials = market.filter((row) => row.symbol === symbol).map(({ serial }) => Number(serial));
    expect(serials).toEqual(serials.toSorted((a, b) => a - b));
    expect(new Set(serials).size).toBe(serials.length);
  }
  expect(shown.map(({ count }) => count)).toEqual(shown.map((_, index) => index + 1));
  const routed = new Map(house.routed.get(nameOf(each))!.map((row) => [row.serial, row]));
  for (const { message, serial, symbol } of shown)
    expect(routed.get(Number(serial))).toMatchObject({ what: message, symbol });
  const starts = house.told.filter(({ unit: name, message }) => name === nameOf(each) && message === 'start');
  expect(starts).toHaveLength(1);
}

describe('units that move between consumers of any speed', async () => {
  const strategies = await bundles();

  it('are shown every trade and bar and told every order exactly once and in order, quotes up to the newest', () => {
    let moves = 0;
    let held = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 80, maxLength: 200 }), (steps) => {
        const house = new House(strategies, AMPLE_LIMITS);
        for (const each of steps) each(house);
        house.settle();
        for (const each of UNITS) {
          expectOrdered(house, each);
          const shown = shownTo(house, each);
          const routed = house.routed.get(nameOf(each))!;
          for (const what of ['trade', 'bar', 'denial'])
            expect(serialsOf(shown, what)).toEqual(serialsOf(routed, what));
          for (const symbol of each.symbols) {
            const newest = (rows: readonly { readonly [key: string]: unknown }[]) =>
              serialsOf(
                rows.filter((row) => row.symbol === symbol),
                'quote',
              ).at(-1);
            expect(newest(shown)).toBe(newest(routed));
          }
        }
        expect(house.told.filter(({ message }) => message === 'gap')).toEqual([]);
        expect(house.arrivals).toHaveLength(house.moves);
        moves += house.moves;
        held += house.arrivals.reduce((sum, { rowsHeld }) => sum + rowsHeld, 0);
      }),
      { numRuns: 40 },
    );
    expect(moves).toBeGreaterThan(100);
    expect(held).toBeGreaterThan(100);
  }, 120_000);

  it('are told of everything that the smallest queues could not keep', () => {
    let dropped = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 80, maxLength: 200 }), (steps) => {
        const house = new House(strategies, TINY_LIMITS, { heldRowsMax: 6 });
        for (const each of steps) each(house);
        house.settle();
        for (const each of UNITS) {
          expectOrdered(house, each);
          const shown = shownTo(house, each);
          const routed = house.routed.get(nameOf(each))!;
          expect(serialsOf(shown, 'denial')).toEqual(serialsOf(routed, 'denial'));
          for (const symbol of each.symbols) {
            const told = house.told
              .filter((row) => row.unit === nameOf(each) && row.message === 'gap' && row.symbol === symbol)
              .reduce((sum, { count }) => sum + Number(count), 0);
            const number = (rows: readonly { readonly [key: string]: unknown }[], what: string) =>
              serialsOf(
                rows.filter((row) => row.symbol === symbol),
                what,
              ).length;
            const missing = ['trade', 'bar'].reduce(
              (sum, what) => sum + number(routed, what) - number(shown, what),
              0,
            );
            expect(missing).toBeLessThanOrEqual(told);
          }
        }
        dropped += house.arrivals.reduce((sum, { rowsDropped }) => sum + rowsDropped, 0);
      }),
      { numRuns: 40 },
    );
    expect(dropped).toBeGreaterThan(0);
  }, 120_000);
});
