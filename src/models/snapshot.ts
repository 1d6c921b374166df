/**
 * A copy of the embedded database, served to `psql` and the like on loopback. PGlite has one backend session for all:
 * a visitor's ROLLBACK in the daemon's own would take its rows along, so visitors get a copy, one at a time, to read.
 */
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { PGlite } from '@electric-sql/pglite';
import { newId } from '../clock/chance.ts';
import { assert } from '../domain/assert.ts';
import type { Log } from '../observability/log.ts';
import { askForPassword, fatal, MessageReader, readPassword, type TypedMessage } from './wire.ts';

export interface ServedSnapshot {
  /** Opens in `psql`. Holds a password made for this copy alone. */
  readonly url: string;
  /** Ends visits, stops serving and deletes the copy. */
  close(): Promise<void>;
}

/**
 * Serves the copy that `OpenDatabase.snapshot` (or the thread's `snapshot` command) made in `folder`, on a port of
 * its own. Keeps the process alive until it is closed.
 */
export async function serveSnapshot(folder: string, context: { readonly log: Log }): Promise<ServedSnapshot> {
  const pglite = await PGlite.create({ dataDir: folder });
  await resetSession(pglite);
  const password = newId();
  const sockets = new Set<Socket>();
  let visit: Promise<void> | null = null;

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', (error) => context.log.debug({ reason: error.message }, 'a visitor was lost'));
    socket.on('close', () => sockets.delete(socket));
    const begin = async (startup: Buffer, reader: MessageReader, chunks: AsyncIterator<Buffer>) => {
      if (visit !== null) {
        socket.end(fatal('53300', 'this copy takes one visitor at a time: close the other session first'));
        return;
      }
      visit = relay(pglite, { socket, startup, reader, chunks });
      try {
        await visit;
      } finally {
        await resetSession(pglite);
        visit = null;
      }
    };
    welcome(socket, password, begin).catch((error: Error) => {
      context.log.debug({ reason: error.message }, 'a visit ended');
      socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  assert(address !== null && typeof address === 'object', 'a listening server without an address');

  return {
    url: `postgres://postgres:${password}@127.0.0.1:${address.port}/postgres`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      await visit?.catch(() => {});
      await pglite.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Begin = (startup: Buffer, reader: MessageReader, chunks: AsyncIterator<Buffer>) => Promise<void>;

/** Answers what comes before a session: encryption is declined, the password asked for and compared. */
async function welcome(socket: Socket, password: string, begin: Begin): Promise<void> {
  const reader = new MessageReader();
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let startup: Buffer | null = null;
  while (startup === null) {
    const first = reader.nextFirst();
    if (first === null) {
      if (!(await readMore(reader, chunks))) return;
    } else if (first.type === 'encryption') {
      socket.write('N');
    } else if (first.type === 'startup') {
      startup = first.bytes;
    } else {
      // A copy has no running query worth cancelling.
      socket.end();
      return;
    }
  }
  socket.write(askForPassword());
  const answer = await nextMessage(reader, chunks);
  if (answer === null) return;
  if (answer.type !== 'p' || readPassword(answer) !== password) {
    socket.end(fatal('28P01', 'password authentication failed'));
    return;
  }
  await begin(startup, reader, chunks);
}

async function relay(
  pglite: PGlite,
  visitor: { socket: Socket; startup: Buffer; reader: MessageReader; chunks: AsyncIterator<Buffer> },
): Promise<void> {
  const { socket, startup, reader, chunks } = visitor;
  const forward = (bytes: Buffer) =>
    pglite.runExclusive(() =>
      pglite.execProtocolRawStream(bytes, { onRawData: (data) => socket.write(Uint8Array.from(data)) }),
    );
  await forward(startup);
  for (;;) {
    const message = await nextMessage(reader, chunks);
    if (message === null) return;
    if (message.type === 'X') {
      socket.end();
      return;
    }
    await forward(message.bytes);
  }
}

/** Nothing of one visitor is left for the next; and what looks like the daemon's database takes no changes. */
async function resetSession(pglite: PGlite): Promise<void> {
  await pglite.exec('rollback');
  await pglite.exec('discard all');
  await pglite.exec(`set timezone = 'UTC'; set default_transaction_read_only = on`);
}

async function nextMessage(
  reader: MessageReader,
  chunks: AsyncIterator<Buffer>,
): Promise<TypedMessage | null> {
  for (;;) {
    const message = reader.next();
    if (message !== null) return message;
    if (!(await readMore(reader, chunks))) return null;
  }
}

async function readMore(reader: MessageReader, chunks: AsyncIterator<Buffer>): Promise<boolean> {
  const { value, done } = await chunks.next();
  if (done === true) return false;
  reader.push(value);
  return true;
}
