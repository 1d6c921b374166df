import { describe, expect, it } from 'vitest';
import { sessionOn, TestMarket } from '../strategies/market.ts';
import { MINUTE } from './inbox.ts';
import { scripted } from './scripts.ts';

describe('a new day', () => {
  it('brings the daily bars that were closed since, to those that look at them', async () => {
    const dates = ['2026-11-18', '2026-11-19', '2026-11-20'];
    const [, second, third] = dates.map(sessionOn);
    const dailyBars = dates.map((date, index) => ({
      symbol: 'AAPL',
      timeMicros: sessionOn(date).openMicros - 330 * MINUTE,
      open: 1,
      high: 1,
      low: 1,
      close: index + 1,
      volume: 1,
      vwap: 1,
      tradeCount: 1,
    }));
    // What the day under way is worth is not known yet when it begins.
    let known = 1;
    const bundle = await scripted(
      'days',
      `warmUp: () => ({ dailyBars: 5 }),
       onTrade(context) { context.log('info', [...context.dailyBars.column('close')].join(' ')); },`,
    );
    const market = new TestMarket({
      bundle,
      symbols: ['AAPL'],
      session: second!,
      history: () => ({ dailyBars: dailyBars.slice(0, known) }),
    });
    market.play([{ symbol: 'AAPL', atMicros: second!.openMicros + MINUTE, price: 10 }]);
    known = 2;
    market.startSession(third!);
    market.play([{ symbol: 'AAPL', atMicros: third!.openMicros + MINUTE, price: 10 }]);
    market.startSession(third!);
    market.play([{ symbol: 'AAPL', atMicros: third!.openMicros + 2 * MINUTE, price: 10 }]);
    expect(market.messages).toEqual(['1', '1 2', '1 2']);
  });
});
