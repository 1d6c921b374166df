/** Goes through the blocks of a tape file, one at a time. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliDecompress, inflateRaw } from 'node:zlib';
import { UserError } from '../domain/exit.ts';
import {
  BLOCK_HEADER_BYTES,
  BLOCK_MAGIC,
  type BlockHeader,
  checkPreamble,
  decodeHeader,
  isIntact,
  Packing,
  PREAMBLE_BYTES,
} from './file.ts';

const inflateBytes = promisify(inflateRaw);
const brotliBytes = promisify(brotliDecompress);
const SEARCH_BYTES = 1_024 * 1_024;

export interface Block {
  readonly header: BlockHeader;
  /** Where the block starts in the file. */
  readonly offset: number;
  /** As it stands in the file; see {@link unpack}. */
  readonly payload: Buffer;
}

export interface Damage {
  readonly offset: number;
  readonly bytes: number;
}

export class BlockFile {
  readonly path: string;
  readonly fileBytes: number;
  /** Set when {@link next} met it: bytes at the end of a block that was not written to its end. */
  tornBytes = 0;
  /** Stretches of the file that are no blocks, though blocks follow or should be there. */
  readonly damages: Damage[] = [];
  readonly #file: FileHandle;
  #offset = PREAMBLE_BYTES;

  private constructor(path: string, file: FileHandle, fileBytes: number) {
    this.path = path;
    this.#file = file;
    this.fileBytes = fileBytes;
  }

  /** Throws a UserError when the file cannot be opened or is no tape. */
  static async open(path: string): Promise<BlockFile> {
    const refuse = (error: NodeJS.ErrnoException) => {
      throw cannotOpen(path, error.code ?? error.message);
    };
    // A pipe that nobody writes to would never open.
    const found = await stat(path).catch(refuse);
    if (!found.isFile()) throw cannotOpen(path, found.isDirectory() ? 'it is a folder' : 'it is no file');
    const file = await open(path, 'r').catch(refuse);
    try {
      const { size } = await file.stat();
      checkPreamble(await readAt(file, 0, PREAMBLE_BYTES), path);
      return new BlockFile(path, file, size);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Where the next block is looked for; behind the last whole block once {@link next} answered `undefined`. */
  get offset(): number {
    return this.#offset;
  }

  /** The next whole block; `undefined` at the end. Damage on the way is noted. */
  async next(): Promise<Block | undefined> {
    if (this.#offset >= this.fileBytes) return undefined;
    const block = await this.#blockAt(this.#offset);
    if (block !== undefined) {
      this.#offset += BLOCK_HEADER_BYTES + block.payload.length;
      return block;
    }
    const next = await this.#search(this.#offset + 1);
    if (next === undefined) {
      const bytes = this.fileBytes - this.#offset;
      if (await this.#isTorn(this.#offset)) this.tornBytes = bytes;
      else this.damages.push({ offset: this.#offset, bytes });
      return undefined;
    }
    this.damages.push({ offset: this.#offset, bytes: next.offset - this.#offset });
    this.#offset = next.offset + BLOCK_HEADER_BYTES + next.payload.length;
    return next;
  }

  /** Notes that a block cannot be read although its checksum is right. */
  refuse({ offset, payload }: Block): void {
    this.damages.push({ offset, bytes: BLOCK_HEADER_BYTES + payload.length });
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #blockAt(offset: number): Promise<Block | undefined> {
    if (offset + BLOCK_HEADER_BYTES > this.fileBytes) return undefined;
    const headerBytes = await readAt(this.#file, offset, BLOCK_HEADER_BYTES);
    const header = decodeHeader(headerBytes);
    if (header === undefined || offset + BLOCK_HEADER_BYTES + header.payloadBytes > this.fileBytes) {
      return undefined;
    }
    const payload = await readAt(this.#file, offset + BLOCK_HEADER_BYTES, header.payloadBytes);
    return isIntact(headerBytes, payload, header.checksum) ? { header, offset, payload } : undefined;
  }

  /** Whether the file ends there as where a writer was killed, or the power failed: amid a block, or in zeros. */
  async #isTorn(offset: number): Promise<boolean> {
    const rest = this.fileBytes - offset;
    if (rest < BLOCK_HEADER_BYTES) return true;
    const header = decodeHeader(await readAt(this.#file, offset, BLOCK_HEADER_BYTES));
    if (header !== undefined) return BLOCK_HEADER_BYTES + header.payloadBytes > rest;
    for (let at = offset; at < this.fileBytes; at += SEARCH_BYTES) {
      const bytes = await readAt(this.#file, at, Math.min(SEARCH_BYTES, this.fileBytes - at));
      if (bytes.some((byte) => byte !== 0)) return false;
    }
    return true;
  }

  async #search(from: number): Promise<Block | undefined> {
    const magic = Buffer.alloc(4);
    magic.writeUInt32LE(BLOCK_MAGIC);
    for (let start = from; start < this.fileBytes; start += SEARCH_BYTES) {
      // A little more than the step, so that a magic on the border is seen.
      const bytes = await readAt(this.#file, start, Math.min(SEARCH_BYTES + 3, this.fileBytes - start));
      for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
        const block = await this.#blockAt(start + at);
        if (block !== undefined) return block;
      }
    }
    return undefined;
  }
}

/** The JSON in a block; `undefined` where there is none, though the checksum is right: another program wrote it. */
export async function jsonOf(block: Block): Promise<unknown> {
  const payload = await unpack(block);
  try {
    return JSON.parse(payload?.toString('utf8') ?? '') as unknown;
  } catch {
    return undefined;
  }
}

/** The block's payload, unpacked; `undefined` when it does not unpack to the length that its header says. */
export async function unpack(block: Block): Promise<Buffer | undefined> {
  try {
    const payload = await unpacked(block);
    return payload.length === block.header.unpackedBytes ? payload : undefined;
  } catch {
    return undefined;
  }
}

async function unpacked(block: Block): Promise<Buffer> {
  const { packing, unpackedBytes } = block.header;
  if (packing === Packing.none) return block.payload;
  const limits = { maxOutputLength: Math.max(unpackedBytes, 1) };
  return packing === Packing.deflate
    ? await inflateBytes(block.payload, limits)
    : await brotliBytes(block.payload, limits);
}

function cannotOpen(path: string, why: string): UserError {
  return new UserError({
    exitCode: 2,
    cause: `cannot open the tape ${path}: ${why}`,
    remedy: 'Check the path and its permissions.',
  });
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
