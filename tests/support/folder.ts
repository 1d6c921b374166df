/**
 * The folder of an embedded database fresh from initdb, kept beside the packages and copied for each test: a daemon that
 * finds it spares three seconds. What it makes of an empty directory is shown by `tests/models/embedded.test.ts`.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { newId } from '../../src/clock/chance.ts';

const PGLITE = new URL('../../node_modules/@electric-sql/pglite/package.json', import.meta.url);
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/openbell/', import.meta.url));
const { version } = JSON.parse(readFileSync(PGLITE, 'utf8')) as { version: string };
const FOLDER = join(CACHE, `pglite-${version}`);

/** Makes the folder, once. */
export async function prepareFolder(): Promise<void> {
  if (existsSync(FOLDER)) return;
  mkdirSync(CACHE, { recursive: true });
  const unfinished = join(CACHE, newId());
  const pglite = await PGlite.create({ dataDir: unfinished });
  await pglite.close();
  try {
    renameSync(unfinished, FOLDER);
  } catch (error) {
    // Another process was faster.
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(FOLDER)) throw error;
  }
}

/** Puts a copy where a daemon with this data directory looks for its database; nothing where none was prepared. */
export function beginFolder(dataDirectory: string): void {
  if (existsSync(FOLDER)) cpSync(FOLDER, join(dataDirectory, 'database'), { recursive: true });
}

/** For vitest: before all tests. */
export const setup = prepareFolder;
