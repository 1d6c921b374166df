import { expect, it } from 'vitest';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { silentLog } from '../../src/observability/log.ts';
import type { Alerts } from '../../src/trader/alerts.ts';
import type { Parts } from '../../src/trader/assembly.ts';
import { endParts } from '../../src/trader/shutdown.ts';

const NEVER = new Promise<never>(() => undefined);

it('does not wait for a part that hangs, and ends those that come after it', async () => {
  const clock = new SimulatedClock(0);
  const ended: string[] = [];
  const warned: unknown[] = [];
  const log = { ...silentLog, warn: (fields: unknown) => warned.push(fields) } as unknown as typeof silentLog;
  const parts = {
    broker: { close: () => NEVER },
    exchange: {
      stop: () => {
        ended.push('exchange');
        return Promise.resolve('terminated');
      },
    },
  } as unknown as Parts;
  const alerts = { settle: () => Promise.resolve() } as unknown as Alerts;
  let unwritten: unknown = 'nothing yet';
  void endParts(parts, { reason: 'a test', log, clock, alerts }).then((found) => {
    unwritten = found;
  });
  for (let second = 0; second < 12 && unwritten === 'nothing yet'; second += 1) {
    clock.advanceTo(clock.nowMicros() + 1_000_000);
    // Lets what waits for promises go on.
    await new Promise((done) => setImmediate(done));
  }
  expect(unwritten).toBe(null);
  expect(ended).toEqual(['exchange']);
  expect(warned).toEqual([{ what: 'broker' }, { what: 'exchange' }]);
});
