import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/clock/chance.ts';
import { numberFromDecimal } from '../../src/domain/decimal.ts';
import type { Bar } from '../../src/domain/market.ts';
import type { JsonObject, OrderIntent } from '../../src/domain/order.ts';
import { StrategyHost } from '../../src/engine/host.ts';
import { bundleStrategy, type StrategyBundle } from '../../src/strategies/bundle.ts';
import {
  assignment,
  filled,
  hostConfig,
  instance,
  MINUTE,
  OPEN,
  Recorder,
  SECOND,
  tradesBatch,
} from '../engine/inbox.ts';

const DATA = process.env.OPENBELL_TEST_DATA ?? '../shared/data';
const MINUTES_OF_AAPL = join(DATA, 'masonblier+eqker/data/AAPL_1min.csv');

const bundles = new Map<string, StrategyBundle>();
beforeAll(async () => {
  for (const name of ['momentum-long', 'vwap-reversion']) {
    bundles.set(name, await bundleStrategy({ name, path: null, baseDirectory: '.' }));
  }
});

interface Tick {
  readonly atMicros: number;
  readonly price: number;
}

/** A flat history of `minutes` bars around 100, then `drift` per minute. */
function history(minutes: number, drift: number): Bar[] {
  const random = seededRandom(7);
  return Array.from({ length: minutes }, (_, index) => {
    const close = 100 + drift * index + (random() - 0.5) * 0.2;
    return {
      symbol: 'AAPL',
      timeMicros: OPEN + index * MINUTE,
      open: close - drift,
      high: close + 0.15,
      low: close - 0.15,
      close,
      volume: 1_000,
      vwap: close,
      tradeCount: 10,
    };
  });
}

/** Runs ticks through the host; every order is filled at the price of the tick that caused it. */
function run(
  name: string,
  parameters: JsonObject,
  minuteBars: readonly Bar[],
  ticks: readonly Tick[],
): OrderIntent[] {
  const output = new Recorder();
  const host = new StrategyHost(hostConfig([instance(bundles.get(name)!, { parameters })]), output);
  const startMicros = ticks[0]!.atMicros;
  host.handleCommand({ type: 'assign', units: [assignment(name, 'AAPL')] }, startMicros);
  const answer = { ok: true, minuteBars, dailyBars: [] } as const;
  host.handleCommand({ type: 'history', requestId: 1, symbol: 'AAPL', answer }, startMicros);
  let held = 0;
  let told = 0;
  for (const { atMicros, price } of ticks) {
    host.handleBatch(tradesBatch([{ symbol: 'AAPL', atMicros, price }]), atMicros);
    for (; told < output.orders.length; told += 1) {
      const order = output.orders[told]!;
      held += (order.side === 'buy' ? 1 : -1) * numberFromDecimal(order.quantity);
      host.handleDesk([filled(order, String(held), String(price))], atMicros);
    }
  }
  expect(output.of('fault')).toEqual([]);
  return output.orders;
}

const at = (minute: number, price: number, second = 0): Tick => ({
  atMicros: OPEN + minute * MINUTE + second * SECOND,
  price,
});

describe('momentum-long', () => {
  it('buys a breakout in an uptrend for what its stop may cost, and sells at the target', () => {
    const orders = run('momentum-long', { riskPerTrade: 20 }, history(60, 0.05), [
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
      run('momentum-long', parameters, history(60, 0.05), [at(60, 104.5), ...ticks])[1]?.reason;
    expect(reasonOf({}, at(60, 100, 1))).toBe('stop reached');
    expect(reasonOf({ targetAtr: 50 }, at(60, 106, 1), at(60, 105, 2))).toBe('trailing stop reached');
    expect(reasonOf({ holdSecondsMax: 20 }, at(60, 104.5, 21))).toBe('held long enough');
  });

  it('does nothing in a downtrend, and nothing without enough history', () => {
    expect(run('momentum-long', {}, history(60, -0.05), [at(60, 97), at(60, 99, 1)])).toEqual([]);
    expect(run('momentum-long', {}, history(10, 0.05), [at(60, 103), at(60, 104.5, 1)])).toEqual([]);
  });
});

describe('vwap-reversion', () => {
  it('buys far below VWAP and sells when the price is back', () => {
    const orders = run('vwap-reversion', {}, history(60, 0), [
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
    const orders = run('vwap-reversion', {}, history(60, 0), [
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
    expect(run('vwap-reversion', {}, history(60, 0), ticks)).toEqual([]);
    expect(
      run('vwap-reversion', { allowShort: true }, history(60, 0), ticks).map(({ side }) => side),
    ).toEqual(['sell', 'buy']);
  });
});

describe('the built-in strategies on recorded minutes of AAPL', () => {
  const isThere = existsSync(MINUTES_OF_AAPL);
  if (!isThere) process.stderr.write(`skipped: no recorded data at ${MINUTES_OF_AAPL}\n`);

  it.skipIf(!isThere).each(['momentum-long', 'vwap-reversion'])(
    '%s trades round trips and ends each',
    (name) => {
      const rows = readFileSync(MINUTES_OF_AAPL, 'utf8').trim().split('\n').slice(1).reverse();
      const day = rows.filter((row) => row.startsWith('2019-02-12'));
      const bars = day.map((row, index): Bar => {
        const [, open = 0, high = 0, low = 0, close = 0, volume = 0] = row.split(',').map(Number);
        const vwap = (high + low + close) / 3;
        return {
          symbol: 'AAPL',
          timeMicros: OPEN + index * MINUTE,
          open,
          high,
          low,
          close,
          volume,
          vwap,
          tradeCount: 1,
        };
      });
      expect(bars.length).toBeGreaterThan(300);
      const ticks = bars
        .slice(60)
        .flatMap(({ open, high, low, close }, index) =>
          [open, low, high, close].map((price, part) => at(60 + index, price, part * 15)),
        );
      const orders = run(name, {}, bars.slice(0, 60), ticks);
      expect(orders.length).toBeGreaterThan(4);
      const quantities = orders.map(({ side, quantity }) => (side === 'buy' ? quantity : -quantity));
      expect(Math.abs(Number(quantities.reduce((sum, quantity) => sum + quantity, 0n)))).toBeLessThanOrEqual(
        Number(orders.at(-1)!.quantity),
      );
      expect(
        orders.every(({ quantity, reduceOnly, side }) => quantity > 0n && reduceOnly === (side === 'sell')),
      ).toBe(true);
    },
  );
});
