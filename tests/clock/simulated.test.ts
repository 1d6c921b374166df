import { describe, expect, it } from 'vitest';
import { delay } from '../../src/clock/clock.ts';
import { SimulatedClock } from '../../src/clock/simulated.ts';

const START = 1_700_000_000_000_000;

describe('a simulated clock', () => {
  it('stands still until it is moved', () => {
    const clock = new SimulatedClock(START);
    expect(clock.nowMicros()).toBe(START);
    clock.advanceBy(1.5);
    expect(clock.nowMicros()).toBe(START + 1_500);
    expect(clock.monotonicMs()).toBe(1.5);
  });

  it('never goes back', () => {
    const clock = new SimulatedClock(START);
    clock.advanceTo(START - 1);
    expect(clock.nowMicros()).toBe(START);
  });

  it('fires what falls due in order of time, then of setting, at its own moment', () => {
    const clock = new SimulatedClock(START);
    const fired: string[] = [];
    const note = (name: string) => () => fired.push(`${name}@${clock.monotonicMs()}`);
    clock.after(20, note('late'));
    clock.after(10, note('first'));
    clock.after(10, note('second'));
    clock.every(8, note('tick'));
    clock.advanceBy(20);
    expect(fired).toEqual(['tick@8', 'first@10', 'second@10', 'tick@16', 'late@20']);
  });

  it('does not fire what was cancelled, even by a call of the same moment', () => {
    const clock = new SimulatedClock(START);
    const fired: string[] = [];
    clock.after(5, () => victim.cancel());
    const victim = clock.after(5, () => fired.push('victim'));
    clock.advanceBy(10);
    expect(fired).toEqual([]);
  });

  it('fires what a call sets when that falls due in the same advance', () => {
    const clock = new SimulatedClock(START);
    const fired: number[] = [];
    clock.after(5, () => clock.after(5, () => fired.push(clock.monotonicMs())));
    clock.advanceBy(10);
    expect(fired).toEqual([10]);
  });

  it('ends a delay early when its signal is aborted', async () => {
    const clock = new SimulatedClock(START);
    const stop = new AbortController();
    const waiting = delay(clock, 1_000, stop.signal);
    stop.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
  });
});
