import { readFileSync } from 'node:fs';
import { sql } from 'drizzle-orm';
import { describe, expect, it, type TestContext } from 'vitest';
import type { Environment, NewRun, RowFilter, Stores } from '../../src/models/contract.ts';
import { MIGRATIONS_FOLDER } from '../../src/models/migrations.ts';
import { createStores } from '../../src/models/stores.ts';
import { KINDS, suiteDatabase } from './databases.ts';
import { anOrder, aRun, aTrade } from './rows.ts';

describe.each(KINDS)('stores on $kind', ({ start }) => {
  const database = suiteDatabase(start);
  let batches = 0;

  /** The tests share a database and keep apart by batch and instance, as daemons do. */
  const fresh = (context: TestContext) => {
    const backend = database.shared(context);
    batches += 1;
    return {
      stores: createStores(backend),
      backend,
      batchId: `batch-${batches}`,
      instanceId: `one-${batches}`,
    };
  };

  const startRun = (
    stores: Stores,
    batchId: string,
    instanceId: string,
    environment: Environment = 'PAPER',
  ) => stores.startRun(aRun({ batchId, instanceId, environment }));

  it('keeps a run with its code, parameters and environment, and its end with the reason', async (context) => {
    const { stores, backend, batchId, instanceId } = fresh(context);
    const algoRunId = await stores.startRun(aRun({ batchId, instanceId }));
    expect(await stores.listRuns({ batchId })).toEqual([
      {
        batchId,
        algoRunId,
        strategy: 'momentum-long',
        instanceId,
        environment: 'PAPER',
        consumer: 'A',
        version: 'sha256-abc',
        startedAt: '2026-11-20T14:30:00.123456Z',
        endedAt: null,
        endReason: null,
        repeatedBatchId: null,
        settings: [
          {
            ...{ since: '2026-11-20T14:30:00.123456Z', version: 'sha256-abc' },
            parameters: { fast: 12, slow: 26 },
          },
        ],
      },
    ]);
    expect(await stores.endRuns(batchId, '2026-11-20T21:00:00Z', 'stopped')).toBe(1);
    expect(await stores.endRuns(batchId, '2026-11-20T22:00:00Z', 'stopped again')).toBe(0);
    expect(await stores.listRuns({ batchId })).toMatchObject([
      { endedAt: '2026-11-20T21:00:00.000000Z', endReason: 'stopped' },
    ]);
    const { rows } = (await backend.queries.execute(
      sql`select parameters->>'slow' as slow from algo_run where algo_run_id = ${algoRunId}`,
    )) as unknown as { rows: unknown[] };
    expect(rows).toEqual([{ slow: '26' }]);
  });

  it('answers the same run when its start is told twice, so that a late answer may be asked for again', async (context) => {
    const { stores, batchId, instanceId } = fresh(context);
    const first = await stores.startRun(aRun({ batchId, instanceId }));
    expect(await stores.startRun(aRun({ batchId, instanceId }))).toBe(first);
    expect(await stores.startRun(aRun({ batchId, instanceId, consumer: 'B' }))).not.toBe(first);
    expect(await stores.listRuns({ batchId })).toHaveLength(2);
  });

  it('names the batch that a replay repeats, where its run of the same instance is here', async (context) => {
    const { stores, batchId, instanceId } = fresh(context);
    await stores.startRun(aRun({ batchId, instanceId }));
    const replay = { environment: 'REPLAY', repeatedBatchId: batchId } as const;
    for (const instance of [instanceId, 'unknown to it']) {
      await stores.startRun(aRun({ ...replay, batchId: `${batchId}-again`, instanceId: instance }));
    }
    const runs = await stores.listRuns({ batchId: `${batchId}-again` });
    expect(new Map(runs.map((run) => [run.instanceId, run.repeatedBatchId]))).toEqual(
      new Map([
        [instanceId, batchId],
        ['unknown to it', null],
      ]),
    );
  });

  it('keeps what a run ran with, from when on, and only what is new', async (context) => {
    const { stores, batchId, instanceId } = fresh(context);
    const run = aRun({ batchId, instanceId, parameters: { fast: 12, slow: { of: [26, 0.5, null] } } });
    const told = async (changes: Partial<NewRun>) => {
      await stores.startRun({ ...run, ...changes });
      const [row] = await stores.listRuns({ batchId });
      return row!.settings.map(({ since, version, parameters }) => [
        since.slice(11, 16),
        version,
        parameters,
      ]);
    };
    const at = (minute: string) => ({ startedAt: `2026-11-20T${minute}:00Z` });
    const first = ['14:30', run.version, run.parameters];
    expect(await told({})).toEqual([first]);
    // As it is started again: on another consumer and back, or because an answer was late.
    expect(await told({ ...at('14:31'), parameters: { slow: { of: [26, 0.5, null] }, fast: 12 } })).toEqual([
      first,
    ]);
    const other = { ...at('14:32'), parameters: { fast: 13 } };
    const second = ['14:32', run.version, other.parameters];
    expect(await told(other)).toEqual([first, second]);
    expect(await told(other)).toEqual([first, second]);
    const third = ['14:33', 'sha256-def', other.parameters];
    expect(await told({ ...other, ...at('14:33'), version: 'sha256-def' })).toEqual([first, second, third]);
    expect((await stores.listRuns({ batchId }))[0]?.version).toBe('sha256-def');
  });

  it('knows of a run of before its settings were kept what it ran with last', async (context) => {
    const { stores, backend, batchId, instanceId } = fresh(context);
    const algoRunId = await stores.startRun(aRun({ batchId, instanceId }));
    const [kept] = (await stores.listRuns({ batchId }))[0]!.settings;
    const migration = readFileSync(`${MIGRATIONS_FOLDER}/0006_algo_run_settings.sql`, 'utf8');
    const backfill = migration.slice(migration.indexOf('INSERT INTO')).replace(/;\s*$/, '');
    await backend.queries.execute(sql.raw(`delete from algo_run_settings where algo_run_id = ${algoRunId}`));
    expect((await stores.listRuns({ batchId }))[0]!.settings).toEqual([]);
    await backend.queries.execute(sql.raw(`${backfill} where algo_run_id = ${algoRunId}`));
    expect((await stores.listRuns({ batchId }))[0]!.settings).toEqual([kept]);
  });

  it('closes a run that is left behind, once, and opens it again when it is started again', async (context) => {
    const { stores, batchId, instanceId } = fresh(context);
    const algoRunId = await stores.startRun(aRun({ batchId, instanceId }));
    await stores.endRun(algoRunId, '2026-11-20T20:00:00Z', 'moved to consumer B');
    await stores.endRun(algoRunId, '2026-11-20T21:00:00Z', 'moved again');
    expect(await stores.listRuns({ batchId })).toMatchObject([
      { algoRunId, endedAt: '2026-11-20T20:00:00.000000Z', endReason: 'moved to consumer B' },
    ]);
    expect(await stores.startRun(aRun({ batchId, instanceId }))).toBe(algoRunId);
    expect(await stores.listRuns({ batchId })).toMatchObject([{ algoRunId, endedAt: null, endReason: null }]);
    expect(await stores.endRuns(batchId, '2026-11-20T22:00:00Z', 'stopped')).toBe(1);
  });

  it('updates an order in place, and never by an older word of the broker', async (context) => {
    const { stores, batchId, instanceId } = fresh(context);
    const algoRunId = await startRun(stores, batchId, instanceId);
    const order = anOrder({ algoRunId, batchId, clientOrderId: `${batchId}.1` });
    const filled = {
      ...order,
      brokerOrderId: 'broker-1',
      status: 'filled',
      filledQty: '10',
      avgPrice: '179.075',
      updatedAt: '2026-11-20T14:31:02Z',
    };
    const partly = {
      ...order,
      status: 'partially_filled',
      filledQty: '4',
      updatedAt: '2026-11-20T14:31:01Z',
    };
    await stores.recordOrders([order]);
    await stores.recordOrders([filled, partly]);
    await stores.recordOrders([partly]);
    const expected = { ...filled, updatedAt: '2026-11-20T14:31:02.000000Z' };
    expect(await stores.listOrders({ batchId })).toEqual([expected]);
    // The later of two words of the same microsecond counts, and a missing broker id forgets nothing.
    await stores.recordOrders([{ ...filled, brokerOrderId: null, reason: 'bust' }]);
    expect(await stores.listOrders({ batchId })).toEqual([{ ...expected, reason: 'bust' }]);
  });

  it('takes an execution once, however often it is told', async (context) => {
    const { stores, batchId, instanceId } = fresh(context);
    const algoRunId = await startRun(stores, batchId, instanceId);
    const one = aTrade({ algoRunId, executionId: `${batchId}-e1` });
    const two = aTrade({ algoRunId, executionId: `${batchId}-e2`, qty: '0.5' });
    expect(await stores.recordTrades([one, one])).toBe(1);
    expect(await stores.recordTrades([one, two])).toBe(1);
    expect(await stores.recordTrades([])).toBe(0);
    expect(await stores.listTrades({ batchId })).toHaveLength(2);
  });

  it('keeps prices, quantities, indicators and times of an execution to the last digit', async (context) => {
    const { stores, batchId, instanceId } = fresh(context);
    const algoRunId = await startRun(stores, batchId, instanceId);
    const trade = aTrade({
      algoRunId,
      batchId,
      executionId: `${batchId}-exact`,
      side: 'sell',
      operation: 'sell_short',
      qty: '1234567890123456789.000000001',
      price: '0.123456789',
      fee: '0.000000001',
      executedAt: '2026-11-20T14:31:00.123456Z',
      targetPrice: '1000000.5',
      stopPrice: '0.0001',
      indicators: {
        sell: { reason: 'naïve "quotes" \\ and \u{1F600}', values: [1.5, null, true], deep: { x: '1e9' } },
      },
    });
    await stores.recordTrades([trade]);
    const [row] = await stores.listTrades({ batchId });
    const { executionId: _, operation: __, ...visible } = trade;
    expect(row).toEqual({
      ...visible,
      tradeId: expect.stringMatching(/^\d+$/),
      recordedAt: expect.any(String),
      orderedAt: null,
    });
    const clientOrderId = `${batchId}-order`;
    await stores.recordOrders([anOrder({ algoRunId, clientOrderId })]);
    await stores.recordTrades([aTrade({ algoRunId, clientOrderId, executionId: `${batchId}-ordered` })]);
    const ordered = (await stores.listTrades({ batchId })).find((one) => one.clientOrderId === clientOrderId);
    expect(ordered?.orderedAt).toBe('2026-11-20T14:31:00.000001Z');
  });

  it('writes down what Postgres cannot hold in text, with a mark in its place, instead of losing the row', async (context) => {
    const { stores, batchId, instanceId } = fresh(context);
    const algoRunId = await startRun(stores, batchId, instanceId);
    const indicators = { buy: { reason: 'nul \0 half \ud800 kept \\u0000 \u{1F600}' } };
    await stores.recordTrades([aTrade({ algoRunId, executionId: `${batchId}-odd`, indicators })]);
    expect((await stores.listTrades({ batchId }))[0]?.indicators).toEqual({
      buy: { reason: 'nul \ufffd half \ufffd kept \\u0000 \u{1F600}' },
    });
    await stores.recordOrders([
      anOrder({ algoRunId, clientOrderId: `${batchId}.odd`, reason: 'nul \0 half \udc00 end' }),
    ]);
    expect((await stores.listOrders({ batchId }))[0]?.reason).toBe('nul \ufffd half \ufffd end');
  });

  it('lists what meets all that is asked: strategy, symbol and time', async (context) => {
    const { stores, batchId, instanceId } = fresh(context);
    const algoRunId = await startRun(stores, batchId, instanceId);
    const at = (minute: number) => `2026-11-20T14:3${minute}:00.000000Z`;
    await stores.recordTrades([
      aTrade({ algoRunId, executionId: `${batchId}-1`, symbol: 'AAPL', executedAt: at(1) }),
      aTrade({ algoRunId, executionId: `${batchId}-2`, symbol: 'MSFT', executedAt: at(2) }),
      aTrade({ algoRunId, executionId: `${batchId}-3`, symbol: 'AAPL', executedAt: at(3) }),
    ]);
    const executed = async (filter: RowFilter) =>
      (await stores.listTrades({ batchId, ...filter })).map(({ symbol, executedAt }) => [symbol, executedAt]);
    expect(await executed({ symbol: 'AAPL' })).toEqual([
      ['AAPL', at(3)],
      ['AAPL', at(1)],
    ]);
    expect(await executed({ since: at(2) })).toEqual([
      ['AAPL', at(3)],
      ['MSFT', at(2)],
    ]);
    expect(await executed({ since: at(2), until: at(3) })).toEqual([['MSFT', at(2)]]);
    expect(await executed({ strategy: instanceId, symbol: 'MSFT' })).toEqual([['MSFT', at(2)]]);
    expect(await executed({ strategy: 'another' })).toEqual([]);
    expect(await stores.listRuns({ batchId, strategy: 'momentum-long' })).toHaveLength(1);
    expect(await stores.listPositions({ batchId, symbol: 'MSFT' })).toMatchObject([{ symbol: 'MSFT' }]);
    expect(await stores.listPositions({ strategy: instanceId, symbol: 'AAPL' })).toHaveLength(1);
  });

  it('writes thousands of rows in one call, all or none', async (context) => {
    const { stores, batchId, instanceId } = fresh(context);
    const algoRunId = await startRun(stores, batchId, instanceId);
    const trades = Array.from({ length: 1_201 }, (_, index) =>
      aTrade({ algoRunId, executionId: `${batchId}-${index}`, qty: String(index + 1) }),
    );
    const broken = [
      ...trades.slice(0, 1_200),
      aTrade({ algoRunId, executionId: `${batchId}-bad`, qty: '0' }),
    ];
    await expect(stores.recordTrades(broken)).rejects.toMatchObject({ kind: 'invalid', retry: false });
    expect(await stores.listTrades({ batchId })).toEqual([]);
    expect(await stores.recordTrades(trades)).toBe(1_201);
    expect(await stores.listTrades({ batchId, limit: 2_000 })).toHaveLength(1_201);
    expect(await stores.listTrades({ batchId, limit: 7 })).toHaveLength(7);
  });

  it('refuses what is no amount, no moment, no run, with a failure that says so', async (context) => {
    const { stores, batchId, instanceId } = fresh(context);
    const algoRunId = await startRun(stores, batchId, instanceId);
    const executionId = `${batchId}-refused`;
    const refused = { name: 'DatabaseFailure', kind: 'invalid', retry: false };
    await expect(
      stores.recordTrades([aTrade({ algoRunId, executionId, price: 'NaN' })]),
    ).rejects.toMatchObject(refused);
    await expect(
      stores.recordTrades([aTrade({ algoRunId, executionId, executedAt: 'yesterday' })]),
    ).rejects.toMatchObject(refused);
    await expect(stores.recordTrades([aTrade({ algoRunId: '999999', executionId })])).rejects.toMatchObject(
      refused,
    );
    await expect(
      stores.recordTrades([aTrade({ algoRunId, executionId, qty: '12345678901234567890' })]),
    ).rejects.toMatchObject(refused);
    await expect(stores.listTrades({ batchId, limit: -1 })).rejects.toMatchObject(refused);
  });

  it('treats text as text, whatever it looks like in SQL', async (context) => {
    const { stores, batchId, instanceId } = fresh(context);
    const hostile = `${batchId}'); drop table new_trades; --`;
    await startRun(stores, hostile, instanceId);
    expect(await stores.listRuns({ batchId: hostile })).toHaveLength(1);
    expect(await stores.listTrades({ batchId: hostile })).toEqual([]);
  });

  it('keeps the picks of a scanner with rank, reason and moment, once each', async (context) => {
    const { stores, backend, batchId } = fresh(context);
    const pick = { batchId, scanner: 'momentum', pickedAt: '2026-11-20T14:45:00.5Z' };
    const picks = [
      { ...pick, symbol: 'AAPL', rank: 1, reason: 'up 5.1 %' },
      { ...pick, symbol: 'MSFT', rank: 2, reason: 'up 4.2 %' },
    ];
    await stores.recordPicks(picks);
    await stores.recordPicks(picks);
    const { rows } = (await backend.queries.execute(
      sql`select symbol, scanner_name, rank, reason, create_tstamp::text as picked from trending_tickers
          where batch_id = ${batchId} order by rank`,
    )) as unknown as { rows: unknown[] };
    expect(rows).toEqual([
      {
        symbol: 'AAPL',
        scanner_name: 'momentum',
        rank: 1,
        reason: 'up 5.1 %',
        picked: '2026-11-20 14:45:00.5+00',
      },
      {
        symbol: 'MSFT',
        scanner_name: 'momentum',
        rank: 2,
        reason: 'up 4.2 %',
        picked: '2026-11-20 14:45:00.5+00',
      },
    ]);
  });

  it('gives a strategy its newest state back, and never that of another environment', async (context) => {
    const { stores, instanceId } = fresh(context);
    const state = {
      instanceId,
      symbol: 'AAPL',
      state: '{"armed":true}',
      savedAt: '2026-11-20T15:00:00.000002Z',
    };
    await stores.saveStates([state, { ...state, symbol: '*', state: '[]' }], 'PAPER');
    await stores.saveStates([{ ...state, state: 'older', savedAt: '2026-11-20T15:00:00.000001Z' }], 'PAPER');
    await stores.saveStates([{ ...state, state: 'live' }], 'PROD');
    expect(await stores.loadStates([instanceId, 'another'], 'PAPER')).toEqual([
      { ...state, symbol: '*', state: '[]' },
      state,
    ]);
    expect(await stores.loadStates([instanceId], 'PROD')).toEqual([{ ...state, state: 'live' }]);
    expect(await stores.loadStates([], 'PAPER')).toEqual([]);
  });

  it('knows what an instance holds by the executions of all its batches', async (context) => {
    const { stores, batchId, instanceId } = fresh(context);
    const first = await startRun(stores, batchId, instanceId);
    const second = await startRun(stores, `${batchId}-next-day`, instanceId);
    const simulated = await startRun(stores, `${batchId}-sim`, instanceId, 'SIMULATED');
    const trade = (executionId: string, changes: Partial<Parameters<typeof aTrade>[0]>) =>
      aTrade({ algoRunId: first, executionId: `${batchId}-${executionId}`, ...changes });
    await stores.recordTrades([
      // Written down out of order: executions count by their own time.
      trade('c', { side: 'sell', qty: '4', price: '12', executedAt: '2026-11-20T15:02:00Z' }),
      trade('a', {
        qty: '10',
        price: '10',
        executedAt: '2026-11-20T15:00:00Z',
        targetPrice: '15',
        stopPrice: '9',
      }),
      trade('b', { qty: '5', price: '10.3', executedAt: '2026-11-20T15:01:00Z' }),
      trade('s', { symbol: 'MSFT', side: 'sell', operation: 'sell_short', qty: '3', price: '400' }),
      trade('z', { symbol: 'IBM', qty: '1', price: '1', executedAt: '2026-11-20T15:00:00Z' }),
      trade('y', { symbol: 'IBM', side: 'sell', qty: '1', price: '2', executedAt: '2026-11-20T16:00:00Z' }),
      trade('x', { algoRunId: simulated, qty: '1000' }),
    ]);
    await stores.recordTrades([
      trade('d', {
        algoRunId: second,
        side: 'sell',
        qty: '1',
        price: '20',
        executedAt: '2026-11-21T15:00:00Z',
      }),
    ]);
    expect(await stores.holdings([instanceId], 'PAPER')).toEqual([
      {
        instanceId,
        symbol: 'MSFT',
        qty: '-3',
        avgPrice: '400',
        realizedPnl: '0',
        targetPrice: null,
        stopPrice: null,
      },
      {
        instanceId,
        symbol: 'AAPL',
        qty: '10',
        avgPrice: '10.1',
        realizedPnl: '17.5',
        targetPrice: '15',
        stopPrice: '9',
      },
    ]);
    expect(await stores.holdings([], 'PAPER')).toEqual([]);

    const asOfBatch = await stores.listPositions({ batchId });
    expect(asOfBatch.find((row) => row.symbol === 'AAPL')).toEqual({
      symbol: 'AAPL',
      algoRunId: first,
      qty: '11',
      avgPrice: '10.1',
      marketPrice: null,
      unrealizedPnl: null,
      realizedPnl: '7.6',
    });
    expect(await stores.listPositions({ batchId: `${batchId}-next-day` })).toMatchObject([
      { symbol: 'AAPL', algoRunId: second, qty: '10', realizedPnl: '17.5' },
    ]);
    expect(await stores.listPositions({ batchId: `${batchId}-sim` })).toMatchObject([{ qty: '1000' }]);
    expect((await stores.listPositions({})).map((row) => row.algoRunId)).not.toContain(simulated);
  });

  it('counts an execution no more that was taken back', async (context) => {
    const { stores, backend, batchId, instanceId } = fresh(context);
    const algoRunId = await startRun(stores, batchId, instanceId);
    await stores.recordTrades([
      aTrade({ algoRunId, executionId: `${batchId}-good`, qty: '1' }),
      aTrade({ algoRunId, executionId: `${batchId}-bust`, qty: '7' }),
    ]);
    await backend.queries.execute(
      sql`update new_trades set expire_tstamp = now() where execution_id = ${`${batchId}-bust`}`,
    );
    expect(await stores.holdings([instanceId], 'PAPER')).toMatchObject([{ qty: '1' }]);
  });

  it('closes the runs of batches that died, and none of a batch that is alive', async (context) => {
    const own = await database.own(context);
    const stores = createStores(own);
    try {
      await stores.startRun(aRun({ batchId: 'mine' }));
      await stores.startRun(aRun({ batchId: 'mine-too' }));
      await own.queries.execute(
        sql`insert into algo_run (algo_name, algo_env, build_number, parameters, start_time, batch_id, instance_id, consumer)
            values ('x', 'PAPER', '', '{}', now(), 'dead', 'x', 'A')`,
      );
      expect(await stores.endAbandonedRuns('mine', '2026-11-20T22:00:00Z')).toBe(1);
      expect(await stores.endAbandonedRuns('mine', '2026-11-20T22:00:00Z')).toBe(0);
      expect(await stores.listRuns({ batchId: 'dead' })).toMatchObject([
        { endedAt: '2026-11-20T22:00:00.000000Z', endReason: expect.stringContaining('abandoned') },
      ]);
      expect(await stores.listRuns({ batchId: 'mine-too' })).toMatchObject([{ endedAt: null }]);
    } finally {
      await own.close();
    }
  });
});
