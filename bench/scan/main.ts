/**
 * The momentum scan over snapshots of all 11,000 symbols: requests, parsing in the pool, the way back and the scan
 * itself, as the daemon does it. Also for how long it holds up the trader's thread.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { SessionCalendar, usEquityRules } from '../../src/clock/calendar.ts';
import { liveClock } from '../../src/clock/live.ts';
import type { Instrument } from '../../src/domain/market.ts';
import { success } from '../../src/domain/outcome.ts';
import { parseMicros } from '../../src/domain/time.ts';
import { providerConfig } from '../../src/providers/config.ts';
import { checkScannerParameters, findScanner } from '../../src/scanners/registry.ts';
import { openPooledHistory } from '../../src/trader/history/pooledHistory.ts';
import { openScanQueries, type SiftTask } from '../../src/trader/scanning/scanQueries.ts';

const SYMBOLS = 11_000;
const LIMIT_MS = 2_000;
const RUNS = 7;
const OPEN = '2024-07-02T13:30:00Z';
const NOW = '2024-07-02T14:30:00Z';

const instruments = Array.from({ length: SYMBOLS }, (_, index): Instrument => {
  const symbol =
    `Q${index.toString(26).replaceAll(/\d/g, (digit) => 'QRSTUVWXYZ'.charAt(Number(digit)))}X`.toUpperCase();
  return {
    ...{ symbol, name: symbol, assetClass: 'us_equity', exchange: 'NASDAQ', tradable: true },
    ...{ shortable: true, fractionable: true },
  };
});

const server = spawn(process.execPath, [fileURLToPath(new URL('./server.js', import.meta.url)), OPEN], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [port] = (await once(server.stdout, 'data')) as [Buffer];
const history = openPooledHistory({
  provider: providerConfig({
    ...{ provider: 'alpaca', feed: 'sip', assetClass: 'us_equity', keyId: 'key', secretKey: 'secret' },
    dataUrl: `http://127.0.0.1:${port.toString().trim()}`,
    streamUrl: 'ws://127.0.0.1:1',
  }),
  log: { level: 'warn', file: null, isPretty: false },
  clock: liveClock,
  seed: 1,
  timeoutMs: 60_000,
});
const momentum = findScanner('momentum');
const checked = momentum === undefined ? undefined : checkScannerParameters(momentum, {}, 'parameters');
if (momentum === undefined || checked?.ok !== true) throw new Error('no momentum scanner');
const market = {
  history,
  sift: (task: SiftTask, signal: AbortSignal) => history.sift(task, signal),
  calendar: new SessionCalendar(usEquityRules),
  hours: 'regular' as const,
  instruments: async () => success(instruments),
};

const results: { tookMs: number; blockedMs: number; picks: number }[] = [];
for (let run = 0; run < RUNS; run += 1) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startMs = performance.now();
  const queries = await openScanQueries(market, parseMicros(NOW) ?? 0, new AbortController().signal);
  const found = await momentum.scan({ ...queries, parameters: checked.parameters, log: () => undefined });
  const tookMs = Math.round(performance.now() - startMs);
  delay.disable();
  results.push({ tookMs, blockedMs: Math.round(delay.max / 1e6), picks: found.length });
}
await history.close();
server.kill();
const [load = 0] = loadavg();
const slowestMs = Math.max(...results.map(({ tookMs }) => tookMs));
process.stdout.write(
  `${JSON.stringify({ symbols: new Set(instruments.map(({ symbol }) => symbol)).size, results, slowestMs, load, isReached: slowestMs <= LIMIT_MS }, null, 2)}\n`,
);
