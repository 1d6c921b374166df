import { describe, expect, it } from 'vitest';
import { SessionCalendar, usEquityRules } from '../../src/clock/calendar.ts';
import type { Schedule } from '../../src/clock/schedule.ts';
import { Scheduler } from '../../src/clock/scheduler.ts';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import type { MarketHours } from '../../src/domain/market.ts';
import { formatMicros, parseMicros } from '../../src/domain/time.ts';

const at = (text: string) => parseMicros(text) ?? Number.NaN;

interface Setting {
  readonly start: string;
  readonly end: string;
  readonly hours?: MarketHours;
}

/** Moments at which a job ran, as `MM-DD HH:MM:SS` in UTC. */
async function runsOf(schedules: readonly Schedule[], setting: Setting): Promise<string[]> {
  const clock = new SimulatedClock(at(setting.start));
  const scheduler = new Scheduler(clock, {
    calendar: new SessionCalendar(usEquityRules),
    hours: setting.hours ?? 'regular',
  });
  const runs: string[] = [];
  scheduler.add({
    schedules,
    run: async () => {
      runs.push(formatMicros(clock.nowMicros()).slice(5, 19).replace('T', ' '));
    },
  });
  for (let moment = at(setting.start); moment < at(setting.end); moment += 60_000_000) {
    clock.advanceTo(moment);
    await Promise.resolve();
    await Promise.resolve();
  }
  await scheduler.stop();
  return runs;
}

// New York is four hours behind UTC in July: the open is 13:30, the close 20:00; July 4 is a holiday, July 3 ends at 17:00.
describe('a schedule', () => {
  it('that is once runs at the start of an open market', async () => {
    const setting = { start: '2024-07-02T15:00:00Z', end: '2024-07-03T15:00:00Z' };
    expect(await runsOf([{ type: 'once' }], setting)).toEqual(['07-02 15:00:00']);
  });

  it('that is once waits for the open of a closed one', async () => {
    const setting = { start: '2024-07-02T10:00:00Z', end: '2024-07-02T15:00:00Z' };
    expect(await runsOf([{ type: 'once' }], setting)).toEqual(['07-02 13:30:00']);
    expect(await runsOf([{ type: 'once' }], { ...setting, hours: 'extended' })).toEqual(['07-02 10:00:00']);
  });

  it('with an interval runs at the start and again while the market is open, also on the next day', async () => {
    const every: Schedule = { type: 'interval', everyMs: 2 * 3_600_000 };
    const setting = { start: '2024-07-02T15:00:00Z', end: '2024-07-05T15:00:00Z' };
    expect(await runsOf([every], setting)).toEqual([
      ...['07-02 15:00:00', '07-02 17:00:00', '07-02 19:00:00'],
      ...['07-03 13:30:00', '07-03 15:30:00'],
      '07-05 13:30:00',
    ]);
  });

  it('with an interval never rests when the plan trades always', async () => {
    const every: Schedule = { type: 'interval', everyMs: 6 * 3_600_000 };
    const setting = { start: '2024-07-06T00:00:00Z', end: '2024-07-06T13:00:00Z', hours: 'always' as const };
    expect(await runsOf([every], setting)).toEqual(['07-06 00:00:00', '07-06 06:00:00', '07-06 12:00:00']);
  });

  it('relative to the market follows half days and skips holidays', async () => {
    const setting = { start: '2024-07-02T10:00:00Z', end: '2024-07-05T21:00:00Z' };
    const beforeClose: Schedule = { type: 'market', anchor: 'close', offsetMs: -30 * 60_000 };
    expect(await runsOf([beforeClose], setting)).toEqual([
      '07-02 19:30:00',
      '07-03 16:30:00',
      '07-05 19:30:00',
    ]);
    const afterOpen: Schedule = { type: 'market', anchor: 'open', offsetMs: 15 * 60_000 };
    expect(await runsOf([afterOpen], setting)).toEqual([
      '07-02 13:45:00',
      '07-03 13:45:00',
      '07-05 13:45:00',
    ]);
  });

  it('relative to the market makes up at the start for what this session has missed', async () => {
    const afterOpen: Schedule = { type: 'market', anchor: 'open', offsetMs: 15 * 60_000 };
    const setting = { start: '2024-07-02T18:00:00Z', end: '2024-07-03T15:00:00Z' };
    expect(await runsOf([afterOpen], setting)).toEqual(['07-02 18:00:00', '07-03 13:45:00']);
    const late = { start: '2024-07-02T21:00:00Z', end: '2024-07-03T15:00:00Z' };
    expect(await runsOf([afterOpen], late)).toEqual(['07-03 13:45:00']);
  });

  it('by cron counts in New York', async () => {
    const setting = { start: '2024-07-02T10:00:00Z', end: '2024-07-03T14:00:00Z' };
    expect(await runsOf([{ type: 'cron', expression: '0 9,16 * * *' }], setting)).toEqual([
      ...['07-02 13:00:00', '07-02 20:00:00', '07-03 13:00:00'],
    ]);
  });

  it('together with another runs once where both fall due', async () => {
    const setting = { start: '2024-07-02T10:00:00Z', end: '2024-07-02T15:00:00Z' };
    const schedules: Schedule[] = [
      { type: 'cron', expression: '45 9 * * *' },
      { type: 'market', anchor: 'open', offsetMs: 15 * 60_000 },
      { type: 'once' },
    ];
    expect(await runsOf(schedules, setting)).toEqual(['07-02 13:30:00', '07-02 13:45:00']);
  });
});

