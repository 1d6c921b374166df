import { sql } from 'drizzle-orm';
import { describe, expect, it, type TestContext } from 'vitest';
import type { Backend } from '../../src/models/backend.ts';
import type { RowFilter } from '../../src/models/contract.ts';
import type { DayRow, NewMinerRun, TickerRow } from '../../src/models/mining.ts';
import { openPostgres } from '../../src/models/postgres.ts';
import { createStores } from '../../src/models/stores.ts';
import { CONTEXT, KINDS, suiteDatabase } from './databases.ts';
import { aRun, aTrade } from './rows.ts';

const aDay = (changes: Partial<DayRow> & Pick<DayRow, 'symbol' | 'date'>): DayRow => ({
  ...{ open: '10', high: '12', low: '9.5', close: '11.0001', volume: '123456', vwap: '10.7', tradeCount: 99 },
  ...changes,
});

const aMinerRun = (changes: Partial<NewMinerRun> = {}): NewMinerRun => ({
  ...{ batchId: 'batch-1', minerId: 'days', miner: 'daily-bars', parameters: { days: 30 } },
  startedAt: '2026-11-20T23:30:00.000001Z',
  ...changes,
});

describe.each(KINDS)('what miners keep on $kind', ({ kind, start }) => {
  const database = suiteDatabase(start);
  const storesOf = (context: TestContext) => createStores(database.shared(context));
  const query = async (context: TestContext, text: string) => {
    const answer = await database.shared(context).queries.execute(sql.raw(text));
    return (answer as unknown as { rows: Record<string, unknown>[] }).rows;
  };

  it('is each day of a symbol once, with its newest figures, and only what changed counts', async (context) => {
    const stores = storesOf(context);
    const days = ['2026-11-18', '2026-11-19'].map((date) => aDay({ symbol: 'AAPL', date }));
    expect(await stores.recordDays(days)).toBe(2);
    expect(await stores.recordDays(days)).toBe(0);
    const restated = aDay({ symbol: 'AAPL', date: '2026-11-19', close: '11.5', vwap: null });
    expect(await stores.recordDays([...days.slice(0, 1), restated])).toBe(1);
    expect(await stores.recordDays([aDay({ symbol: 'MSFT', date: '2026-11-17' })])).toBe(1);
    expect(await stores.newestDays(['AAPL', 'MSFT', 'IBM'])).toEqual([
      { symbol: 'AAPL', date: '2026-11-19', close: '11.5' },
      { symbol: 'MSFT', date: '2026-11-17', close: '11.0001' },
    ]);
    await stores.forgetDays(['AAPL']);
    expect(await stores.newestDays(['AAPL', 'MSFT'])).toMatchObject([{ symbol: 'MSFT' }]);
    expect(await stores.newestDays([])).toEqual([]);
  });

  it('is each ticker once, and what others wrote beside it stays', async (context) => {
    const stores = storesOf(context);
    const ticker: TickerRow = {
      ...{ symbol: 'AAPL', name: 'Apple', exchange: 'NASDAQ', assetClass: 'us_equity', tradable: true },
      ...{ shortable: true, fractionable: true },
    };
    expect(await stores.recordTickers([ticker, { ...ticker, symbol: 'OLD', tradable: false }])).toBe(2);
    await query(
      context,
      `update ticker_data set sector = 'Technology', description = 'Phones' where symbol = 'AAPL'`,
    );
    expect(await stores.recordTickers([ticker])).toBe(0);
    expect(await stores.recordTickers([{ ...ticker, name: 'Apple Inc.' }])).toBe(1);
    expect(await stores.listTickers('us_equity')).toEqual([{ ...ticker, name: 'Apple Inc.' }]);
    expect(await stores.listTickers('crypto')).toEqual([]);
    expect(await query(context, `select sector, description from ticker_data where symbol = 'AAPL'`)).toEqual(
      [{ sector: 'Technology', description: 'Phones' }],
    );
  });

  it('is who is alike and who is in an index, beside what else is known of a ticker', async (context) => {
    const stores = createStores(database.shared(context));
    const flags = { exchange: 'NYSE', assetClass: 'us_equity', tradable: true, shortable: true } as const;
    await stores.recordTickers(
      ['SIM1', 'SIM2'].map((symbol) => ({ symbol, name: symbol, fractionable: true, ...flags })),
    );
    const rows = [
      { symbol: 'SIM1', similar: ['SIM2', "O'X"], cluster: 'SIM2' },
      { symbol: 'SIM2', similar: [], cluster: null },
      { symbol: 'NOBODY', similar: ['SIM1'], cluster: null },
    ];
    expect([await stores.recordSimilarTickers(rows), await stores.recordSimilarTickers(rows)]).toEqual([
      2, 0,
    ]);
    const member = { symbol: 'SIM1', name: null, sector: 'Energy', industry: null };
    const fresh = { symbol: 'SIM3', name: 'New', sector: null, industry: null };
    expect(await stores.recordIndexMembers('IX', [member, fresh])).toBe(2);
    expect(await stores.recordIndexMembers('IX', [{ ...member, sector: null }])).toBe(1);
    const text = `select symbol, name, sector, tags, similar_tickers from ticker_data
      where symbol like 'SIM_' order by symbol`;
    expect(await query(context, text)).toEqual(
      [
        ['SIM1', 'SIM1', 'Energy', ['cluster:SIM2', 'index:IX'], ['SIM2', "O'X"]],
        ['SIM2', 'SIM2', null, [], []],
        ['SIM3', 'New', null, [], null],
      ].map(([symbol, name, sector, tags, similar]) => ({
        symbol,
        name,
        sector,
        tags,
        similar_tickers: similar,
      })),
    );
    const moved = [{ symbol: 'SIM1', similar: ['SIM3'], cluster: 'SIM3' }];
    expect(await stores.recordSimilarTickers(moved)).toBe(1);
    expect((await query(context, text))[0]).toMatchObject({ tags: ['index:IX', 'cluster:SIM3'] });
  });

  it('is what runs earned, each once, from fills that are read page by page', async (context) => {
    const stores = storesOf(context);
    const algoRunId = await stores.startRun(aRun({ batchId: 'gains' }));
    await stores.recordTrades([
      aTrade({
        algoRunId,
        executionId: 'g2',
        side: 'sell',
        executedAt: '2026-11-20T14:32:00Z',
        price: '180',
      }),
      aTrade({ algoRunId, executionId: 'g1', stopPrice: '178' }),
      aTrade({ algoRunId, executionId: 'g3', executedAt: '2026-11-20T14:33:00Z' }),
    ]);
    await query(context, `update new_trades set expire_tstamp = now() where execution_id = 'g3'`);
    const [first, ...others] = await stores.fillsAfter(null);
    expect(first).toMatchObject({ side: 'buy', batchId: 'gains', environment: 'PAPER', stopPrice: '178' });
    expect(others).toMatchObject([{ side: 'sell', qty: '10', price: '180' }]);
    expect(await stores.fillsAfter(first ?? null)).toEqual(others);
    const gain = { symbol: 'AAPL', algoRunId, gainPercentage: '0.51', gainValue: '9.2' };
    const trip = {
      ...gain,
      startedAt: '2026-11-20T14:31:00Z',
      endedAt: '2026-11-20T14:32:00Z',
      rUnits: '0.85',
    };
    expect([await stores.recordGains([gain]), await stores.recordRoundTrips([trip])]).toEqual([1, 1]);
    expect([await stores.recordGains([gain]), await stores.recordRoundTrips([trip])]).toEqual([0, 0]);
    expect(await stores.recordRoundTrips([{ ...trip, rUnits: null }])).toBe(1);
  });

  it('is corrected where an execution was taken back: what is wrong of a run goes, and nothing else', async (context) => {
    const stores = storesOf(context);
    const instanceId = 'busted';
    const [first, second] = [
      await stores.startRun(aRun({ batchId: 'bust-1', instanceId })),
      await stores.startRun(aRun({ batchId: 'bust-2', instanceId })),
    ];
    const other = await stores.startRun(aRun({ batchId: 'bust-1', instanceId: 'sound' }));
    await stores.recordTrades([
      aTrade({ algoRunId: first, executionId: 'b1', symbol: 'BUST' }),
      aTrade({ algoRunId: second, executionId: 'b2', symbol: 'BUST', side: 'sell' }),
      aTrade({ algoRunId: second, executionId: 'b3', symbol: 'KO' }),
      aTrade({ algoRunId: other, executionId: 'b4', symbol: 'BUST' }),
    ]);
    const before = await stores.takenBack();
    await query(context, `update new_trades set expire_tstamp = now() where execution_id = 'b2'`);
    const whole = (await stores.takenBack()).filter(({ symbol }) => symbol === 'BUST');
    expect(before.filter(({ symbol }) => symbol === 'BUST')).toEqual([]);
    expect(whole).toEqual([first, second].map((algoRunId) => ({ symbol: 'BUST', algoRunId })));
    const gain = { symbol: 'BUST', gainPercentage: '1', gainValue: '2' };
    const rows = [first, second, other].map((algoRunId) => ({ ...gain, algoRunId }));
    const at = { startedAt: '2026-11-20T14:31:00Z', endedAt: '2026-11-20T14:32:00Z', rUnits: null };
    const trips = rows.map((row) => ({ ...row, ...at }));
    expect([await stores.recordGains(rows), await stores.recordRoundTrips(trips)]).toEqual([3, 3]);
    // Of the first run what was there stays, of the second nothing is left.
    expect(await stores.recordGains(rows.slice(0, 1), whole)).toBe(1);
    const later = { ...trips[0]!, startedAt: '2026-11-20T14:31:30Z' };
    expect(await stores.recordRoundTrips([later], whole)).toBe(3);
    expect([
      await stores.recordGains(rows.slice(0, 1), whole),
      await stores.recordRoundTrips([later], whole),
    ]).toEqual([0, 0]);
    const left = (table: string) =>
      query(context, `select algo_run_id::text as id from ${table} where symbol = 'BUST' order by 1`);
    expect(await left('gain_loss')).toEqual([first, other].sort().map((id) => ({ id })));
    expect(await left('trade_analysis')).toEqual([first, other].sort().map((id) => ({ id })));
  });

  it('is what portfolios earned: the whole of it each time, and only what changed counts', async (context) => {
    const stores = storesOf(context);
    const portfolio = { assets: 'US_EQUITIES', size: '1000', cash: '1000', credit: '0' } as const;
    for (const portfolioId of ['growth', 'income'])
      await stores.createPortfolio({ portfolioId, ...portfolio });
    const algoRunId = await stores.startRun(aRun({ batchId: 'portfolios', portfolioId: 'growth' }));
    await stores.recordTrades([aTrade({ algoRunId, executionId: 'p1', fee: '0.5' })]);
    const fills = await stores.fillsAfter(null);
    expect(fills.find((fill) => fill.algoRunId === algoRunId)).toMatchObject({
      ...{ portfolioId: 'growth', fee: '0.5' },
    });
    const gain = { symbol: 'AAPL', gainPercentage: '0.51', gainValue: '9.2', fees: '0.000000001' };
    const rows = ['growth', 'income'].map((portfolioId) => ({ portfolioId, ...gain }));
    expect(await stores.recordPortfolioGains(rows)).toBe(2);
    expect(await stores.recordPortfolioGains(rows)).toBe(0);
    const changed = { portfolioId: 'growth', ...gain, fees: '1' };
    expect(await stores.recordPortfolioGains([changed, { ...changed, symbol: "O'X" }])).toBe(3);
    const text = `select portfolio_id as name, symbol, gain_value::text as gain, fees::text as fees
      from portfolio_gain_loss order by 1, 2`;
    expect(await query(context, text)).toEqual(
      ['AAPL', "O'X"].map((symbol) => ({
        ...{ name: 'growth', symbol, gain: '9.200000000', fees: '1.000000000' },
      })),
    );
    expect(await stores.recordPortfolioGains([changed])).toBe(1);
    expect((await query(context, text)).map(({ symbol }) => symbol)).toEqual(['AAPL']);
    expect([await stores.recordPortfolioGains([]), await query(context, text)]).toEqual([1, []]);
  });

  it('is when each miner ran, how far it came and why it ended', async (context) => {
    const stores = storesOf(context);
    const started = await stores.startMinerRun(aMinerRun({ minerId: 'one' }));
    if (started.type !== 'started') throw new Error('not started');
    expect(await stores.startMinerRun(aMinerRun({ minerId: 'one' }))).toEqual(started);
    await stores.noteMinerRun(started.minerRunId, { rows: 20, progress: '2 of 4 symbols' });
    const end = { endedAt: '2026-11-20T23:31:00Z', reason: 'done', error: null, rows: 40 } as const;
    await stores.endMinerRun(started.minerRunId, end);
    await stores.endMinerRun(started.minerRunId, { ...end, reason: 'failed', error: 'too late to fail' });
    const later = await stores.startMinerRun(
      aMinerRun({ minerId: 'one', startedAt: '2026-11-21T23:30:00Z' }),
    );
    expect(later.type).toBe('started');
    expect((await stores.minerHistory()).filter((row) => row.minerId === 'one')).toEqual([
      { minerId: 'one', startedAt: '2026-11-21T23:30:00.000000Z', doneAt: '2026-11-20T23:30:00.000001Z' },
    ]);
    expect((await stores.listMinerRuns({})).filter((row) => row.minerId === 'one')).toMatchObject([
      { endedAt: null, endReason: null },
      { endReason: 'done', error: null, rows: 40, progress: '2 of 4 symbols', miner: 'daily-bars' },
    ]);
    const since = async (filter: RowFilter) =>
      (await stores.listMinerRuns(filter)).filter((row) => row.minerId === 'one').map((row) => row.endReason);
    expect(await since({ since: '2026-11-21T00:00:00Z' })).toEqual([null]);
    expect(await since({ until: '2026-11-21T00:00:00Z', limit: 1_000 })).toEqual(['done']);
  });

  it('goes on after a process that died in the middle of a run', async (context) => {
    const stores = storesOf(context);
    await query(
      context,
      `insert into miner_run (batch_id, miner_id, miner_name, parameters, start_time)
       values ('dead', 'orphan', 'daily-bars', '{}', now())`,
    );
    const { type } = await stores.startMinerRun(aMinerRun({ minerId: 'orphan' }));
    expect(type).toBe('started');
    expect(await query(context, `select end_reason from miner_run where batch_id = 'dead'`)).toEqual([
      { end_reason: 'abandoned' },
    ]);
  });

  it('is written by one process at a time, even when several begin at the same moment', async (context) => {
    // The embedded database has one owner; a PostgreSQL has as many as there are daemons.
    if (kind === 'the embedded database') return;
    const url = await database.server(context).createDatabase('shared', 'migrated');
    const backends = await Promise.all(['a', 'b', 'c'].map(() => openPostgres(url, CONTEXT)));
    const starts = await Promise.all(
      backends.map((open, index) =>
        createStores(open).startMinerRun(aMinerRun({ batchId: `batch-${index}` })),
      ),
    );
    expect(starts.map((one) => one.type).sort()).toEqual(['busy', 'busy', 'started']);
    const winner = starts.findIndex((one) => one.type === 'started');
    // Its process ends without a word: the others may go on with its work.
    await backends[winner]?.close();
    const other = (winner + 1) % backends.length;
    const again = await createStores(backends[other] as Backend).startMinerRun(
      aMinerRun({ batchId: `batch-${other}`, startedAt: '2026-11-20T23:40:00Z' }),
    );
    expect(again.type).toBe('started');
    await Promise.all(backends.filter((_, index) => index !== winner).map((open) => open.close()));
  });
});
