import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConsumerFigures, decideMoves, movesAllowed } from '../../src/trader/units/rebalance.ts';

const SETTINGS = {
  isEnabled: true,
  lagMaxMs: 1_000,
  patienceMs: 5_000,
  movesPerMinuteMax: 12,
  restMs: 60_000,
  loadMax: 0.7,
  prepareTimeoutMs: 5_000,
};

function consumer(
  name: string,
  units: Readonly<Record<string, number>>,
  changes: Partial<ConsumerFigures> = {},
): ConsumerFigures {
  const unitsLoad = Object.values(units).reduce((sum, load) => sum + load, 0);
  return {
    name,
    isRunning: true,
    behindForMs: null,
    load: unitsLoad,
    unitsLoad,
    units: Object.entries(units).map(([symbol, load]) => ({ instanceId: 'i', symbol, load })),
    ...changes,
  };
}

const BEHIND = { behindForMs: 6_000 };

function moves(consumers: readonly ConsumerFigures[], allowed = 100): readonly string[] {
  return decideMoves(consumers, SETTINGS, allowed).map(
    ({ unit, from, to }) => `${unit.symbol} ${from} ${to}`,
  );
}

describe('who moves where', () => {
  it.each<[string, readonly ConsumerFigures[], readonly string[]]>([
    ['nobody while nobody is behind', [consumer('A', { X: 0.9 }), consumer('B', {})], []],
    [
      'nobody while patience lasts',
      [consumer('A', { X: 0.5, Y: 0.4 }, { behindForMs: 4_999 }), consumer('B', {})],
      [],
    ],
    [
      'all others leave the one that makes up most of the work',
      [consumer('A', { HOT: 0.9, X: 0.04, Y: 0.05 }, BEHIND), consumer('B', { Z: 0.1 })],
      ['Y A B', 'X A B'],
    ],
    [
      'also where its thread does nearly as much beside its units',
      [consumer('A', { HOT: 0.3, X: 0.02 }, { ...BEHIND, load: 0.62 }), consumer('B', {})],
      ['X A B'],
    ],
    [
      'nobody where the thread does more beside its units, as when it has just begun',
      [consumer('A', { W: 0.1, X: 0, Y: 0.2 }, { ...BEHIND, load: 1.2 }), consumer('B', {})],
      [],
    ],
    [
      'the costliest leave first, until what is left is no more than it should be',
      [consumer('A', { W: 0.3, X: 0.25, Y: 0.25, Z: 0.2 }, BEHIND), consumer('B', {})],
      ['W A B'],
    ],
    [
      'they go to whoever has the least to do, counting those that have just been sent',
      [
        consumer('A', { HOT: 0.8, X: 0.3, Y: 0.2 }, BEHIND),
        consumer('B', { P: 0.1 }),
        consumer('C', { Q: 0.2 }),
      ],
      ['X A B', 'Y A C'],
    ],
    [
      'what would make its new consumer too busy stays, and something smaller goes',
      [consumer('A', { HOT: 0.8, X: 0.4, Y: 0.1 }, BEHIND), consumer('B', { Z: 0.5 })],
      ['Y A B'],
    ],
    [
      'nobody goes to a consumer that is behind itself, or does not answer',
      [
        consumer('A', { HOT: 0.9, X: 0.1 }, BEHIND),
        consumer('B', {}, { behindForMs: 10 }),
        consumer('C', {}, { isRunning: false }),
      ],
      [],
    ],
    [
      'nobody leaves a consumer that does not answer: it could not let them go',
      [consumer('A', { HOT: 0.9, X: 0.1 }, { ...BEHIND, isRunning: false }), consumer('B', {})],
      [],
    ],
    ['one that is alone stays', [consumer('A', { HOT: 1 }, BEHIND), consumer('B', {})], []],
  ])('%s', (_, consumers, expected) => {
    expect(moves(consumers)).toEqual(expected);
  });

  it('nobody where it is switched off', () => {
    const consumers = [consumer('A', { HOT: 0.9, X: 0.1 }, BEHIND), consumer('B', {})];
    expect(decideMoves(consumers, { ...SETTINGS, isEnabled: false }, 100)).toEqual([]);
  });

  it('no more than a minute and the room for what is under way allow', () => {
    expect(movesAllowed(SETTINGS, 0, 0)).toBe(8);
    expect(movesAllowed(SETTINGS, 10, 0)).toBe(2);
    expect(movesAllowed(SETTINGS, 12, 0)).toBe(0);
    expect(movesAllowed(SETTINGS, 4, 7)).toBe(1);
    const consumers = [consumer('A', { HOT: 0.9, X: 0.1, Y: 0.1, Z: 0.1 }, BEHIND), consumer('B', {})];
    expect(moves(consumers, 2)).toHaveLength(2);
  });

  it('whatever the figures, never makes a consumer too busy, and comes to an end', () => {
    const figures = fc.array(
      fc.record({
        units: fc.array(fc.double({ min: 0, max: 0.5, noNaN: true }), { maxLength: 12 }),
        isRunning: fc.boolean(),
        behindForMs: fc.constantFrom(null, 10, 6_000),
      }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(figures, (drawn) => {
        const consumers = drawn.map(({ units, ...rest }, index) =>
          consumer(String(index), Object.fromEntries(units.map((load, unit) => [`${unit}`, load])), rest),
        );
        const decisions = decideMoves(consumers, SETTINGS, 1_000);
        const loads = new Map(consumers.map(({ name, load }) => [name, load]));
        for (const { unit, from, to } of decisions) {
          const { load } = consumers
            .find(({ name }) => name === from)!
            .units.find(({ symbol }) => symbol === unit.symbol)!;
          loads.set(to, loads.get(to)! + load);
          expect(loads.get(to)).toBeLessThanOrEqual(SETTINGS.loadMax);
          expect(consumers.find(({ name }) => name === to)?.behindForMs).toBeNull();
        }
        expect(new Set(decisions.map(({ unit, from }) => `${from} ${unit.symbol}`)).size).toBe(
          decisions.length,
        );
      }),
    );
  });
});
