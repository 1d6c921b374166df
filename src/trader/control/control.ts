/**
 * The control socket: how commands reach a running daemon. A Unix socket in the data directory, mode 0600, so only
 * the user who started the daemon talks to it. One JSON object a line each way:
 * `{"id":1,"method":"status","parameters":{}}` is answered by `{"id":1,"ok":true,"value":{...}}` or
 * `{"id":1,"ok":false,"error":{exitCode,cause,remedy,violations}}`.
 */

import { createHash } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Clock } from '../../clock/clock.ts';
import { EXIT_UNEXPECTED, EXIT_UNREACHABLE, type PlainUserError, UserError } from '../../domain/exit.ts';
import { plainJson } from './plain.ts';

/** Longer than any request a command sends; a line over it closes the connection. */
const LINE_BYTES_MAX = 64 * 1024;
const CONNECTIONS_MAX = 16;
/** sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included. */
const SOCKET_PATH_BYTES_MAX = 103;

export type ControlHandler = (method: string, parameters: Record<string, unknown>) => Promise<unknown>;

export type ControlAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: PlainUserError };

/** Where the socket of a data directory is: inside it, or under the temporary folder when that path is too long. */
export function controlSocketPath(dataDirectory: string): string {
  const inside = join(resolve(dataDirectory), 'control.sock');
  if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES_MAX) return inside;
  const digest = createHash('sha256').update(inside).digest('hex').slice(0, 16);
  return join(tmpdir(), `openbell-${digest}.sock`);
}

export class ControlServer {
  readonly #server: Server;
  readonly #path: string;
  readonly #open = new Set<Socket>();

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  /** Listens. The caller owns the data directory's lock, so a socket file that is there is a dead daemon's. */
  static async listen(dataDirectory: string, handler: ControlHandler): Promise<ControlServer> {
    const path = controlSocketPath(dataDirectory);
    rmSync(path, { force: true });
    const server = createServer();
    const control = new ControlServer(server, path);
    server.maxConnections = CONNECTIONS_MAX;
    server.on('connection', (socket) => control.#serve(socket, handler));
    const umask = process.umask(0o177);
    try {
      await new Promise<void>((done, fail) => {
        server.once('error', fail);
        server.listen(path, done);
      });
    } finally {
      process.umask(umask);
    }
    chmodSync(path, 0o600);
    return control;
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise<void>((done) => this.#server.close(() => done()));
    rmSync(this.#path, { force: true });
  }

  #serve(socket: Socket, handler: ControlHandler): void {
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
    socket.on('error', () => socket.destroy());
    readLines(socket, (line) => {
      void answer(line, handler).then((text) => {
        if (socket.writable) socket.write(`${text}\n`);
      });
    });
  }
}

async function answer(line: string, handler: ControlHandler): Promise<string> {
  let id = 0;
  try {
    const request = JSON.parse(line) as { id?: unknown; method?: unknown; parameters?: unknown };
    id = typeof request.id === 'number' ? request.id : 0;
    if (typeof request.method !== 'string') throw new Error('a request needs a method');
    const parameters = (request.parameters ?? {}) as Record<string, unknown>;
    return plainJson({ id, ok: true, value: (await handler(request.method, parameters)) ?? null });
  } catch (error) {
    const plain =
      error instanceof UserError
        ? error.toJSON()
        : {
            exitCode: EXIT_UNEXPECTED,
            cause: error instanceof Error ? error.message : String(error),
            remedy: 'See the log of the daemon.',
            violations: [],
          };
    return plainJson({ id, ok: false, error: plain });
  }
}

/** Whether a daemon answers on the data directory's socket; null when none does. */
export async function connectControl(
  dataDirectory: string,
  clock: Clock,
  timeoutMs = 10_000,
): Promise<ControlClient | null> {
  const socket = createConnection(controlSocketPath(dataDirectory));
  const connected = await new Promise<boolean>((done) => {
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
  if (!connected) {
    socket.destroy();
    return null;
  }
  return new ControlClient(socket, clock, timeoutMs);
}

export class ControlClient {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, (answer: ControlAnswer) => void>();
  #lastId = 0;

  constructor(socket: Socket, clock: Clock, timeoutMs: number) {
    this.#socket = socket;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#failAll('the daemon closed the connection'));
    readLines(
      socket,
      (line) => {
        const parsed = JSON.parse(line) as ControlAnswer;
        this.#waiting.get(parsed.id)?.(parsed);
      },
      Number.POSITIVE_INFINITY,
    );
  }

  /** @throws {UserError} the daemon's own refusal, or exit code 3 when it does not answer in time. */
  async call<T>(method: string, parameters: Record<string, unknown> = {}): Promise<T> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = await new Promise<ControlAnswer>((done) => {
      const timer = this.#clock.after(this.#timeoutMs, () =>
        done(silence(id, `no answer to ${method} within ${this.#timeoutMs} ms`)),
      );
      this.#waiting.set(id, (value) => {
        timer.cancel();
        done(value);
      });
      this.#socket.write(`${JSON.stringify({ id, method, parameters })}\n`);
    });
    this.#waiting.delete(id);
    if (answered.ok) return answered.value as T;
    const { exitCode, cause, remedy, violations } = answered.error;
    throw new UserError({ exitCode, cause, remedy, violations });
  }

  close(): void {
    this.#socket.end();
    this.#socket.destroy();
  }

  #failAll(cause: string): void {
    for (const [id, done] of this.#waiting) done(silence(id, cause));
  }
}

function silence(id: number, cause: string): ControlAnswer {
  return {
    id,
    ok: false,
    error: {
      exitCode: EXIT_UNREACHABLE,
      cause: `the running daemon does not answer: ${cause}`,
      remedy: 'Look at its log; it may be stopping or overloaded.',
      violations: [],
    },
  };
}

function readLines(socket: Socket, onLine: (line: string) => void, lineBytesMax = LINE_BYTES_MAX): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    rest += chunk;
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      if (line !== '') onLine(line);
    }
    if (rest.length > lineBytesMax) socket.destroy();
  });
}
