import { describe, expect, it } from 'vitest';
import { numberFromDecimal } from '../../src/domain/decimal.ts';
import type { JsonObject } from '../../src/domain/order.ts';
import { MINUTE } from '../engine/inbox.ts';
import { at, builtIn, madeHistory, ordersOf } from './made.ts';
import { sessionOn, TestMarket, type Tick } from './market.ts';
import { minutesOf, recordedMinutes } from './recordedBars.ts';

const bundle = await builtIn('momentum-long');

describe('momentum-long', () => {
  it('buys a breakout in an uptrend for what its stop may cost, and sells at the target', () => {
    const orders = ordersOf(bundle, { riskPerTrade: 20 }, madeHistory(60, 0.05), [
      at(60, 103),
      at(60, 104.5, 1),
      at(60, 108, 2),
    ]);
    expect(orders.map(({ side, reason }) => [side, reason])).toEqual([
      ['buy', expect.stringContaining('breakout')],
      ['sell', 'target reached'],
    ]);
    const [entry] = orders;
    const indicators = entry?.indicators as Record<string, number>;
    const stop = numberFromDecimal(entry!.stopLossPrice!);
    expect(indicators.emaFast).toBeGreaterThan(indicators.emaSlow!);
    expect(numberFromDecimal(entry!.quantity) * (indicators.price! - stop)).toBeLessThanOrEqual(20.5);
    expect(orders[1]?.quantity).toBe(entry?.quantity);
  });

  it('sells at the stop, at the trailing stop, and in time', () => {
    const reasonOf = (parameters: JsonObject, ...ticks: Tick[]) =>
      ordersOf(bundle, parameters, madeHistory(60, 0.05), [at(60, 104.5), ...ticks])[1]?.reason;
    expect(reasonOf({}, at(60, 100, 1))).toBe('stop reached');
    expect(reasonOf({ targetAtr: 50 }, at(60, 106, 1), at(60, 105, 2))).toBe('trailing stop reached');
    expect(reasonOf({ holdSecondsMax: 20 }, at(60, 104.5, 21))).toBe('held long enough');
  });

  it('does nothing in a downtrend, and nothing without enough history', () => {
    expect(ordersOf(bundle, {}, madeHistory(60, -0.05), [at(60, 97), at(60, 99, 1)])).toEqual([]);
    expect(ordersOf(bundle, {}, madeHistory(10, 0.05), [at(60, 103), at(60, 104.5, 1)])).toEqual([]);
  });

  it.skipIf(!minutesOf('AAPL').isThere)(
    'trades round trips on recorded minutes, each within its risk',
    () => {
      const bars = recordedMinutes('AAPL');
      const session = sessionOn('2019-02-12');
      const startMicros = session.openMicros + 60 * MINUTE;
      const market = new TestMarket({
        bundle,
        symbols: ['AAPL'],
        session,
        startMicros,
        history: () => ({ minuteBars: bars }),
      });
      market.playBars(
        bars.filter(({ timeMicros }) => timeMicros >= startMicros && timeMicros < session.closeMicros),
      );
      expect(market.orders.length).toBeGreaterThan(4);
      for (const [
        index,
        { side, quantity, reduceOnly, indicators, stopLossPrice },
      ] of market.orders.entries()) {
        expect(side).toBe(index % 2 === 0 ? 'buy' : 'sell');
        expect(reduceOnly).toBe(side === 'sell');
        if (side === 'sell') continue;
        const {
          price = 0,
          emaFast = 0,
          emaSlow = 0,
          vwap = 0,
          breakout = 0,
        } = indicators as Record<string, number>;
        expect(emaFast).toBeGreaterThan(emaSlow);
        expect(price).toBeGreaterThan(Math.max(vwap, breakout));
        const shares = numberFromDecimal(quantity);
        expect(shares * price).toBeLessThanOrEqual(5_000);
        expect(shares * (price - numberFromDecimal(stopLossPrice!))).toBeLessThanOrEqual(50 + 0.01 * shares);
      }
    },
  );
});
