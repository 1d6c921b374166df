import { describe, expect, it } from 'vitest';
import { decimal, numberFromDecimal } from '../../src/domain/decimal.ts';
import type { Bar } from '../../src/domain/market.ts';
import { MINUTE } from '../engine/inbox.ts';
import { builtIn } from './made.ts';
import { sessionOn, TestMarket, type Tick } from './market.ts';
import { recordedDays, universeOfDays } from './recordedBars.ts';

const bundle = await builtIn('trend-following');

const DAY_MICROS = 1_440 * MINUTE;
const SESSION = sessionOn('2026-11-20');
const SHORT = { trendDays: 5, averageDays: 5, atrDays: 3, positionsMax: 2 };

/** Daily closes that end the day before the session, each with a range of 2. */
function days(symbol: string, closes: readonly number[]): Bar[] {
  return closes.map((close, index) => ({
    symbol,
    timeMicros: SESSION.openMicros - (closes.length - index) * DAY_MICROS,
    open: close,
    high: close + 1,
    low: close - 1,
    close,
    volume: 1,
    vwap: close,
    tradeCount: 1,
  }));
}

/** A trade of each symbol in the minute of the rebalancing, and others after it, which close the minutes. */
function rebalancing(prices: Readonly<Record<string, number>>, openMicros = SESSION.openMicros): Tick[] {
  return [30, 31, 32, 33, 34].flatMap((minute) =>
    Object.entries(prices).map(([symbol, price], index) => ({
      symbol,
      atMicros: openMicros + minute * MINUTE + index,
      price,
    })),
  );
}

const CLOSES: Readonly<Record<string, readonly number[]>> = {
  STEEP: [100, 102, 104, 106, 108, 110],
  RISES: [100, 101, 102, 103, 104, 105],
  CREEPS: [100, 100.1, 100.2, 100.3, 100.4, 100.5],
  FALLS: [110, 108, 106, 104, 102, 100],
};
const PRICES = Object.fromEntries(Object.entries(CLOSES).map(([symbol, closes]) => [symbol, closes.at(-1)!]));

function marketOf(closes: Readonly<Record<string, readonly number[]>> = CLOSES): TestMarket {
  return new TestMarket({
    bundle,
    parameters: SHORT,
    symbols: Object.keys(closes),
    session: SESSION,
    history: (symbol) => ({ dailyBars: days(symbol, closes[symbol] ?? []) }),
  });
}

