/** Recorded files as lines of text: plain, gzip or zip. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UserError } from '../../domain/exit.ts';
import { openFirstEntry } from './zip.ts';

export interface TextSource {
  /** The file's own name; inside a zip, its entry's. */
  readonly name: string;
  /** Lines without their ends, some at a time. A byte order mark is left out. */
  readonly lines: AsyncGenerator<readonly string[], void, undefined>;
}

/** A longer line is no line of a table. */
const LINE_CHARACTERS_MAX = 1_048_576;

/** Opens a file; of a zip its first entry. Throws a UserError when it cannot be read. */
export async function openText(path: string): Promise<TextSource> {
  if (path.endsWith('.zip')) {
    const entry = await openFirstEntry(path);
    return { name: entry.name, lines: linesOf(entry.stream, path) };
  }
  const file = createReadStream(path);
  return { name: path, lines: linesOf(path.endsWith('.gz') ? file.pipe(createGunzip()) : file, path) };
}

async function* linesOf(stream: Readable, path: string): AsyncGenerator<readonly string[], void, undefined> {
  let rest = '';
  let isFirst = true;
  stream.setEncoding('utf8');
  try {
    for await (const chunk of stream as AsyncIterable<string>) {
      const text = isFirst && chunk.startsWith('\ufeff') ? chunk.slice(1) : chunk;
      isFirst = false;
      const lines = (rest + text).split(/\r\n|\n/);
      rest = lines.pop() ?? '';
      if (rest.length > LINE_CHARACTERS_MAX) throw new Error('a line of over a million characters');
      yield lines;
    }
    if (rest !== '') yield [rest];
  } catch (error) {
    throw new UserError({
      exitCode: 2,
      cause: `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'Check that the file is there, readable and whole.',
    });
  } finally {
    stream.destroy();
  }
}
