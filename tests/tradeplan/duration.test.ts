import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/tradeplan/duration.ts';
import { suggest } from '../../src/tradeplan/suggestion.ts';

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['5s', 5_000],
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['-30m', -1_800_000],
    ['1m500ms', 60_500],
    ['0', 0],
    ['0s', 0],
  ])('%s is %i ms', (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
  });

  it.each(['', '-', '5', '5 s', '5S', '1.5h', '30m1h', '5s5s', 's', 'soon', '1e3s'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('reads back what it printed', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (durationMs) => {
        expect(parseDuration(formatDuration(durationMs))).toBe(durationMs);
      }),
    );
  });
});

describe('a suggestion', () => {
  const known = ['max_event_age', 'max_feed_lag', 'consumers', 'strategies', 'max_order_notional'];

  it.each([
    ['consumer', 'consumers'],
    ['stratgies', 'strategies'],
    ['maxEventAge', 'max_event_age'],
    ['max-feed-lag', 'max_feed_lag'],
    ['order_notional_max', 'max_order_notional'],
  ])('for %s is %s', (typed, meant) => {
    expect(suggest(typed, known)).toBe(meant);
  });

  it('is none where nothing is near', () => {
    expect(suggest('colour', known)).toBeUndefined();
    expect(suggest('x', [])).toBeUndefined();
  });
});
