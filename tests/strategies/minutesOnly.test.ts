/** Backtests on recorded minutes, where nobody tells of trades. */
import { describe, expect, it } from 'vitest';
import { builtinFile } from '../../src/strategies/builtins.ts';
import { MINUTE_MICROS, OPEN_MICROS } from '../../src/testing/market.ts';
import { tryStrategy } from '../../src/testing/trial.ts';
import { sessionOn } from './market.ts';
import { minutesOf, recordedMinutes } from './recordedBars.ts';

const { isThere } = minutesOf('AAPL');

describe.skipIf(!isThere)('recorded minutes alone', () => {
  const { openMicros, closeMicros } = sessionOn('2019-02-12');
  const bars = isThere
    ? recordedMinutes('AAPL')
        .filter(({ timeMicros }) => timeMicros >= openMicros && timeMicros < closeMicros)
        // Many sources of minutes know no VWAP.
        .map((bar, minute) => ({
          ...bar,
          vwap: Number.NaN,
          timeMicros: OPEN_MICROS + minute * MINUTE_MICROS,
        }))
    : [];

  it.each([
    ['momentum-long', { holdSecondsMax: 3_600 }],
    ['vwap-reversion', { holdSecondsMax: 3_600 }],
    ['opening-range-breakout', { rangePercentMin: 0, allowShort: true }],
  ])('%s opens and closes positions, the same ones each time', async (name, parameters) => {
    const options = { strategy: builtinFile(name)!, bars, parameters };
    const trial = await tryStrategy(options);
    expect(trial.faults).toEqual([]);
    expect(trial.denials).toEqual([]);
    expect(trial.fills.length).toBeGreaterThanOrEqual(2);
    for (const { quantity, price } of trial.fills) expect(quantity * price).toBeLessThanOrEqual(5_050);
    expect(await tryStrategy(options)).toEqual(trial);
  });
});
