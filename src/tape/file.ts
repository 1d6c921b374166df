/**
 * Tape files: what both sides of a tape agree on. All numbers are little-endian.
 *
 * A file is a preamble of 16 bytes (magic, version, 0) and then blocks. A block is a header of 24 bytes and a payload:
 *
 * | offset | type   | header field                                                              |
 * |--------|--------|---------------------------------------------------------------------------|
 * | 0      | Uint32 | block magic, so that a search finds the next block behind damage          |
 * | 4      | Uint32 | CRC-32 of all that follows, header and payload                            |
 * | 8      | Uint32 | payload length in bytes                                                   |
 * | 12     | Uint32 | length of the payload when unpacked                                       |
 * | 16     | Uint32 | rows                                                                      |
 * | 20     | Uint8  | {@link BlockType}                                                         |
 * | 21     | Uint8  | {@link Packing}                                                           |
 * | 22     | Uint16 | 0                                                                         |
 *
 * The first block of a segment says what the tape is ({@link TapeMetadata}); a writer that goes on with a file starts
 * a new segment. Symbols are defined before their first use, anew in each segment. A writer that was killed leaves a
 * torn block at the end: readers stop before it, and the next writer cuts it off.
 */
import { crc32 } from 'node:zlib';
import { UserError } from '../domain/exit.ts';

