import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { similarColumns } from '../../src/fincalcs/correlation.ts';

/** As the books write it. */
function pearson(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [a, b] = [mean(x), mean(y)];
  const cov = x.reduce((sum, value, index) => sum + (value - a) * (y[index]! - b), 0);
  const of = (values: readonly number[], m: number) =>
    values.reduce((sum, value) => sum + (value - m) ** 2, 0);
  return cov / Math.sqrt(of(x, a) * of(y, b));
}

const all = { correlationMin: -1, neighboursMax: 100 };
const columnsOf = (lists: readonly (readonly number[])[]) => lists.map((list) => Float64Array.from(list));

describe('similar columns', () => {
  it('are those of a worked table (Anscombe 1973: 0.816 in each of his quartet)', () => {
    const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
    const quartet = [
      [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68],
      [9.14, 8.14, 8.74, 8.77, 9.26, 8.1, 6.13, 3.1, 9.13, 7.26, 4.74],
      [7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73],
    ];
    for (const y of quartet) {
      const { neighbours } = similarColumns(columnsOf([x, y]), all);
      expect(neighbours[0]?.[0]?.correlation).toBeCloseTo(0.816, 3);
    }
  });

  it('are in one group where a chain joins them', () => {
    const [a, b, c, d] = [
      [1, 2, 3, 4, 5, 6],
      [1, 2, 4, 3, 5, 7],
      [2, 1, 4, 3, 6, 7],
      [5, 1, 2, 4, 1, 3],
    ];
    const { groups } = similarColumns(columnsOf([d, a, b, c]), { correlationMin: 0.9, neighboursMax: 1 });
    expect(groups).toEqual([0, 1, 1, 1]);
  });

  it('do not hold one that never changes', () => {
    const { groups, neighbours } = similarColumns(
      columnsOf([
        [1, 2, 3],
        [0.1, 0.1, 0.1],
        [1, 2, 3.1],
      ]),
      {
        ...all,
        correlationMin: 0.5,
      },
    );
    expect(neighbours.map((list) => list.map(({ index }) => index))).toEqual([[2], [], [0]]);
    expect(groups).toEqual([0, 1, 0]);
  });

  const numbers = fc.double({ min: -100, max: 100, noNaN: true });
  const tables = fc
    .tuple(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 3, max: 12 }))
    .chain(([count, length]) =>
      fc.array(fc.array(numbers, { minLength: length, maxLength: length }), {
        minLength: count,
        maxLength: count,
      }),
    )
    .filter((lists) => lists.every((list) => Math.max(...list) - Math.min(...list) > 1e-3));

  it('are what the formula says, for each pair, and only the best are kept', () => {
    fc.assert(
      fc.property(tables, fc.integer({ min: 1, max: 4 }), (lists, neighboursMax) => {
        const { neighbours } = similarColumns(columnsOf(lists), { correlationMin: -1, neighboursMax });
        for (const [index, found] of neighbours.entries()) {
          const expected = lists
            .map((list, other) => ({ other, correlation: pearson(lists[index]!, list) }))
            .filter(({ other }) => other !== index)
            .sort((one, two) => two.correlation - one.correlation)
            .slice(0, neighboursMax);
          expect(found).toHaveLength(expected.length);
          for (const [rank, { correlation }] of found.entries())
            expect(correlation).toBeCloseTo(expected[rank]!.correlation, 6);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('stay as they are when columns are scaled and moved', () => {
    fc.assert(
      fc.property(tables, fc.double({ min: 0.1, max: 50, noNaN: true }), numbers, (lists, scale, shift) => {
        const moved = lists.map((list) => list.map((value) => value * scale + shift));
        const options = { correlationMin: 0.3, neighboursMax: 8 };
        const strength = (of: typeof lists) =>
          similarColumns(columnsOf(of), options).neighbours.map((list) =>
            list.map(({ correlation }) => correlation),
          );
        const [before, after] = [strength(lists), strength(moved)];
        for (const [index, list] of before.entries()) {
          // One at the very threshold may fall on either side of it.
          const count = Math.min(list.length, after[index]!.length);
          for (let rank = 0; rank < count; rank += 1) expect(after[index]![rank]).toBeCloseTo(list[rank]!, 6);
        }
      }),
      { numRuns: 100 },
    );
  });
});