describe('trend-following', () => {
  it('holds the strongest risers, sized by their average range and by what one may cost', () => {
    const market = marketOf();
    market.play(rebalancing(PRICES));
    // A tenth of a percent of 100,000 over a range of 3 (steep) or 2; a tenth of 100,000 at most.
    const sized = (atr: number, price: number) => Math.floor(Math.min(100 / atr, 10_000 / price));
    const atrs = { STEEP: 3, RISES: 2 };
    expect(Object.fromEntries(market.holdings)).toEqual({
      STEEP: sized(atrs.STEEP, 110),
      RISES: sized(atrs.RISES, 105),
    });
    const { indicators } = market.orders.find(({ symbol }) => symbol === 'STEEP')!;
    expect(indicators).toMatchObject({ rSquared: expect.closeTo(1, 9), atr: expect.closeTo(3, 9) });
  });

  it('rebalances every so many sessions: sells first, buys when that is done', () => {
    const market = marketOf();
    market.play(rebalancing(PRICES));
    const before = market.orders.length;
    for (let day = 1; day <= 4; day += 1) {
      const session = sessionOn(
        new Date((SESSION.openMicros + day * DAY_MICROS) / 1_000).toISOString().slice(0, 10),
      );
      market.startSession(session);
      // STEEP is below its average now; CREEPS takes its place, but not before the fifth session.
      market.play(rebalancing({ ...PRICES, STEEP: 50 }, session.openMicros));
    }
    expect(market.orders).toHaveLength(before);
    const session = sessionOn('2026-11-25');
    market.startSession(session);
    market.play(rebalancing({ ...PRICES, STEEP: 50 }, session.openMicros));
    const changes = market.orders.slice(before).map(({ side, symbol }) => `${side} ${symbol}`);
    expect(changes).toEqual(['sell STEEP', 'buy CREEPS']);
    expect([...market.holdings.keys()].sort()).toEqual(['CREEPS', 'RISES']);
  });

  it('buys nothing that it cannot judge, and leaves what is refused until the next time', () => {
    const { FALLS: _falls, ...risers } = CLOSES;
    const unknown = marketOf({ ...risers, STEEP: [] });
    unknown.play(rebalancing(PRICES));
    expect([...unknown.holdings.keys()].sort()).toEqual(['CREEPS', 'RISES']);
    const refusing = new TestMarket({
      bundle,
      parameters: SHORT,
      symbols: Object.keys(CLOSES),
      session: SESSION,
      history: (symbol) => ({ dailyBars: days(symbol, CLOSES[symbol] ?? []) }),
      refuse: ({ symbol, quantity }) =>
        symbol === 'STEEP' ? { code: 'order_quantity', quantity, limit: decimal('1') } : undefined,
    });
    refusing.play(rebalancing(PRICES));
    expect(refusing.orders.filter(({ symbol }) => symbol === 'STEEP')).toHaveLength(1);
    expect([...refusing.holdings.keys()]).toEqual(['RISES']);
  });

  it('sells nothing while it does not know what the account is worth', () => {
    const market = new TestMarket({
      bundle,
      parameters: SHORT,
      symbols: Object.keys(CLOSES),
      session: SESSION,
      equity: '0',
      history: (symbol) => ({ dailyBars: days(symbol, CLOSES[symbol] ?? []) }),
    });
    market.play(rebalancing(PRICES));
    expect(market.orders).toEqual([]);
  });

  it.skipIf(!universeOfDays.isThere)(
    'over two recorded years holds what a plain calculation of the same rules holds',
    () => {
      const symbols = ['AAPL', 'AMZN', 'BAC', 'DIS', 'GE', 'IBM', 'JNJ', 'JPM', 'KO', 'MSFT', 'NVDA', 'XOM'];
      const history = new Map(symbols.map((symbol) => [symbol, recordedDays(symbol)]));
      const dates = history
        .get('IBM')!
        .map(({ date }) => date)
        .slice(150, 650);
      const positionsMax = 4;
      const market = new TestMarket({
        bundle,
        parameters: { positionsMax, rebalanceSessions: 20, toleranceShare: 0 },
        symbols,
        session: sessionOn(dates[0]!),
        history: (symbol) => ({ dailyBars: history.get(symbol)! }),
      });
      let held: readonly string[] = [];
      let rebalancings = 0;
      for (const [day, date] of dates.entries()) {
        const session = sessionOn(date);
        if (day > 0) market.startSession(session);
        const opens = new Map(
          symbols.map((symbol) => [symbol, history.get(symbol)!.find((bar) => bar.date === date)?.open]),
        );
        const prices = Object.fromEntries([...opens].filter(([, open]) => open !== undefined)) as Record<
          string,
          number
        >;
        market.play(rebalancing(prices, session.openMicros));
        if (day % 20 === 0) {
          held = expectedHoldings(symbols, history, session.openMicros, prices, positionsMax);
          rebalancings += 1;
        }
        expect([...market.holdings.keys()].sort()).toEqual(held);
      }
      expect(rebalancings).toBe(25);
      for (const { side, quantity, indicators } of market.orders) {
        expect(numberFromDecimal(quantity)).toBeGreaterThan(0);
        if (side === 'buy') expect(indicators.score).toBeGreaterThan(0);
      }
    },
    60_000,
  );
});

/** The rules, written down once more with the whole column in hand. */
function expectedHoldings(
  symbols: readonly string[],
  history: ReadonlyMap<string, readonly Bar[]>,
  beforeMicros: number,
  prices: Readonly<Record<string, number>>,
  positionsMax: number,
): readonly string[] {
  const scored = symbols.flatMap((symbol) => {
    const closes = history
      .get(symbol)!
      .filter(({ timeMicros }) => timeMicros < beforeMicros)
      .map(({ close }) => close);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const window = closes.slice(-90);
    const middle = 44.5;
    const covariance = mean(window.map((close, index) => (index - middle) * (close - mean(window))));
    const slope = covariance / mean(window.map((_, index) => (index - middle) ** 2));
    const variance = mean(window.map((close) => (close - mean(window)) ** 2));
    const rSquared = (slope * covariance) / variance;
    const score = ((100 * slope) / mean(window)) * rSquared;
    const isHeld = score > 0 && (prices[symbol] ?? closes.at(-1)!) > mean(closes.slice(-100));
    return isHeld ? [{ symbol, score }] : [];
  });
  return scored
    .sort((a, b) => b.score - a.score)
    .slice(0, positionsMax)
    .map(({ symbol }) => symbol)
    .sort();
}