export interface TapeMetadata {
  /** `market`: what a feed sent. `inbox`: what one machine saw. */
  readonly kind: 'market' | 'inbox';
  /** The feed, as its provider names it: `sip`, `iex`, `crypto/us`, `csv`, `lean`. */
  readonly feed: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Where the events came from, for people: a host, a file name. */
  readonly source: string;
  /** What else whoever wrote the tape wants remembered (batch, consumer, strategy). */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Of tapes without narrow rows: those that are packed, imported or fetched. Earlier programs read them. */
export const TAPE_VERSION = 1;
/** Of tapes that may have narrow rows: those that a daemon is writing. */
export const TAPE_VERSION_NARROW = 2;
export const PREAMBLE_BYTES = 16;
export const BLOCK_HEADER_BYTES = 24;
/** A header that claims more is damaged. */
export const PAYLOAD_BYTES_MAX = 256 * 1_024 * 1_024;
export const BLOCK_MAGIC = 0x4b_4c_42_4f;
const MAGIC = Buffer.from('OBTAPE\r\n', 'latin1');

/** The numbers stand in files. */
export const BlockType = {
  /** JSON of {@link TapeMetadata}: a segment begins, definitions are forgotten. */
  segment: 1,
  /** JSON: pairs of symbol id and text. */
  definitions: 2,
  /** Rows of one batch, see `columns.ts`. */
  rows: 3,
  /** Rows of one batch in fewer bytes, see `narrow/layout.ts`. Never packed. */
  narrowRows: 4,
} as const;
export type BlockType = (typeof BlockType)[keyof typeof BlockType];

/** The numbers stand in files. */
export const Packing = { none: 0, deflate: 1, brotli: 2 } as const;
export type Packing = (typeof Packing)[keyof typeof Packing];
export type Compression = keyof typeof Packing;

export interface BlockHeader {
  readonly checksum: number;
  readonly payloadBytes: number;
  readonly unpackedBytes: number;
  readonly rows: number;
  readonly type: BlockType;
  readonly packing: Packing;
}

export function encodePreamble(version: number): Buffer {
  const bytes = Buffer.alloc(PREAMBLE_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(version, 8);
  return bytes;
}

/** Throws a UserError when the file is no tape, or one of a later version. */
export function checkPreamble(bytes: Uint8Array, path: string): void {
  const preamble = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (preamble.length < PREAMBLE_BYTES || !preamble.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new UserError({
      exitCode: 2,
      cause: `${path} is not a tape file`,
      remedy: 'Name a file that `openbell tape import` or a running daemon wrote.',
    });
  }
  const version = preamble.readUInt32LE(8);
  if (version < TAPE_VERSION || version > TAPE_VERSION_NARROW) {
    throw new UserError({
      exitCode: 2,
      cause: `${path} is a tape of version ${version}; this program reads versions up to ${TAPE_VERSION_NARROW}`,
      remedy: 'Read it with the version of openbell that wrote it, or import its source again.',
    });
  }
}

export function encodeBlock(
  payload: Uint8Array,
  block: {
    readonly type: BlockType;
    readonly rows: number;
    readonly packing: Packing;
    readonly unpackedBytes: number;
  },
): Buffer {
  return Buffer.concat([encodeHeader([payload], block), payload]);
}

/** The header of a block whose payload is these pieces, one behind the other. */
export function encodeHeader(
  payload: readonly Uint8Array[],
  block: {
    readonly type: BlockType;
    readonly rows: number;
    readonly packing: Packing;
    readonly unpackedBytes: number;
  },
): Buffer {
  const bytes = Buffer.alloc(BLOCK_HEADER_BYTES);
  bytes.writeUInt32LE(BLOCK_MAGIC, 0);
  bytes.writeUInt32LE(
    payload.reduce((sum, piece) => sum + piece.length, 0),
    8,
  );
  bytes.writeUInt32LE(block.unpackedBytes, 12);
  bytes.writeUInt32LE(block.rows, 16);
  bytes.writeUInt8(block.type, 20);
  bytes.writeUInt8(block.packing, 21);
  let checksum = crc32(bytes.subarray(8));
  for (const piece of payload) checksum = crc32(piece, checksum);
  bytes.writeUInt32LE(checksum, 4);
  return bytes;
}

/** Writes the header of an unpacked block, but for its checksum, at byte `at`, a multiple of 4. */
export function writeOpenHeader(
  words: Uint32Array,
  at: number,
  block: { readonly type: BlockType; readonly rows: number; readonly payloadBytes: number },
): void {
  const place = at >> 2;
  words[place] = BLOCK_MAGIC;
  words[place + 1] = 0;
  words[place + 2] = block.payloadBytes;
  words[place + 3] = block.payloadBytes;
  words[place + 4] = block.rows;
  words[place + 5] = block.type;
}

/** Adds the checksum of a block whose header {@link writeOpenHeader} wrote at `at`; answers the block's length. */
export function sealHeader(bytes: Uint8Array, words: Uint32Array, at: number): number {
  const blockBytes = BLOCK_HEADER_BYTES + words[(at >> 2) + 2]!;
  words[(at >> 2) + 1] = crc32(bytes.subarray(at + 8, at + blockBytes));
  return blockBytes;
}

/** `undefined` when the bytes are no header. */
export function decodeHeader(bytes: Buffer): BlockHeader | undefined {
  if (bytes.length < BLOCK_HEADER_BYTES || bytes.readUInt32LE(0) !== BLOCK_MAGIC) return undefined;
  const header = {
    checksum: bytes.readUInt32LE(4),
    payloadBytes: bytes.readUInt32LE(8),
    unpackedBytes: bytes.readUInt32LE(12),
    rows: bytes.readUInt32LE(16),
    type: bytes.readUInt8(20),
    packing: bytes.readUInt8(21),
  };
  const { type, packing } = header;
  if (type < BlockType.segment || type > BlockType.narrowRows || packing > Packing.brotli) return undefined;
  if (header.payloadBytes > PAYLOAD_BYTES_MAX || header.unpackedBytes > PAYLOAD_BYTES_MAX) return undefined;
  return { ...header, type: type as BlockType, packing: packing as Packing };
}

/** Whether the payload is the one that the header was written for. */
export function isIntact(header: Buffer, payload: Uint8Array, checksum: number): boolean {
  return crc32(payload, crc32(header.subarray(8, BLOCK_HEADER_BYTES))) === checksum;
}
