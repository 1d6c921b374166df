/**
 * Results that the project Stock.Indicators (github.com/DaveSkender/Stock.Indicators, tests/indicators) publishes for
 * its own recorded quotes, rounded as there. The quotes are recorded data and not part of this project.
 */
import { describe, expect, it } from 'vitest';
import { Ema, Hma, Sma } from '../../src/fincalcs/averages.ts';
import { Bollinger, Donchian, Keltner } from '../../src/fincalcs/channels.ts';
import { Adx } from '../../src/fincalcs/directional.ts';
import { column, columns } from '../../src/fincalcs/indicator.ts';
import { Macd } from '../../src/fincalcs/macd.ts';
import { ChaikinMoneyFlow, Mfi } from '../../src/fincalcs/moneyFlow.ts';
import { Rsi, Stochastic } from '../../src/fincalcs/oscillators.ts';
import { Pair } from '../../src/fincalcs/pair.ts';
import { Atr, TrueRange } from '../../src/fincalcs/range.ts';
import { SuperTrend } from '../../src/fincalcs/stops.ts';
import { Trend } from '../../src/fincalcs/trend.ts';
import { StandardDeviation } from '../../src/fincalcs/volatility.ts';
import { AnchoredVwap, type TimedCandle } from '../../src/fincalcs/vwap.ts';
import { csvRows, recorded } from '../support/recorded.ts';

const QUOTES = 'DaveSkender+Stock.Indicators/tests/indicators/_testdata/quotes';
const MINUTE_MICROS = 60_000_000;
const days = recorded(`${QUOTES}/default.csv`);
const others = recorded(`${QUOTES}/compare.csv`);
const minutes = recorded(`${QUOTES}/intraday.csv`);
const isThere = days.isThere && others.isThere && minutes.isThere;

/** Their time is only a place in a row here: the figures know no calendar. */
function candlesOf(path: string): TimedCandle[] {
  return csvRows(path).map((row, index) => ({
    timeMicros: index * MINUTE_MICROS,
    open: Number(row.open),
    high: Number(row.high),
    low: Number(row.low),
    close: Number(row.close),
    volume: Number(row.volume),
  }));
}

