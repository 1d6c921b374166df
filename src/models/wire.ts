/**
 * The outer shape of PostgreSQL's wire protocol 3.0: where a message ends, and the few messages that are answered
 * before a database sees any. https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import { Buffer } from 'node:buffer';

export type FirstMessage =
  /** SSLRequest or GSSENCRequest: may the connection be encrypted? */
  | { readonly type: 'encryption'; readonly bytes: Buffer }
  | { readonly type: 'cancel'; readonly bytes: Buffer }
  | { readonly type: 'startup'; readonly bytes: Buffer }
  | { readonly type: 'unsupported'; readonly bytes: Buffer };

export interface TypedMessage {
  /** `Q` query, `p` password, `X` goodbye ... */
  readonly type: string;
  /** Whole, with type and length. */
  readonly bytes: Buffer;
}

export const MESSAGE_BYTES_MAX = 64 * 1_024 * 1_024;
const FIRST_MESSAGE_BYTES_MAX = 10_000;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;
const PROTOCOL_MAJOR = 3;

export class WireError extends Error {
  override readonly name = 'WireError';
}

/** Collects what a socket brings, and gives it back message by message. */
export class MessageReader {
  #bytes: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  /** The next message before a session has begun: it has no type byte. Null when it is not whole yet. */
  nextFirst(): FirstMessage | null {
    if (this.#bytes.length < 8) return null;
    const bytes = this.#take(this.#bytes.readInt32BE(0), FIRST_MESSAGE_BYTES_MAX);
    if (bytes === null) return null;
    const code = bytes.readInt32BE(4);
    if (code === SSL_REQUEST || code === GSS_REQUEST) return { type: 'encryption', bytes };
    if (code === CANCEL_REQUEST) return { type: 'cancel', bytes };
    return { type: code >> 16 === PROTOCOL_MAJOR ? 'startup' : 'unsupported', bytes };
  }

  next(): TypedMessage | null {
    if (this.#bytes.length < 5) return null;
    const bytes = this.#take(1 + this.#bytes.readInt32BE(1), MESSAGE_BYTES_MAX);
    return bytes === null ? null : { type: String.fromCharCode(bytes[0] ?? 0), bytes };
  }

  #take(length: number, lengthMax: number): Buffer | null {
    if (length < 5 || length > lengthMax) throw new WireError(`a message of ${length} bytes`);
    if (this.#bytes.length < length) return null;
    const bytes = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return bytes;
  }
}

/** AuthenticationCleartextPassword: the connection is on loopback. */
export function askForPassword(): Buffer {
  return message('R', Buffer.from([0, 0, 0, 3]));
}

/** The password in a `p` message. */
export function readPassword(received: TypedMessage): string {
  return received.bytes.subarray(5, -1).toString('utf8');
}

/** ErrorResponse that ends the connection. `code` is a SQLSTATE. */
export function fatal(code: string, text: string): Buffer {
  const fields = [`SFATAL`, `VFATAL`, `C${code}`, `M${text}`].map((field) => `${field}\0`).join('');
  return message('E', Buffer.from(`${fields}\0`, 'utf8'));
}

function message(type: string, body: Buffer): Buffer {
  const bytes = Buffer.alloc(5 + body.length);
  bytes.write(type, 0, 'latin1');
  bytes.writeInt32BE(4 + body.length, 1);
  body.copy(bytes, 5);
  return bytes;
}
