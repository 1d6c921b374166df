import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/domain/order.ts';
import {
  builtinScanners,
  checkScannerParameters,
  findScanner,
  rankCandidates,
} from '../../src/scanners/registry.ts';
import { openScanQueries } from '../../src/trader/scanQueries.ts';
import { at, type Day, instrument, marketOf, PlainHistory } from './market.ts';

const LATE_MORNING = '2024-07-02T15:00:00Z';
const PRE_MARKET = '2024-07-02T13:00:00Z';

/** A stock that every scanner's defaults like: up 10 % on volume, 5 % of it as a gap. */
const LIKED: Day = {
  ...{ symbol: 'LIKED', previousClose: 10, previousVolume: 100_000, open: 10.5, last: 11, volume: 50_000 },
  trades: 300,
};
const day = (symbol: string, changes: Partial<Day> = {}): Day => ({ ...LIKED, symbol, ...changes });

async function scan(
  name: string,
  days: readonly Day[],
  parameters: JsonObject = {},
  moment = LATE_MORNING,
): Promise<string[]> {
  const scanner = findScanner(name);
  if (scanner === undefined) throw new RangeError(name);
  const checked = checkScannerParameters(scanner, parameters, 'scanners.x.parameters');
  if (!checked.ok) throw new Error(JSON.stringify(checked.violations));
  const market = marketOf(
    new PlainHistory({ days }),
    days.map((one) => instrument(one.symbol)),
  );
  const queries = await openScanQueries(market, at(moment), new AbortController().signal);
  const found = await scanner.scan({ ...queries, parameters: checked.parameters, log: () => undefined });
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

  it('of every built-in but the list have defaults', () => {
    for (const scanner of builtinScanners.filter(({ name }) => name !== 'list')) {
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
