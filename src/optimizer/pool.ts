/** The threads that run backtests side by side. */
import { Piscina } from 'piscina';
import type { TrialOutcome, TrialTask, WorkerJob } from './contract.ts';

/** What dies young is kept small: a thread takes 25 MB less than by default, and no more time (measured). */
const YOUNG_MB = 16;
/** By default a thread ends as soon as no task waits, and the next fold or the hold-out starts another. */
const IDLE_MS = 60_000;

export interface TrialPool {
  readonly threads: number;
  run(task: TrialTask): Promise<TrialOutcome>;
  /** Ends the threads, whatever they are doing. */
  close(): Promise<void>;
}

/** @param of.entry the compiled file whose default export runs a {@link TrialTask} of the job. */
export function openTrialPool(
  job: WorkerJob,
  of: { readonly entry: URL; readonly threads: number; readonly heapMb: number },
): TrialPool {
  const pool = new Piscina<TrialTask, TrialOutcome>({
    filename: of.entry.href,
    minThreads: 1,
    maxThreads: of.threads,
    idleTimeout: IDLE_MS,
    // Who asks keeps a few tasks waiting, never all of them.
    maxQueue: 2 * of.threads,
    // Shared memory stays where it is; plan and bundles are copied once for each thread.
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: of.heapMb, maxYoungGenerationSizeMb: YOUNG_MB },
    env: {},
  });
  let closing: Promise<void> | null = null;
  return {
    threads: of.threads,
    run: (task) => pool.run(task),
    close: () => {
      closing ??= pool.destroy();
      return closing;
    },
  };
}
