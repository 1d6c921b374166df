import { once } from 'node:events';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

const PRIORITY = new URL('../../dist/models/priority.js', import.meta.url).href;

it.runIf(process.platform === 'linux')('a thread that makes way does so alone', async () => {
  const code = `
    import { readlinkSync } from 'node:fs';
    import { getPriority } from 'node:os';
    import { parentPort } from 'node:worker_threads';
    import { makeWayForOthers } from '${PRIORITY}';
    const own = () => getPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)));
    const before = own();
    makeWayForOthers();
    parentPort.postMessage([before, own()]);`;
  const before = getPriority();
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const [[was, is]] = (await once(worker, 'message')) as [[number, number]];
  expect(was).toBe(before);
  expect(is).toBeGreaterThan(was);
  expect(getPriority()).toBe(before);
  await worker.terminate();
});
