/** Options that several commands share, and how their texts become values. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { type EpochMicros, parseMicros } from '../domain/time.ts';
import {
  DEFAULT_DATA_DIRECTORY,
  LOG_LEVELS,
  requireStorage,
  type Storage,
} from '../tradeplan/environment.ts';
import { parseDurationMs } from './duration.ts';

export const DEFAULT_PLAN = 'tradeplan.yaml';

/** Left out, the environment decides: `OPENBELL_DATA_DIR`, `OPENBELL_LOG_LEVEL`. */
export interface StorageOptions {
  readonly dataDir?: string;
  readonly logLevel?: string;
}

export function dataDirectoryOption(): Option {
  return new Option(
    '--data-dir <dir>',
    `where the journal, the logs and the embedded database are (OPENBELL_DATA_DIR, else ${DEFAULT_DATA_DIRECTORY})`,
  );
}

export function logLevelOption(): Option {
  return new Option('--log-level <level>', `${LOG_LEVELS.join(', ')} (OPENBELL_LOG_LEVEL, else info)`);
}

export function jsonOption(): Option {
  return new Option('--json', 'print one JSON document on standard output and nothing else there');
}

export function csvOption(): Option {
  return new Option('--csv', 'print CSV with a heading line').conflicts('json');
}

/** A command within another that reads or writes rows: the options that all of these have, and its examples. */
export function rowsCommand(name: string, description: string, examples: readonly string[]): Command {
  return new Command(name)
    .description(description)
    .addOption(dataDirectoryOption())
    .addOption(jsonOption())
    .addHelpText('after', `\nExamples:\n  ${examples.join('\n  ')}`);
}

/** `--data-dir` and `--log-level` as the rest of the house takes them. */
export function storageOptions(options: StorageOptions): { dataDirectory?: string; logLevel?: string } {
  return {
    ...(options.dataDir === undefined ? {} : { dataDirectory: options.dataDir }),
    ...(options.logLevel === undefined ? {} : { logLevel: options.logLevel }),
  };
}

/** @throws {UserError} exit code 2, naming the option or variable that is wrong. */
export function storageOf(options: StorageOptions): Storage {
  return requireStorage({ env: process.env, options: storageOptions(options) });
}

export function durationMs(text: string): number {
  const parsed = parseDurationMs(text);
  if (parsed === undefined || parsed <= 0)
    throw new InvalidArgumentError('A duration looks like 500ms, 60s, 15m, 2h.');
  return parsed;
}

/** RFC 3339, or a date, which means its beginning in UTC. */
export function moment(text: string): EpochMicros {
  const micros = parseMicros(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (micros === undefined)
    throw new InvalidArgumentError('A moment looks like 2026-11-20 or 2026-11-20T14:30:00Z.');
  return micros;
}

export function wholeNumber(range: { min: number; max: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < range.min || value > range.max) {
      throw new InvalidArgumentError(`It must be a whole number from ${range.min} to ${range.max}.`);
    }
    return value;
  };
}

export function list(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
