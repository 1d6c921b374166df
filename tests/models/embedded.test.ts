import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import { openDatabase } from '../../src/models/database.ts';
import { silentLog } from '../../src/observability/log.ts';
import { preparedDirectory } from './databases.ts';
import { aRun } from './rows.ts';

const WRITER = fileURLToPath(new URL('./writer.mjs', import.meta.url));
const OPTIONS = { log: silentLog, clock: liveClock };

const directories: string[] = [];
const children: ChildProcess[] = [];
let dataDirectory: string;
beforeAll(async () => {
  dataDirectory = preparedDirectory();
});
afterAll(() => rmSync(dataDirectory, { recursive: true, force: true }));
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function emptyDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'openbell-data-'));
  directories.push(directory);
  return directory;
}

function open(directory: string) {
  return openDatabase({ type: 'embedded', directory }, OPTIONS);
}

/** A process that opens the database and writes executions, telling each one that was acknowledged. */
function startWriter(directory: string, command: readonly string[] = []) {
  const parameters = [
    ...command.slice(1),
    ...(command.length > 0 ? [process.execPath] : []),
    // As for the processes of `tests/support/openbell.ts`.
    '--liftoff-only',
    WRITER,
    directory,
  ];
  const program = command[0] ?? process.execPath;
  if (command.length > 0) parameters.push('bulky');
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const acknowledged: string[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    acknowledged.push(line);
    for (const wait of waiting) if (acknowledged.length >= wait.count) wait.resolve();
  });
  const until = (count: number) =>
    new Promise<void>((resolve, reject) => {
      waiting.push({ count, resolve });
      child.once('exit', (code) => reject(new Error(`the writer ended with ${code}`)));
    });
  return { child, acknowledged, until };
}

describe('the embedded database', () => {
  it('is made in an empty directory, and begins again where it was killed while being made', async () => {
    const directory = emptyDirectory();
    mkdirSync(join(directory, 'database.new/base'), { recursive: true });
    writeFileSync(join(directory, 'database.new/PG_VERSION'), 'half');
    const database = await open(directory);
    await database.stores.startRun(aRun());
    await database.close();
    expect(existsSync(join(directory, 'database.new'))).toBe(false);
    const again = await open(directory);
    expect(await again.stores.listRuns({})).toHaveLength(1);
    await again.close();
  });

  it('has one owner, and loses no acknowledged execution when that is killed while it writes', async () => {
    for (let round = 1; round <= 2; round += 1) {
      const writer = startWriter(dataDirectory);
      await writer.until(50 * round);
      await expect(open(dataDirectory)).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringContaining(`in use by another openbell (process ${writer.child.pid})`),
        remedy: expect.stringContaining('--data-dir'),
      });
      const gone = once(writer.child, 'close');
      writer.child.kill('SIGKILL');
      await gone;
      const database = await open(dataDirectory);
      const rows = await database.stores.listTrades({ limit: 10_000 });
      await database.close();
      const kept = new Set(rows.map((row) => row.clientOrderId));
      expect(writer.acknowledged.filter((id) => !kept.has(id))).toEqual([]);
      expect(writer.acknowledged.length).toBeGreaterThan(0);
    }
  });

  it('says that it is broken instead of hanging when it cannot write its log, and has lost nothing', async () => {
    // No file may grow beyond 10 MB: that stops the next segment of the log, as a full disk does.
    const limited = ['bash', '-c', 'trap "" XFSZ; ulimit -f 10240; exec "$@"', 'limited'];
    const writer = startWriter(dataDirectory, limited);
    const [code] = await once(writer.child, 'close');
    expect(code).toBe(0);
    const last = writer.acknowledged.pop();
    expect(last).toMatch(/^failed DatabaseFailure (broken|disk_full)$/);
    const database = await open(dataDirectory);
    const rows = await database.stores.listTrades({ limit: 20_000 });
    await database.close();
    const kept = new Set(rows.map((row) => row.clientOrderId));
    expect(writer.acknowledged.filter((id) => !kept.has(id))).toEqual([]);
    expect(writer.acknowledged.length).toBeGreaterThan(0);
  });

  it('hands out a copy of itself as it is at one moment, which is a database of its own', async () => {
    const copy = emptyDirectory();
    const database = await open(dataDirectory);
    const runs = (await database.stores.listRuns({})).length;
    await database.stores.startRun(aRun());
    await database.snapshot(join(copy, 'database'));
    await database.stores.startRun(aRun({ batchId: 'later' }));
    const copied = await open(copy);
    expect(await copied.stores.listRuns({})).toHaveLength(runs + 1);
    expect(await database.stores.listRuns({})).toHaveLength(runs + 2);
    await Promise.all([copied.close(), database.close()]);
  });

  it('says what is wrong with its directory in one line', async () => {
    const directory = emptyDirectory();
    const file = join(directory, 'file');
    writeFileSync(file, '');
    await expect(open(file)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('cannot be written'),
    });
    mkdirSync(join(directory, 'database'));
    writeFileSync(join(directory, 'database/PG_VERSION'), '17\n');
    await expect(open(directory)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('holds files of PostgreSQL 17'),
    });
  });
});
