/**
 * CPU time by thread. Node 20 has no figure for it, so it is read from Linux: a thread finds its id at
 * `/proc/thread-self`, and `/proc/self/task/ID/schedstat` begins with its nanoseconds on a CPU.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** Whether this system tells CPU time by thread. */
export const hasThreadCpu = process.platform === 'linux';

/** The calling thread's id in the kernel; 0 where the system does not tell. */
export function kernelThreadId(): number {
  return hasThreadCpu ? Number(basename(readlinkSync('/proc/thread-self'))) : 0;
}

/** CPU microseconds so far of one thread of this process. */
export function threadCpuMicros(threadId: number): number {
  const [nanos] = readFileSync(`/proc/self/task/${threadId}/schedstat`, 'utf8').split(' ');
  return Number(nanos) / 1_000;
}

/** CPU microseconds so far of all threads of this process: where not told by thread, the process's own figure. */
export function processCpuMicros(): number {
  if (!hasThreadCpu) {
    const { user, system } = process.cpuUsage();
    return user + system;
  }
  return readdirSync('/proc/self/task').reduce((sum, id) => {
    try {
      return sum + threadCpuMicros(Number(id));
    } catch {
      // The thread ended between the listing and the reading.
      return sum;
    }
  }, 0);
}
