import { describe, expect, it } from 'vitest';
import { DEFAULT_PRODUCER_LIMITS, type ProducerLimits } from '../../src/producer/config.ts';
import { bundles, House, nameOf, UNITS } from './house.ts';

const LIMITS: ProducerLimits = {
  ...DEFAULT_PRODUCER_LIMITS,
  batch: { rows: 64, heapBytes: 2_048 },
  tradeRingRows: 1_000,
};
const ROUNDS = 100;
/** Of the hot symbol, for each event of all others together. */
const HOT = 50;

/** AAPL is hot. On A: one/AAPL, two/AAPL and the universe; on B: one/MSFT and two/GOOG. */
const [, MSFT, hotUnit, GOOG] = UNITS;

function feedRound(house: House, round: number): void {
  const hot = Array.from({ length: HOT }, () => ({ symbol: 'AAPL', what: 'trade' as const }));
  house.feed([...hot, { symbol: round % 2 === 0 ? 'MSFT' : 'GOOG', what: 'trade' as const }]);
  house.endTurn();
}

describe('a symbol with fifty times the events of all others', async () => {
  const strategies = await bundles();
  const shownTo = (house: House, unit: (typeof UNITS)[number] | undefined) =>
    house.told.filter((row) => unit !== undefined && row.unit === nameOf(unit) && row.message === 'trade');

  it('fills its own consumer’s bounded line only: the others are shown all of theirs at once', () => {
    const house = new House(strategies, LIMITS);
    let shownOnOther = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      feedRound(house, round);
      // A is so slow that it reads nothing at all.
      while (house.read('B')) house.credit('B');
      const shown = shownTo(house, MSFT).length + shownTo(house, GOOG).length;
      expect(shown).toBe(round + 1);
      shownOnOther = shown;
    }
    expect(shownOnOther).toBe(ROUNDS);
    const [a, b] = house.router.counters();
    expect(a).toMatchObject({ receiver: 'A', credits: 0 });
    expect(a?.waiting).toBeLessThanOrEqual(LIMITS.tradeRingRows);
    expect(a?.droppedOverflow).toBeGreaterThan(0);
    expect(b).toMatchObject({
      receiver: 'B',
      waiting: 0,
      conflated: 0,
      droppedOverflow: 0,
      droppedDetached: 0,
    });
  });

  it('lets a unit that shares its consumer go, and that one is shown all of its own from there on', () => {
    const house = new House(strategies, LIMITS);
    house.move(MSFT!);
    house.settle();
    expect(house.places.get(nameOf(MSFT!))).toBe('A');
    for (let round = 0; round < ROUNDS / 2; round += 1) feedRound(house, round);
    // Both hot units and MSFT are on A, which is behind; MSFT leaves for B.
    house.move(MSFT!);
    for (let round = ROUNDS / 2; round < ROUNDS; round += 1) {
      feedRound(house, round);
      while (house.read('B')) house.credit('B');
    }
    // Two batches a round: A gets to the barrier in its own time.
    while (house.read('A')) house.credit('A');
    house.settle();
    const trades = shownTo(house, MSFT).map(({ serial }) => serial);
    const routed = house.routed.get(nameOf(MSFT!))!.map(({ serial }) => serial);
    const told = house.told
      .filter((row) => row.unit === nameOf(MSFT!) && row.message === 'gap')
      .reduce((sum, { count }) => sum + Number(count), 0);
    expect(routed.length - trades.length).toBe(told);
    // Nothing behind the barrier is missing: it was held where it was read at once.
    const behind = routed.slice(ROUNDS / 4);
    expect(trades.slice(-behind.length)).toEqual(behind);
    expect(house.arrivals.at(-1)).toMatchObject({ rowsDropped: 0 });
    expect(shownTo(house, hotUnit).length).toBeGreaterThan(0);
  });
});
