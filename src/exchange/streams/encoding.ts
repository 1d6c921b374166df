/** JSON and msgpack as the streams speak them. */
import { decode, Encoder, ExtensionCodec, encodeTimeSpecToTimestamp } from '@msgpack/msgpack';
import { WireTime, type WireValue } from './wire.ts';

export type Encoding = 'json' | 'msgpack';

/** Chosen by the `Content-Type` of the upgrade request. */
export function encodingOf(contentType: string | undefined): Encoding {
  return contentType?.toLowerCase().includes('msgpack') === true ? 'msgpack' : 'json';
}

const TIMESTAMP_EXTENSION = -1;
const codec = new ExtensionCodec();
codec.register({
  type: TIMESTAMP_EXTENSION,
  encode: (value) => {
    if (!(value instanceof WireTime)) return null;
    const sec = Math.floor(value.timeMicros / 1_000_000);
    return encodeTimeSpecToTimestamp({
      sec,
      nsec: (value.timeMicros - sec * 1_000_000) * 1_000 + value.nanos,
    });
  },
  decode: () => null,
});
const encoder = new Encoder({ extensionCodec: codec, useBigInt64: true });

/** Text of a value in JSON, with integers beyond 2^53 written out in full. */
export function jsonText(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof WireTime) return `"${value.toJSON()}"`;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${jsonText(member)}`);
  }
  return `{${members.join(',')}}`;
}

/** One value in msgpack. Numbers that are whole are written as integers. */
export function msgpackBytes(value: WireValue): Uint8Array {
  return encoder.encode(value);
}

/** Several encoded values as one msgpack array. */
export function msgpackArray(elements: readonly Uint8Array[]): Buffer {
  const count = elements.length;
  const head =
    count < 16
      ? Uint8Array.of(0x90 | count)
      : count < 65_536
        ? Uint8Array.of(0xdc, count >>> 8, count & 0xff)
        : Uint8Array.of(0xdd, count >>> 24, (count >>> 16) & 0xff, (count >>> 8) & 0xff, count & 0xff);
  return Buffer.concat([head, ...elements]);
}

/** A client's frame as a plain object; undefined when it cannot be read or is none. */
export function readFrame(data: Buffer, encoding: Encoding): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = encoding === 'msgpack' ? decode(data) : JSON.parse(data.toString('utf8'));
  } catch {
    return undefined;
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
