import { describe, expect, it } from 'vitest';
import { SessionCalendar, usEquityRules } from '../../src/clock/calendar.ts';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import type { Session } from '../../src/domain/market.ts';
import { parseMicros } from '../../src/domain/time.ts';
import { silentLog } from '../../src/observability/log.ts';
import { type SessionQuery, Sessions } from '../../src/trader/sessions.ts';

function at(text: string): number {
  const moment = parseMicros(text);
  if (moment === undefined) throw new Error(text);
  return moment;
}

async function watch(start: string, query: SessionQuery | null) {
  const clock = new SimulatedClock(at(start));
  const seen: string[] = [];
  const sessions = new Sessions({
    calendar: new SessionCalendar(usEquityRules),
    query,
    marketHours: 'regular',
    clock,
    log: silentLog,
    onSession: (session) => seen.push(`session ${session.date}`),
    onPhase: (phase) => seen.push(phase),
  });
  await sessions.start();
  return { clock, seen, sessions };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

describe('sessions', () => {
  it('tell the opening and the close, and go on to the next session after it', async () => {
    const { clock, seen, sessions } = await watch('2026-11-23T14:00:00Z', null);
    clock.advanceTo(at('2026-11-23T14:30:01Z'));
    clock.advanceTo(at('2026-11-23T21:00:01Z'));
    await settle();
    sessions.stop();
    expect(seen).toEqual(['session 2026-11-23', 'closed', 'open', 'closed', 'session 2026-11-24']);
  });

  it('begin with the phase open in the middle of a session', async () => {
    const { seen, sessions } = await watch('2026-11-23T16:00:00Z', null);
    sessions.stop();
    expect(seen).toEqual(['session 2026-11-23', 'open']);
  });

  it("take the broker's word over the exchange's rules", async () => {
    const early: Session = {
      date: '2026-11-23',
      openMicros: at('2026-11-23T10:00:00Z'),
      closeMicros: at('2026-11-23T12:00:00Z'),
      extendedOpenMicros: at('2026-11-23T09:00:00Z'),
      extendedCloseMicros: at('2026-11-23T13:00:00Z'),
    };
    const { sessions } = await watch('2026-11-23T11:00:00Z', async () => ({ ok: true, value: [early] }));
    sessions.stop();
    expect(sessions.current).toEqual(early);
    expect(sessions.phase).toBe('open');
  });

  it('fall back on the rules when the broker cannot be asked', async () => {
    const { sessions } = await watch('2026-11-26T16:00:00Z', async () => ({
      ok: false,
      failure: { kind: 'timeout', message: 'no answer' },
    }));
    sessions.stop();
    expect(sessions.current?.date).toBe('2026-11-27');
  });
});
