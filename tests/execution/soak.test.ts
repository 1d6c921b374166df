import { describe, expect, it } from 'vitest';
import { newSeed } from '../../src/clock/chance.ts';
import { run } from './simulator/world.ts';

/** `npm run test:soak` trades for whole days: 390 minutes, and 1050 of night. */
const SESSION_MINUTES = Number(process.env.OPENBELL_SOAK_SESSION_MINUTES ?? 6);
const NIGHT_MINUTES = Math.round((SESSION_MINUTES / 390) * 1_050);
const SEED = Number(process.env.OPENBELL_KILL_SEED ?? newSeed());
const SESSIONS = 5;

describe('a week of five sessions with nights between them', () => {
  it(
    `with faults and restarts leaves no drift, and neither journal nor memory that grow (seed ${SEED})`,
    async () => {
      const result = await run({
        seed: SEED,
        week: { sessions: SESSIONS, sessionMinutes: SESSION_MINUTES, nightMinutes: NIGHT_MINUTES },
        ...{ kills: 8, actEveryMs: 6_000, tickMs: 2_000 },
        limits: { tickPeriodMs: 2_500, journalMemoryMs: SESSION_MINUTES * 60_000 },
      });
      const { days, differences, orders, fills, kills, alerts } = result;
      const again = `again with OPENBELL_KILL_SEED=${SEED}`;
      process.stdout.write(`week: ${JSON.stringify({ orders, fills, kills: kills.length })}\n`);
      for (const day of days) process.stdout.write(`  ${JSON.stringify(day)}\n`);
      expect(days.length).toBe(SESSIONS);
      expect(differences, again).toEqual([]);
      // The journal holds what a start needs, and not what was written all week.
      const longest = Math.max(...days.map((day) => day.journalBytes));
      expect(longest * 4, again).toBeLessThan(result.journalBytesWritten);
      const isAlerted = alerts.includes('not_flat') || days.every((day) => day.intraday === 0);
      expect(isAlerted, again).toBe(true);
    },
    120_000 + SESSION_MINUTES * 30_000,
  );
});
