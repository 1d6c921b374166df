/**
 * Two threads as one would first write them: the producer parses each frame and posts each event to the consumer,
 * which calls the strategy.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';
import { kernelThreadId } from './cpu.ts';
import { MARK_SYMBOL, Mark } from './frames.ts';
import type { Progress } from './report.ts';
import { ReadingStrategy } from './strategy.ts';

type Event =
  | { readonly T: 't'; readonly S: string; readonly p: number; readonly s: number }
  | { readonly T: 'q'; readonly S: string; readonly bp: number; readonly ap: number }
  | { readonly T: 'success' | 'subscription' };

const report = (progress: Progress) => parentPort?.postMessage(progress);
const { role, url, port } = workerData as { role: 'producer' | 'consumer'; url: string; port: MessagePort };
report({ type: 'thread', role, threadId: kernelThreadId() });

if (role === 'producer') produce();
else consume();

function produce(): void {
  const socket = new WebSocket(url);
  socket.on('open', () => socket.send('{"action":"subscribe","trades":["*"],"quotes":["*"]}'));
  socket.on('message', (data: Buffer) => {
    for (const event of JSON.parse(data.toString()) as Event[]) {
      if (event.T === 't' || event.T === 'q') port.postMessage(event);
    }
  });
}

function consume(): void {
  let strategy = new ReadingStrategy();
  const onMark = (mark: number) => {
    if (mark === Mark.block) report({ type: 'block' });
    else if (mark === Mark.end) report({ type: 'end', events: strategy.events });
    else {
      strategy = new ReadingStrategy();
      report({ type: 'begin' });
    }
  };
  port.on('message', (event: Event) => {
    if (event.T === 'q') strategy.onQuote(event.S, event.bp, event.ap);
    else if (event.T === 't') {
      strategy.onTrade(event.S, event.p, event.s);
      if (event.S === MARK_SYMBOL) onMark(event.p);
    }
  });
}
