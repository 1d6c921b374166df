/** Miners that compare what is stored, and read files: their work runs in compiled threads. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SessionCalendar, usEquityRules } from '../../src/clock/calendar.ts';
import { seededRandom } from '../../src/clock/chance.ts';
import { liveClock } from '../../src/clock/live.ts';
import type { OpenDatabase } from '../../src/models/database.ts';
import { silentLog } from '../../src/observability/log.ts';
import type { MineMarket } from '../../src/trader/mining/mineQueries.ts';
import type { PreparedMiner } from '../../src/trader/mining/miners.ts';
import { preparedDirectory } from '../models/databases.ts';
import { marketOf, PlainHistory } from '../scanners/market.ts';

const compiled = (path: string): Promise<unknown> =>
  import(new URL(`../../dist/${path}`, import.meta.url).href);
const { openDatabase } = (await compiled(
  'models/database.js',
)) as typeof import('../../src/models/database.ts');
const { MinerRunner } = (await compiled(
  'trader/mining/mining.js',
)) as typeof import('../../src/trader/mining/mining.ts');
const { prepareMiners } = (await compiled(
  'trader/mining/miners.js',
)) as typeof import('../../src/trader/mining/miners.ts');

function planned(name: string, parameters = {}): PreparedMiner {
  const { miners, violations } = prepareMiners([
    { minerId: name, name, parameters, schedules: [{ type: 'once' }] },
  ]);
  expect(violations).toEqual([]);
  return miners[0]!;
}

describe('miners of what belongs together', () => {
  let directory: string;
  let database: OpenDatabase;
  let market: MineMarket;
  let batches = 0;

  beforeAll(async () => {
    directory = preparedDirectory();
    database = await openDatabase({ type: 'embedded', directory }, { log: silentLog, clock: liveClock });
    market = {
      ...marketOf(new PlainHistory({}), []),
      calendar: new SessionCalendar(usEquityRules),
      ...{ assetClass: 'us_equity', folder: directory },
    };
  }, 60_000);
  afterAll(async () => {
    await database?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const mine = (miner: PreparedMiner) => {
    batches += 1;
    const { stores } = database;
    const batchId = `batch-${batches}`;
    const parts = { miners: [miner], market, stores, clock: liveClock, log: silentLog, runTimeoutMs: 30_000 };
    return new MinerRunner({ ...parts, batchId }).mine(miner);
  };

  const known = async (symbols: readonly string[]) => {
    const query = `select symbol, sector, industry, array_to_string(tags, ' '), array_to_string(similar_tickers, ' ') from ticker_data
      where symbol in (${symbols.map((symbol) => `'${symbol}'`).join()}) order by symbol`;
    return (await database.stores.select(query, { rowsMax: 100, timeoutMs: 5_000 })).rows;
  };

  it('find who moves together, in a thread of their own, and name groups after their most traded', async () => {
    const random = seededRandom(11);
    const dates = market.calendar
      .sessions('2026-01-02', market.calendar.lastClosedDate(liveClock.nowMicros()))
      .slice(-31)
      .map(({ date }) => date);
    const walk = () => dates.map(() => random() - 0.5);
    const [first, second] = [walk(), walk()];
    const series: Record<string, { moves: readonly number[]; noise: number; volume: string }> = {
      ZAA: { moves: first, noise: 0.1, volume: '10' },
      ZAB: { moves: first, noise: 0.1, volume: '900' },
      ZBA: { moves: second, noise: 0.1, volume: '500' },
      ZBB: { moves: second, noise: 0.1, volume: '20' },
      ZCC: { moves: walk(), noise: 0, volume: '700' },
      ZDD: { moves: first, noise: 0, volume: '800' },
    };
    const rows = Object.entries(series).flatMap(([symbol, { moves, noise, volume }]) => {
      let price = 100;
      const days = dates.map((date, index) => {
        price *= 1 + (moves[index]! + noise * (random() - 0.5)) / 20;
        const close = price.toFixed(4);
        const figures = { open: close, high: close, low: close, close, volume, vwap: null, tradeCount: null };
        return { symbol, date, ...figures };
      });
      // Not traded on one of the days.
      return symbol === 'ZDD' ? days.filter((_, index) => index !== 15) : days;
    });
    await database.stores.recordDays(rows);
    const flags = { exchange: 'NYSE', assetClass: 'us_equity', tradable: true, shortable: true } as const;
    await database.stores.recordTickers(
      Object.keys(series).map((symbol) => ({ symbol, name: symbol, fractionable: true, ...flags })),
    );
    const clusters = planned('clusters', { days: 30, min_correlation: 0.7 });
    expect(await mine(clusters)).toMatchObject({ outcome: 'done', message: null, rows: 5 });
    expect(
      (await known(Object.keys(series))).map(([symbol, , , tags, alike]) => [symbol, tags, alike]),
    ).toEqual([
      ['ZAA', 'cluster:ZAB', 'ZAB'],
      ['ZAB', 'cluster:ZAB', 'ZAA'],
      ['ZBA', 'cluster:ZBA', 'ZBB'],
      ['ZBB', 'cluster:ZBA', 'ZBA'],
      ['ZCC', '', ''],
      ['ZDD', null, null],
    ]);
    expect(await mine(clusters)).toMatchObject({ outcome: 'done', rows: 0 });
    const few = planned('clusters', { days: 30, min_correlation: 0.7, max_symbols: 3 });
    expect(await mine(few)).toMatchObject({ outcome: 'done', rows: 2 });
  });

  it('note the members of an index out of a file, and who is none any more', async () => {
    const write = (text: string) => writeFileSync(join(directory, 'members.csv'), text);
    write(
      'Symbol,Security,GICS Sector,GICS Sub-Industry\nKO,"Coca-Cola Company, The",Staples,Soft Drinks\nZBRK-B,Berkshire,,\n,nobody,,\n',
    );
    const members = planned('constituents', { index: 'TEST', file: './members.csv' });
    expect(await mine(members)).toMatchObject({ outcome: 'done', rows: 2 });
    expect(await mine(members)).toMatchObject({ outcome: 'done', rows: 0 });
    expect((await known(['KO', 'ZBRK.B'])).map((row) => row.slice(0, 4))).toEqual([
      ['KO', 'Staples', 'Soft Drinks', 'index:TEST'],
      ['ZBRK.B', null, null, 'index:TEST'],
    ]);
    write('ticker\nKO\n');
    expect(await mine(members)).toMatchObject({ outcome: 'done', rows: 1 });
    expect((await known(['KO', 'ZBRK.B'])).map(([, sector, , tags]) => [sector, tags])).toEqual([
      ['Staples', 'index:TEST'],
      [null, ''],
    ]);
    write('');
    expect((await mine(members)).outcome).toBe('failed');
    const missing = planned('constituents', { index: 'TEST', file: './none.csv' });
    expect((await mine(missing)).message).toMatch(/^cannot read .*none\.csv: ENOENT$/);
  });
});
