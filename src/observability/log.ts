/** The log: pino, one JSON object a line, pretty on a terminal. Secrets are cut out by name before a line is written. */
import { createRequire } from 'node:module';
import pino, { type DestinationStream, type Logger } from 'pino';
import type { PinoPretty } from 'pino-pretty';

export type Log = Logger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Where a thread's log goes: plain data, so that it can be handed to a worker. */
export interface LogTarget {
  readonly level: LogLevel;
  /** Null = standard error. */
  readonly file: string | null;
  /** For people instead of machines. */
  readonly isPretty: boolean;
}

const SECRET_FIELDS = ['secret', 'secretKey', 'keyId', 'password', 'authorization', 'token', 'databaseUrl'];

/**
 * A logger whose lines carry `fields` (batch, thread, consumer ...). It writes synchronously: a thread that dies
 * right after a line has not lost it, and pino needs no flush at exit.
 */
export function createLog(target: LogTarget, fields: Record<string, unknown>): Log {
  const options = {
    level: target.level,
    base: fields,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
      censor: '[secret]',
    },
  };
  return pino(options, destination(target));
}

/** A logger that writes nothing, for tests and dry runs. */
export const silentLog: Log = pino({ level: 'silent' });

function destination(target: LogTarget): DestinationStream {
  const place = target.file === null ? { fd: 2 } : { dest: target.file, append: true, mkdir: true };
  const stream = pino.destination({ ...place, sync: true });
  if (!target.isPretty) return stream;
  // Thirty modules, which ten threads would load to write JSON.
  const pretty = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
  return pretty({ destination: stream, colorize: target.file === null, sync: true, ignore: 'pid,hostname' });
}
