/**
 * Entry of the packer, a thread of the recorder: packs closed tapes one after another, at the lowest priority, so that
 * it takes what processor time nobody else wants.
 */
import { rmSync, statSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../domain/assert.ts';
import { BlockFile } from '../tape/blocks.ts';
import { BlockType, Packing } from '../tape/file.ts';
import { compressTape } from '../tape/writer.ts';
import type { PackerCommand, PackerPause, PackerReport } from './packing.ts';
import { listTapes, removeUnfinished } from './tapes.ts';

assert(parentPort !== null, 'the packer runs as a worker thread');
const control = parentPort;
// Linux has a priority for each thread; elsewhere it would be the daemon's.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW);

const pause = new Int32Array(workerData as PackerPause);
const report = (told: PackerReport) => control.postMessage(told);
let queue: Promise<void> = Promise.resolve();
control.on('message', (command: PackerCommand) => {
  queue = queue.then(() => carryOut(command)).finally(() => report({ type: 'done' }));
});

async function carryOut(command: PackerCommand): Promise<void> {
  if (command.type === 'pack') {
    await pack(command.path);
    return;
  }
  removeUnfinished(command.directory);
  for (const { path } of listTapes(command.directory)) {
    if (!path.includes(command.batchId)) await packLeftover(path);
  }
}

async function pack(path: string): Promise<void> {
  try {
    const bytesBefore = statSync(path).size;
    await compressTape(path, 'deflate', {
      isPackedHere: true,
      beforeBlock: () => Atomics.wait(pause, 0, 1),
    });
    report({ type: 'packed', path, bytesBefore, bytesAfter: statSync(path).size });
  } catch (error) {
    report({ type: 'refused', path, reason: error instanceof Error ? error.message : String(error) });
  }
}

/** A daemon that was killed left it open, perhaps with a torn end, which packing leaves out. */
async function packLeftover(path: string): Promise<void> {
  const found = await contentOf(path);
  if (found === 'rows') await pack(path);
  else if (found === 'nothing') rmSync(path, { force: true });
}

/** What a tape holds: rows that are not packed yet, packed ones, or nothing, because its daemon was killed at once. */
async function contentOf(path: string): Promise<'rows' | 'packed rows' | 'nothing'> {
  try {
    const blocks = await BlockFile.open(path);
    try {
      for (let block = await blocks.next(); block !== undefined; block = await blocks.next()) {
        const { type } = block.header;
        if (type !== BlockType.rows && type !== BlockType.narrowRows) continue;
        return block.header.packing === Packing.none ? 'rows' : 'packed rows';
      }
      return 'nothing';
    } finally {
      await blocks.close();
    }
  } catch {
    // Not even its first bytes were written, or it cannot be opened: packing says why.
    return statSync(path, { throwIfNoEntry: false })?.size === 0 ? 'nothing' : 'rows';
  }
}
