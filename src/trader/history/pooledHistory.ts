/** History whose requests and parsing run in a pool of threads, so that no answer, however large, holds up the trader. */
import { Piscina } from 'piscina';
import type { Clock } from '../../clock/clock.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { LogTarget } from '../../observability/log.ts';
import type { ProviderConfig } from '../../providers/config.ts';
import type { HistoryProvider } from '../../providers/contract.ts';
import type { Sifted } from '../../scanners/sifting.ts';
import type { SiftTask } from '../scanning/scanQueries.ts';
import type { HistoryCall, HistoryTask } from './historyTask.ts';

/** Requests that wait for the pool; beyond it they are refused. */
const QUEUE_MAX = 1_000;
const POOL_THREADS_MAX = 2;
const POOL_IDLE_MS = 60_000;

export interface PooledHistoryOptions {
  readonly provider: ProviderConfig;
  readonly log: LogTarget;
  readonly clock: Clock;
  readonly seed: number;
  /** Of one request, its wait for the pool included. */
  readonly timeoutMs: number;
}

export interface PooledHistory extends HistoryProvider {
  /** Asks for snapshots and looks them over in the pool. */
  sift(task: SiftTask, signal?: AbortSignal): Promise<Outcome<readonly Sifted[]>>;
  close(): Promise<void>;
}

export function openPooledHistory(options: PooledHistoryOptions): PooledHistory {
  const pool = new Piscina<HistoryTask, unknown>({
    filename: new URL('./historyTask.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: POOL_THREADS_MAX,
    idleTimeout: POOL_IDLE_MS,
    maxQueue: QUEUE_MAX,
    env: {},
  });

  const run = async <T>(call: HistoryCall, signal?: AbortSignal): Promise<Outcome<T>> => {
    const { provider, log, seed, clock, timeoutMs } = options;
    const stop = new AbortController();
    const onAbort = () => stop.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer = clock.after(timeoutMs, () => stop.abort(new Error(`no answer within ${timeoutMs} ms`)));
    try {
      return (await pool.run({ provider, log, seed, call }, { signal: stop.signal })) as Outcome<T>;
    } catch (error) {
      const reason = stop.signal.aborted ? stop.signal.reason : error;
      const message = `history (${call.method}): ${reason instanceof Error ? reason.message : String(reason)}`;
      return { ok: false, failure: { kind: stop.signal.aborted ? 'timeout' : 'server_error', message } };
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  };

  return {
    bars: (request, signal) => run({ method: 'bars', parameters: [request] }, signal),
    trades: (symbol, fromMicros, toMicros, signal) =>
      run({ method: 'trades', parameters: [symbol, fromMicros, toMicros] }, signal),
    quotes: (symbol, fromMicros, toMicros, signal) =>
      run({ method: 'quotes', parameters: [symbol, fromMicros, toMicros] }, signal),
    snapshots: (symbols, signal) => run({ method: 'snapshots', parameters: [symbols] }, signal),
    sift: (task, signal) => run({ method: 'sift', parameters: [task] }, signal),
    close: () => pool.destroy(),
  };
}
