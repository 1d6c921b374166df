import { describe, expect, it } from 'vitest';
import { Pacing } from '../../src/consumer/pacing.ts';

describe('how many rows a consumer takes before it does something else', () => {
  it('is a whole batch as long as strategies are quick', () => {
    const pacing = new Pacing();
    expect(pacing.took(512, 0.3)).toBe(false);
    expect(pacing.rows).toBeGreaterThanOrEqual(512);
  });

  it('is what takes a short time once they are slow, down to a single row', () => {
    const pacing = new Pacing();
    expect(pacing.took(512, 2_560)).toBe(true);
    expect(pacing.rows).toBe(10);
    expect(pacing.took(10, 1_000)).toBe(true);
    expect(pacing.rows).toBe(1);
    expect(pacing.took(1, 100)).toBe(true);
    expect(pacing.rows).toBe(1);
  });

  it('grows again, and is a whole batch only after many without a slow row', () => {
    const pacing = new Pacing();
    pacing.took(512, 2_560);
    for (let part = 0; part < 10; part += 1) pacing.took(pacing.rows, 1);
    const { rows } = pacing;
    expect(rows).toBeGreaterThanOrEqual(32);
    expect(rows).toBeLessThan(64);
    for (let batch = 0; batch < 255; batch += 1) pacing.batchEnded();
    expect(pacing.rows).toBe(rows);
    pacing.batchEnded();
    expect(pacing.rows).toBeGreaterThanOrEqual(512);
  });

  it('lets others have their turn when many small parts have taken as long together', () => {
    const pacing = new Pacing();
    pacing.took(512, 2_560);
    const turns = Array.from({ length: 6 }, () => pacing.took(pacing.rows, 20));
    expect(turns).toEqual([false, false, true, false, false, true]);
  });
});
