import { describe, expect, it } from 'vitest';
import { SessionCalendar, usEquityRules } from '../../src/clock/calendar.ts';
import type { JsonObject } from '../../src/domain/order.ts';
import { success } from '../../src/domain/outcome.ts';
import { MICROS_PER_DAY } from '../../src/domain/time.ts';
import type { Candidate } from '../../src/scanners/contract.ts';
import {
  builtinScanners,
  checkScannerParameters,
  findScanner,
  findSiftingScanner,
  rankCandidates,
} from '../../src/scanners/registry.ts';
import { daySnapshot } from '../../src/trader/scanning/daySnapshot.ts';
import { openScanQueries, type ScanMarket } from '../../src/trader/scanning/scanQueries.ts';
import { at, bar, type Day, instrument, marketOf, PlainHistory, TODAY, YESTERDAY } from './market.ts';

const LATE_MORNING = '2024-07-02T15:00:00Z';
const PRE_MARKET = '2024-07-02T13:00:00Z';

/** A stock that every scanner's defaults like: up 10 % on volume, 5 % of it as a gap. */
const LIKED: Day = {
  ...{ symbol: 'LIKED', previousClose: 10, previousVolume: 100_000, open: 10.5, last: 11, volume: 50_000 },
  trades: 300,
};
const day = (symbol: string, changes: Partial<Day> = {}): Day => ({ ...LIKED, symbol, ...changes });

async function candidates(
  name: string,
  history: PlainHistory,
  parameters: JsonObject,
  moment = LATE_MORNING,
): Promise<readonly Candidate[]> {
  const scanner = findScanner(name);
  if (scanner === undefined) throw new RangeError(name);
  const checked = checkScannerParameters(scanner, parameters, 'scanners.x.parameters');
  if (!checked.ok) throw new Error(JSON.stringify(checked.violations));
  const market = marketOf(
    history,
    history.symbols.map((symbol) => instrument(symbol)),
  );
  const queries = await openScanQueries(market, at(moment), new AbortController().signal);
  return scanner.scan({ ...queries, parameters: checked.parameters, log: () => undefined });
}

async function scan(
  name: string,
  days: readonly Day[],
  parameters: JsonObject = {},
  moment = LATE_MORNING,
): Promise<string[]> {
  const found = await candidates(name, new PlainHistory({ days }), parameters, moment);
  return rankCandidates(found, 1_000).map((pick) => pick.symbol);
}

describe('momentum', () => {
  it.each<[string, Partial<Day>, JsonObject]>([
    ['min_volume: shares of today must be more', { volume: 30_000 }, {}],
    ['min_volume, given', { volume: 60_000 }, { min_volume: 60_000 }],
    ["today_change_percent: up against yesterday's close", { last: 10.34 }, {}],
    ['today_change_percent, given', { last: 12 }, { today_change_percent: 20.1 }],
    ["min_last_dv: yesterday's volume in dollars must be more", { previousVolume: 50_000 }, {}],
    ['min_last_dv, given', { previousVolume: 200_000 }, { min_last_dv: 2_000_000 }],
    ['min_share_price', { last: 14.99 }, { min_share_price: 15 }],
    ['max_share_price', { last: 15.01 }, { max_share_price: 15 }],
    ['no trade today', { hasTraded: false }, {}],
  ])('leaves out by %s', async (_name, changes, parameters) => {
    expect(await scan('momentum', [day('OUT', changes)], parameters)).toEqual([]);
  });

  it.each<[string, Partial<Day>, JsonObject]>([
    ['the defaults', {}, {}],
    ['a price on the lower border', { last: 15 }, { min_share_price: 15 }],
    ['a price on the upper border', { last: 15 }, { max_share_price: 15 }],
    ['a change on the border', { previousClose: 10, last: 12 }, { today_change_percent: 20 }],
    ['a fall, when asked for', { last: 9 }, { today_change_percent: -20 }],
  ])('picks by %s', async (_name, changes, parameters) => {
    expect(await scan('momentum', [day('IN', changes)], parameters)).toEqual(['IN']);
  });

  it('picks nothing before from_market_open, counted in minutes from the open', async () => {
    expect(await scan('momentum', [LIKED], {}, '2024-07-02T13:44:59Z')).toEqual([]);
    expect(await scan('momentum', [LIKED], {}, '2024-07-02T13:45:00Z')).toEqual(['LIKED']);
    expect(await scan('momentum', [LIKED], { from_market_open: 0 }, '2024-07-02T13:30:00Z')).toEqual([
      'LIKED',
    ]);
  });

  it('ranks by volume and keeps max_symbols of the most traded', async () => {
    const days = [day('A', { volume: 40_000 }), day('B', { volume: 90_000 }), day('C', { volume: 60_000 })];
    expect(await scan('momentum', days)).toEqual(['B', 'C', 'A']);
    expect(await scan('momentum', days, { max_symbols: 2 })).toEqual(['B', 'C']);
  });
});

