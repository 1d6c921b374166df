/** Comparing many columns takes seconds of a core: it is done in a thread that is there for nothing else. */
import { Piscina } from 'piscina';
import type { SimilarColumns } from '../../fincalcs/correlation.ts';
import type { CompareTask } from './compareTask.ts';

const HEAP_MB = 1_024;

/** Rejects when the signal is aborted; the thread ends with the call. */
export async function compareColumns(task: CompareTask, signal: AbortSignal): Promise<SimilarColumns> {
  const pool = new Piscina<CompareTask, SimilarColumns>({
    filename: new URL('./compareTask.js', import.meta.url).href,
    minThreads: 1,
    maxThreads: 1,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    env: {},
  });
  try {
    return await pool.run(task, { signal });
  } finally {
    await pool.destroy();
  }
}
