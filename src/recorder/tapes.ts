/** The recorder's files: their names, and which of them are there. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** `2026-11-20/market-BATCH-0001.tape`, `2026-11-20/consumer-A-BATCH-0001.tape`, `2026-11-20/desk-BATCH-0001.tape`. */
export function tapePath(
  directory: string,
  tape: {
    readonly session: string;
    readonly source: string;
    readonly batchId: string;
    readonly number: number;
  },
): string {
  const number = String(tape.number).padStart(4, '0');
  return join(directory, tape.session, `${tape.source.replaceAll(' ', '-')}-${tape.batchId}-${number}.tape`);
}

const SESSION = /^\d{4}-\d{2}-\d{2}$/;
const TAPE = /^(?:market|desk|consumer-[A-Za-z0-9]+)-.+-\d{4,}\.tape$/;
/** Where a tape is packed; one that is left behind is of a daemon that was killed. */
const PACKING = '.packing';

export interface TapeFile {
  readonly path: string;
  readonly session: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** What the recorder wrote, now or earlier, oldest session first. Other files are not ours to look at. */
export function listTapes(directory: string): readonly TapeFile[] {
  const tapes: TapeFile[] = [];
  for (const session of namesIn(directory).filter((name) => SESSION.test(name))) {
    for (const name of namesIn(join(directory, session)).filter((file) => TAPE.test(file))) {
      const path = join(directory, session, name);
      // It may go while we look.
      const found = statSync(path, { throwIfNoEntry: false });
      if (found?.isFile()) tapes.push({ path, session, bytes: found.size, modifiedMs: found.mtimeMs });
    }
  }
  return tapes.sort(
    (a, b) =>
      a.session.localeCompare(b.session) || a.modifiedMs - b.modifiedMs || a.path.localeCompare(b.path),
  );
}

/** Removes what a daemon that was killed left of its packing. */
export function removeUnfinished(directory: string): void {
  for (const session of namesIn(directory).filter((name) => SESSION.test(name))) {
    for (const name of namesIn(join(directory, session))) {
      const isOurs = name.endsWith(PACKING) && TAPE.test(name.slice(0, -PACKING.length));
      if (isOurs) rmSync(join(directory, session, name), { force: true });
    }
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    // It is not there (yet), or is a file.
    return [];
  }
}
