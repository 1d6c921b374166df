/** A market-data stream at a steady rate: Alpaca's handshake, then so many trades and quotes a second, stamped with now. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { seededRandom } from '../../src/clock/chance.ts';
import { liveClock } from '../../src/clock/live.ts';
import { formatMicros } from '../../src/domain/time.ts';

const FRAME_EVENTS = 50;
const DISTINCT_FRAMES = 400;
const QUOTE_SHARE = 0.7;
const TICK_MS = 1;
const TIME_DECIMALS = 9;
/** More may not wait in this process: a subject that reads slower than that is not measured but drowned. */
const BUFFERED_BYTES_MAX = 64 * 1_048_576;

const OTHER_CHANNELS = {
  bars: [],
  updatedBars: [],
  dailyBars: [],
  statuses: ['*'],
  lulds: [],
  cancelErrors: [],
};

interface Request {
  readonly action: string;
  readonly trades?: readonly string[];
  readonly quotes?: readonly string[];
}

interface Template {
  readonly bytes: Buffer;
  /** Where times stand in it. */
  readonly times: readonly number[];
}

export interface PacedFeedOptions {
  readonly symbols: readonly string[];
  readonly eventsPerSecond: number;
  readonly seed: number;
}

export class PacedFeed {
  readonly #options: PacedFeedOptions;
  readonly #server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  readonly #frames: readonly Template[];
  #socket: WebSocket | undefined;
  #startMs = 0;
  #sent = 0;
  #behind = 0;
  #marks: { readonly text: (stamp: string) => string; readonly onSend: () => void }[] = [];
  #timer: { cancel(): void } | undefined;
  #onSubscribed: () => void = () => {};
  /** Somebody has subscribed, and events flow. */
  readonly subscribed = new Promise<void>((resolve) => {
    this.#onSubscribed = resolve;
  });

  constructor(options: PacedFeedOptions) {
    this.#options = options;
    this.#frames = framesOf(options);
    this.#server.on('connection', (socket) => this.#greet(socket));
  }

  async port(): Promise<number> {
    if (this.#server.address() === null) await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Events sent so far. */
  get events(): number {
    return this.#sent * FRAME_EVENTS;
  }

  /** Frames that were not sent because the subject did not read. */
  get framesHeldBack(): number {
    return this.#behind;
  }

  /** Adds a trade to the next frame. `size` tells strategies what it is. */
  mark(symbol: string, size: number, onSend: () => void = () => {}): void {
    this.#marks.push({ text: (stamp) => `,${tradeText(symbol, 100, size, stamp)}`, onSend });
  }

  close(): void {
    this.#timer?.cancel();
    this.#socket?.terminate();
    this.#server.close();
  }

  #greet(socket: WebSocket): void {
    socket.send('[{"T":"success","msg":"connected"}]');
    const subscribed = { trades: new Set<string>(), quotes: new Set<string>() };
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Request;
      if (message.action === 'auth') socket.send('[{"T":"success","msg":"authenticated"}]');
      if (message.action !== 'subscribe' && message.action !== 'unsubscribe') return;
      for (const channel of ['trades', 'quotes'] as const) {
        for (const symbol of message[channel] ?? []) {
          if (message.action === 'subscribe') subscribed[channel].add(symbol);
          else subscribed[channel].delete(symbol);
        }
      }
      const trades = [...subscribed.trades];
      const quotes = [...subscribed.quotes];
      socket.send(JSON.stringify([{ T: 'subscription', trades, quotes, ...OTHER_CHANNELS }]));
      this.#start(socket);
    });
  }

  #start(socket: WebSocket): void {
    if (this.#socket !== undefined) return;
    this.#socket = socket;
    this.#startMs = liveClock.monotonicMs();
    this.#timer = liveClock.every(TICK_MS, () => this.#tick());
    this.#onSubscribed();
  }

  #tick(): void {
    const elapsedMs = liveClock.monotonicMs() - this.#startMs;
    const due = Math.floor((elapsedMs * this.#options.eventsPerSecond) / 1_000 / FRAME_EVENTS);
    const stamp = timeText();
    while (this.#sent + this.#behind < due) {
      if (this.#socket!.bufferedAmount > BUFFERED_BYTES_MAX) this.#behind += 1;
      else this.#send(stamp);
    }
  }

  #send(stamp: string): void {
    const { bytes, times } = this.#frames[this.#sent % this.#frames.length]!;
    const marks = this.#marks.splice(0);
    const more = marks.map(({ text }) => text(stamp)).join('');
    const frame = Buffer.allocUnsafe(bytes.length + more.length);
    bytes.copy(frame);
    for (const at of times) frame.write(stamp, at, 'latin1');
    frame.write(`${more}]`, bytes.length - 1, 'latin1');
    this.#sent += 1;
    for (const { onSend } of marks) onSend();
    this.#socket!.send(frame, { binary: false });
  }
}

/** Of a fixed length, so that it can be written over another. */
function timeText(): string {
  const text = formatMicros(liveClock.nowMicros()).replace('Z', '');
  const [whole, fraction = ''] = text.split('.');
  return `${whole}.${fraction.padEnd(TIME_DECIMALS, '0')}Z`;
}

function framesOf({ symbols, seed }: PacedFeedOptions): readonly Template[] {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const stamp = timeText();
  return Array.from({ length: DISTINCT_FRAMES }, () => {
    const elements = Array.from({ length: FRAME_EVENTS }, () => {
      const symbol = symbols[below(symbols.length)]!;
      const cents = 9_900 + below(200);
      return random() < QUOTE_SHARE
        ? quoteText(symbol, cents, stamp)
        : tradeText(symbol, cents / 100, 100 + below(50), stamp);
    });
    const bytes = Buffer.from(`[${elements.join(',')}]`);
    const times: number[] = [];
    for (let at = bytes.indexOf(stamp); at >= 0; at = bytes.indexOf(stamp, at + 1)) times.push(at);
    return { bytes, times };
  });
}

function quoteText(symbol: string, cents: number, stamp: string): string {
  return `{"T":"q","S":"${symbol}","bx":"V","bp":${cents / 100},"bs":100,"ax":"V","ap":${(cents + 1) / 100},"as":100,"c":["R"],"z":"C","t":"${stamp}"}`;
}

function tradeText(symbol: string, price: number, size: number, stamp: string): string {
  return `{"T":"t","S":"${symbol}","i":52983525029461,"x":"V","p":${price},"s":${size},"c":["@"],"z":"C","t":"${stamp}"}`;
}
