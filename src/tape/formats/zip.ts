/** The first entry of a zip file as a stream. */
import type { Readable } from 'node:stream';
import { type Entry, open, type ZipFile } from 'yauzl';
import { UserError } from '../../domain/exit.ts';

export interface ZipEntry {
  readonly name: string;
  readonly stream: Readable;
}

/** Throws a UserError when the file is missing, no zip, or empty. */
export async function openFirstEntry(path: string): Promise<ZipEntry> {
  try {
    const zip = await opened(path);
    const entry = await firstEntry(zip);
    return { name: entry.fileName, stream: await contents(zip, entry) };
  } catch (error) {
    throw new UserError({
      exitCode: 2,
      cause: `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'Check that the file is there and a whole zip file.',
    });
  }
}

function opened(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    open(path, { lazyEntries: true, autoClose: true }, (error, zip) => {
      if (error !== null) reject(error);
      else resolve(zip);
    });
  });
}

function firstEntry(zip: ZipFile): Promise<Entry> {
  return new Promise((resolve, reject) => {
    zip.once('error', reject);
    zip.once('end', () => reject(new Error('the zip file is empty')));
    zip.on('entry', (entry: Entry) => {
      if (entry.fileName.endsWith('/')) zip.readEntry();
      else resolve(entry);
    });
    zip.readEntry();
  });
}

function contents(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error !== null) {
        reject(error);
        return;
      }
      stream.once('close', () => zip.close());
      resolve(stream);
    });
  });
}
