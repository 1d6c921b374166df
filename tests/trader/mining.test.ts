import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { alpacaBrokerConfig } from '../../src/brokers/config.ts';
import { createBroker } from '../../src/brokers/factory.ts';
import { SessionCalendar, usEquityRules } from '../../src/clock/calendar.ts';
import { seededRandom } from '../../src/clock/chance.ts';
import { liveClock } from '../../src/clock/live.ts';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { formatMicros } from '../../src/domain/time.ts';
import { type RunningExchange, startExchange } from '../../src/exchange/exchange.ts';
import type { MinedRows } from '../../src/miners/contract.ts';
import type { NewRun } from '../../src/models/contract.ts';
import { type OpenDatabase, openDatabase } from '../../src/models/database.ts';
import type { MinerHistoryRow, MiningStores, PortfolioGainRow } from '../../src/models/mining.ts';
import { silentLog } from '../../src/observability/log.ts';
import { providerConfig } from '../../src/providers/config.ts';
import { createHistoryProvider } from '../../src/providers/factory.ts';
import type { Schedule } from '../../src/tradeplan/plan.ts';
import type { MineMarket } from '../../src/trader/mining/mineQueries.ts';
import { type PreparedMiner, prepareMiners } from '../../src/trader/mining/miners.ts';
import { type MineResult, MinerRunner, type MinerRunnerOptions } from '../../src/trader/mining/mining.ts';
import { preparedDirectory } from '../models/databases.ts';
import { aRun, aTrade } from '../models/rows.ts';
import { at, marketOf, PlainHistory } from '../scanners/market.ts';
import { until } from '../support/until.ts';

function planned(name: string, parameters = {}): PreparedMiner {
  const { miners } = prepareMiners([{ minerId: name, name, parameters, schedules: [{ type: 'once' }] }]);
  const [miner] = miners;
  if (miner === undefined) throw new Error(`no miner ${name}`);
  return miner;
}

