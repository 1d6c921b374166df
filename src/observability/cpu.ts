/** CPU time of the calling thread. Node tells it from 23.9 on; before that Linux does. */
import { readFileSync } from 'node:fs';

const NANOS_PER_MICRO = 1_000;
/** Its first figure: nanoseconds on a CPU. */
const SCHEDULER_FILE = '/proc/thread-self/schedstat';

interface WithThreadCpu {
  threadCpuUsage?(): { readonly user: number; readonly system: number };
}

/** Microseconds since the thread began; null where the system does not tell. */
export function threadCpuMicros(): number | null {
  const usage = (process as WithThreadCpu).threadCpuUsage?.();
  if (usage !== undefined) return usage.user + usage.system;
  if (process.platform !== 'linux') return null;
  try {
    return Number(readFileSync(SCHEDULER_FILE, 'utf8').split(' ')[0]) / NANOS_PER_MICRO;
  } catch {
    return null;
  }
}
