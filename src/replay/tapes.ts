/** The tapes that a daemon left of one batch, by the machine whose inbox they are. */
import { basename } from 'node:path';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import { listTapes } from '../recorder/tapes.ts';

export interface BatchTapes {
  readonly batchId: string;
  /** Each in the order in which it was written. */
  readonly market: readonly string[];
  readonly desk: readonly string[];
  /** By the consumer's name, `A`, `B` ... */
  readonly consumers: ReadonlyMap<string, readonly string[]>;
}

const TAPE = /^(market|desk|consumer-([A-Za-z0-9]+))-(.+)-(\d{4,})\.tape$/;

interface Named {
  readonly path: string;
  readonly source: string;
  readonly consumer: string | null;
  readonly batchId: string;
  readonly number: number;
}

/**
 * @param idOrBeginning the batch's id, or how it begins.
 * @throws {UserError} exit code 2 when there is no such batch, several begin so, or inboxes of it are missing.
 */
export function findBatchTapes(directory: string, idOrBeginning: string): BatchTapes {
  const all = listTapes(directory).flatMap(({ path }) => named(path));
  const ids = [...new Set(all.map(({ batchId }) => batchId))].filter((id) => id.startsWith(idOrBeginning));
  const batchId = ids.includes(idOrBeginning) ? idOrBeginning : ids[0];
  if (batchId === undefined) throw unknown(directory, idOrBeginning);
  if (ids.length > 1 && batchId !== idOrBeginning) throw ambiguous(idOrBeginning, ids);
  const own = all.filter((tape) => tape.batchId === batchId);
  const of = (source: string) =>
    own
      .filter((tape) => tape.source === source)
      .sort((a, b) => a.number - b.number)
      .map(({ path }) => path);
  const names = [...new Set(own.flatMap(({ consumer }) => consumer ?? []))].sort();
  const tapes = {
    batchId,
    market: of('market'),
    desk: of('desk'),
    consumers: new Map(names.map((name) => [name, of(`consumer-${name}`)])),
  };
  if (tapes.desk.length === 0) throw incomplete(batchId, "the desk's inbox");
  if (names.length === 0) throw incomplete(batchId, "the consumers' inboxes");
  return tapes;
}

/** Of a machine whose tapes are gone, or begin in its midst. */
export function incomplete(batchId: string, what: string): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `batch ${batchId} cannot be run again: ${what} is not among its tapes`,
    remedy:
      'Record with `record: true` (`inbox: true`), and keep tapes for longer by `max_age` and `max_total_mb` there.',
  });
}

function named(path: string): Named[] {
  const match = TAPE.exec(basename(path));
  if (match === null) return [];
  const [, source = '', consumer = null, batchId = '', number] = match;
  return [{ path, source, consumer, batchId, number: Number(number) }];
}

function unknown(directory: string, batchId: string): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `there are no tapes of a batch ${batchId} in ${directory}`,
    remedy:
      '`openbell runs` lists batches; name the data directory with --data-dir, or the folder of the tapes with --tapes.',
  });
}

function ambiguous(batchId: string, ids: readonly string[]): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `${batchId} is how ${ids.slice(0, 5).join(', ')} begin`,
    remedy: 'Name more of the id.',
  });
}
