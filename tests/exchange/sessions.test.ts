import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MICROS_PER_MINUTE, parseMicros } from '../../src/domain/time.ts';
import { SessionSchedule } from '../../src/exchange/market/sessions.ts';
import { DEFAULT_SESSION_SHAPE } from '../../src/exchange/options.ts';

const at = (text: string) => parseMicros(text)!;

describe('the simulated sessions', () => {
  it('have one that opened an hour before the start, rounded down to the minute, for 390 minutes', () => {
    const schedule = new SessionSchedule(at('2026-11-20T14:30:42.5Z'), DEFAULT_SESSION_SHAPE);
    const running = schedule.running(at('2026-11-20T14:30:42.5Z'))!;
    expect(running.openMicros).toBe(at('2026-11-20T13:30:00Z'));
    expect(running.closeMicros).toBe(at('2026-11-20T20:00:00Z'));
    expect(schedule.running(at('2026-11-20T20:00:00Z'))).toBeUndefined();
    expect(schedule.nextOpen(at('2026-11-20T20:00:00Z')).openMicros).toBe(at('2026-11-20T20:05:00Z'));
  });

  it('stand in the calendar in New York times, each date once, a close past midnight on the next day', () => {
    const start = at('2026-11-21T05:06:00Z');
    const schedule = new SessionSchedule(start, DEFAULT_SESSION_SHAPE);
    expect(schedule.calendar('2026-11-19', '2026-11-21', start)).toMatchObject([
      { date: '2026-11-19', open: '23:06', close: '05:36' },
      { date: '2026-11-20', open: '23:06', close: '05:36', session_open: '2306', session_close: '0536' },
      { date: '2026-11-21', open: '05:41', close: '12:11' },
    ]);
    const afterClose = at('2026-11-21T17:12:00Z');
    expect(schedule.calendar('2026-11-21', '2026-11-21', afterClose)).toMatchObject([{ open: '12:16' }]);
  });

  it('keep their local time over a change to winter time', () => {
    const start = at('2026-11-02T15:30:00Z');
    const schedule = new SessionSchedule(start, DEFAULT_SESSION_SHAPE);
    const rows = schedule.calendar('2026-10-30', '2026-11-02', start);
    expect(rows.map(({ date, open }) => `${date} ${open}`)).toEqual(
      ['2026-10-30', '2026-10-31', '2026-11-01', '2026-11-02'].map((date) => `${date} 09:30`),
    );
  });

  it('agree with each other at every moment, whatever the start', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: at('2025-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') }),
        fc.integer({ min: -4_000, max: 4_000 }),
        (start, minutes) => {
          const schedule = new SessionSchedule(start, DEFAULT_SESSION_SHAPE);
          expect(schedule.running(start)).toBeDefined();
          const moment = start + minutes * MICROS_PER_MINUTE;
          const running = schedule.running(moment);
          const open = schedule.nextOpen(moment);
          const close = schedule.nextClose(moment);
          expect(open.openMicros).toBeGreaterThan(moment);
          expect(close.closeMicros).toBeGreaterThan(moment);
          if (running === undefined) expect(close).toEqual(open);
          else expect(close).toEqual(running);
          const day = schedule.tradingDay(moment);
          expect(day).toBeLessThanOrEqual(moment);
          const rows = schedule.calendar('2024-12-25', '2027-01-09', moment);
          expect(new Set(rows.map(({ date }) => date)).size).toBe(rows.length);
        },
      ),
      { numRuns: 25 },
    );
  });
});
