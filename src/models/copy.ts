/** Queries of users on a copy of the embedded database, so that none can hold up or change the daemon's own. */
import { rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../clock/clock.ts';
import type { SelectedRows, SelectLimits } from './contract.ts';
import { DatabaseFailure, type FailureKind } from './failure.ts';

/** Opening a copy takes a second or two. */
const OPENING_TIMEOUT_MS = 25_000;
const ENTRY = new URL('./selectWorker.js', import.meta.url);

/** The thread's `workerData`. */
export interface SelectJob {
  readonly folder: string;
  readonly query: string;
  readonly rowsMax: number;
}

export type SelectReport =
  /** The query begins. */
  | { readonly type: 'open' }
  | { readonly type: 'rows'; readonly rows: SelectedRows }
  | { readonly type: 'failed'; readonly kind: FailureKind; readonly message: string };

/** Copies with `snapshot` into a folder, asks the copy and removes it. */
export async function selectFromCopy(
  { query, limits }: { readonly query: string; readonly limits: SelectLimits },
  context: { readonly folder: string; readonly clock: Clock; snapshot(folder: string): Promise<void> },
): Promise<SelectedRows> {
  const { folder, clock } = context;
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // What a daemon that was killed has left.
  remove();
  try {
    await context.snapshot(folder);
    return await runJob({ folder, query, rowsMax: limits.rowsMax }, limits.timeoutMs, clock);
  } finally {
    remove();
  }
}

async function runJob(job: SelectJob, timeoutMs: number, clock: Clock): Promise<SelectedRows> {
  const worker = new Worker(ENTRY, { name: 'openbell query', workerData: job, env: {} });
  const late = (what: string, ms: number) => new DatabaseFailure('timeout', `${what} within ${ms} ms`);
  let timer: Timer | undefined;
  try {
    return await new Promise((resolve, reject) => {
      timer = clock.after(OPENING_TIMEOUT_MS, () =>
        reject(late('no copy of the database was open', OPENING_TIMEOUT_MS)),
      );
      worker.once('error', reject);
      worker.once('exit', (code) =>
        reject(new DatabaseFailure('broken', `the query's thread ended with code ${code}`)),
      );
      worker.on('message', (message: SelectReport) => {
        switch (message.type) {
          case 'open':
            timer?.cancel();
            timer = clock.after(timeoutMs, () => reject(late('the query was not answered', timeoutMs)));
            return;
          case 'rows':
            resolve(message.rows);
            return;
          case 'failed':
            reject(new DatabaseFailure(message.kind, message.message));
            return;
        }
      });
    });
  } finally {
    timer?.cancel();
    await worker.terminate();
  }
}
