import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seededRandom } from '../../src/clock/chance.ts';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { Reconnect } from '../../src/network/reconnect.ts';

const limits = {
  reconnectDelayMs: 500,
  reconnectDelayMaxMs: 60_000,
  throttledDelayMs: 10_000,
  throttledDelayMaxMs: 300_000,
  stableAfterMs: 30_000,
};

function start(seed = 1) {
  const clock = new SimulatedClock(0);
  let connects = 0;
  const connect = () => {
    connects += 1;
  };
  const reconnect = new Reconnect({ clock, random: seededRandom(seed), limits, connect });
  return { clock, reconnect, connects: () => connects };
}

it('delays double, give or take a fifth, and never exceed their most', () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom('normal' as const, 'throttled' as const), (seed, pace) => {
      const { reconnect } = start(seed);
      const [first, most] = pace === 'normal' ? [500, 60_000] : [10_000, 300_000];
      for (let failures = 0; failures < 20; failures += 1) {
        const middle = Math.min(first * 2 ** failures, most);
        const waitMs = reconnect.schedule(pace, 0);
        expect(waitMs).toBeGreaterThanOrEqual(middle * 0.8);
        expect(waitMs).toBeLessThanOrEqual(Math.min(middle * 1.2, most));
      }
    }),
  );
});

it('the server may ask for more, within reason', () => {
  const { reconnect } = start();
  expect(reconnect.schedule('normal', 20_000)).toBe(20_000);
  expect(reconnect.schedule('throttled', 1e9)).toBe(limits.throttledDelayMaxMs);
});

it('only a connection that lasted makes the delays small again', () => {
  const { clock, reconnect, connects } = start();
  for (let count = 0; count < 5; count += 1) {
    reconnect.schedule('normal', 0);
    clock.advanceBy(60_000);
    reconnect.live();
    clock.advanceBy(29_000);
  }
  expect(connects()).toBe(5);
  expect(reconnect.schedule('normal', 0)).toBeGreaterThan(10_000);
  reconnect.live();
  clock.advanceBy(31_000);
  expect(reconnect.schedule('normal', 0)).toBeLessThan(1_000);
});

it('nothing is connected after it was stopped', () => {
  const { clock, reconnect, connects } = start();
  reconnect.schedule('normal', 0);
  reconnect.stop();
  clock.advanceBy(1e6);
  expect(connects()).toBe(0);
});
