/** Thread: takes frames from the socket and looks at none of them. */
import { parentPort, workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';
import { kernelThreadId } from './cpu.ts';
import { MARK_BYTES } from './frames.ts';
import type { Progress } from './report.ts';

const report = (progress: Progress) => parentPort?.postMessage(progress);
const { url } = workerData as { url: string };
report({ type: 'thread', role: 'producer', threadId: kernelThreadId() });
const socket = new WebSocket(url, { perMessageDeflate: false });
let marks = 0;
socket.on('open', () => socket.send('{"action":"subscribe","trades":["*"],"quotes":["*"]}'));
socket.on('message', (data: Buffer) => {
  if (data.length !== MARK_BYTES) return;
  marks += 1;
  report(marks === 1 ? { type: 'begin' } : { type: 'end', events: 0 });
});
