/**
 * The feed, in a process of its own: speaks Alpaca's handshake, then sends as fast as the pipeline's end follows:
 * after each block of events there is a mark, and only so many marks may be on their way. So every pipeline has the
 * same events to handle and the same to wait for, whatever it does when it falls behind.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { createFrames, type Frame, Mark, markFrame } from './frames.ts';

interface SenderOptions {
  readonly messagesMin: number;
  readonly messagesMax: number;
  readonly warmUpEvents: number;
  readonly events: number;
  readonly seed: number;
  /** False for a pipeline that reads no marks: TCP alone holds the sender back. */
  readonly waitsForMarks: boolean;
}

const BLOCK_EVENTS = 2_048;
/** Twice what a receiver's two batches hold: batches fill up, and few quotes meet a newer one while they wait. */
const BLOCKS_UNDER_WAY_MAX = 2;

const CHANNELS = [
  'trades',
  'quotes',
  'bars',
  'updatedBars',
  'dailyBars',
  'statuses',
  'lulds',
  'cancelErrors',
] as const;
type Channel = (typeof CHANNELS)[number];

const DISTINCT_MESSAGES = 200_000;
/** So much may wait in this process before it waits for the connection. */
const BUFFERED_BYTES_MAX = 1_048_576;

const options = JSON.parse(process.argv[2] ?? '{}') as SenderOptions;
const frames = createFrames(options, DISTINCT_MESSAGES, options.seed);
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });

const blockMark = markFrame(Mark.block);
let blocksUnderWay = 0;
process.on('message', () => {
  blocksUnderWay -= 1;
});

server.on('connection', (socket) => {
  socket.send('[{"T":"success","msg":"connected"}]');
  let isSending = false;
  const subscribed = Object.fromEntries(CHANNELS.map((channel) => [channel, new Set<string>()])) as Record<
    Channel,
    Set<string>
  >;
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as { action: string } & Partial<
      Record<Channel, readonly string[]>
    >;
    if (message.action === 'auth') socket.send('[{"T":"success","msg":"authenticated"}]');
    if (message.action !== 'subscribe' && message.action !== 'unsubscribe') return;
    // As the feed does it: the answer tells all that is subscribed now.
    for (const channel of CHANNELS) {
      for (const symbol of message[channel] ?? []) {
        if (message.action === 'subscribe') subscribed[channel].add(symbol);
        else subscribed[channel].delete(symbol);
      }
    }
    const state = Object.fromEntries(CHANNELS.map((channel) => [channel, [...subscribed[channel]]]));
    socket.send(JSON.stringify([{ T: 'subscription', ...state }]));
    if (isSending) return;
    isSending = true;
    void sendAll(socket);
  });
});
await once(server, 'listening');
process.send?.({ port: (server.address() as AddressInfo).port });

async function sendAll(socket: WebSocket): Promise<void> {
  let at = 0;
  let inBlock = 0;
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
      inBlock += frame.messages;
      if (socket.bufferedAmount < BUFFERED_BYTES_MAX) socket.send(frame.bytes, { binary: false });
      else await new Promise((resolve) => socket.send(frame.bytes, { binary: false }, resolve));
      if (inBlock < BLOCK_EVENTS || !options.waitsForMarks) continue;
      inBlock = 0;
      socket.send(blockMark, { binary: false });
      sent += 1;
      blocksUnderWay += 1;
      while (blocksUnderWay >= BLOCKS_UNDER_WAY_MAX) await once(process, 'message');
    }
    return sent;
  };
  await sendEvents(options.warmUpEvents);
  socket.send(markFrame(Mark.begin), { binary: false });
  const sent = await sendEvents(options.events);
  socket.send(markFrame(Mark.end), { binary: false });
  process.send?.({ sent });
}
