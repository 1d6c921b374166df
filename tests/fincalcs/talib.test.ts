/**
 * TA-Lib's own figures (its C code as WebAssembly, talib-web 0.1.3) over candles made by a formula: at the first
 * candle for which TA-Lib has a figure, five later, and at candles 150 and 299.
 */
import { describe, expect, it } from 'vitest';
import { Dema, Ema, Kama, Sma, Tema, Wma } from '../../src/fincalcs/averages.ts';
import { Adx, Aroon } from '../../src/fincalcs/directional.ts';
import { type Candle, column, columns, type Indicator } from '../../src/fincalcs/indicator.ts';
import { Macd } from '../../src/fincalcs/macd.ts';
import { AccumulationDistribution, Mfi, Obv } from '../../src/fincalcs/moneyFlow.ts';
import { Cci, Momentum, RateOfChange, Rsi, WilliamsR } from '../../src/fincalcs/oscillators.ts';
import { Atr, TrueRange } from '../../src/fincalcs/range.ts';
import { ParabolicSar } from '../../src/fincalcs/stops.ts';
import { Trend } from '../../src/fincalcs/trend.ts';
import { madeCandles } from './candles.ts';

const CANDLES = madeCandles(300);
const CLOSES = CANDLES.map(({ close }) => close);

const closes = (indicator: Indicator<number>) => column(indicator, CLOSES);
const candles = (indicator: Indicator<Candle>) => column(indicator, CANDLES);
const adx = columns(new Adx(14), CANDLES);
const aroon = columns(new Aroon(14), CANDLES);
const macd = columns(new Macd(), CLOSES);
const trend = columns(new Trend(20), CLOSES);

type Golden = readonly [first: number, atFirst: number, fiveLater: number, at150: number, at299: number];

const TABLE: readonly (readonly [name: string, figures: Float64Array, golden: Golden])[] = [
  ['SMA', closes(new Sma(20)), [19, 100.651, 100.553, 89.6265, 87.703]],
  ['EMA', closes(new Ema(20)), [19, 100.651, 100.52357361608, 89.902235365609, 87.943410877162]],
  ['WMA', closes(new Wma(20)), [19, 100.52533333333, 100.37995238095, 89.371428571429, 88.188380952383]],
  ['DEMA', closes(new Dema(20)), [38, 99.381345169743, 99.282680579111, 88.489263915783, 88.498364080069]],
  ['TEMA', closes(new Tema(20)), [57, 98.265172681965, 98.270298373574, 88.602367189277, 89.010522115802]],
  ['KAMA', closes(new Kama(10)), [10, 101.28237704261, 101.04157000209, 89.858718351721, 88.252315042451]],
  ['SAR', candles(new ParabolicSar()), [1, 100.66, 100.00093312, 90.4298, 89.4258]],
  ['RSI', closes(new Rsi(14)), [14, 46.905537459283, 49.121659687136, 34.985526087865, 59.300521314836]],
  ['MACD', macd.macd, [33, -0.36903200426383, -0.29847551470985, -1.0006139763314, 0.45077120481173]],
  [
    'the MACD signal',
    macd.signal,
    [33, -0.23152605981245, -0.34447367541131, -1.0988986067495, 0.33259784137836],
  ],
  [
    'the MACD histogram',
    macd.histogram,
    [33, -0.13750594445138, 0.045998160701456, 0.098284630418033, 0.11817336343337],
  ],
  ['ATR', candles(new Atr(14)), [14, 1.01, 0.94555017998453, 0.73780005104859, 0.64995857586731]],
  ['TRANGE', candles(new TrueRange()), [1, 0.86999999999999, 1.12, 0.70999999999999, 0.18000000000001]],
  ['ADX', adx.adx, [27, 8.932941574224, 11.641030708116, 32.014077167421, 28.897549371448]],
  ['PLUS_DI', adx.plus, [27, 20.625966616254, 16.1013599061, 15.59070099874, 28.330420987778]],
  ['MINUS_DI', adx.minus, [27, 21.162418196031, 27.951745429011, 34.919845836552, 15.257580190242]],
  ['CCI', candles(new Cci(20)), [19, -48.402255639097, -44.826527479277, -129.47019516896, 74.626865671641]],
  [
    'WILLR',
    candles(new WilliamsR(14)),
    [13, -72.934472934473, -51.851851851852, -81.545064377683, -31.598513011153],
  ],
  [
    'ROC',
    closes(new RateOfChange(10)),
    [10, 0.68896655017474, -0.51602659521682, -1.6517015851901, 0.40797824116048],
  ],
  ['MOM', closes(new Momentum(10)), [10, 0.69, -0.52, -1.49, 0.36]],
  ['MFI', candles(new Mfi(14)), [14, 51.580671635864, 35.419192578403, 54.125140913992, 62.835137561264]],
  ['OBV', candles(new Obv()), [0, 7856, 6299, -133070, -116694]],
  [
    'AD',
    candles(new AccumulationDistribution()),
    [0, 4548.2105263159, 1439.2470949597, -91849.879209985, -79417.139888566],
  ],
  [
    'LINEARREG_SLOPE',
    trend.slope,
    [19, -0.039684210526319, -0.054646616541353, -0.08054887218045, 0.15327819548873],
  ],
  ['AROON up', aroon.up, [14, 50, 14.285714285714, 7.1428571428571, 71.428571428571]],
  ['AROON down', aroon.down, [14, 85.714285714286, 50, 100, 0]],
];

describe("TA-Lib's figures", () => {
  it.each(TABLE)('are those of %s, from the first one on', (_name, figures, [first, ...golden]) => {
    expect(figures).toHaveLength(CANDLES.length);
    // The directional indicators begin with the average, which is made of both.
    expect(figures.findIndex((figure) => !Number.isNaN(figure))).toBe(first);
    for (const [place, index] of [first, first + 5, 150, 299].entries()) {
      const expected = golden[place]!;
      expect(Math.abs(figures[index]! - expected)).toBeLessThan(1e-9 * Math.max(1, Math.abs(expected)));
    }
  });
});
