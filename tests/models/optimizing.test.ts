import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { Backend } from '../../src/models/backend.ts';
import type { OptimizerRunRow } from '../../src/models/optimizing.ts';
import { createStores } from '../../src/models/stores.ts';
import { embeddedDatabases, postgresDatabases, type TestDatabases } from './databases.ts';

const KINDS = [
  { kind: 'the embedded database', start: embeddedDatabases },
  { kind: 'a real PostgreSQL', start: postgresDatabases },
];

const aRow = (changes: Partial<OptimizerRunRow> = {}): OptimizerRunRow => ({
  ...{ sessionId: 'one', batchId: 'b', parameters: { 'sma-cross': { fast: 10 } } },
  ...{ outcome: { stage: 'search', score: 1.5 }, ...changes },
});

describe.each(KINDS)('what searches keep on $kind', ({ start }) => {
  let databases: TestDatabases;
  let backend: Backend | null = null;
  beforeAll(async () => {
    databases = await start();
    backend = await databases.open();
  });
  afterAll(async () => {
    await backend?.close();
    await databases.close();
  });
  const storesOf = (context: TestContext) => {
    if (backend === null) context.skip('no PostgreSQL server here');
    return createStores(backend as Backend);
  };

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
