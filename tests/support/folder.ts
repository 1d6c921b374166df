/**
 * Embedded databases made once, kept beside the packages and copied for each test: fresh from initdb, and with all
 * tables. A daemon that finds one spares three seconds. What it makes of an empty directory is shown by
 * `tests/models/embedded.test.ts`.
 */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { newId } from '../../src/clock/chance.ts';
import { createEmbeddedBackend } from '../../src/models/embedded.ts';
import { MIGRATIONS_FOLDER } from '../../src/models/migrations.ts';

const PGLITE = new URL('../../node_modules/@electric-sql/pglite/package.json', import.meta.url);
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/openbell/', import.meta.url));
const { version } = JSON.parse(readFileSync(PGLITE, 'utf8')) as { version: string };

/** `initial`: without our tables. */
export type Preparation = 'initial' | 'migrated';

/** The parts of one that was made: a data directory, and the same as an archive for databases in memory. */
interface Prepared {
  readonly folder: string;
  readonly archive: string;
}

/** For vitest, before all tests: makes what is not there yet. */
export async function setup(): Promise<void> {
  await prepare('initial');
  await prepare('migrated');
}

/** Puts a copy where a daemon with this data directory looks for its database. */
export function beginFolder(dataDirectory: string, preparation: Preparation = 'migrated'): void {
  cpSync(placeOf(preparation).folder, join(dataDirectory, 'database'), { recursive: true });
}

/** For `PGlite.create({ loadDataDir })`. */
export function archiveOf(preparation: Preparation): Blob {
  return new Blob([readFileSync(placeOf(preparation).archive)]);
}

async function prepare(preparation: Preparation): Promise<void> {
  const place = join(CACHE, nameOf(preparation));
  if (existsSync(place)) return;
  const unfinished = join(CACHE, newId());
  mkdirSync(unfinished, { recursive: true });
  const { folder, archive } = partsOf(unfinished);
  if (preparation === 'migrated') cpSync(placeOf('initial').folder, folder, { recursive: true });
  const pglite = await PGlite.create({ dataDir: folder });
  if (preparation === 'migrated') {
    await createEmbeddedBackend(pglite, { folder: null, release: () => {} }).migrate();
  }
  writeFileSync(archive, new Uint8Array(await (await pglite.dumpDataDir('none')).arrayBuffer()));
  await pglite.close();
  try {
    renameSync(unfinished, place);
  } catch (error) {
    // Another run was faster.
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(place)) throw error;
  }
}

function placeOf(preparation: Preparation): Prepared {
  return partsOf(join(CACHE, nameOf(preparation)));
}

function partsOf(place: string): Prepared {
  return { folder: join(place, 'folder'), archive: join(place, 'archive.tar') };
}

/** Another version of the database or another migration makes another name. */
function nameOf(preparation: Preparation): string {
  if (preparation === 'initial') return `initial-${version}`;
  const hash = createHash('sha256');
  for (const name of readdirSync(MIGRATIONS_FOLDER).sort()) {
    if (name.endsWith('.sql')) hash.update(readFileSync(join(MIGRATIONS_FOLDER, name)));
  }
  return `migrated-${version}-${hash.digest('hex').slice(0, 12)}`;
}
