import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openProgress } from '../../src/cli/progress.ts';
import { SimulatedClock } from '../../src/clock/simulated.ts';

function terminalOf(isTTY: boolean) {
  const clock = new SimulatedClock(0);
  const terminal = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY });
  const progress = openProgress(clock, terminal as unknown as NodeJS.WriteStream);
  return { clock, progress, drawn: () => (terminal.read() as string | null) ?? '' };
}

const CLEAR = '\r\u001b[K';

describe('progress', () => {
  it('is a bar with percent and words, drawn in place, ten times a second at most, and gone at the end', () => {
    const { clock, progress, drawn } = terminalOf(true);
    clock.advanceBy(500);
    progress.update(0.5, 'days: 5,500 of 11,000 symbols');
    expect(drawn()).toBe(`${CLEAR}${'█'.repeat(15)}${'░'.repeat(15)}  50 % days: 5,500 of 11,000 symbols`);
    clock.advanceBy(99);
    progress.update(0.6, 'too soon');
    expect(drawn()).toBe('');
    clock.advanceBy(1);
    progress.update(1.2, 'beyond');
    expect(drawn()).toBe(`${CLEAR}${'█'.repeat(30)} 100 % beyond`);
    clock.advanceBy(100);
    progress.update(null, 'nobody knows the end');
    expect(drawn()).toBe(`${CLEAR}nobody knows the end`);
    progress.done();
    expect(drawn()).toBe(CLEAR);
  });

  it('shows nothing of work that ends soon', () => {
    const { clock, progress, drawn } = terminalOf(true);
    clock.advanceBy(499);
    progress.update(0.9, 'nearly there');
    progress.done();
    expect(drawn()).toBe('');
  });

  it('is silent where nobody looks', () => {
    const { clock, progress, drawn } = terminalOf(false);
    clock.advanceBy(60_000);
    progress.update(0.5, 'half');
    progress.done();
    expect(drawn()).toBe('');
  });
});
