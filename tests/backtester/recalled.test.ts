/** History that the data lacks, such as a session's strategies were given of symbols that they got amid it. */
import { describe, expect, it } from 'vitest';
import { PastBars, type RecalledBars } from '../../src/backtester/history.ts';
import { rulesOf, SessionCalendar } from '../../src/clock/calendar.ts';
import type { Bar } from '../../src/domain/market.ts';
import { appendBar } from '../../src/tape/append.ts';
import { Batch } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { MINUTE, OPEN } from './harness.ts';

const barAt = (minute: number, close: number): Bar => ({
  ...{ symbol: 'ACME', timeMicros: OPEN + minute * MINUTE, open: close, high: close, low: close, close },
  ...{ volume: 1, vwap: close, tradeCount: 1 },
});

/** Minutes 0 to 5 close at 100 and more, as far as they are over; minutes 2 and 6 are in the data, at 2 and 6. */
function pastOf(recalled: readonly Bar[]): PastBars {
  const source: RecalledBars = (_, interval, nowMicros) =>
    interval === 'day' ? [] : recalled.filter(({ timeMicros }) => timeMicros + MINUTE <= nowMicros);
  const past = new PastBars(
    { minuteBars: 10, dailyBars: 0 },
    new SessionCalendar(rulesOf('us_equity')),
    source,
  );
  const batch = Batch.create({ rows: 2, heapBytes: 64 });
  batch.baseMicros = OPEN;
  const symbols = new SymbolTable();
  for (const minute of [2, 6]) appendBar(batch, barAt(minute, minute), { symbols });
  for (let row = 0; row < batch.count; row += 1) past.bar('ACME', batch, row);
  return past;
}

describe('recalled bars', () => {
  const past = pastOf([0, 1, 2, 3, 4, 5].map((minute) => barAt(minute, 100 + minute)));
  const closes = (minuteBars: number, minute: number) => {
    const answer = past.answer('ACME', { minuteBars, dailyBars: 0, toMicros: OPEN + minute * MINUTE });
    return answer.ok ? answer.minuteBars.map(({ close }) => close) : [];
  };

  it('stand among those of the data in the order of time, each minute once, the newest as many as asked', () => {
    expect(closes(10, 7)).toEqual([100, 101, 2, 103, 104, 105, 6]);
    expect(closes(3, 7)).toEqual([104, 105, 6]);
  });

  it('are known when they are over, and not before', () => {
    expect(closes(10, 4)).toEqual([100, 101, 2, 103]);
    expect(closes(10, 3.5)).toEqual([100, 101, 2]);
  });

  it('are found by a range of time too', () => {
    const range = { fromMicros: OPEN + MINUTE, toMicros: OPEN + 5 * MINUTE, nowMicros: OPEN + 4 * MINUTE };
    expect(past.between('ACME', 'minute', range).map(({ close }) => close)).toEqual([101, 2, 103]);
  });
});
