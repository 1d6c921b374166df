/**
 * The thread of one query on a copy of the embedded database. PGlite knows no time-out: a query that takes too long
 * ends with its thread.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../domain/assert.ts';
import type { SelectJob, SelectReport } from './copy.ts';
import { failureFrom } from './failure.ts';
import { openPGlite } from './pglite.ts';
import { selectRows } from './select.ts';

assert(parentPort !== null, 'a query on a copy runs in a worker thread');
const port = parentPort;
const report = (message: SelectReport) => port.postMessage(message);
const { folder, query, rowsMax } = workerData as SelectJob;

try {
  const pglite = await openPGlite(folder, () => {});
  await pglite.exec("set datestyle = 'ISO, YMD'; set timezone = 'UTC'");
  report({ type: 'open' });
  const send = (statement: string) => pglite.query<unknown[]>(statement, [], { rowMode: 'array' });
  report({ type: 'rows', rows: await selectRows(send, query, rowsMax) });
} catch (error) {
  const { kind, message } = failureFrom(error);
  report({ type: 'failed', kind, message });
}
