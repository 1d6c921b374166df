import { expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import { silentLog } from '../../src/observability/log.ts';

// It starts the compiled program.
const { startExchangeProcess } = (await import(
  new URL('../../dist/trader/threads/exchangeProcess.js', import.meta.url).href
)) as typeof import('../../src/trader/threads/exchangeProcess.ts');

const SIMULATION = {
  ...{ seed: 3, ratePerSecond: 50, symbols: ['AAPL'] },
  ...{ tape: null, tapeSpeed: 1, tapeOffsetMs: 0 },
};
/** Longer than any machine needs: an exchange that hangs would be terminated then. */
const PATIENCE_MS = 15_000;

it('the local exchange ends by itself when it is asked to, its channel to the trader being open', async () => {
  const exchange = startExchangeProcess(SIMULATION, { clock: liveClock, log: silentLog });
  expect((await exchange.listening).APCA_API_BASE_URL).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await exchange.stop(PATIENCE_MS)).toBe('ended');
  // Once more is no harm.
  expect(await exchange.stop(PATIENCE_MS)).toBe('ended');
});
