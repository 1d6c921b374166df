/**
 * The feed, in a process of its own: speaks Alpaca's handshake, then sends as fast as the connection takes it.
 * TCP's own back-pressure is the only flow control, and the same for every pipeline.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { BEGIN_SYMBOL, createFrames, END_SYMBOL, type Frame, markFrame } from './frames.ts';

interface SenderOptions {
  readonly messagesMin: number;
  readonly messagesMax: number;
  readonly warmUpEvents: number;
  readonly events: number;
  readonly seed: number;
}

const DISTINCT_MESSAGES = 200_000;
/** So much may wait in this process before it waits for the connection. */
const BUFFERED_BYTES_MAX = 1_048_576;

const options = JSON.parse(process.argv[2] ?? '{}') as SenderOptions;
const frames = createFrames(options, DISTINCT_MESSAGES, options.seed);
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });

server.on('connection', (socket) => {
  socket.send('[{"T":"success","msg":"connected"}]');
  let isSending = false;
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as { action: string } & Record<string, unknown>;
    if (message.action === 'auth') socket.send('[{"T":"success","msg":"authenticated"}]');
    if (message.action !== 'subscribe') return;
    const { trades, quotes } = message;
    const everyone = {
      bars: [],
      updatedBars: [],
      dailyBars: [],
      statuses: ['*'],
      lulds: [],
      cancelErrors: [],
    };
    socket.send(JSON.stringify([{ T: 'subscription', trades, quotes, ...everyone }]));
    if (isSending) return;
    isSending = true;
    void sendAll(socket);
  });
});
await once(server, 'listening');
process.send?.({ port: (server.address() as AddressInfo).port });

async function sendAll(socket: WebSocket): Promise<void> {
  let at = 0;
  const next = (): Frame => {
    const frame = frames[at % frames.length];
    at += 1;
    if (frame === undefined) throw new RangeError('no frames');
    return frame;
  };
  const sendEvents = async (count: number) => {
    let sent = 0;
    while (sent < count) {
      const frame = next();
      sent += frame.messages;
      if (socket.bufferedAmount < BUFFERED_BYTES_MAX) socket.send(frame.bytes, { binary: false });
      else await new Promise((resolve) => socket.send(frame.bytes, { binary: false }, resolve));
    }
    return sent;
  };
  await sendEvents(options.warmUpEvents);
  socket.send(markFrame(BEGIN_SYMBOL), { binary: false });
  const sent = await sendEvents(options.events);
  socket.send(markFrame(END_SYMBOL), { binary: false });
  process.send?.({ sent });
}