describe('gap', () => {
  const up = day('UP', { open: 10.4 });
  const down = day('DOWN', { open: 9.4 });
  const small = day('SMALL', { open: 10.2 });

  it('picks what opened away from the close, the widest first', async () => {
    expect(await scan('gap', [up, small, down])).toEqual(['DOWN', 'UP']);
    expect(await scan('gap', [up, small, down], { min_gap_percent: 1 })).toEqual(['DOWN', 'UP', 'SMALL']);
    expect(await scan('gap', [up, small, down], { min_gap_percent: 1, max_symbols: 1 })).toEqual(['DOWN']);
  });

  it('looks in the direction that is asked for', async () => {
    expect(await scan('gap', [up, down], { direction: 'up' })).toEqual(['UP']);
    expect(await scan('gap', [up, down], { direction: 'down' })).toEqual(['DOWN']);
  });

  it('leaves out what is too cheap, too dear, or was not traded yesterday', async () => {
    expect(await scan('gap', [up], { min_share_price: 11 })).toEqual([]);
    expect(await scan('gap', [up], { max_share_price: 10 })).toEqual([]);
    expect(await scan('gap', [up], { min_last_dv: 1_000_000 })).toEqual([]);
  });

  it("before the open goes by sound quotes, against yesterday's close and not the day before", async () => {
    const quoted = (symbol: string, bid: number, ask: number) =>
      day(symbol, { hasTraded: false, quote: { bid, ask } });
    const days = [
      quoted('UP', 10.98, 11.02),
      quoted('CROSSED', 11.1, 11),
      quoted('ONESIDED', 0, 11),
      day('LATE'),
    ];
    const silent = day('SILENT', { hasTraded: false });
    expect(await scan('gap', [...days, silent], {}, PRE_MARKET)).toEqual(['LATE', 'UP']);
  });
});

describe('most-active', () => {
  const many = day('MANY', { volume: 900_000, last: 5, trades: 10 });
  const dear = day('DEAR', { volume: 100_000, last: 400, trades: 20 });
  const busy = day('BUSY', { volume: 50_000, last: 10, trades: 30 });

  it.each([
    ['dollar_volume', ['DEAR', 'MANY', 'BUSY']],
    ['volume', ['MANY', 'DEAR', 'BUSY']],
    ['trades', ['BUSY', 'DEAR', 'MANY']],
  ])('ranks by %s', async (by, symbols) => {
    expect(await scan('most-active', [many, dear, busy], { by })).toEqual(symbols);
  });

  it('keeps to its prices and its number', async () => {
    expect(await scan('most-active', [many, dear, busy], { max_share_price: 100 })).toEqual(['MANY', 'BUSY']);
    expect(await scan('most-active', [many, dear, busy], { min_share_price: 6, max_symbols: 1 })).toEqual([
      'DEAR',
    ]);
    expect(await scan('most-active', [day('QUIET', { hasTraded: false })])).toEqual([]);
  });
});