describe('the scheduler', () => {
  const open = '2024-07-02T15:00:00Z';

  function setUp(everyMs: number) {
    const clock = new SimulatedClock(at(open));
    const calendar = new SessionCalendar(usEquityRules);
    const scheduler = new Scheduler(clock, { calendar, hours: 'regular' });
    const schedules: readonly Schedule[] = [{ type: 'interval', everyMs }];
    return { clock, calendar, scheduler, schedules };
  }

  it('leaves a run out while the last one is still under way', async () => {
    const { clock, scheduler, schedules } = setUp(60_000);
    let finish: () => void = () => undefined;
    let runs = 0;
    let skipped = 0;
    scheduler.add({
      schedules,
      run: () => {
        runs += 1;
        return new Promise<void>((done) => {
          finish = done;
        });
      },
      onSkipped: () => {
        skipped += 1;
      },
    });
    clock.advanceBy(150_000);
    expect({ runs, skipped }).toEqual({ runs: 1, skipped: 2 });
    finish();
    await Promise.resolve();
    await Promise.resolve();
    clock.advanceBy(60_000);
    expect({ runs, skipped }).toEqual({ runs: 2, skipped: 2 });
    finish();
    await scheduler.stop();
  });

  it('runs no more after its job was canceled, and stops when what is under way has ended', async () => {
    const { clock, scheduler, schedules } = setUp(60_000);
    const runs: string[] = [];
    let finish: () => void = () => undefined;
    const job = scheduler.add({ schedules, run: async () => void runs.push('canceled') });
    scheduler.add({
      schedules,
      run: () =>
        new Promise<void>((done) => {
          runs.push('busy');
          finish = done;
        }),
    });
    clock.advanceBy(1);
    job.cancel();
    let isStopped = false;
    const stopped = scheduler.stop().then(() => {
      isStopped = true;
    });
    clock.advanceBy(600_000);
    await Promise.resolve();
    expect(isStopped).toBe(false);
    finish();
    await stopped;
    expect(runs).toEqual(['canceled', 'busy']);
  });

  it('follows sessions that the broker corrects while it waits', async () => {
    const clock = new SimulatedClock(at('2024-07-02T10:00:00Z'));
    const calendar = new SessionCalendar(usEquityRules);
    const scheduler = new Scheduler(clock, { calendar, hours: 'regular' });
    const runs: string[] = [];
    scheduler.add({
      schedules: [{ type: 'market', anchor: 'open', offsetMs: 0 }],
      run: async () => void runs.push(formatMicros(clock.nowMicros()).slice(11, 19)),
    });
    clock.advanceBy(60_000);
    const [session] = calendar.sessions('2024-07-02', '2024-07-02');
    if (session === undefined) throw new Error('no session');
    calendar.replace('2024-07-02', '2024-07-02', [{ ...session, openMicros: at('2024-07-02T14:00:00Z') }]);
    clock.advanceTo(at('2024-07-02T16:00:00Z'));
    expect(runs).toEqual(['14:00:00']);
    await scheduler.stop();
  });
});
