/** What holds for every indicator, whatever the prices are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Dema, Ema, Hma, Kama, Sma, Tema, Wilder, Wma } from '../../src/fincalcs/averages.ts';
import { Bollinger, Donchian, Keltner } from '../../src/fincalcs/channels.ts';
import { Adx, Aroon } from '../../src/fincalcs/directional.ts';
import { type Candle, candlesOf, column, columns, type Indicator } from '../../src/fincalcs/indicator.ts';
import { Macd } from '../../src/fincalcs/macd.ts';
import { AccumulationDistribution, ChaikinMoneyFlow, Mfi, Obv } from '../../src/fincalcs/moneyFlow.ts';
import { Cci, Momentum, RateOfChange, Rsi, Stochastic, WilliamsR } from '../../src/fincalcs/oscillators.ts';
import { Atr, TrueRange } from '../../src/fincalcs/range.ts';
import { ParabolicSar, SuperTrend } from '../../src/fincalcs/stops.ts';
import { Trend } from '../../src/fincalcs/trend.ts';
import { StandardDeviation, Volatility } from '../../src/fincalcs/volatility.ts';

/** Thirty-one indicators, each with several properties. */
fc.configureGlobal({ numRuns: 40 });

/** A number, or a record of numbers. */
type Figures = number | object;
type Named = Readonly<Record<string, number>>;

/** `price`: in the price's unit, so it scales with prices. `share`: the same whatever the price's unit. */
type Unit = 'price' | 'share';

interface Row {
  readonly name: string;
  readonly make: () => Indicator<Candle, Figures>;
  readonly units: Unit | Readonly<Record<string, Unit>>;
}

/** An indicator of closes, as one of candles. */
function ofCloses(make: () => Indicator<number, Figures>): () => Indicator<Candle, Figures> {
  return () => {
    const inner = make();
    return {
      get value() {
        return inner.value;
      },
      get isReady() {
        return inner.isReady;
      },
      update: ({ close }) => inner.update(close),
    };
  };
}

const band = { lower: 'price', middle: 'price', upper: 'price' } as const;

const INDICATORS: readonly Row[] = [
  { name: 'Sma', make: ofCloses(() => new Sma(5)), units: 'price' },
  { name: 'Ema', make: ofCloses(() => new Ema(5)), units: 'price' },
  { name: 'Wma', make: ofCloses(() => new Wma(5)), units: 'price' },
  { name: 'Hma', make: ofCloses(() => new Hma(9)), units: 'price' },
  { name: 'Dema', make: ofCloses(() => new Dema(4)), units: 'price' },
  { name: 'Tema', make: ofCloses(() => new Tema(3)), units: 'price' },
  { name: 'Kama', make: ofCloses(() => new Kama(5)), units: 'price' },
  { name: 'ParabolicSar', make: () => new ParabolicSar(), units: 'price' },
  {
    name: 'SuperTrend',
    make: () => new SuperTrend({ period: 5 }),
    units: { stop: 'price', direction: 'share' },
  },
  { name: 'Wilder', make: ofCloses(() => new Wilder(5)), units: 'price' },
  {
    name: 'Macd',
    make: ofCloses(() => new Macd({ fast: 3, slow: 6, signal: 4 })),
    units: { macd: 'price', signal: 'price', histogram: 'price' },
  },
  { name: 'Bollinger', make: ofCloses(() => new Bollinger({ period: 5 })), units: band },
  { name: 'Keltner', make: () => new Keltner({ period: 5, rangePeriod: 4 }), units: band },
  { name: 'Donchian', make: () => new Donchian(5), units: band },
  { name: 'TrueRange', make: () => new TrueRange(), units: 'price' },
  { name: 'Atr', make: () => new Atr(5), units: 'price' },
  { name: 'Rsi', make: ofCloses(() => new Rsi(5)), units: 'share' },
  { name: 'RateOfChange', make: ofCloses(() => new RateOfChange(5)), units: 'share' },
  { name: 'Momentum', make: ofCloses(() => new Momentum(5)), units: 'price' },
  {
    name: 'Stochastic',
    make: () => new Stochastic({ period: 5, smooth: 2, signal: 2 }),
    units: { k: 'share', d: 'share' },
  },
  { name: 'WilliamsR', make: () => new WilliamsR(5), units: 'share' },
  { name: 'Cci', make: () => new Cci(5), units: 'share' },
  { name: 'Adx', make: () => new Adx(4), units: { adx: 'share', plus: 'share', minus: 'share' } },
  { name: 'Aroon', make: () => new Aroon(5), units: { up: 'share', down: 'share' } },
  { name: 'Obv', make: () => new Obv(), units: 'share' },
  { name: 'AccumulationDistribution', make: () => new AccumulationDistribution(), units: 'share' },
  { name: 'ChaikinMoneyFlow', make: () => new ChaikinMoneyFlow(5), units: 'share' },
  { name: 'Mfi', make: () => new Mfi(5), units: 'share' },
  {
    name: 'Trend',
    make: ofCloses(() => new Trend(5)),
    units: { slope: 'price', percent: 'share', rSquared: 'share' },
  },
  { name: 'StandardDeviation', make: ofCloses(() => new StandardDeviation(5)), units: 'price' },
  { name: 'Volatility', make: ofCloses(() => new Volatility(5)), units: 'share' },
];

