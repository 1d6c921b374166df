/** History from the local exchange's data REST into tapes and stock_ohlc, by the command line. */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HistoryResult } from '../../src/history/contract.ts';
import type { TapeInfo } from '../../src/tape/info.ts';
import type { MineResult } from '../../src/trader/mining/mining.ts';
import { openWorkshop, type Workshop } from '../support/daemon.ts';
import { openbell, openbellJson, type Running, startOpenbell } from '../support/openbell.ts';

const DAY_MS = 86_400_000;
const dateOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

describe('history fetch', () => {
  let workshop: Workshop;
  let exchange: Running;
  let env: Record<string, string>;
  let plan: string;
  let from: string;
  /** A day that is over beyond doubt. */
  let lastWhole: string;
  const folder = () => join(workshop.directory, 'data', 'history');
  const run = (...more: string[]) =>
    openbell(['history', 'fetch', plan, ...workshop.storage, '--from', from, ...more], env);
  const fetched = async (...more: string[]) => {
    const { exitCode, stdout } = await run('--json', ...more);
    expect(exitCode).toBe(0);
    return JSON.parse(stdout) as HistoryResult & { readonly days: MineResult | null };
  };

  beforeAll(async () => {
    workshop = openWorkshop('history');
    plan = workshop.plan({
      mode: 'paper',
      asset_class: 'crypto',
      strategies: [{ path: workshop.strategy('idle', '  initialState: () => ({}),'), symbols: ['BTC/USD'] }],
    });
    exchange = startOpenbell(['sim', '--json', '--seed', '5', '--symbols', 'BTC/USD', '--rate', '50']);
    await exchange.heard('\n');
    ({ env } = JSON.parse(exchange.stdout()) as { env: Record<string, string> });
    const now = Date.now();
    lastWhole = dateOf(now - 2 * DAY_MS);
    from = dateOf(now - 4 * DAY_MS);
  }, 120_000);

  afterAll(async () => {
    exchange.child.kill('SIGKILL');
    await exchange.finished;
    workshop.close();
  });

  it('keeps each day in a tape of its own, and says what is missing', async () => {
    const { directory, isComplete, tapes, days } = await fetched('--kinds', 'bars,trades,quotes');
    expect({ directory, isComplete, days }).toEqual({
      directory: join(folder(), 'crypto'),
      isComplete: true,
      days: null,
    });
    const of = (kind: string) => tapes.find((tape) => tape.kind === kind)!;
    expect(of('bars')).toMatchObject({
      symbol: 'BTC/USD',
      days: 5,
      known: 0,
      // In the hour after midnight the day before is not over either.
      unfinishedDays: expect.arrayContaining([dateOf(Date.now())]),
    });
    expect(of('bars').rows).toBeGreaterThan(500);
    expect(of('trades').rows).toBeGreaterThan(50);
    expect(of('quotes').rows).toBeGreaterThan(50);
    // It keeps the trades of the session under way only.
    expect(of('trades').emptyDays).toContain(from);
    const files = readdirSync(join(directory, 'BTC-USD')).sort();
    expect(files).toHaveLength(15);
    expect(files[0]).toBe(`${from}-bars-split.tape`);
    // The session began an hour ago: before midnight, perhaps.
    const infoOf = (ms: number) =>
      openbellJson<TapeInfo>(['tape', 'info', join(directory, 'BTC-USD', `${dateOf(ms)}-trades.tape`)]);
    const [yesterday, info] = [await infoOf(Date.now() - DAY_MS), await infoOf(Date.now())];
    expect(info).toMatchObject({ symbols: ['BTC/USD'], damages: [], tornBytes: 0 });
    expect((yesterday.rowsByKind.trade ?? 0) + (info.rowsByKind.trade ?? 0)).toBe(of('trades').rows);
    expect(info.segments[0]?.labels).toMatchObject({ over: 'no', what: 'trades' });
  }, 120_000);

  it('asks again only for what is missing or was not over, whatever a killed run left behind', async () => {
    const lost = join(folder(), 'crypto', 'BTC-USD', `${lastWhole}-bars-split.tape`);
    rmSync(lost);
    writeFileSync(`${lost}.fetching`, 'half a tape');
    const before = await fetched('--to', lastWhole);
    expect(before.tapes).toMatchObject([{ days: 3, known: 2, unfinishedDays: [] }]);
    expect(before.tapes[0]?.rows).toBeGreaterThan(0);
    expect(existsSync(lost)).toBe(true);
    expect(existsSync(`${lost}.fetching`)).toBe(false);
    const raw = await fetched('--to', lastWhole, '--adjustment', 'raw');
    expect(raw.tapes).toMatchObject([{ days: 3, known: 0 }]);
  }, 120_000);

  it('counts missing minutes by the sessions that the broker tells', async () => {
    const stocks = join(workshop.directory, 'stocks.yaml');
    writeFileSync(
      stocks,
      JSON.stringify({ mode: 'paper', strategies: [{ path: './idle.ts', symbols: ['SPY'] }] }),
    );
    const market = startOpenbell(['sim', '--json', '--seed', '5', '--symbols', 'SPY', '--rate', '50']);
    try {
      await market.heard('\n');
      const { env: reach } = JSON.parse(market.stdout()) as { env: Record<string, string> };
      const day = (days: number) => dateOf(Date.now() - days * DAY_MS);
      const { exitCode, stdout } = await openbell(
        ['history', 'fetch', stocks, '--from', day(8), '--to', day(2), '--json', ...workshop.storage],
        reach,
      );
      expect(exitCode).toBe(0);
      const [bars] = (JSON.parse(stdout) as HistoryResult).tapes;
      expect(bars?.rows).toBeGreaterThan(1_000);
      // Its sessions are at hours of its own: by the exchange's rules hundreds a day would be missing. Only of Sunday's,
      // which its calendar has, it has no bars: what of it lies after midnight is missing on Monday.
      expect(bars?.missingMinutes).toBeLessThanOrEqual(await minutesAfterMidnight(reach));
    } finally {
      market.child.kill('SIGKILL');
      await market.finished;
    }
  }, 120_000);

  it('is what backtests read', async () => {
    const tapes = readdirSync(join(folder(), 'crypto', 'BTC-USD')).filter((name) =>
      name.endsWith('bars-split.tape'),
    );
    const paths = tapes.map((name) => join(folder(), 'crypto', 'BTC-USD', name));
    const result = await openbellJson<{ bars: number }>(['backtest', plan, '--data', ...paths]);
    expect(result.bars).toBeGreaterThan(500);
  }, 60_000);

  it('fills stock_ohlc with daily bars, and goes on there too', async () => {
    const first = await fetched('--kinds', 'days');
    expect(first.tapes).toEqual([]);
    expect(first.days).toMatchObject({ outcome: 'done' });
    expect(first.days?.rows).toBeGreaterThan(0);
    const second = await fetched('--kinds', 'days');
    expect(second.days).toMatchObject({ outcome: 'done', rows: 0 });
  }, 120_000);

  it('reads no network where nothing is missing, and says in one line who does not answer where something is', async () => {
    exchange.child.kill('SIGKILL');
    await exchange.finished;
    const again = await fetched('--to', lastWhole);
    expect(again.tapes).toMatchObject([{ days: 3, known: 3, rows: 0 }]);
    const { exitCode, stderr, stdout } = await run();
    expect(exitCode).toBe(3);
    expect(stdout).toBe('');
    expect(stderr.trim().split('\n').at(-2)).toMatch(/^error: no bars of BTC\/USD for /);
    expect((await run('--symbols', '../x')).exitCode).toBe(2);
    expect((await run('--kinds', 'ticks')).exitCode).toBe(2);
  }, 120_000);
});

/** How long a session of the local exchange lasts into the next day. */
async function minutesAfterMidnight(reach: Record<string, string>): Promise<number> {
  const answer = await fetch(`${reach.APCA_API_BASE_URL}/v2/calendar`, {
    headers: {
      'APCA-API-KEY-ID': reach.APCA_API_KEY_ID ?? '',
      'APCA-API-SECRET-KEY': reach.APCA_API_SECRET_KEY ?? '',
    },
  });
  const [session] = (await answer.json()) as { readonly open: string; readonly close: string }[];
  if (session === undefined) throw new Error('the exchange has no sessions');
  const { open, close } = session;
  return close < open ? Number(close.slice(0, 2)) * 60 + Number(close.slice(3)) : 0;
}
