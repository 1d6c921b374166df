import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberFromDecimal } from '../../src/domain/decimal.ts';
import type { BarView } from '../../src/strategies/contract.ts';
import { type BarValues, Series } from '../../src/strategies/guest/series.ts';
import { BarFollower } from '../../src/strategies/toolbox/follower.ts';
import { quantityByRisk, shareOfEquity } from '../../src/strategies/toolbox/sizing.ts';
import { OPEN, SESSION } from '../engine/inbox.ts';
import { scripted } from '../engine/scripts.ts';
import { TestMarket } from './market.ts';

describe('sizing by risk', () => {
  it.each([
    ['risk over the distance to the stop', { entryPrice: 100, stopPrice: 98, risk: 50 }, 25],
    ['the same for a short', { entryPrice: 98, stopPrice: 100, risk: 50 }, 25],
    ['no more than it may cost', { entryPrice: 100, stopPrice: 99.9, risk: 50, notionalMax: 1_050 }, 10],
    ['rounded down to whole shares', { entryPrice: 100, stopPrice: 97, risk: 50 }, 16],
    ['in parts of a share', { entryPrice: 100, stopPrice: 97, risk: 50, step: 0 }, 50 / 3],
    ['in steps of ten', { entryPrice: 100, stopPrice: 97, risk: 50, step: 10 }, 10],
    ['nothing without a distance', { entryPrice: 100, stopPrice: 100, risk: 50 }, 0],
    ['nothing while a price is unknown', { entryPrice: 100, stopPrice: Number.NaN, risk: 50 }, 0],
    ['nothing when one share risks too much', { entryPrice: 100, stopPrice: 40, risk: 50 }, 0],
  ])('is %s', (_name, sizing, quantity) => {
    expect(quantityByRisk(sizing)).toBe(quantity);
  });

  it('never loses more at the stop than the risk, nor costs more than it may', () => {
    const amount = fc.double({ min: 0.01, max: 10_000, noNaN: true });
    fc.assert(
      fc.property(amount, amount, amount, amount, (entryPrice, stopPrice, risk, notionalMax) => {
        const quantity = quantityByRisk({ entryPrice, stopPrice, risk, notionalMax });
        expect(Number.isInteger(quantity)).toBe(true);
        expect(quantity * Math.abs(entryPrice - stopPrice)).toBeLessThanOrEqual(risk * (1 + 1e-9));
        expect(quantity * entryPrice).toBeLessThanOrEqual(notionalMax * (1 + 1e-9));
      }),
    );
  });

  it('takes a share of the equity, and nothing of an unknown one', () => {
    expect(shareOfEquity(20_000, 0.5)).toBe(100);
    expect(shareOfEquity(Number.NaN, 0.5)).toBe(0);
    expect(shareOfEquity(-5, 0.5)).toBe(0);
  });
});

describe('a follower of bars', () => {
  const bar = (minute: number, close: number): BarValues => ({
    timeMicros: minute * 60e6,
    open: close,
    high: close,
    low: close,
    close,
    volume: 1,
    vwap: close,
    tradeCount: 1,
    incomplete: false,
  });

  /** Closes seen since it was made: what any tool would have been fed. */
  const seen = () =>
    new BarFollower<number[], { symbol: string; minuteBars: Series }>(
      () => [],
      (closes: number[], { close }: BarView) => closes.push(close),
    );

  it('has always seen the closes of the series, whatever is appended, inserted or corrected', () => {
    const change = fc.record({
      minute: fc.integer({ min: 0, max: 60 }),
      close: fc.integer({ min: 1, max: 99 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
        const minuteBars = new Series('AAPL', 1_000);
        const follower = seen();
        for (const { minute, close } of changes) {
          minuteBars.put(bar(minute, close));
          expect(follower.follow({ symbol: 'AAPL', minuteBars })).toEqual([...minuteBars.column('close')]);
        }
      }),
    );
  });

  it('feeds each bar once while bars only come behind, also when the series is full', () => {
    const minuteBars = new Series('AAPL', 20);
    let made = 0;
    let fed = 0;
    const follower = new BarFollower<object, { symbol: string; minuteBars: Series }>(
      () => {
        made += 1;
        return {};
      },
      () => {
        fed += 1;
      },
    );
    for (let minute = 0; minute < 1_000; minute += 1) {
      minuteBars.put(bar(minute, 1));
      follower.follow({ symbol: 'AAPL', minuteBars });
      follower.follow({ symbol: 'AAPL', minuteBars });
    }
    // Once more per half a series at most.
    expect(made).toBeLessThanOrEqual(101);
    expect(fed).toBeLessThanOrEqual(1_000 + 100 * 20);
  });

  it('knows nothing before the first bar', () => {
    expect(seen().follow({ symbol: 'AAPL', minuteBars: new Series('AAPL', 5) })).toBeUndefined();
  });
});

describe('the way to wished quantities', () => {
  it('reduces first, adds then, goes through zero in two steps, and leaves small changes alone', async () => {
    const bundle = await scripted(
      'wishes',
      `scope: 'universe', initialState: () => ({ plans: [
          { ONE: 10, TWO: -5 }, { ONE: 4, TWO: 5, SIX: 7 }, { ONE: 4, TWO: 5.2, SIX: 8 }, {},
        ] }),
      onTrade(context) {
        const [targets] = context.state.plans;
        if (targets === undefined || !(context.view('SIX').lastPrice > 0)) return;
        const isDone = approach(context, targets, { reason: 'wished', toleranceShare: 0.1 });
        if (isDone) context.state.plans.shift();
      },`,
      `import { approach } from 'openbell';`,
    );
    const symbols = ['ONE', 'TWO', 'SIX'];
    const market = new TestMarket({ bundle, symbols, session: SESSION, history: () => ({}) });
    market.play(
      Array.from({ length: 60 }, (_, index) => ({
        symbol: symbols[index % 3]!,
        atMicros: OPEN + index * 1e6,
        price: 10,
      })),
    );
    expect(
      market.orders.map(({ side, quantity, symbol }) => `${side} ${numberFromDecimal(quantity)} ${symbol}`),
    ).toEqual([
      'buy 10 ONE',
      'sell 5 TWO',
      'sell 6 ONE',
      'buy 5 TWO',
      'buy 5 TWO',
      'buy 7 SIX',
      'buy 1 SIX',
      'sell 4 ONE',
      'sell 5 TWO',
      'sell 8 SIX',
    ]);
    expect(market.holdings.size).toBe(0);
  });
});