/** Prices in steps of an eighth: doubling and halving them is exact, so ties and flat candles stay such. */
const eighths = fc.integer({ min: 80, max: 2_000 }).map((price) => price / 8);
const candles = fc.array(
  fc
    .record({
      prices: fc.tuple(eighths, eighths, eighths, eighths),
      isFlat: fc.boolean(),
      volume: fc.integer({ min: 0, max: 100_000 }),
    })
    .map(({ prices, isFlat, volume }): Candle => {
      const [open, close, one, other] = isFlat ? [prices[0], prices[0], prices[0], prices[0]] : prices;
      return {
        open,
        high: Math.max(open, close, one, other),
        low: Math.min(open, close, one, other),
        close,
        volume,
      };
    }),
  { minLength: 25, maxLength: 60 },
);

const isNumber = (indicator: Indicator<Candle, Figures>): indicator is Indicator<Candle> =>
  typeof indicator.value === 'number';

/** All columns of an indicator, by name; the only one's is ''. */
function figuresOf(make: Row['make'], list: Iterable<Candle>): Record<string, Float64Array> {
  const indicator = make();
  if (isNumber(indicator)) return { '': column(indicator, list) };
  return columns(indicator as Indicator<Candle, Named>, list);
}

describe.each(INDICATORS)('$name', ({ make, units }) => {
  it('is the same one value at a time and over columns, and says when it is ready', () => {
    fc.assert(
      fc.property(candles, (list) => {
        const table = {
          open: list.map(({ open }) => open),
          high: list.map(({ high }) => high),
          low: list.map(({ low }) => low),
          close: list.map(({ close }) => close),
          volume: list.map(({ volume }) => volume),
        };
        const whole = figuresOf(make, candlesOf(table));
        const streaming = make();
        for (const [index, candle] of list.entries()) {
          const value = streaming.update(candle);
          expect(streaming.value).toEqual(value);
          for (const [name, figures] of Object.entries(whole)) {
            const figure = typeof value === 'number' ? value : (value as Named)[name];
            expect(figures[index]).toEqual(figure);
            expect(Number.isFinite(figure)).toBe(streaming.isReady);
          }
        }
        expect(streaming.isReady).toBe(true);
      }),
    );
  });

  it('does not depend on the unit of prices', () => {
    fc.assert(
      fc.property(candles, fc.constantFrom(1 / 64, 2, 1_024), (list, factor) => {
        const scaled = list.map(({ open, high, low, close, volume }) => ({
          open: open * factor,
          high: high * factor,
          low: low * factor,
          close: close * factor,
          volume,
        }));
        const before = figuresOf(make, list);
        for (const [name, figures] of Object.entries(figuresOf(make, scaled))) {
          const unit = typeof units === 'string' ? units : units[name];
          for (const [index, figure] of figures.entries()) {
            const expected = before[name]![index]! * (unit === 'price' ? factor : 1);
            if (Number.isNaN(expected)) expect(figure).toBeNaN();
            else
              expect(Math.abs(figure - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
          }
        }
      }),
    );
  });

  it('is not disturbed by a candle that is none', () => {
    fc.assert(
      fc.property(candles, fc.nat({ max: 24 }), (list, place) => {
        const damaged: Candle = { open: Number.NaN, high: Number.NaN, low: 1, close: Number.NaN, volume: 1 };
        const disturbed = make();
        const without = make();
        for (const [index, candle] of list.entries()) {
          if (index === place) disturbed.update(damaged);
          expect(disturbed.update(candle)).toEqual(without.update(candle));
        }
      }),
    );
  });

  it('leaves what it was given alone, and what it answered', () => {
    fc.assert(
      fc.property(candles, (list) => {
        const frozen = list.map((candle) => Object.freeze({ ...candle }));
        const indicator = make();
        const answers = frozen.map((candle) => {
          const answer = indicator.update(candle);
          return { answer, copy: structuredClone(answer) };
        });
        for (const { answer, copy } of answers) expect(answer).toEqual(copy);
      }),
      { numRuns: 20 },
    );
  });
});

describe('periods', () => {
  it.each([0, -1, 1.5, Number.NaN])('refuse %s with the number', (count) => {
    expect(() => new Sma(count)).toThrow(`found ${count}`);
    expect(() => new Atr(count)).toThrow(RangeError);
  });

  it('of a MACD must be shorter for the fast one', () => {
    expect(() => new Macd({ fast: 26, slow: 12 })).toThrow('fast (26) must be shorter than slow (12)');
  });
});