describe.skipIf(!isThere)('published results', () => {
  const candles = isThere ? candlesOf(days.path) : [];
  const closes = candles.map(({ close }) => close);
  const bands = columns(new Bollinger(), closes);
  const adx = columns(new Adx(), candles);
  const macd = columns(new Macd(), closes);
  const stochastic = columns(new Stochastic(), candles);
  const fastStochastic = columns(new Stochastic({ period: 5, smooth: 1, signal: 10 }), candles);
  const keltner = columns(new Keltner(), candles);
  const donchian = columns(new Donchian(20), candles);
  const trend = columns(new Trend(20), closes);
  const superTrend = columns(new SuperTrend({ period: 14 }), candles);

  it.each<readonly [string, Float64Array, Readonly<Record<number, number>>, digits: number]>([
    ['SMA', column(new Sma(20), closes), { 249: 255.55, 501: 251.86 }, 4],
    ['EMA', column(new Ema(20), closes), { 29: 216.6228, 249: 255.3873, 501: 249.3519 }, 4],
    ['HMA', column(new Hma(20), closes), { 149: 236.0835, 501: 235.6972 }, 4],
    ['RSI', column(new Rsi(), closes), { 14: 62.0541, 249: 70.9368, 501: 42.0773 }, 4],
    // Earlier theirs differ, for their fast average begins at its own first value.
    ['MACD', macd.macd, { 249: 2.2353, 501: -6.2198 }, 4],
    ['MACD signal', macd.signal, { 249: 2.3141, 501: -5.8569 }, 4],
    ['MACD histogram', macd.histogram, { 249: -0.0789, 501: -0.3629 }, 4],
    ['Bollinger, upper', bands.upper, { 249: 259.5642, 501: 273.7004 }, 4],
    ['Bollinger, lower', bands.lower, { 249: 251.5358, 501: 230.0196 }, 4],
    ['Keltner, upper', keltner.upper, { 485: 275.426, 501: 262.1873 }, 4],
    ['Keltner, lower', keltner.lower, { 485: 255.4938, 501: 236.5165 }, 4],
    // Theirs leaves the newest candle out.
    ['Donchian, upper', donchian.upper, { 19: 217.02, 248: 258.7, 484: 274.39, 500: 273.59 }, 4],
    ['Donchian, lower', donchian.lower, { 19: 211.52, 248: 249.87, 484: 256.68, 500: 229.42 }, 4],
    ['true range', column(new TrueRange(), candles), { 13: 1.45, 24: 0.88, 249: 0.58, 501: 2.67 }, 4],
    // Earlier theirs differ, for they count the first candle's range.
    ['ATR', column(new Atr(), candles), { 249: 1.3381, 501: 6.1497 }, 4],
    ['ADX', adx.adx, { 248: 30.5903, 501: 34.2987 }, 4],
    ['+DI', adx.plus, { 248: 32.3167, 501: 17.7565 }, 4],
    ['-DI', adx.minus, { 248: 18.2471, 501: 31.151 }, 4],
    ['supertrend', superTrend.stop, { 151: 232.8519, 152: 237.6436, 249: 253.8008, 501: 250.7954 }, 4],
    ['supertrend, side', superTrend.direction, { 151: 1, 152: -1, 249: 1, 501: -1 }, 4],
    ['stochastic k', stochastic.k, { 501: 43.1353 }, 4],
    ['stochastic d', stochastic.d, { 501: 35.5674 }, 4],
    ['fast stochastic k', fastStochastic.k, { 487: 25.0353, 501: 91.6233 }, 4],
    ['fast stochastic d', fastStochastic.d, { 487: 60.5706, 501: 36.0608 }, 4],
    ['MFI', column(new Mfi(), candles), { 439: 69.0622, 501: 39.9494 }, 4],
    ['CMF', column(new ChaikinMoneyFlow(), candles), { 49: 0.350596, 249: -0.040226, 501: -0.123754 }, 6],
    ['standard deviation', column(new StandardDeviation(10), closes), { 9: 0.502, 501: 5.4738 }, 4],
    ['slope', trend.slope, { 249: 0.312406, 482: -0.337015, 501: -1.689143 }, 6],
    ['r squared', trend.rSquared, { 249: 0.8056, 482: 0.173, 501: 0.7955 }, 4],
  ])('%s', (_name, figures, expected, digits) => {
    for (const [index, figure] of Object.entries(expected)) {
      expect(figures[Number(index)]).toBeCloseTo(figure, digits);
    }
  });

  it('correlation and beta of two instruments', () => {
    const pair = new Pair(20);
    // Exponentials of scaled prices, because pairs are of logs: neither figure changes by the scale.
    for (const [index, other] of candlesOf(others.path).entries()) {
      pair.update({ first: Math.exp(closes[index]! / 1_000), second: Math.exp(other.close / 1_000) });
    }
    expect(pair.value.correlation).toBeCloseTo(0.846, 4);
    const reverse = new Pair(20);
    for (const [index, other] of candlesOf(others.path).entries()) {
      reverse.update({ first: Math.exp(other.close / 1_000), second: Math.exp(closes[index]! / 1_000) });
    }
    expect(pair.value.ratio * reverse.value.ratio).toBeCloseTo(0.7157, 4);
  });

  it('VWAP of a session and from an anchor within it', () => {
    const session = candlesOf(minutes.path).slice(0, 391);
    const whole = columns(new AnchoredVwap({ anchorMicros: 0 }), session).middle;
    expect(whole[0]).toBeCloseTo(367.48, 4);
    expect(whole[1]).toBeCloseTo(367.4223, 4);
    expect(whole[369]).toBeCloseTo(367.9494, 4);
    expect(whole[390]).toBeCloseTo(368.1804, 4);
    const anchored = columns(new AnchoredVwap({ anchorMicros: 30 * MINUTE_MICROS }), session).middle;
    expect(anchored[29]).toBeNaN();
    expect(anchored[30]).toBeCloseTo(366.81, 4);
    expect(anchored[369]).toBeCloseTo(368.0511, 4);
    expect(anchored[390]).toBeCloseTo(368.2908, 4);
  });
});
