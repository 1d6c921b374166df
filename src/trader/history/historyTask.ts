/**
 * A task of the pool: asks the provider for history and parses its answer away from the threads that trade.
 * Runs in a piscina worker; one provider per worker, made at the first task.
 */
import { seededRandom } from '../../clock/chance.ts';
import { liveClock } from '../../clock/live.ts';
import { createLog, type LogTarget } from '../../observability/log.ts';
import type { ProviderConfig } from '../../providers/config.ts';
import type { HistoryProvider } from '../../providers/contract.ts';
import { createHistoryProvider } from '../../providers/factory.ts';

/** A call of the provider, without its signal: a task is abandoned from outside. */
export type HistoryCall = {
  [Method in keyof HistoryProvider]: {
    readonly method: Method;
    readonly parameters: HistoryProvider[Method] extends (
      ...parameters: [...infer Given, (AbortSignal | undefined)?]
    ) => unknown
      ? Given
      : never;
  };
}[keyof HistoryProvider];

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
  }
}
