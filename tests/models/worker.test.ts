import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import { createStoresClient } from '../../src/models/client.ts';
import { DATABASE_LIMITS } from '../../src/models/limits.ts';
import type { DatabaseCommand, DatabaseReport, DatabaseWorkerConfig } from '../../src/models/messages.ts';
import { readJournal } from '../../src/models/migrations.ts';
import { preparedDirectory } from './databases.ts';
import { aRun, aTrade } from './rows.ts';

const ENTRY = new URL('../../dist/models/worker.js', import.meta.url);
const tags = readJournal().map((entry) => entry.tag);

let directory: string;
beforeAll(async () => {
  directory = preparedDirectory();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function start(location: DatabaseWorkerConfig['location'], logFile: string | null = null) {
  const workerData: DatabaseWorkerConfig = {
    location,
    limits: DATABASE_LIMITS,
    log: { level: logFile === null ? 'silent' : 'debug', file: logFile, isPretty: false },
    logFields: { batch: 'batch-1' },
  };
  const worker = new Worker(ENTRY, { workerData });
  const exited = once(worker, 'exit');
  const nextReport = async () => {
    for (;;) {
      const report = (await once(worker, 'message'))[0] as DatabaseReport;
      if (report.type !== 'vitals') return report;
    }
  };
  const attach = (client: string) => {
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ type: 'attach', client, port: port2 } satisfies DatabaseCommand, [port2]);
    return createStoresClient(port1, { clock: liveClock });
  };
  return { worker, exited, nextReport, attach };
}

describe('the database thread', () => {
  it('opens, migrates, serves several clients, hands out a copy, and is gone after stop', async () => {
    const database = start({ type: 'embedded', directory });
    expect(await database.nextReport()).toEqual({
      type: 'ready',
      migrations: { applied: tags, pending: [] },
    });
    const desk = database.attach('desk');
    const trader = database.attach('trader');
    const algoRunId = await trader.startRun(aRun());
    expect(await desk.recordTrades([aTrade({ algoRunId, executionId: 'e1' })])).toBe(1);
    expect(await trader.listTrades({})).toMatchObject([{ algoRunId, qty: '10', price: '179.08' }]);
    await expect(
      desk.recordTrades([aTrade({ algoRunId, executionId: 'e2', qty: '-1' })]),
    ).rejects.toMatchObject({ name: 'DatabaseFailure', kind: 'invalid', retry: false });

    const copy = join(directory, 'copy');
    const copied = database.nextReport();
    database.worker.postMessage({
      type: 'snapshot',
      requestId: 5,
      directory: copy,
    } satisfies DatabaseCommand);
    expect(await copied).toEqual({ type: 'snapshot', requestId: 5, failure: null });
    expect(readFileSync(join(copy, 'PG_VERSION'), 'utf8')).toMatch(/^18/);

    const second = start({ type: 'embedded', directory });
    expect(await second.nextReport()).toMatchObject({
      type: 'failed',
      error: { exitCode: 2, cause: expect.stringContaining('in use by another openbell') },
    });
    await second.exited;

    const last = desk.recordTrades([aTrade({ algoRunId, executionId: 'e3' })]);
    await last;
    const stopped = database.nextReport();
    database.worker.postMessage({ type: 'stop' } satisfies DatabaseCommand);
    expect(await stopped).toEqual({ type: 'stopped' });
    expect(await database.exited).toEqual([0]);
    await expect(desk.listRuns({})).rejects.toMatchObject({ kind: 'closed' });
  });

  it('gives its directory free when it is ended hard, so that another thread of the process may take over', async () => {
    const first = start({ type: 'embedded', directory });
    expect(await first.nextReport()).toMatchObject({ type: 'ready' });
    await first.worker.terminate();
    const second = start({ type: 'embedded', directory });
    expect(await second.nextReport()).toMatchObject({ type: 'ready' });
    const stopped = second.nextReport();
    second.worker.postMessage({ type: 'stop' } satisfies DatabaseCommand);
    await stopped;
    await second.exited;
  });

  it('says why it cannot start, as plain data, and writes neither password nor URL into its log', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'openbell-log-'));
    const logFile = join(folder, 'log');
    const database = start({ type: 'postgres', url: 'postgres://me:hunter2@127.0.0.1:1/openbell' }, logFile);
    expect(await database.nextReport()).toMatchObject({
      type: 'failed',
      error: { exitCode: 3, cause: expect.stringContaining('"openbell" at 127.0.0.1:1') },
    });
    await database.exited;
    const log = readFileSync(logFile, 'utf8');
    expect(log).toContain('"thread":"database"');
    expect(log).not.toContain('hunter2');
    rmSync(folder, { recursive: true, force: true });
  });
});
