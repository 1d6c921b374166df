/**
 * One owner of a folder, across threads and processes. Two owners of one embedded database lose rows without any
 * error, and nothing else would stop them.
 *
 * Every contender puts a file of its own into the lock's folder and then looks for others: whoever sees a living one
 * steps back. So two can never both own it, whatever the moment at which either stops; at worst two that start at
 * the same instant both step back and try again.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newSeed, seededRandom } from '../clock/chance.ts';
import { type Clock, delay } from '../clock/clock.ts';
import { formatMicros } from '../domain/time.ts';
import { describeSelf, lifeOf, type Owner } from './owner.ts';

export interface FolderLock {
  release(): void;
}

export type LockOutcome =
  | { readonly ok: true; readonly lock: FolderLock }
  | { readonly ok: false; readonly owner: Owner };

/** Long enough for a killed process to be gone, and for contenders of the same instant to be told apart. */
const PATIENCE_MS = 1_000;
const RETRY_MIN_MS = 20;
const RETRY_MAX_MS = 150;
const HEARTBEAT_MS = 1_000;
/** A live owner that we cannot see beats at least once in this time, even on a machine that is very busy. */
const SILENCE_MAX_MS = 6_000;

/** Takes the lock that stands in `folder` (made where missing), or says who has it. */
export async function takeFolderLock(folder: string, clock: Clock): Promise<LockOutcome> {
  mkdirSync(folder, { recursive: true });
  const self = describeSelf();
  const file = join(folder, `${self.pid}-${self.threadId}-${self.token}`);
  const random = seededRandom(newSeed());
  const startedMs = clock.monotonicMs();
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify({ ...self, since: formatMicros(clock.nowMicros()) }));
    } catch (error) {
      // On a full disk the file is there, and empty.
      rmSync(file, { force: true });
      throw error;
    }
    const other = await findLiving(folder, self, clock);
    if (other === null) break;
    rmSync(file, { force: true });
    if (clock.monotonicMs() - startedMs > PATIENCE_MS) return { ok: false, owner: other };
    await delay(clock, RETRY_MIN_MS + random() * (RETRY_MAX_MS - RETRY_MIN_MS));
  }
  const heartbeat = clock.every(HEARTBEAT_MS, () => beat(file, clock));
  return {
    ok: true,
    lock: {
      release() {
        heartbeat.cancel();
        rmSync(file, { force: true });
      },
    },
  };
}

async function findLiving(folder: string, self: Owner, clock: Clock): Promise<Owner | null> {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const owner = readOwner(file);
    if (owner === null || owner.token === self.token) continue;
    if (await isLiving(file, owner, clock)) return owner;
    rmSync(file, { force: true });
  }
  return null;
}

async function isLiving(file: string, owner: Owner, clock: Clock): Promise<boolean> {
  const life = lifeOf(owner);
  if (life !== 'unknown') return life === 'alive';
  const before = readBeat(file);
  if (before === null) return false;
  if (clock.nowMicros() / 1_000 - before > 10 * SILENCE_MAX_MS) return false;
  await delay(clock, SILENCE_MAX_MS);
  const after = readBeat(file);
  return after !== null && after !== before;
}

/** Null for a file that is gone again, or that its writer did not finish before it died. */
function readOwner(file: string): Owner | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    return null;
  }
}

function readBeat(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

function beat(file: string, clock: Clock): void {
  const seconds = clock.nowMicros() / 1_000_000;
  try {
    utimesSync(file, seconds, seconds);
  } catch {
    // Somebody removed the folder under us: there is no lock to keep warm any more.
  }
}
