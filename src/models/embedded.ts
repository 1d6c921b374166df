/**
 * The embedded database: PGlite in the data directory, owned by one thread. It survives `kill -9` without losing an
 * acknowledged row, but never calls fsync: a power cut may cost the last rows, which is why live trading wants a
 * real PostgreSQL.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import type { Clock } from '../clock/clock.ts';
import { liveClock } from '../clock/live.ts';
import { EXIT_UNEXPECTED, EXIT_UNREACHABLE, EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { Backend } from './backend.ts';
import { selectFromCopy } from './copy.ts';
import { type DatabaseFailure, failureFrom } from './failure.ts';
import { takeFolderLock } from './lock.ts';
import { applyMigrations, MIGRATIONS_FOLDER, readMigrationStatus } from './migrations.ts';
import { openPGlite } from './pglite.ts';
import { embeddedFolder } from './place.ts';
import { createSolePresence } from './presence.ts';

/** PGlite 0.5 is PostgreSQL 18; files of another major version cannot be opened. */
const EMBEDDED_MAJOR = '18';

const IN_MEMORY = 'a database in memory has no files to copy';

/** A fresh database takes 40 MB, its log 16 MB for each segment; with less it would break half way. */
const FRESH_BYTES = 80 * 1_024 * 1_024;
const REOPEN_BYTES = 24 * 1_024 * 1_024;

export interface EmbeddedContext {
  readonly clock: Clock;
  /** Called once when the open database has broken down: every call fails from then on. */
  onBroken(error: UserError): void;
}

/**
 * Opens the embedded database of a data directory, making both where missing.
 * @throws {UserError} exit 2 when another process has it, when the folder cannot be written, or when its files are
 * of another version; exit 3 when the disk is full.
 */
export async function openEmbedded(directory: string, context: EmbeddedContext): Promise<Backend> {
  const place = resolve(directory);
  const folder = embeddedFolder(place);
  const lock = await lockDirectory(place, context.clock);
  try {
    checkVersion(folder);
    checkSpace(place, existsSync(folder) ? REOPEN_BYTES : FRESH_BYTES);
    const pglite = await openFolder(folder, (failure) => context.onBroken(openingError(place, failure)));
    return createEmbeddedBackend(pglite, { folder, release: () => lock.release(), clock: context.clock });
  } catch (error) {
    lock.release();
    throw error instanceof UserError ? error : openingError(place, error);
  }
}

/** The backend over an open PGlite; its folder is null when it lives in memory. */
export function createEmbeddedBackend(
  pglite: PGlite,
  context: { readonly folder: string | null; readonly release: () => void; readonly clock?: Clock },
): Backend {
  const queries = drizzle(pglite);
  let selecting: Promise<unknown> = Promise.resolve();
  const snapshot = async (target: string) => {
    const { folder } = context;
    if (folder === null) throw new RangeError(IN_MEMORY);
    await pglite.exec('checkpoint');
    // Nothing runs between two queries, so the files are what a crash at this moment would leave: recoverable.
    await pglite.runExclusive(async () => cpSync(folder, target, { recursive: true, errorOnExist: true }));
  };
  return {
    queries,
    presence: createSolePresence(),
    migrationStatus: () => readMigrationStatus(queries),
    migrate: () => applyMigrations(queries, () => migrate(queries, { migrationsFolder: MIGRATIONS_FOLDER })),
    snapshot,
    select(query, limits) {
      if (context.folder === null) return Promise.reject(new RangeError(IN_MEMORY));
      const folder = `${context.folder}.select`;
      const run = () =>
        selectFromCopy({ query, limits }, { folder, clock: context.clock ?? liveClock, snapshot });
      const selected = selecting.then(run);
      selecting = selected.catch(() => {});
      return selected;
    },
    async close() {
      try {
        if (!pglite.closed) await pglite.close();
      } finally {
        context.release();
      }
    },
  };
}

async function lockDirectory(place: string, clock: Clock) {
  let outcome: Awaited<ReturnType<typeof takeFolderLock>>;
  try {
    mkdirSync(place, { recursive: true });
    outcome = await takeFolderLock(join(place, 'database.lock'), clock);
  } catch (error) {
    throw openingError(place, error);
  }
  if (outcome.ok) return outcome.lock;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `the data directory ${place} is in use by another openbell (process ${outcome.owner.pid})`,
    remedy: 'stop that one first, or choose another directory with --data-dir',
  });
}

async function openFolder(folder: string, onBroken: (failure: DatabaseFailure) => void): Promise<PGlite> {
  if (!existsSync(folder)) {
    // initdb takes two seconds. Done aside and renamed, so that a kill in between leaves nothing half made.
    const unfinished = `${folder}.new`;
    rmSync(unfinished, { recursive: true, force: true });
    const fresh = await openPGlite(unfinished, () => {});
    await fresh.close();
    renameSync(unfinished, folder);
  }
  const pglite = await openPGlite(folder, onBroken);
  await pglite.exec("set datestyle = 'ISO, YMD'; set timezone = 'UTC'");
  return pglite;
}

function checkVersion(folder: string): void {
  const file = join(folder, 'PG_VERSION');
  if (!existsSync(file)) return;
  const version = readFileSync(file, 'utf8').trim();
  if (version === EMBEDDED_MAJOR) return;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `${folder} holds files of PostgreSQL ${version}, and this openbell brings ${EMBEDDED_MAJOR}`,
    remedy: 'use the openbell that wrote it, or choose another directory with --data-dir',
  });
}

function checkSpace(place: string, bytesNeeded: number): void {
  const { bavail, bsize } = statfsSync(place);
  if (bavail * bsize < bytesNeeded) throw noSpace(place);
}

function noSpace(place: string): UserError {
  return new UserError({
    exitCode: EXIT_UNREACHABLE,
    cause: `no space is left for the database in ${place}`,
    remedy: 'free some space, or choose another directory with --data-dir',
  });
}

function openingError(place: string, error: unknown): UserError {
  const failure = failureFrom(error);
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (failure.kind === 'disk_full') return noSpace(place);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || code === 'EEXIST') {
    return new UserError({
      exitCode: EXIT_USAGE,
      cause: `the data directory ${place} cannot be written: ${failure.message}`,
      remedy: 'give this user a directory of its own with --data-dir',
    });
  }
  return new UserError({
    exitCode: EXIT_UNEXPECTED,
    cause: `the embedded database in ${place} cannot be used: ${failure.message}`,
    remedy: 'restore that directory from a copy, or choose an empty one with --data-dir',
  });
}
