import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBacktest } from '../../src/backtester/backtest.ts';
import type { BacktestResult } from '../../src/backtester/result.ts';
import { liveClock } from '../../src/clock/live.ts';
import { decimal, formatDecimal } from '../../src/domain/decimal.ts';
import { openDatabase } from '../../src/models/database.ts';
import { createLog } from '../../src/observability/log.ts';
import { documentOf, type ReportDocument } from '../../src/report/document.ts';
import { BacktestWatch } from '../../src/report/watch.ts';
import { csvOf, type OhlcRow, OPEN, worldOf } from '../backtester/harness.ts';
import { beginFolder } from '../support/folder.ts';
import { openbell, openbellJson } from '../support/openbell.ts';

const folder = mkdtempSync(join(tmpdir(), 'openbell-report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Prices that rise and fall; the third bar is deepest. */
const ROWS: readonly OhlcRow[] = [
  [100, 101, 99, 100],
  [100, 102, 98, 101],
  [101, 101, 90, 95],
  [95, 108, 94, 107],
  [107, 109, 105, 106],
  [106, 107, 103, 104],
];
const BATCH = '3f9c2a10-0000-4000-8000-000000000001';
const EARLIER = '3f9c2a10-0000-4000-8000-000000000000';

describe('openbell backtest --report', () => {
  it('writes a page, and its figures are those of the result, to the cent', async () => {
    const { plan, instances, place } = await worldOf({
      steps: [
        { at: 0, do: 'buy', quantity: 10 },
        { at: 3, do: 'sell', quantity: 10 },
        { at: 4, do: 'buy', quantity: 5 },
      ],
      backtest: { fee_per_share: 0.01, spread_bps: 5 },
    });
    const bars = join(place, 'bars.csv');
    writeFileSync(bars, csvOf(ROWS));
    const watcher = new BacktestWatch(decimal(plan.backtest.startingCash), (id) =>
      id.slice(id.indexOf('/') + 1),
    );
    const result = await runBacktest({ plan, instances, paths: [bars], clock: liveClock, watcher });
    expect(formatDecimal(watcher.walk!.finalEquity())).toBe(result.finalEquityExact);
    const document = documentOf(watcher.walk!, {
      batchId: result.batchId,
      environment: 'BACKTEST',
      strategies: ['scripted'],
      daysPerYear: 252,
      notes: [],
    });
    expect(document).toMatchObject({ fills: 3, finalEquity: result.finalEquity, fees: result.metrics.fees });
    expect(document.figures.trips).toBe(result.metrics.trades);
    expect(document.figures.maxDrawdown).toBeCloseTo(result.metrics.maxDrawdown, 2);
    const [trip] = document.trips;
    expect(trip).toMatchObject({ side: 'long', qty: '10', entryReason: 'told to', exitReason: 'told to' });
    // Bought at the second bar's open with half of five basis points on top; 90 was the lowest, 108 the highest.
    expect(Number(trip!.entryPrice)).toBeCloseTo(100.025, 9);
    expect(trip!.maxAdverse).toBeCloseTo(10 * (90 - 100.025), 6);
    expect(trip!.maxFavourable).toBeCloseTo(10 * (108 - 100.025), 6);

    const page = join(place, 'report.html');
    const printed = await openbellJson<BacktestResult>([
      'backtest',
      plan.path,
      '--data',
      bars,
      '--report',
      page,
      '--json',
    ]);
    expect(printed.finalEquityExact).toBe(result.finalEquityExact);
    expect(readFileSync(page, 'utf8')).toContain(`batch ${printed.batchId}`);
  });

  it('says when the page cannot be written, and ends with 2', async () => {
    const { plan, place } = await worldOf({});
    const bars = join(place, 'bars.csv');
    writeFileSync(bars, csvOf(ROWS));
    const nowhere = join(place, 'nowhere', 'report.html');
    const finished = await openbell(['backtest', plan.path, '--data', bars, '--report', nowhere]);
    expect(finished.exitCode).toBe(2);
    expect(finished.stderr).toContain(nowhere);
  });
});

describe('openbell report', () => {
  const directory = join(folder, 'data');
  const bars = join(folder, 'bars.csv');
  const moment = (minutes: number) => new Date(OPEN / 1_000 + minutes * 60_000).toISOString();

  beforeAll(async () => {
    writeFileSync(bars, csvOf(ROWS));
    beginFolder(directory);
    const log = createLog({ level: 'error', file: null, isPretty: false }, {});
    const location = { type: 'embedded', directory } as const;
    const database = await openDatabase(location, { log, clock: liveClock, migrations: 'apply' });
    const { stores } = database;
    const run = {
      strategy: 'momentum',
      instanceId: 'momentum-1',
      environment: 'PAPER',
      consumer: 'A',
      version: 'v',
      parameters: {},
    } as const;
    const trade = (
      batchId: string,
      algoRunId: string,
      minutes: number,
      of: { side: 'buy' | 'sell'; price: string },
    ) => ({
      executionId: `${batchId}-${minutes}`,
      algoRunId,
      batchId,
      clientOrderId: `${batchId}-${minutes}`,
      symbol: 'AAPL',
      side: of.side,
      operation: of.side,
      qty: '10',
      price: of.price,
      fee: '0.5',
      executedAt: moment(minutes),
      targetPrice: null,
      stopPrice: of.side === 'buy' ? '95' : null,
      indicators: { [of.side]: { reason: '<script>alert(1)</script>' } },
    });
    const before = await stores.startRun({ ...run, batchId: EARLIER, startedAt: moment(-2_000) });
    await stores.recordTrades([trade(EARLIER, before, -1_990, { side: 'buy', price: '90' })]);
    await stores.endRun(before, moment(-1_900), 'stopped');
    const own = await stores.startRun({ ...run, batchId: BATCH, startedAt: moment(0) });
    await stores.recordTrades([
      trade(BATCH, own, 1, { side: 'sell', price: '100' }),
      trade(BATCH, own, 2.5, { side: 'buy', price: '100' }),
      trade(BATCH, own, 4.5, { side: 'sell', price: '106' }),
    ]);
    await stores.startRun({ ...run, batchId: BATCH, startedAt: moment(3), parameters: { fast: 5 } });
    await stores.endRun(own, moment(6), 'stopped');
    await database.close();
  });

  it('tells of a live batch from its fills, with what an earlier one had left', async () => {
    const out = join(folder, 'live.html');
    const document = await openbellJson<ReportDocument>([
      ...['report', BATCH, '--data-dir', directory, '--start-equity', '10000', '--out', out, '--json'],
    ]);
    // 10 x (100 - 90) of what was carried, 10 x (106 - 100), less three fees.
    expect(document).toMatchObject({ environment: 'PAPER', finalEquity: '10158.50', fills: 3, fees: '1.5' });
    expect(document.trips.map(({ gain, rUnits }) => [gain, rUnits])).toEqual([
      ['99.5', null],
      ['59', 1.2],
    ]);
    // Its plan was read again between the two orders of the second trip; the first was entered in an earlier batch.
    expect(document.settings).toMatchObject([
      { number: 1, instanceId: 'momentum-1', version: 'v', parameters: {} },
      { number: 2, instanceId: 'momentum-1', version: 'v', parameters: { fast: 5 } },
    ]);
    expect(document.trips.map((trip) => [trip.entrySettings, trip.exitSettings])).toEqual([
      [null, 1],
      [1, 2],
    ]);
    expect(document.notes.join(' ')).toContain('prices of the market are not known');
    const page = readFileSync(out, 'utf8');
    expect(page).toContain('<td>1, 2</td>');
    expect(page).toContain('{&quot;fast&quot;:5}');
    expect(page).toContain('&lt;script&gt;alert(1)');
    expect(page).not.toContain('<script');
  });

  it('takes the prices of files, and compares with holding', async () => {
    const named = join(folder, 'named.csv');
    const [heading, ...lines] = csvOf(ROWS).trim().split('\n');
    writeFileSync(named, [`symbol,${heading}`, ...lines.map((line) => `AAPL,${line}`)].join('\n'));
    const reportOf = (file: string) =>
      openbellJson<ReportDocument>([
        ...['report', BATCH, '--data-dir', directory, '--start-equity', '10000'],
        ...['--data', file, '--benchmark', 'AAPL'],
      ]);
    const full = await reportOf(named);
    // A file that names no symbol is the only one's that was traded.
    expect(await reportOf(bars)).toEqual(full);
    expect(full.finalEquity).toBe('10158.50');
    expect(full.comparisons.map(({ name, returnPercent }) => [name, returnPercent])).toEqual([
      ['buy and hold', 4],
      ['AAPL', 4],
    ]);
    expect(full.trips[1]).toMatchObject({ maxFavourable: 80, maxAdverse: -100 });
    expect(full.charts[0]!.prices).toHaveLength(6);
  });

  it("takes the prices that were recorded while the batch ran, and not another batch's", async () => {
    const tapes = join(directory, 'tapes', '2024-03-06');
    mkdirSync(tapes, { recursive: true });
    const tape = join(tapes, `market-${BATCH}-0001.tape`);
    const imported = await openbell(['tape', 'import', bars, '--symbol', 'AAPL', '--output', tape]);
    expect(imported.exitCode).toBe(0);
    writeFileSync(join(tapes, `market-${EARLIER}-0001.tape`), 'not to be read');
    const recorded = await openbellJson<ReportDocument>(['report', BATCH, '--data-dir', directory, '--json']);
    expect(recorded.comparisons.map(({ name }) => name)).toEqual(['buy and hold']);
    expect(recorded.charts[0]!.prices).toHaveLength(6);
    // Nothing says what the account was: at most the 10 that were bought at 100 were invested.
    expect(recorded.startEquity).toBe('1000.00');
    expect(recorded.notes.join(' ')).toContain('--start-equity');
  });

  it('says what is missing, and ends with 2', async () => {
    const missing = await openbell(['report', 'ffff', '--data-dir', directory]);
    expect(missing.exitCode).toBe(2);
    expect(missing.stderr).toContain('no batch ffff');
    const two = await openbell(['report', '3f9c', '--data-dir', directory]);
    expect(two.exitCode).toBe(2);
    expect(two.stderr).toContain(EARLIER);
    const amount = await openbell(['report', BATCH, '--data-dir', directory, '--start-equity', '-5']);
    expect(amount.exitCode).toBe(2);
  });
});
