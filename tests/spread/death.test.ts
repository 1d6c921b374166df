import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DEFAULT_PRODUCER_LIMITS, type ProducerLimits } from '../../src/producer/config.ts';
import { bundles, CONSUMERS, House, nameOf, type PlacedUnit, UNITS } from './house.ts';

const LIMITS: ProducerLimits = {
  ...DEFAULT_PRODUCER_LIMITS,
  creditsPerReceiver: 2,
  batch: { rows: 4, heapBytes: 128 },
  tradeRingRows: 1_024,
  keptRows: 1_024,
};
const SYMBOLS = ['AAPL', 'MSFT', 'GOOG'] as const;
const LASTING: readonly string[] = ['trade', 'bar'];

const event = fc.record({
  symbol: fc.constantFrom(...SYMBOLS),
  what: fc.constantFrom('trade' as const, 'trade' as const, 'quote' as const, 'bar' as const),
});
const consumer = fc.constantFrom(...CONSUMERS);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('feed' as const), events: fc.array(event) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('move' as const), unit: fc.constantFrom(...UNITS) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('read' as const, 'credit' as const), consumer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), consumer }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'endTurn' as const,
        'handOver' as const,
        'sendOn' as const,
        'hearSwitched' as const,
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('hear' as const), consumer }) },
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function run(house: House, next: Step): void {
  if (next.do === 'feed') house.feed(next.events);
  else if (next.do === 'move') house.move(next.unit);
  else if ('consumer' in next) house[next.do](next.consumer);
  else house[next.do]();
}

/**
 * Nothing was shown to the unit twice or out of order, and where a trade or a bar is missing between two events of a
 * symbol, the unit was told in between: it began again, or heard of a gap.
 */
function expectHonest(house: House, unit: PlacedUnit): void {
  const routed = house.routed.get(nameOf(unit))!;
  const last = new Map<string, number>();
  const told = new Set<string>();
  for (const row of house.told.filter((each) => each.unit === nameOf(unit))) {
    if (row.message === 'start') for (const symbol of unit.symbols) told.add(symbol);
    const symbol = String(row.symbol);
    if (row.message === 'gap') told.add(symbol);
    if (row.serial === undefined) continue;
    const serial = Number(row.serial);
    const before = last.get(symbol) ?? 0;
    expect(serial).toBeGreaterThan(before);
    const missing = routed.filter(
      (each) =>
        each.symbol === symbol && LASTING.includes(each.what) && each.serial > before && each.serial < serial,
    );
    if (!told.has(symbol))
      expect({ unit: nameOf(unit), before, serial, missing }).toMatchObject({ missing: [] });
    last.set(symbol, serial);
    told.delete(symbol);
  }
}

it('a consumer that dies amid moves loses no unit, and no event without a word; nothing is shown twice', async () => {
  const strategies = await bundles();
  let [deaths, arrived] = [0, 0];
  fc.assert(
    fc.property(fc.array(step, { minLength: 60, maxLength: 120 }), (steps) => {
      const house = new House(strategies, LIMITS);
      for (const each of steps) {
        run(house, each);
        if (each.do === 'die') deaths += 1;
      }
      house.settle();
      const { length } = house.told;
      house.feed(SYMBOLS.map((symbol) => ({ symbol, what: 'trade' as const })));
      house.settle();
      for (const unit of UNITS) {
        const lives = house.told
          .slice(length)
          .filter((row) => row.unit === nameOf(unit) && row.message === 'trade');
        expect(lives.map(({ symbol }) => String(symbol)).toSorted()).toEqual(unit.symbols.toSorted());
        expectHonest(house, unit);
      }
      arrived += house.arrivals.length;
    }),
    { numRuns: 25 },
  );
  expect(deaths).toBeGreaterThan(10);
  expect(arrived).toBeGreaterThan(10);
}, 120_000);
