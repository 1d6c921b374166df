import { describe, expect, it } from 'vitest';
import { readSession } from '../../src/brokers/alpaca/rows.ts';
import { formatMicros } from '../../src/domain/time.ts';

function moments(fields: Record<string, string>): string[] {
  const session = readSession(fields);
  if (session === undefined) return [];
  const { extendedOpenMicros, openMicros, closeMicros, extendedCloseMicros } = session;
  return [extendedOpenMicros, openMicros, closeMicros, extendedCloseMicros].map((moment) =>
    formatMicros(moment).slice(0, 16),
  );
}

describe("a row of Alpaca's calendar", () => {
  it('speaks New York time, half days too', () => {
    const row = {
      date: '2024-11-29',
      open: '09:30',
      close: '13:00',
      session_open: '0400',
      session_close: '1700',
    };
    expect(moments(row)).toEqual([
      '2024-11-29T09:00',
      '2024-11-29T14:30',
      '2024-11-29T18:00',
      '2024-11-29T22:00',
    ]);
  });

  it("of the local exchange may end on the next day, when its session crosses New York's midnight", () => {
    const row = {
      date: '2026-11-20',
      open: '23:16',
      close: '05:46',
      session_open: '2316',
      session_close: '0546',
    };
    expect(moments(row)).toEqual([
      '2026-11-21T04:16',
      '2026-11-21T04:16',
      '2026-11-21T10:46',
      '2026-11-21T10:46',
    ]);
  });

  it('that is damaged is left out', () => {
    expect(moments({ date: '2024-11-29', open: 'soon', close: '13:00' })).toEqual([]);
    expect(moments({ date: '2024-13-29', open: '09:30', close: '13:00' })).toEqual([]);
  });
});
