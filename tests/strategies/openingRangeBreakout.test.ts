import { describe, expect, it } from 'vitest';
import { numberFromDecimal } from '../../src/domain/decimal.ts';
import type { JsonObject } from '../../src/domain/order.ts';
import { MINUTE } from '../engine/inbox.ts';
import { at, builtIn, madeHistory, ordersOf } from './made.ts';
import { sessionOn, TestMarket, type Tick } from './market.ts';
import { MINUTE_DATES, minutesOf, recordedMinutes } from './recordedBars.ts';

const bundle = await builtIn('opening-range-breakout');

/** Fifteen minutes around 100: the range is about 99.8 to 100.2. */
const RANGE = madeHistory(15, 0);
const HIGH = Math.max(...RANGE.map(({ high }) => high));
const LOW = Math.min(...RANGE.map(({ low }) => low));

const ordersAfter = (parameters: JsonObject, ...ticks: Tick[]) => ordersOf(bundle, parameters, RANGE, ticks);

describe('opening-range-breakout', () => {
  it('buys the first price above the range, stops inside it and takes profit beyond it, once a session', () => {
    const orders = ordersAfter(
      {},
      at(15, HIGH - 0.01),
      at(15, 100.3, 1),
      at(16, 102),
      at(18, 100.3),
      at(19, 100.4),
    );
    expect(orders.map(({ side, reason }) => [side, reason])).toEqual([
      ['buy', 'above the range of the first 15 minutes'],
      ['sell', 'target reached'],
    ]);
    const [entry] = orders;
    expect(numberFromDecimal(entry!.stopLossPrice!)).toBeCloseTo(HIGH - (HIGH - LOW) / 2, 1);
    expect(numberFromDecimal(entry!.targetPrice!)).toBeCloseTo(HIGH + (HIGH - LOW) * 1.5, 1);
    expect(entry?.indicators).toMatchObject({ high: HIGH, low: LOW, volume: 15_000 });
  });

  it('gives up at the stop', () => {
    expect(ordersAfter({}, at(15, 100.3), at(16, 99.9))[1]?.reason).toBe('stop reached');
  });

  it('sells what falls out of the range only when it may', () => {
    expect(ordersAfter({}, at(15, 99.7))).toEqual([]);
    const orders = ordersAfter({ allowShort: true }, at(15, 99.7), at(16, 98));
    expect(orders.map(({ side }) => side)).toEqual(['sell', 'buy']);
  });

  it('waits for the range to be complete, and enters no more when it is late', () => {
    const early = ordersOf(bundle, {}, RANGE.slice(0, 10), [at(10, 100.4)]);
    expect(early).toEqual([]);
    expect(ordersAfter({ entryMinutesMax: 20 }, at(21, 100.4))).toEqual([]);
  });

  it('does not run after a price that is at its target already', () => {
    expect(ordersAfter({}, at(15, 102))).toEqual([]);
    expect(ordersAfter({ allowShort: true }, at(15, 98))).toEqual([]);
  });

  it.each([
    ['too flat a range', { rangePercentMin: 1 }],
    ['too high a range', { rangePercentMax: 0.2 }],
    ['too little volume, by the minutes before', { volumeMin: 1 }],
  ])('leaves %s alone', (_name, parameters) => {
    expect(ordersAfter(parameters, at(15, 100.4))).toEqual([]);
  });

  it.skipIf(!minutesOf('MU').isThere)(
    'enters at most once in each of five recorded sessions, at its range',
    () => {
      const bars = recordedMinutes('MU');
      const [first, ...rest] = MINUTE_DATES.map(sessionOn);
      const market = new TestMarket({
        bundle,
        parameters: { allowShort: true },
        symbols: ['MU'],
        session: first!,
        history: () => ({ minuteBars: bars }),
      });
      for (const session of [first!, ...rest]) {
        if (session !== first) market.startSession(session);
        market.playBars(
          bars.filter(
            ({ timeMicros }) => timeMicros >= session.openMicros && timeMicros < session.closeMicros,
          ),
        );
        const entries = market.orders.filter(
          ({ decidedAtMicros, reduceOnly }) => !reduceOnly && decidedAtMicros >= session.openMicros,
        );
        expect(entries.length).toBeLessThanOrEqual(1);
        const range = bars.filter(
          ({ timeMicros }) =>
            timeMicros >= session.openMicros && timeMicros < session.openMicros + 15 * MINUTE,
        );
        for (const { indicators } of entries) {
          expect(indicators.high).toBe(Math.max(...range.map(({ high }) => high)));
          expect(indicators.low).toBe(Math.min(...range.map(({ low }) => low)));
        }
      }
      expect(market.orders.filter(({ reduceOnly }) => !reduceOnly).length).toBeGreaterThanOrEqual(3);
    },
  );
});
