import { describe, expect, it } from 'vitest';
import { ZERO } from '../../src/domain/decimal.ts';
import type { Bar } from '../../src/domain/market.ts';
import type { JsonObject } from '../../src/domain/order.ts';
import { MINUTE, OPEN, SESSION } from '../engine/inbox.ts';
import { builtIn } from './made.ts';
import { type MarketOptions, sessionOn, TestMarket } from './market.ts';
import { minutesOf, recordedMinutes } from './recordedBars.ts';

const bundle = await builtIn('pairs');

const SHORT: JsonObject = { windowMinutes: 20, correlationMin: 0.5, pauseMinutes: 0 };

/** Two that move together, the first at twice the second, off by `offPercent` in the given minutes. */
function minutesOfBoth(from: number, off: readonly number[]): Bar[] {
  return off.flatMap((percent, index) => {
    const minute = from + index;
    const second = 50 + Math.sin(minute / 3) + 0.01 * ((minute * 7) % 5);
    const bar = (symbol: string, close: number): Bar => ({
      symbol,
      timeMicros: OPEN + minute * MINUTE,
      open: close,
      high: close,
      low: close,
      close,
      volume: 1_000,
      vwap: close,
      tradeCount: 4,
    });
    return [bar('ONE', 2 * second * (1 + percent / 100 + 0.0002 * ((minute * 3) % 4))), bar('TWO', second)];
  });
}

const QUIET = Array.from({ length: 40 }, () => 0);
const HISTORY = minutesOfBoth(0, QUIET);

function marketOf(changes: Partial<MarketOptions> = {}): TestMarket {
  return new TestMarket({
    bundle,
    parameters: SHORT,
    symbols: ['ONE', 'TWO'],
    session: SESSION,
    startMicros: OPEN + 40 * MINUTE,
    history: (symbol) => ({ minuteBars: HISTORY.filter((bar) => bar.symbol === symbol) }),
    ...changes,
  });
}

const sides = (market: TestMarket) => market.orders.map(({ side, symbol }) => `${side} ${symbol}`);

describe('pairs', () => {
  it('buys the cheaper and sells the dearer, and closes both when the spread is back', () => {
    const market = marketOf();
    market.playBars(minutesOfBoth(40, [0, -0.3, -0.3, 0, 0, 0]));
    expect(sides(market)).toEqual(['buy ONE', 'sell TWO', 'sell ONE', 'buy TWO']);
    expect(market.orders.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^the spread is -[23]\.\d\d deviations away$/),
      expect.stringMatching(/^the spread is/),
      'the spread is back',
      'the spread is back',
    ]);
    expect(market.holdings.size).toBe(0);
    expect(market.orders[0]?.indicators.correlation).toBeGreaterThan(0.5);
  });

  it('does the opposite when the first is the dearer', () => {
    const market = marketOf();
    market.playBars(minutesOfBoth(40, [0, 0.25, 0.25]));
    expect(sides(market)).toEqual(['sell ONE', 'buy TWO']);
    expect(market.held('ONE')).toBeLessThan(0);
    // The second leg is worth about the first, for the ratio is about 1.
    const worth = (symbol: string, price: number) => Math.abs(market.held(symbol)) * price;
    expect(worth('TWO', 50) / worth('ONE', 100)).toBeGreaterThan(0.7);
  });

  it('closes the other leg when one is refused, and tries no more in the session', () => {
    const market = marketOf({
      refuse: ({ symbol, side, quantity, reduceOnly }) =>
        side === 'sell' && !reduceOnly
          ? { code: 'short_not_allowed', symbol, held: ZERO, asked: quantity }
          : undefined,
    });
    market.playBars(minutesOfBoth(40, [0, -0.3, -0.3, -0.3, 0, -0.4, -0.4]));
    expect(sides(market)).toEqual(['buy ONE', 'sell TWO', 'sell ONE']);
    expect(market.holdings.size).toBe(0);
  });

  it('does not open again what others have closed', () => {
    const market = marketOf({ parameters: { ...SHORT, exitZ: 0, pauseMinutes: 60 } });
    market.playBars(minutesOfBoth(40, [0, -0.3, -0.3]));
    expect(market.holdings.size).toBe(2);
    for (const symbol of ['ONE', 'TWO']) market.closeFromOutside(symbol, OPEN + 43 * MINUTE);
    market.playBars(minutesOfBoth(43, [-0.3, -0.3, -0.3]));
    expect(market.orders).toHaveLength(2);
  });

  it('gives up in time', () => {
    const market = marketOf({ parameters: { ...SHORT, holdMinutesMax: 1, exitZ: 0 } });
    market.playBars(minutesOfBoth(40, [0, -0.3, -0.3, -0.3]));
    expect(market.orders.at(-1)?.reason).toBe('held long enough');
  });

  it('does nothing with three symbols, and says so; nothing with two that have nothing to do with each other', () => {
    const three = marketOf({ symbols: ['ONE', 'TWO', 'SIX'] });
    three.playBars(minutesOfBoth(40, [0, -0.3, -0.3]));
    expect(three.orders).toEqual([]);
    expect(three.messages).toEqual(['pairs needs two symbols and has 3; it does nothing']);
    const strict = marketOf({ parameters: { ...SHORT, correlationMin: 1 } });
    strict.playBars(minutesOfBoth(40, [0, -0.3, -0.3]));
    expect(strict.orders).toEqual([]);
  });

  const areThere = minutesOf('SPY').isThere && minutesOf('VOO').isThere;
  it.skipIf(!areThere)(
    'trades two recorded funds on one index, always both legs, and ends flat or hedged',
    () => {
      const bars = new Map(['SPY', 'VOO'].map((symbol) => [symbol, recordedMinutes(symbol)]));
      const session = sessionOn('2019-02-13');
      const startMicros = session.openMicros + 120 * MINUTE;
      const market = new TestMarket({
        bundle,
        symbols: ['SPY', 'VOO'],
        session,
        startMicros,
        history: (symbol) => ({ minuteBars: bars.get(symbol)! }),
      });
      const today = [...bars.values()]
        .flat()
        .filter(({ timeMicros }) => timeMicros >= startMicros && timeMicros < session.closeMicros);
      market.playBars(today);
      expect(market.orders.length).toBeGreaterThanOrEqual(4);
      expect(market.orders.length % 2).toBe(0);
      expect(Math.sign(market.held('SPY'))).toBe(-Math.sign(market.held('VOO')) + 0);
      for (const { indicators, reduceOnly } of market.orders) {
        if (reduceOnly) continue;
        expect(Math.abs(indicators.zScore as number)).toBeGreaterThanOrEqual(2);
        expect(indicators.correlation).toBeGreaterThanOrEqual(0.8);
      }
    },
  );
});
