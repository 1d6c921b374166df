import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock/clock.ts';
import { liveClock } from '../../src/clock/live.ts';
import { ClockSkew } from '../../src/desk/skew.ts';
import { decimal } from '../../src/domain/decimal.ts';
import { until } from '../support/until.ts';
import { type Floor, openFloor, SYMBOL } from './floor.ts';

let floor: Floor;
beforeAll(async () => {
  floor = await openFloor();
});
afterEach(() => floor.clear());
afterAll(() => floor.close());

/** A machine whose clock is off. */
function skewed(seconds: number): Clock {
  return {
    nowMicros: () => liveClock.nowMicros() + seconds * 1_000_000,
    monotonicMs: () => liveClock.monotonicMs(),
    after: (delayMs, call) => liveClock.after(delayMs, call),
    every: (periodMs, call) => liveClock.every(periodMs, call),
  };
}

describe("a desk whose clock is off the broker's", () => {
  it.each([
    ['ten minutes ahead', 600],
    ['ten minutes behind', -600],
  ])('by %s says so, and finds the executions that the stream did not tell', async (_name, seconds) => {
    const harness = await floor.startDesk({ clock: skewed(seconds) });
    await until(() => harness.alerts().includes('clock_skew'), { what: 'the alert' });
    floor.exchange.setFaults({ missingExecutions: true });
    const id = harness.order({ symbol: SYMBOL, side: 'buy', quantity: decimal('50') });
    await until(() => floor.exchange.statistics().ordersOpen === 0, {
      what: 'the exchange to have filled it',
    });
    floor.exchange.disconnect('trading');
    await harness.settled(id, 'filled');
    await until(() => harness.fills(id).at(-1)?.position.quantity === decimal('50'), { what: 'the fills' });
    floor.exchange.setFaults({ missingExecutions: false });
    expect(harness.alerts()).not.toContain('position_break');
    await floor.flatten(harness);
  });

  it('by less than is worth a word says nothing', async () => {
    const harness = await floor.startDesk({ clock: skewed(2) });
    expect(harness.alerts()).not.toContain('clock_skew');
  });
});

describe('the measured difference', () => {
  it('is told once while it lasts, allows for the way of the answer, and stays where none comes', async () => {
    let ours = 1_000_000_000;
    let broker: number | null = ours + 60_000_000;
    let wayMicros = 0;
    const told: number[] = [];
    const skew = new ClockSkew({
      broker: {
        now: () => {
          const read = broker;
          ours += wayMicros;
          return Promise.resolve(
            read === null
              ? { ok: false as const, failure: { kind: 'timeout' as const, message: 'no answer' } }
              : { ok: true as const, value: read },
          );
        },
      },
      clock: { ...liveClock, nowMicros: () => ours },
      skewMaxMs: 5_000,
      onSkewed: (skewMs) => told.push(skewMs),
    });
    await skew.measure();
    await skew.measure();
    expect(told).toEqual([60_000]);
    broker = null;
    await skew.measure();
    expect(skew.byBroker(0)).toBe(60_000_000);
    // Nine seconds on the way: what it shows of five may be the way's.
    wayMicros = 9_000_000;
    broker = ours + 9_000_000;
    await skew.measure();
    wayMicros = 0;
    broker = ours - 6_000_000;
    await skew.measure();
    expect(told).toEqual([60_000, -6_000]);
  });
});
