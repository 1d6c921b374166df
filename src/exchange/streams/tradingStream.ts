/** The trade-updates WebSocket, `/stream`: every step in the life of every order, to whoever listens. */
import type { WebSocket } from 'ws';
import type { Random } from '../../clock/chance.ts';
import type { Clock } from '../../clock/clock.ts';
import { formatDecimal } from '../../domain/decimal.ts';
import type { FaultSwitches } from '../faults.ts';
import type { ExchangeLimits } from '../options.ts';
import type { Credentials } from '../rest/http.ts';
import { orderJson } from '../trading/orders.ts';
import type { OrderUpdate } from '../trading/reports.ts';
import { type Encoding, jsonText, msgpackBytes, readFrame } from './encoding.ts';
import { formatTime, type WireObject } from './wire.ts';

/** Paper sends JSON in binary frames, live in text frames. */
export type JsonFrames = 'binary' | 'text';

const STREAMS: readonly string[] = ['trade_updates'];
const WITH_TIMESTAMP = new Set([
  'fill',
  'partial_fill',
  'canceled',
  'expired',
  'replaced',
  'rejected',
  'trade_bust',
  'trade_correct',
]);

interface Connection {
  readonly socket: WebSocket;
  readonly encoding: Encoding;
  isAuthenticated: boolean;
  isListening: boolean;
}

/** What Alpaca may say of an order that lives on. */
const ODD_EVENTS = ['stopped', 'suspended', 'calculated', 'restated', 'done_for_day'] as const;

interface TradingStreamOptions {
  readonly credentials: Credentials;
  readonly faults: FaultSwitches;
  readonly limits: ExchangeLimits;
  readonly jsonFrames: JsonFrames;
  readonly clock: Clock;
  readonly random: Random;
}

export class TradingStream {
  readonly #connections = new Set<Connection>();
  readonly #options: TradingStreamOptions;

  constructor(options: TradingStreamOptions) {
    this.#options = options;
  }

  get connections(): number {
    return this.#connections.size;
  }

  accept(socket: WebSocket, encoding: Encoding): void {
    const connection: Connection = { socket, encoding, isAuthenticated: false, isListening: false };
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
    socket.on('error', () => socket.terminate());
    socket.on('message', (data: Buffer) => this.#receive(connection, data));
  }

  publish(update: OrderUpdate): void {
    if (this.#connections.size === 0) return;
    const data = updateJson(update);
    const { oddEvents } = this.#options.faults.current;
    this.#tell(data);
    if (!oddEvents || update.event !== 'new') return;
    for (const event of ODD_EVENTS) {
      const status = event === 'restated' ? update.order.status : event;
      this.#tell({ ...data, event, order: { ...orderJson(update.order, true), status } });
    }
  }

  #tell(data: Record<string, unknown>): void {
    const { clock, random, faults } = this.#options;
    const { shuffledUpdatesMs } = faults.current;
    if (shuffledUpdatesMs === 0) this.#sendAll(data);
    else clock.after(random() * shuffledUpdatesMs, () => this.#sendAll(data));
  }

  #sendAll(data: Record<string, unknown>): void {
    const { unknownKinds } = this.#options.faults.current;
    for (const connection of this.#connections) {
      if (!connection.isListening) continue;
      if (unknownKinds) {
        this.#send(connection, {
          stream: 'trade_updates',
          data: { ...data, event: 'reviewed_by_a_later_version', execution_id: null },
        });
      }
      this.#send(connection, { stream: 'trade_updates', data });
    }
  }

  /** Cuts every connection without a closing handshake. */
  cut(): void {
    for (const connection of this.#connections) connection.socket.terminate();
  }

  #receive(connection: Connection, data: Buffer): void {
    const message = readFrame(data, connection.encoding);
    switch (message?.action) {
      case 'authenticate':
      case 'auth':
        this.#authenticate(connection, message);
        break;
      case 'listen':
        this.#listen(connection, message);
        break;
      default:
        this.#send(connection, {
          action: 'error',
          data: { error_message: 'unknown action or invalid syntax' },
        });
    }
  }

  /** Both forms: keys under `data`, and flat as on the market-data stream. */
  #authenticate(connection: Connection, message: Record<string, unknown>): void {
    if (this.#options.faults.current.noAuthReply) return;
    const data = (message.data ?? {}) as Record<string, unknown>;
    const { keyId, secretKey } = this.#options.credentials;
    const isKnown =
      (data.key_id ?? message.key) === keyId && (data.secret_key ?? message.secret) === secretKey;
    const others = [...this.#connections].filter((other) => other.isAuthenticated && other !== connection);
    connection.isAuthenticated = isKnown && others.length < this.#options.limits.tradingConnectionsMax;
    this.#authorization(connection, 'authenticate');
  }

  /** Replaces what is listened to; streams that do not exist are left out of the reply. */
  #listen(connection: Connection, message: Record<string, unknown>): void {
    if (!connection.isAuthenticated) {
      this.#authorization(connection, 'listen');
      return;
    }
    const asked = (message.data as { streams?: unknown } | undefined)?.streams;
    if (!Array.isArray(asked)) {
      this.#send(connection, { action: 'error', data: { error_message: 'streams is required' } });
      return;
    }
    const streams = STREAMS.filter((stream) => asked.includes(stream));
    connection.isListening = streams.length > 0;
    this.#send(connection, { stream: 'listening', data: { streams } });
  }

  #authorization(connection: Connection, action: string): void {
    const status = connection.isAuthenticated ? 'authorized' : 'unauthorized';
    this.#send(connection, { stream: 'authorization', data: { status, action } });
  }

  #send(connection: Connection, message: Record<string, unknown>): void {
    const { socket, encoding } = connection;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > this.#options.limits.sendBufferBytesMax) {
      socket.terminate();
      return;
    }
    if (encoding === 'msgpack') socket.send(msgpackBytes(message as WireObject), { binary: true });
    else socket.send(Buffer.from(jsonText(message)), { binary: this.#options.jsonFrames === 'binary' });
  }
}

/** The `data` of a message of the stream. */
export function updateJson(update: OrderUpdate): Record<string, unknown> {
  const { event, order, execution, atMicros } = update;
  const data: Record<string, unknown> = { event, execution_id: execution?.id ?? null };
  if (WITH_TIMESTAMP.has(event)) data.timestamp = formatTime(atMicros);
  if (execution !== null) {
    data.price = formatDecimal(execution.price);
    data.qty = formatDecimal(execution.quantity);
    data.position_qty = formatDecimal(execution.positionQuantity);
    if (execution.previousId !== undefined) data.previous_execution_id = execution.previousId;
  }
  return { ...data, order: orderJson(order, true) };
}
