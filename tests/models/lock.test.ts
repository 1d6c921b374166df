import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import { takeFolderLock } from '../../src/models/lock.ts';
import { describeSelf, lifeOf } from '../../src/models/owner.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'openbell-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a folder's lock", () => {
  it('has one owner, and a next one when it is released', async () => {
    const first = await takeFolderLock(folder, liveClock);
    if (!first.ok) throw new Error('refused');
    expect(await takeFolderLock(folder, liveClock)).toMatchObject({ ok: false, owner: { pid: process.pid } });
    first.lock.release();
    const second = await takeFolderLock(folder, liveClock);
    expect(second.ok).toBe(true);
    if (second.ok) second.lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('goes to one of many who ask at the same moment', async () => {
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => takeFolderLock(folder, liveClock)));
    const owners = outcomes.filter((outcome) => outcome.ok);
    expect(owners).toHaveLength(1);
    for (const owner of owners) owner.lock.release();
  });

  it('is taken over from a process that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")']);
    await once(child.stdout, 'data');
    const pid = child.pid ?? 0;
    const start = lifeOf({ ...describeSelf(), pid, threadId: pid, started: '0' });
    expect(start).toBe('dead'); // a number that was used before, by a process that started at another time
    child.kill('SIGKILL');
    await once(child, 'exit');
    writeFileSync(join(folder, 'left-behind'), JSON.stringify({ ...describeSelf(), pid, threadId: pid }));
    const outcome = await takeFolderLock(folder, liveClock);
    expect(outcome.ok).toBe(true);
    if (outcome.ok) outcome.lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')(
    'is taken over from a thread of this process that ended',
    async () => {
      const worker = new Worker(
        `const { parentPort } = require('node:worker_threads');
       parentPort.on('message', () => process.exit());
       parentPort.postMessage(require('node:fs').readlinkSync('/proc/thread-self').split('/').at(-1));`,
        { eval: true },
      );
      const [threadId] = await once(worker, 'message');
      const { readFileSync } = await import('node:fs');
      const stat = readFileSync(`/proc/self/task/${threadId}/stat`, 'utf8');
      const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
      const owner = { ...describeSelf(), threadId: Number(threadId), started };
      writeFileSync(join(folder, 'of-a-thread'), JSON.stringify(owner));
      expect((await takeFolderLock(folder, liveClock)).ok).toBe(false);
      const ended = once(worker, 'exit');
      worker.postMessage('end');
      await ended;
      const outcome = await takeFolderLock(folder, liveClock);
      expect(outcome.ok).toBe(true);
      if (outcome.ok) outcome.lock.release();
    },
  );

  it('is taken over from another machine or boot that has long been silent', async () => {
    const file = join(folder, 'of-another-world');
    writeFileSync(file, JSON.stringify({ ...describeSelf(), world: 'another boot' }));
    utimesSync(file, 1, 1);
    const outcome = await takeFolderLock(folder, liveClock);
    expect(outcome.ok).toBe(true);
    if (outcome.ok) outcome.lock.release();
  });

  it('is not taken from another container that still gives signs of life', async () => {
    const file = join(folder, 'of-another-container');
    writeFileSync(file, JSON.stringify({ ...describeSelf(), world: 'another container' }));
    const clock = {
      ...liveClock,
      nowMicros: () => liveClock.nowMicros(),
      monotonicMs: () => liveClock.monotonicMs(),
      every: liveClock.every.bind(liveClock),
      // The other one beats while we wait; nobody has to wait for real.
      after: (_: number, call: () => void) => {
        const seconds = liveClock.nowMicros() / 1e6 + 1;
        utimesSync(file, seconds, seconds);
        queueMicrotask(call);
        return { cancel: () => {} };
      },
    };
    expect(await takeFolderLock(folder, clock)).toMatchObject({
      ok: false,
      owner: { world: 'another container' },
    });
  });
});
