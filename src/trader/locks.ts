/** One daemon for each folder that it writes to. */
import { join } from 'node:path';
import type { Clock } from '../clock/clock.ts';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import { type FolderLock, takeFolderLock } from '../models/lock.ts';

/** @throws {UserError} exit code 2 when it cannot be written, or another daemon has it. */
export function lockDataDirectory(directory: string, clock: Clock): Promise<FolderLock> {
  return lockDirectory(directory, clock, {
    what: 'the data directory',
    lock: 'daemon.lock',
    setting: '--data-dir',
  });
}

/** @throws {UserError} as {@link lockDataDirectory}. */
export function lockRecording(directory: string, clock: Clock): Promise<FolderLock> {
  return lockDirectory(directory, clock, {
    what: 'the directory for tapes',
    lock: 'recorder.lock',
    setting: '`record: { directory }` in the plan',
  });
}

async function lockDirectory(
  directory: string,
  clock: Clock,
  named: { what: string; lock: string; setting: string },
): Promise<FolderLock> {
  const { what, lock, setting } = named;
  const outcome = await takeFolderLock(join(directory, lock), clock).catch((error: unknown) => {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${what} ${directory} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      remedy: `Name one that can be written with ${setting}, or free space on its disk.`,
    });
  });
  if (outcome.ok) return outcome.lock;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `another daemon (process ${outcome.owner.pid}) uses ${what} ${directory}`,
    remedy: `Stop it, or give this one a directory of its own with ${setting}.`,
  });
}
