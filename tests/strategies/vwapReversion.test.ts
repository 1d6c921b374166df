import { describe, expect, it } from 'vitest';
import { MINUTE } from '../engine/inbox.ts';
import { at, builtIn, madeHistory, ordersOf } from './made.ts';
import { sessionOn, TestMarket } from './market.ts';
import { minutesOf, recordedMinutes } from './recordedBars.ts';

const bundle = await builtIn('vwap-reversion');

describe('vwap-reversion', () => {
  it('buys far below VWAP and sells when the price is back', () => {
    const orders = ordersOf(bundle, {}, madeHistory(60, 0), [
      at(60, 100),
      at(60, 99, 1),
      at(60, 98.9, 2),
      at(60, 100.1, 3),
    ]);
    expect(orders.map(({ side, reason }) => [side, reason])).toEqual([
      ['buy', expect.stringContaining('below VWAP')],
      ['sell', 'target reached'],
    ]);
    expect(orders[0]!.indicators.zScore).toBeLessThan(-1);
    expect(orders[0]?.targetPrice).not.toBeNull();
  });

  it('gives up at the stop and waits before it enters again', () => {
    const orders = ordersOf(bundle, {}, madeHistory(60, 0), [
      at(60, 99.5),
      at(60, 90, 1),
      at(60, 90, 2),
      at(60, 90, 40),
    ]);
    expect(orders.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('below'),
      'stop reached',
      expect.stringContaining('below'),
    ]);
  });

  it('sells short above VWAP only when it may', () => {
    const ticks = [at(60, 100), at(60, 102, 1), at(60, 100, 2)];
    expect(ordersOf(bundle, {}, madeHistory(60, 0), ticks)).toEqual([]);
    const orders = ordersOf(bundle, { allowShort: true }, madeHistory(60, 0), ticks);
    expect(orders.map(({ side }) => side)).toEqual(['sell', 'buy']);
  });

  it.skipIf(!minutesOf('MSFT').isThere)('trades round trips on recorded minutes, each from far below', () => {
    const bars = recordedMinutes('MSFT');
    const session = sessionOn('2019-02-13');
    const startMicros = session.openMicros + 30 * MINUTE;
    const market = new TestMarket({
      bundle,
      symbols: ['MSFT'],
      session,
      startMicros,
      history: () => ({ minuteBars: bars }),
    });
    market.playBars(
      bars.filter(({ timeMicros }) => timeMicros >= startMicros && timeMicros < session.closeMicros),
    );
    const { orders } = market;
    expect(orders.length).toBeGreaterThan(4);
    for (const [index, { side, indicators, reduceOnly }] of orders.entries()) {
      expect(side).toBe(index % 2 === 0 ? 'buy' : 'sell');
      expect(reduceOnly).toBe(side === 'sell');
      if (side === 'buy') expect(indicators.zScore).toBeLessThanOrEqual(-1);
    }
  });
});
