/**
 * A task of the pool: asks the provider for history and parses its answer away from the threads that trade.
 * Runs in a piscina worker; one provider per worker, made at the first task.
 */
import { seededRandom } from '../../clock/chance.ts';
import { liveClock } from '../../clock/live.ts';
import { assert } from '../../domain/assert.ts';
import { type Outcome, success } from '../../domain/outcome.ts';
import { createLog, type LogTarget } from '../../observability/log.ts';
import type { ProviderConfig } from '../../providers/config.ts';
import type { HistoryProvider } from '../../providers/contract.ts';
import { createHistoryProvider } from '../../providers/factory.ts';
import { findSiftingScanner } from '../../scanners/registry.ts';
import type { Sifted } from '../../scanners/sifting.ts';
import { daySnapshot } from '../scanning/daySnapshot.ts';
import type { SiftTask } from '../scanning/scanQueries.ts';

/** A call of the provider, without its signal: a task is abandoned from outside. */
type ProviderCall = {
  [Method in keyof HistoryProvider]: {
    readonly method: Method;
    readonly parameters: HistoryProvider[Method] extends (
      ...parameters: [...infer Given, (AbortSignal | undefined)?]
    ) => unknown
      ? Given
      : never;
  };
}[keyof HistoryProvider];

export type HistoryCall = ProviderCall | { readonly method: 'sift'; readonly parameters: [task: SiftTask] };

export interface HistoryTask {
  readonly provider: ProviderConfig;
  readonly log: LogTarget;
  readonly seed: number;
  readonly call: HistoryCall;
}

let provider: HistoryProvider | undefined;

export default function fetchHistory(task: HistoryTask): Promise<unknown> {
  provider ??= createHistoryProvider(task.provider, {
    clock: liveClock,
    random: seededRandom(task.seed),
    log: createLog(task.log, { thread: 'pool' }),
  });
  const { call } = task;
  switch (call.method) {
    case 'bars':
      return provider.bars(...call.parameters);
    case 'trades':
      return provider.trades(...call.parameters);
    case 'quotes':
      return provider.quotes(...call.parameters);
    case 'snapshots':
      return provider.snapshots(...call.parameters);
    case 'sift':
      return sift(provider, ...call.parameters);
  }
}

/** Snapshots of a whole market are far more to hand over than what a scanner finds among them. */
async function sift(
  from: HistoryProvider,
  { scanner, symbols, dayMicros, ...facts }: SiftTask,
): Promise<Outcome<readonly Sifted[]>> {
  const definition = findSiftingScanner(scanner);
  assert(definition !== undefined, `no scanner that sifts: ${scanner}`);
  const answer = await from.snapshots(symbols);
  if (!answer.ok) return answer;
  const days = [...answer.value.values()].map((snapshot) => daySnapshot(snapshot, dayMicros));
  return success(definition.sift(days, facts));
}
