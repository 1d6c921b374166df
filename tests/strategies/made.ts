/** Prices made for one symbol, on the session of the host's tests. */
import { seededRandom } from '../../src/clock/chance.ts';
import type { Bar } from '../../src/domain/market.ts';
import type { JsonObject, OrderIntent } from '../../src/domain/order.ts';
import { bundleStrategy, type StrategyBundle } from '../../src/strategies/bundle.ts';
import { MINUTE, OPEN, SECOND, SESSION } from '../engine/inbox.ts';
import { TestMarket, type Tick } from './market.ts';

/** A history of `minutes` bars around 100 from the session's open on, rising by `drift` a minute. */
export function madeHistory(minutes: number, drift: number): Bar[] {
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

export const at = (minute: number, price: number, second = 0): Tick => ({
  symbol: 'AAPL',
  atMicros: OPEN + minute * MINUTE + second * SECOND,
  price,
});

/** Orders of a strategy over AAPL that starts at the first tick, with the bars until then as its history. */
export function ordersOf(
  bundle: StrategyBundle,
  parameters: JsonObject,
  minuteBars: readonly Bar[],
  ticks: readonly Tick[],
): readonly OrderIntent[] {
  const market = new TestMarket({
    bundle,
    parameters,
    symbols: ['AAPL'],
    session: SESSION,
    startMicros: ticks[0]!.atMicros,
    history: () => ({ minuteBars }),
  });
  market.play(ticks);
  return market.orders;
}

export const builtIn = (name: string): Promise<StrategyBundle> =>
  bundleStrategy({ name, path: null, baseDirectory: '.' });
