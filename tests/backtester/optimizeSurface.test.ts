import { describe, expect, it } from 'vitest';
import type { SearchResult, TrialResult } from '../../src/optimizer/search.ts';
import { surfacesOf } from '../../src/optimizer/surface.ts';
import { surfacePage } from '../../src/optimizer/surfacePage.ts';
import type { ParameterRange } from '../../src/tradeplan/plan.ts';

const range = (parameter: string, values: ParameterRange['values']): ParameterRange => ({
  ...{ of: 'strategy', id: 'one', parameter, values },
});
const RANGES = [range('fast', [1, 2]), range('slow', [10, 20]), range('kind', ['<a>', 'b'])];

function trial(fast: number, slow: number, kind: string, score: number | null): TrialResult {
  return { parameters: { one: { fast, slow, kind } }, score, figures: null, refused: null };
}

const TRIALS = [trial(1, 10, '<a>', 4), trial(1, 10, 'b', 2), trial(2, 10, 'b', -1), trial(2, 20, 'b', null)];

describe('the surface of a search', () => {
  it('is the mean over all other parameters, for each pair of them', () => {
    const surfaces = surfacesOf(RANGES, TRIALS, 10);
    expect(surfaces.map(({ across, down }) => [across.parameter, down?.parameter])).toEqual([
      ['fast', 'slow'],
      ['fast', 'kind'],
      ['slow', 'kind'],
    ]);
    expect(surfaces[0]?.cells).toEqual([
      { column: 0, row: 0, mean: 3, best: 4, count: 2 },
      { column: 1, row: 0, mean: -1, best: -1, count: 1 },
    ]);
    expect(surfacesOf(RANGES, TRIALS, 2)).toHaveLength(2);
  });

  it('of one range is a strip, of none there is nothing', () => {
    const [strip] = surfacesOf([range('fast', [1, 2]), range('slow', [10])], TRIALS, 10);
    expect(strip).toMatchObject({ across: { parameter: 'fast' }, down: null });
    expect(surfacesOf([range('fast', [1])], TRIALS, 10)).toEqual([]);
  });

  it('is a page without scripts or addresses, in which names are only text', () => {
    const result: SearchResult = {
      ...{ sessionId: 'session', objective: 'return', search: { from: 'a', to: 'b' }, rows: 1, known: 0 },
      ...{ trials: TRIALS, deflation: null, walkForward: [], holdout: null },
    };
    const page = surfacePage(result, RANGES);
    expect(page.match(/<svg /g)).toHaveLength(3);
    expect(page).toContain('mean 3, best 4, 2 trials');
    expect(page).toContain('&lt;a>');
    expect(page).not.toMatch(/<script|https?:|<a>|NaN|undefined/);
  });
});