describe('relative-volume', () => {
  const minute = (symbol: string, date: string, time: string, volume: number) =>
    bar(symbol, at(`${date}T${time}Z`), { volume });
  /** Monday's and Friday's usual morning, and much more of it today. */
  const minuteBars = [
    minute('HOT', '2024-06-28', '13:30:00', 10_000),
    minute('HOT', '2024-06-28', '14:59:00', 10_000),
    minute('HOT', '2024-07-01', '13:30:00', 20_000),
    // Later in their sessions than it is today: not compared with.
    minute('HOT', '2024-06-28', '15:00:00', 900_000),
    minute('HOT', '2024-07-01', '19:59:00', 900_000),
    // Before the open: in the day's volume, not in the session's.
    minute('HOT', TODAY, '13:29:00', 500_000),
    minute('HOT', TODAY, '13:30:00', 50_000),
    minute('HOT', TODAY, '14:59:00', 10_000),
    // The minute that is under way.
    minute('HOT', TODAY, '15:00:00', 700_000),
    ...['2024-06-28', '2024-07-01', TODAY].map((date) => minute('USUAL', date, '14:00:00', 60_000)),
    minute('FRESH', TODAY, '14:00:00', 60_000),
  ];
  const days = ['HOT', 'USUAL', 'FRESH'].map((symbol) => day(symbol, { volume: 60_000 }));
  const find = (parameters: JsonObject, moment = LATE_MORNING) =>
    candidates('relative-volume', new PlainHistory({ days, minuteBars }), parameters, moment);

  it('compares with the same minutes of earlier sessions, by the time of the scan', async () => {
    expect(await find({ sessions: 2 })).toEqual([
      { symbol: 'HOT', score: 3, reason: '3.00 times its usual volume by now: 60,000 shares, +10.00 %' },
    ]);
    expect(await find({ sessions: 2, min_relative_volume: 1 })).toMatchObject([
      { symbol: 'HOT' },
      { symbol: 'USUAL', score: 1 },
    ]);
    // One minute old, today has 50,000 shares; the first minutes before had 10,000 and 20,000.
    const early = await find({ sessions: 2 }, '2024-07-02T13:31:30Z');
    expect(early.map(({ symbol, score }) => [symbol, Number(score.toFixed(3))])).toEqual([['HOT', 3.333]]);
  });

  it('counts sessions without a trade, and has no answer for a symbol that never traded before', async () => {
    expect(await find({ sessions: 4 })).toMatchObject([
      { symbol: 'HOT', score: 6 },
      { symbol: 'USUAL', score: 2 },
    ]);
  });

  it('keeps to its limits', async () => {
    expect(await find({ sessions: 2, min_volume: 60_001 })).toEqual([]);
    expect(await find({ sessions: 2, min_relative_volume: 3.01 })).toEqual([]);
    expect(await find({ sessions: 2, min_last_dv: 1_000_000 })).toEqual([]);
    expect(await find({ sessions: 2, max_share_price: 10 })).toEqual([]);
    expect(await find({ sessions: 2, min_relative_volume: 0, max_symbols: 1 })).toHaveLength(1);
    // Of those with the most volume for yesterday's, equal here, the first by name.
    expect(await find({ sessions: 2, min_relative_volume: 0, max_candidates: 1 })).toEqual([]);
  });

  it('picks nothing before the first minute has closed', async () => {
    expect(await find({ sessions: 2 }, '2024-07-02T13:30:59Z')).toEqual([]);
  });

  it('leaves out sessions that were over at this time of the day', async () => {
    // Friday, 2024-07-05, at 14:30: Wednesday closed at 13:00, so Tuesday is the session before.
    const history = new PlainHistory({
      days,
      minuteBars: [
        minute('HOT', '2024-07-02', '14:00:00', 20_000),
        minute('HOT', '2024-07-03', '14:00:00', 999_000),
        minute('HOT', '2024-07-05', '14:00:00', 60_000),
      ],
    });
    const queries = await openScanQueries(
      marketOf(history, [instrument('HOT')]),
      at('2024-07-05T18:30:00Z'),
      new AbortController().signal,
    );
    expect(await queries.sessionVolumes(['HOT'], 1)).toEqual(
      new Map([['HOT', { today: 60_000, earlier: [20_000] }]]),
    );
  });
});

