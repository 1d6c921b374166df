import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { StageTimer } from '../../src/observability/stages.ts';
import { ThreadMonitor } from '../../src/observability/vitals.ts';
import { until } from '../support/until.ts';

describe('a stage', () => {
  it('has no quantiles before anything was measured', () => {
    const timer = new StageTimer(new SimulatedClock(0));
    expect(timer.figures()).toEqual({ count: 0, sumMicros: 0, quantiles: null });
  });

  it('knows quantiles to 1 %, and count and sum', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.001, max: 3e9, noNaN: true }), { minLength: 1 }), (micros) => {
        const timer = new StageTimer(new SimulatedClock(0));
        for (const each of micros) timer.record(each);
        const { count, sumMicros, quantiles } = timer.figures();
        const sorted = micros.toSorted((one, other) => one - other);
        const isNear = (measured: number, exact: number) =>
          Math.abs(measured - exact) <= exact * 0.01 + 0.001;
        expect(count).toBe(micros.length);
        expect(
          isNear(
            sumMicros,
            sorted.reduce((sum, each) => sum + each, 0),
          ),
        ).toBe(true);
        expect(isNear(quantiles!.maxMicros, sorted.at(-1)!)).toBe(true);
        expect(isNear(quantiles!.p50Micros, sorted[Math.ceil(micros.length / 2) - 1]!)).toBe(true);
      }),
    );
  });

  it('takes what is below a nanosecond for one, and what is above an hour for an hour', () => {
    const timer = new StageTimer(new SimulatedClock(0));
    timer.record(-5);
    timer.record(0);
    timer.record(1e12);
    expect(timer.figures()).toMatchObject({ count: 3, quantiles: { p50Micros: 0.001 } });
    expect(timer.figures().quantiles?.maxMicros).toBeCloseTo(3.6e9, -8);
  });

  it('forgets quantiles after one to two windows of 30 s, but never what it has counted', () => {
    const clock = new SimulatedClock(0);
    const timer = new StageTimer(clock);
    timer.record(1_000);
    clock.advanceBy(30_000);
    expect(timer.figures().quantiles?.maxMicros).toBeCloseTo(1_000, -1);
    timer.record(10);
    clock.advanceBy(30_000);
    const figures = timer.figures();
    expect(figures.quantiles?.maxMicros).toBeCloseTo(10, 0);
    expect(figures.count).toBe(2);
    expect(figures.sumMicros).toBeCloseTo(1_010, -1);
    clock.advanceBy(30_000);
    expect(timer.figures()).toMatchObject({ count: 2, quantiles: null });
  });
});

describe('the vitals of a thread', () => {
  it('tell its memory, and how late its event loop was while it was held up', async () => {
    const monitor = new ThreadMonitor(liveClock);
    await until(() => monitor.vitals().eventLoopDelay !== null, { what: 'a first look' });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    await until(() => (monitor.vitals().eventLoopDelay?.maxMicros ?? 0) > 150_000, {
      what: 'the delay of 200 ms',
    });
    const { heapUsedBytes, heapTotalBytes, heapLimitBytes, externalBytes } = monitor.vitals();
    expect(heapUsedBytes).toBeGreaterThan(1_000_000);
    expect(heapTotalBytes).toBeGreaterThanOrEqual(heapUsedBytes);
    expect(heapLimitBytes).toBeGreaterThan(heapTotalBytes);
    expect(externalBytes).toBeGreaterThan(0);
  });
});
