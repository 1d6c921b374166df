import { describe, expect, it } from 'vitest';
import { Loads } from '../../src/trader/units/loads.ts';
import { Placement } from '../../src/trader/units/placement.ts';
import type { ConsumerLoad, ConsumerReport } from '../../src/transport/messages.ts';

type Heartbeat = Extract<ConsumerReport, { type: 'heartbeat' }>;

function heartbeat(changes: Partial<Heartbeat>): Heartbeat {
  return {
    type: 'heartbeat',
    beat: 1,
    eventsShown: 0,
    eventsStale: 0,
    units: 1,
    lagMs: 0,
    heapUsedBytes: 0,
    ...changes,
  };
}

/** Microseconds of each symbol of the instance in a period of a second. */
function loadOf(symbols: Readonly<Record<string, number>>, rest = { units: 0, micros: 0 }): ConsumerLoad {
  return {
    periodMs: 1_000,
    units: Object.entries(symbols).map(([symbol, micros]) => ({
      instanceId: 'i',
      symbol,
      events: 1,
      micros,
    })),
    rest: { events: 0, ...rest },
  };
}

const of = (symbol: string) => ({ instanceId: 'i', symbol });

describe('measured load', () => {
  it('gives a new unit to the consumer with the least to do, whatever the number of its units', () => {
    const loads = new Loads({ lagMaxMs: 1_000 });
    const placement = new Placement(['A', 'B']);
    for (const symbol of ['HOT', 'P', 'Q', 'R']) placement.place(of(symbol), [symbol]);
    expect(placement.onConsumer('A').map(({ symbol }) => symbol)).toEqual(['HOT', 'Q']);
    loads.note('A', heartbeat({ load: loadOf({ HOT: 800_000, Q: 10_000 }) }), 1_000);
    loads.note('B', heartbeat({ load: loadOf({ P: 10_000, R: 10_000 }) }), 1_000);
    placement.weigh(loads);
    const placed = ['S', 'T', 'U'].map((symbol) => placement.place(of(symbol), [symbol]).consumer);
    // A new one counts as what its instance's units cost on average, 0.2075 of a core: 0.02, 0.23, 0.44, 0.65.
    expect(placed).toEqual(['B', 'B', 'B']);
    expect(placement.place(of('V'), ['V']).consumer).toBe('B');
    expect(placement.place(of('W'), ['W']).consumer).toBe('A');
  });

  it('follows a unit that has moved', () => {
    const loads = new Loads({ lagMaxMs: 1_000 });
    const placement = new Placement(['A', 'B']);
    for (const symbol of ['X', 'Y']) placement.place(of(symbol), [symbol]);
    placement.move(of('X'), 'B');
    expect(placement.onConsumer('B')).toHaveLength(2);
    placement.weigh(loads);
    expect(placement.place(of('Z'), ['Z']).consumer).toBe('A');
  });

  it('shares what the many cheap units cost together among them', () => {
    const loads = new Loads({ lagMaxMs: 1_000 });
    loads.note('A', heartbeat({ load: loadOf({ HOT: 500_000 }, { units: 100, micros: 100_000 }) }), 1_000);
    const placed = { ...of('COLD'), consumer: 'A', symbols: ['COLD'] };
    expect(loads.measured(placed)).toBeCloseTo(0.001);
    expect(loads.measured({ ...placed, symbol: 'HOT' })).toBeCloseTo(0.5);
    expect(loads.measured({ ...placed, consumer: 'B' })).toBeUndefined();
    expect(loads.loadOf('A')).toBeCloseTo(0.6);
  });

  it('is the processor time of the thread where that is more than its units account for', () => {
    const loads = new Loads({ lagMaxMs: 1_000 });
    const beat = (cpuMicros: number) =>
      heartbeat({
        load: loadOf({ X: 100_000 }),
        measurements: {
          stages: {},
          vitals: {
            heapUsedBytes: 0,
            heapTotalBytes: 0,
            heapLimitBytes: 0,
            externalBytes: 0,
            cpuMicros,
            eventLoopDelay: null,
          },
        },
      });
    loads.note('A', beat(5_000_000), 1_000);
    expect(loads.loadOf('A')).toBeCloseTo(0.1);
    loads.note('A', beat(6_000_000), 3_000);
    expect(loads.loadOf('A')).toBeCloseTo(0.5);
    expect(loads.unitsLoadOf('A')).toBeCloseTo(0.1);
  });
});

describe('being behind', () => {
  it('begins with a late event or one too late to be shown, and ends only when it is clearly over', () => {
    const loads = new Loads({ lagMaxMs: 1_000 });
    let eventsShown = 0;
    const note = (lagMs: number, nowMs: number) => {
      eventsShown += 1;
      loads.note('A', heartbeat({ eventsShown, lagMs }), nowMs);
      return loads.behindForMs('A', nowMs);
    };
    expect(note(900, 1_000)).toBeNull();
    expect(note(1_100, 2_000)).toBe(0);
    expect(note(900, 3_000)).toBe(1_000);
    expect(note(1_500, 4_000)).toBe(2_000);
    expect(note(400, 5_000)).toBeNull();
    loads.note('A', heartbeat({ eventsShown, lagMs: 400, eventsStale: 5 }), 6_000);
    expect(loads.behindForMs('A', 6_500)).toBe(500);
  });

  it('ends when nothing comes any more, however late the last event was', () => {
    const loads = new Loads({ lagMaxMs: 1_000 });
    loads.note('A', heartbeat({ eventsShown: 10, lagMs: 3_000 }), 1_000);
    expect(loads.behindForMs('A', 1_000)).toBe(0);
    loads.note('A', heartbeat({ eventsShown: 10, lagMs: 3_000 }), 2_000);
    expect(loads.behindForMs('A', 2_000)).toBeNull();
    expect(loads.behindForMs('B', 2_000)).toBeNull();
  });
});
