/** Why the database did not do what it was asked: a closed set of kinds, each with an answer to "again?". */
import { assert } from '../domain/assert.ts';

export type FailureKind =
  | 'unreachable'
  | 'refused'
  | 'timeout'
  | 'busy'
  | 'disk_full'
  | 'read_only'
  | 'invalid'
  /** A table or a column is not there: another version's, or somebody's work on the tables. */
  | 'schema'
  | 'overloaded'
  | 'closed'
  | 'broken';

/** Rejects every call of the stores that did not succeed. The message never holds a password. */
export class DatabaseFailure extends Error {
  override readonly name = 'DatabaseFailure';
  readonly kind: FailureKind;
  /** Whether the same call may succeed later without a person changing anything but the database's health. */
  readonly retry: boolean;

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.retry = isRetrySensible(kind);
  }
}

function isRetrySensible(kind: FailureKind): boolean {
  switch (kind) {
    case 'unreachable':
    case 'timeout':
    case 'busy':
    case 'disk_full':
    case 'read_only':
    case 'overloaded':
      return true;
    case 'refused':
    case 'invalid':
    case 'schema':
    case 'closed':
    case 'broken':
      return false;
  }
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html; a class is the first two characters of a code.
const KIND_OF_CODE: Readonly<Record<string, FailureKind>> = {
  '08': 'unreachable',
  '22': 'invalid',
  '23': 'invalid',
  '25006': 'read_only',
  '28': 'refused',
  '3D': 'refused',
  '40': 'busy',
  '42': 'invalid',
  '42501': 'refused',
  '42703': 'schema',
  '42P01': 'schema',
  '53': 'busy',
  '53100': 'disk_full',
  '55P03': 'busy',
  '57014': 'timeout',
  '57': 'unreachable',
  '58030': 'disk_full',
};

const KIND_OF_SYSTEM_CODE: Readonly<Record<string, FailureKind>> = {
  ECONNREFUSED: 'unreachable',
  ECONNRESET: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  EPIPE: 'unreachable',
  ETIMEDOUT: 'timeout',
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EROFS: 'read_only',
};

/** The failure that an error of a driver, of Drizzle or of the file system stands for. */
export function failureFrom(error: unknown): DatabaseFailure {
  const chain = causesOf(error);
  const last = chain.at(-1);
  assert(last !== undefined, 'an error without itself in its chain');
  for (const cause of chain) {
    if (cause instanceof DatabaseFailure) return cause;
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
    const kind = KIND_OF_SYSTEM_CODE[code] ?? KIND_OF_CODE[code] ?? KIND_OF_CODE[code.slice(0, 2)];
    if (kind !== undefined) return new DatabaseFailure(kind, `${cause.message} (${code})`, { cause: error });
  }
  return new DatabaseFailure(kindOfText(last), last.message, { cause: error });
}

/** Drizzle wraps the driver's error in one whose message is the whole statement; a refused dial hides in a list. */
function causesOf(error: unknown): Error[] {
  const chain: Error[] = [];
  let current: unknown = error;
  while (current instanceof Error && !chain.includes(current)) {
    chain.push(current);
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
  return chain.length > 0 ? chain : [new Error(textOf(error))];
}

// Emscripten throws plain objects with a name and a number.
function textOf(error: unknown): string {
  return typeof error === 'string' ? error : JSON.stringify(error);
}

// pg and pg-pool tell these apart by their text alone.
function kindOfText(error: Error): FailureKind {
  if (error instanceof RangeError || error instanceof TypeError) return 'invalid';
  if (/timeout exceeded|timeout expired/i.test(error.message)) return 'timeout';
  if (/connection terminated|not queryable|connection ended/i.test(error.message)) return 'unreachable';
  if (/after calling end on the pool|PGlite is closed/i.test(error.message)) return 'closed';
  return 'broken';
}