describe('new-highs', () => {
  /** 60 days with a high of 12 on the first of them, 11 on the others; the last price is 11.44. */
  const dates = new SessionCalendar(usEquityRules).sessions('2024-04-05', YESTERDAY).map(({ date }) => date);
  const dailyBars = dates.flatMap((date, index) => {
    const time = at(`${date}T04:00:00Z`);
    return [
      bar('OLD', time, { close: 10, high: index === 0 ? 12 : 11 }),
      bar('TOP', time, { close: 10, high: index === 0 ? 10 : 9 }),
      ...(index >= dates.length - 19 ? [bar('YOUNG', time, { close: 10, high: 10 })] : []),
    ];
  });
  // Today's own high is not what today is compared with.
  dailyBars.push(bar('OLD', at(`${TODAY}T04:00:00Z`), { close: 11.44, high: 50 }));
  const days = ['OLD', 'TOP', 'YOUNG'].map((symbol) => day(symbol, { last: 11.44 }));
  const find = (parameters: JsonObject) =>
    candidates('new-highs', new PlainHistory({ days, dailyBars }), parameters);

  it('picks what is above the highest of 52 weeks, the farthest first, and says how far', async () => {
    expect(await find({})).toEqual([
      { symbol: 'TOP', score: expect.closeTo(14.4), reason: '+14.40 % from its 52-week high of 10' },
    ]);
  });

  it('looks back as many days as it is told', async () => {
    expect(await find({ days: 20 })).toMatchObject([
      { symbol: 'TOP' },
      { symbol: 'OLD', score: expect.closeTo(4), reason: '+4.00 % from its high of 20 days of 11' },
    ]);
    expect((await find({ days: 19 })).map(({ symbol }) => symbol)).toEqual(['TOP', 'YOUNG', 'OLD']);
  });

  it('takes what is a little below, when it is asked to', async () => {
    expect(await find({ max_distance_percent: 4.6 })).toHaveLength(1);
    expect(await find({ max_distance_percent: 4.7 })).toMatchObject([
      { symbol: 'TOP' },
      { symbol: 'OLD', reason: '-4.67 % from its 52-week high of 12' },
    ]);
  });

  it('keeps to its limits', async () => {
    expect(await find({ min_share_price: 12 })).toEqual([]);
    expect(await find({ min_last_dv: 1_000_000 })).toEqual([]);
    expect(await find({ days: 19, max_symbols: 2 })).toHaveLength(2);
    expect(await find({ days: 19, max_candidates: 1 })).toMatchObject([{ symbol: 'OLD' }]);
  });
});

describe('sql', () => {
  const asked: unknown[] = [];
  const find = async (columns: readonly string[], rows: readonly (readonly (string | null)[])[]) => {
    const parameters = { query: 'select 1', timeout_seconds: 2.5, max_symbols: 7 };
    const checked = checkScannerParameters(findScanner('sql')!, parameters, 'p');
    const market: ScanMarket = {
      ...marketOf(new PlainHistory({}), []),
      select: async (query, limits) => {
        asked.push({ query, limits });
        return { columns, rows };
      },
    };
    const queries = await openScanQueries(market, at(LATE_MORNING), new AbortController().signal);
    if (!checked.ok) throw new Error(JSON.stringify(checked.violations));
    return findScanner('sql')!.scan({
      ...queries,
      parameters: checked.parameters,
      log: () => undefined,
    });
  };

  it('picks what its query answers, ranked by the score or else by the order, within its limits', async () => {
    expect(
      await find(
        ['close', 'symbol'],
        [
          ['1', 'B'],
          ['2', 'A'],
          ['3', null],
        ],
      ),
    ).toEqual([
      { symbol: 'B', score: -0, reason: 'number 1 of the query' },
      { symbol: 'A', score: -1, reason: 'number 2 of the query' },
    ]);
    expect(await find(['symbol', 'score', 'reason'], [['B', '1.5', 'cheap']])).toEqual([
      { symbol: 'B', score: 1.5, reason: 'cheap' },
    ]);
    expect(asked[0]).toEqual({ query: 'select 1', limits: { rowsMax: 7, timeoutMs: 2_500 } });
  });

  it('says in one line what its query does not answer', async () => {
    await expect(find(['name', 'close'], [])).rejects.toThrow(
      /^the query answers no column `symbol`, only: name, close$/,
    );
    await expect(find(['symbol', 'score'], [['A', 'secret']])).rejects.toThrow(
      /^the column `score` of row 1 is no number$/,
    );
    await expect(find(['symbol', 'score'], [['A', null]])).rejects.toThrow(/row 1 is no number/);
  });

  it.each([
    'select symbol from stock_ohlc',
    '  -- the best; of all\n SELECT symbol FROM stock_ohlc ; ',
    '/* a /* nested; */ comment; */ with x as (select 1) select * from x',
    "(select ';' as symbol) union (select $a$ ; delete $a$ || E'\\';')",
    'select 1 as ";"',
  ])('takes %j', (query) => {
    expect(checkScannerParameters(findScanner('sql')!, { query }, 'p')).toMatchObject({ ok: true });
  });

  it.each([
    'delete from stock_ohlc',
    'select 1; delete from stock_ohlc',
    'select 1;;',
    "select ';' ; drop table stock_ohlc",
    '-- select 1\n drop table stock_ohlc',
    'selected',
    'explain analyze select 1',
    '',
  ])('refuses %j when the plan is checked', (query) => {
    expect(checkScannerParameters(findScanner('sql')!, { query }, 'p')).toMatchObject({
      ok: false,
      violations: [{ path: 'p.query', allowed: expect.stringMatching(/^a single SELECT.*$/) }],
    });
  });
});