describe('the built-in miners, from the local exchange into an embedded database', () => {
  const SYMBOLS = ['AAPL', 'F', 'IBM', 'KO', 'SPY'];
  let directory: string;
  let exchange: RunningExchange;
  let database: OpenDatabase;
  let market: MineMarket;
  let batches = 0;

  beforeAll(async () => {
    directory = preparedDirectory();
    const options = { log: silentLog, clock: liveClock };
    [exchange, database] = await Promise.all([
      startExchange({ ...options, port: 0, seed: 7, symbols: SYMBOLS, ratePerSecond: 10, faults: {} }),
      openDatabase({ type: 'embedded', directory }, options),
    ]);
    const { env } = exchange;
    const keys = { keyId: env.APCA_API_KEY_ID, secretKey: env.APCA_API_SECRET_KEY };
    const context = { ...options, random: seededRandom(1) };
    const broker = createBroker(
      alpacaBrokerConfig({ ...keys, baseUrl: env.APCA_API_BASE_URL, assetClass: 'us_equity' }),
      context,
    );
    const calendar = new SessionCalendar(usEquityRules);
    market = {
      history: createHistoryProvider(
        providerConfig({
          ...{ ...keys, provider: 'alpaca', feed: 'iex', assetClass: 'us_equity', folder: '/' },
          dataUrl: env.APCA_API_DATA_URL,
          streamUrl: env.APCA_API_STREAM_URL,
        }),
        context,
      ),
      calendar,
      assetClass: 'us_equity',
      folder: directory,
      instruments: () => broker.instruments(),
    };
    const day = (offset: number) =>
      calendar.dateAt(liveClock.nowMicros() + offset * 86_400_000_000).toString();
    const sessions = await broker.sessions(day(-14), day(14));
    if (sessions.ok) calendar.replace(day(-14), day(14), sessions.value);
  }, 60_000);
  afterAll(async () => {
    await database?.close();
    await exchange?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const mine = (miner: PreparedMiner, changes: Partial<MinerRunnerOptions> = {}) => {
    batches += 1;
    const { stores } = database;
    const runner = new MinerRunner({
      ...{ miners: [miner], market, stores, clock: liveClock, log: silentLog, runTimeoutMs: 30_000 },
      batchId: `batch-${batches}`,
      ...changes,
    });
    return runner.mine(miner);
  };

  it('keep the days of every symbol, go on where a run was interrupted, and write nothing twice', async () => {
    const { stores } = database;
    const part = await mine(planned('daily-bars', { symbols: ['F', 'SPY'] }));
    expect(part).toMatchObject({ outcome: 'done', message: null });
    const days = part.rows / 2;
    expect(days).toBeGreaterThan(10);

    const broken: MiningStores = {
      ...stores,
      recordDays: async () => {
        throw new Error('the disk is full');
      },
    };
    const interrupted = await mine(planned('daily-bars'), { stores: broken });
    expect(interrupted).toMatchObject({ outcome: 'failed', message: 'the disk is full' });

    const whole = await mine(planned('daily-bars'));
    expect(whole).toMatchObject({ outcome: 'done', rows: days * (SYMBOLS.length - 2) });
    expect(await mine(planned('daily-bars'))).toMatchObject({ outcome: 'done', rows: 0 });
    const newest = await stores.newestDays(SYMBOLS);
    expect(newest.map((row) => row.symbol)).toEqual(SYMBOLS);
    expect(new Set(newest.map((row) => row.date))).toEqual(
      new Set([market.calendar.lastClosedDate(liveClock.nowMicros())]),
    );
    expect((await stores.listMinerRuns({})).map((row) => row.endReason)).toEqual([
      'done',
      'done',
      'failed',
      'done',
    ]);
  });

  it('add the days that are missing, and ask for all of them again once prices were adjusted', async () => {
    const { stores } = database;
    const [newest] = await stores.newestDays(['KO']);
    if (newest === undefined) throw new Error('KO has no days');
    const day = { ...newest, open: '1', high: '1', low: '1', volume: '1', vwap: null, tradeCount: null };
    const all = await mine(planned('daily-bars', { symbols: ['KO'] }));
    expect(all.rows).toBe(0);
    // As if the newest day had been stored before a split, on a day that the miner asks for again.
    await stores.forgetDays(['KO']);
    await stores.recordDays([
      { ...day, symbol: 'KO', date: '2001-01-02', close: '0.01' },
      { ...day, symbol: 'IBM', date: '2999-01-04', close: '0.01' },
    ]);
    const again = await mine(planned('daily-bars', { symbols: ['KO', 'IBM'] }));
    expect(again.outcome).toBe('done');
    const dates = (await stores.newestDays(['KO', 'IBM'])).map((row) => row.date);
    expect(dates).toEqual([newest.date, newest.date]);
  });

  it('keep the instruments, and mark what is no longer listed', async () => {
    const { stores } = database;
    const gone = { symbol: 'GONE', name: 'Gone Inc.', exchange: 'NYSE', assetClass: 'us_equity' } as const;
    await stores.recordTickers([{ ...gone, tradable: true, shortable: true, fractionable: true }]);
    expect((await mine(planned('ticker-data'))).rows).toBeGreaterThan(SYMBOLS.length);
    const tradable = (await stores.listTickers('us_equity')).map((ticker) => ticker.symbol);
    expect(tradable).toEqual(expect.arrayContaining(SYMBOLS));
    expect(tradable).not.toContain('GONE');
    expect(await mine(planned('ticker-data'))).toMatchObject({ outcome: 'done', rows: 0 });
  });

  it('sum up what runs and portfolios earned, a simulated portfolio from its newest batch on', async () => {
    const { stores } = database;
    const portfolio = { assets: 'US_EQUITIES', size: '1000', cash: '1000', credit: '0' } as const;
    const trade = async (
      run: Partial<NewRun>,
      fills: readonly (readonly ['buy' | 'sell', string, string])[],
    ) => {
      const algoRunId = await stores.startRun(aRun(run));
      const rows = fills.map(([side, price, time]) =>
        aTrade({
          ...{
            algoRunId,
            side,
            operation: side,
            price,
            fee: '0.25',
            clientOrderId: `${run.batchId}.${side}`,
          },
          ...{ executionId: `${run.batchId}-${time}`, executedAt: `2026-11-20T${time}Z` },
        }),
      );
      await stores.recordTrades(rows);
    };
    for (const portfolioId of ['paper', 'made']) await stores.createPortfolio({ portfolioId, ...portfolio });
    const paper = { environment: 'PAPER', portfolioId: 'paper' } as const;
    const made = { environment: 'SIMULATED', portfolioId: 'made' } as const;
    await trade({ ...paper, batchId: 'gain-1' }, [
      ['buy', '100', '14:31:00'],
      ['sell', '110', '14:32:00'],
      ['buy', '100', '14:33:00'],
    ]);
    await trade({ ...paper, batchId: 'gain-2' }, [['sell', '90', '15:31:00']]);
    await trade({ ...made, batchId: 'gain-3' }, [
      ['buy', '100', '14:31:00'],
      ['sell', '200', '14:32:00'],
    ]);
    await trade({ ...made, batchId: 'gain-4' }, [
      ['buy', '100', '16:31:00'],
      ['sell', '99', '16:32:00'],
    ]);
    await trade({ environment: 'PAPER', batchId: 'gain-5', instanceId: 'nobodys' }, [
      ['buy', '1', '14:31:00'],
      ['sell', '2', '14:32:00'],
    ]);
    const written: PortfolioGainRow[] = [];
    const watched: MiningStores = {
      ...stores,
      recordPortfolioGains: (rows) => {
        written.push(...rows);
        return stores.recordPortfolioGains(rows);
      },
    };
    const first = await mine(planned('gain-loss'), { stores: watched });
    expect(first).toMatchObject({ outcome: 'done', rows: 5 + 5 + 2 });
    expect(await mine(planned('gain-loss', { days: 1 }))).toMatchObject({ outcome: 'done', rows: 0 });
    const none = { symbol: 'AAPL', gainValue: '0', gainPercentage: '0' };
    expect(written.sort((a, b) => (a.portfolioId < b.portfolioId ? -1 : 1))).toEqual([
      { ...none, portfolioId: 'made', gainValue: '-10', gainPercentage: '-1', fees: '0.5' },
      { ...none, portfolioId: 'paper', fees: '1' },
    ]);
  });
});

describe('the runner', () => {
  const runners: MinerRunner[] = [];
  afterEach(async () => {
    for (const runner of runners.splice(0)) await runner.stop();
  });

  /** Stores that keep runs only, as plain data. */
  function storesOf(history: readonly MinerHistoryRow[] = []) {
    const ends: string[] = [];
    const stores = {
      minerHistory: async () => history,
      startMinerRun: async (run) => ({ type: 'started', minerRunId: run.minerId }),
      noteMinerRun: async () => undefined,
      endMinerRun: async (minerRunId, end) => {
        ends.push(`${minerRunId} ${end.reason}`);
      },
    } as Partial<MiningStores> as MiningStores;
    return { stores, ends };
  }

  const miner = (
    minerId: string,
    schedules: readonly Schedule[],
    mined: () => AsyncIterable<MinedRows>,
  ): PreparedMiner => ({ plan: { minerId, name: minerId, parameters: {}, schedules }, mine: mined });

  async function* nothing(): AsyncGenerator<MinedRows> {}
  async function* failing(): AsyncGenerator<MinedRows> {
    yield { table: 'gain_loss', rows: [] };
    throw new Error('no answer');
  }
  const evening: Schedule = { type: 'cron', expression: '30 18 * * 1-5' };

  function start(miners: readonly PreparedMiner[], history: readonly MinerHistoryRow[], now: string) {
    const clock = new SimulatedClock(at(now));
    const results: MineResult[] = [];
    const kept = storesOf(history);
    const runner = new MinerRunner({
      ...{ miners, clock, log: silentLog, batchId: 'b', runTimeoutMs: 60_000, stores: kept.stores },
      market: { ...marketOf(new PlainHistory({}), []), assetClass: 'us_equity', folder: '/' },
      onResult: (result) => results.push(result),
    });
    runners.push(runner);
    return { clock, results, runner, ends: kept.ends };
  }
  const settled = (what: string, condition: () => boolean) => until(async () => condition(), { what });
  const row = (minerId: string, doneAt: string | null): MinerHistoryRow => ({
    ...{ minerId, doneAt },
    startedAt: doneAt ?? '2024-07-01T22:30:00Z',
  });

  it('makes up at the start for what was missed, and for nothing else', async () => {
    const { runner, results } = start(
      [
        miner('missed', [evening], nothing),
        miner('failed-before', [evening], nothing),
        miner('done', [evening], nothing),
        miner('never-run', [evening], nothing),
        miner('close', [{ type: 'market', anchor: 'open', offsetMs: 60_000 }], nothing),
      ],
      [
        row('missed', '2024-06-28T22:30:00.1Z'),
        row('failed-before', null),
        row('done', '2024-07-01T22:30:00.1Z'),
        row('close', '2024-07-02T13:31:00Z'),
      ],
      '2024-07-02T15:00:00Z',
    );
    await runner.start();
    await settled('two runs', () => results.length === 2);
    expect(results.map((result) => result.minerId).sort()).toEqual(['failed-before', 'missed']);
  });

  it('runs each on its time in New York, and one that fails neither stops the others nor is given up', async () => {
    const { runner, results, clock, ends } = start(
      [miner('bad', [evening], failing), miner('good', [evening], nothing)],
      [],
      '2024-07-02T22:29:00Z',
    );
    await runner.start();
    clock.advanceBy(60_000);
    await settled('both runs', () => ends.length === 2);
    expect(ends.sort()).toEqual(['bad failed', 'good done']);
    expect(results[0]?.startedAt).toBe(formatMicros(at('2024-07-02T22:30:00Z')));
    clock.advanceBy(600_000);
    await settled('another try', () => ends.length === 3);
    expect(ends[2]).toBe('bad failed');
  });

  it('ends a run that takes too long, and one under way when it stops', async () => {
    async function* endless(): AsyncGenerator<MinedRows> {
      await new Promise(() => undefined);
      yield { table: 'gain_loss', rows: [] };
    }
    const { runner, clock, ends } = start([], [], '2024-07-02T15:00:00Z');
    const slow = runner.mine(miner('slow', [evening], endless));
    await settled('the run to begin', () => {
      clock.advanceBy(60_000);
      return ends.length === 1;
    });
    expect(await slow).toMatchObject({ outcome: 'failed', message: 'it was not done within 60000 ms' });
    const stopped = runner.mine(miner('stopped', [evening], endless));
    await runner.stop();
    expect(await stopped).toMatchObject({ outcome: 'stopped' });
  });
});
