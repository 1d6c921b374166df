import { describe, expect, it, type TestContext } from 'vitest';
import type { OptimizerRunRow } from '../../src/models/optimizing.ts';
import { createStores } from '../../src/models/stores.ts';
import { KINDS, suiteDatabase } from './databases.ts';

const aRow = (changes: Partial<OptimizerRunRow> = {}): OptimizerRunRow => ({
  ...{ sessionId: 'one', batchId: 'b', parameters: { 'sma-cross': { fast: 10 } } },
  ...{ outcome: { stage: 'search', score: 1.5 }, ...changes },
});

describe.each(KINDS)('what searches keep on $kind', ({ start }) => {
  const database = suiteDatabase(start);
  const storesOf = (context: TestContext) => createStores(database.shared(context));

  it('is there once for each session and batch, page by page, and by stage over all sessions', async (context) => {
    const stores = storesOf(context);
    const rows = [
      aRow({ batchId: 'c', outcome: { stage: 'holdout', score: null } }),
      aRow({ batchId: 'a' }),
      aRow({ sessionId: 'two', outcome: { stage: 'holdout', score: 2 } }),
    ];
    for (const row of rows) await stores.recordOptimizerRun(row);
    // The same backtest again, as after a lost answer: the first one stays.
    await stores.recordOptimizerRun(aRow({ batchId: 'a', outcome: { stage: 'search', score: 99 } }));
    expect(await stores.optimizerRunsAfter('one', null)).toEqual([rows[1], rows[0]]);
    expect(await stores.optimizerRunsAfter('one', 'a')).toEqual([rows[0]]);
    expect(await stores.optimizerRunsAfter('three', null)).toEqual([]);
    expect(await stores.optimizerRunsOfStage('holdout')).toEqual([rows[2], rows[0]]);
  });
});