describe('list', () => {
  it('picks its symbols in their order, as far as they can be traded', async () => {
    const days = [day('A'), day('B'), day('C')];
    expect(await scan('list', days, { symbols: ['C', 'NONE', 'A'] })).toEqual(['C', 'A']);
  });
});

describe('parameters', () => {
  it.each<[string, JsonObject, string, RegExp]>([
    ['momentum', { min_gap: 3 }, 'scanners.x.parameters.min_gap', /a parameter of momentum/],
    ['momentum', { max_symbols: 0 }, 'scanners.x.parameters.max_symbols', /./],
    ['momentum', { min_volume: 'many' }, 'scanners.x.parameters.min_volume', /a number of shares/],
    ['gap', { direction: 'sideways' }, 'scanners.x.parameters.direction', /up, down, both/],
    ['list', {}, 'scanners.x.parameters.symbols', /./],
    ['list', { symbols: [] }, 'scanners.x.parameters.symbols', /at least one symbol/],
  ])('of %s %j are refused at %s', (name, parameters, path, allowed) => {
    const checked = checkScannerParameters(findScanner(name)!, parameters, 'scanners.x.parameters');
    expect(checked.ok ? [] : checked.violations.map((one) => one.path)).toEqual([path]);
    expect(checked.ok ? '' : checked.violations[0]?.allowed).toMatch(allowed);
  });

  it('of every built-in have defaults, but what only its author knows', () => {
    for (const scanner of builtinScanners.filter(({ name }) => name !== 'list' && name !== 'sql')) {
      expect(checkScannerParameters(scanner, {}, 'p').ok).toBe(true);
    }
  });
});

describe('a ranking', () => {
  it('holds each symbol once, by score and then by name, up to its limit', () => {
    const candidate = (symbol: string, score: number) => ({ symbol, score, reason: `${symbol} ${score}` });
    const picks = rankCandidates(
      [candidate('B', 1), candidate('A', 1), candidate('C', 5), candidate('B', 2)],
      2,
    );
    expect(picks).toEqual([
      { symbol: 'C', score: 5, reason: 'C 5', rank: 1 },
      { symbol: 'B', score: 2, reason: 'B 2', rank: 2 },
    ]);
  });
});

describe('a look over all snapshots', () => {
  it.each(builtinScanners.filter((scanner) => 'sift' in scanner).map(({ name }) => name))(
    'finds the same where the snapshots are: %s',
    async (name) => {
      const scanner = findSiftingScanner(name)!;
      const days = ['A', 'B', 'C', 'D'].map((symbol, index) =>
        day(symbol, { volume: 50_000 + index * 10_000, last: 11 + index, open: 10.5 + index }),
      );
      const minuteBars = days.flatMap(({ symbol }) => [
        bar(symbol, at('2024-07-01T14:00:00Z'), { close: 10, volume: 1_000 }),
        bar(symbol, at('2024-07-02T14:00:00Z'), { close: 11, volume: 60_000 }),
      ]);
      const dailyBars = days
        .flatMap(({ symbol }) =>
          Array.from({ length: 300 }, (_, index) =>
            bar(symbol, at('2024-07-01T04:00:00Z') - index * MICROS_PER_DAY, { close: 10 }),
          ),
        )
        .toReversed();
      const history = new PlainHistory({ days, minuteBars, dailyBars });
      const instruments = history.symbols.map((symbol) => instrument(symbol));
      let tasks = 0;
      const elsewhere: ScanMarket = {
        ...marketOf(history, instruments),
        sift: async (given) => {
          tasks += 1;
          // As between two threads.
          const { symbols, dayMicros, ...facts } = structuredClone(given);
          const snapshots = await history.snapshots(symbols);
          if (!snapshots.ok) return snapshots;
          const seen = [...snapshots.value.values()].map((snapshot) => daySnapshot(snapshot, dayMicros));
          return success(structuredClone(scanner.sift(seen, facts)));
        },
      };
      const { parameters } = checkScannerParameters(scanner, {}, '') as { parameters: unknown };
      const found = async (market: ScanMarket) => {
        const queries = await openScanQueries(market, at(LATE_MORNING), new AbortController().signal);
        return scanner.scan({ ...queries, parameters, log: () => undefined });
      };
      const there = await found(elsewhere);
      expect(there).toEqual(await found(marketOf(history, instruments)));
      expect([there.length > 0, tasks]).toEqual([true, 1]);
    },
  );
});
