/** Recorded market data, which is not part of the project: tests on it are skipped, with the reason, where it is absent. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export interface RecordedFile {
  readonly path: string;
  readonly isThere: boolean;
}

/** A file of the recorded data, by its path there. */
export function recorded(path: string): RecordedFile {
  const whole = resolve(process.env.OPENBELL_TEST_DATA ?? '../shared/data', path);
  const isThere = existsSync(whole);
  if (!isThere) process.stderr.write(`skipped: no recorded data at ${whole} (OPENBELL_TEST_DATA)\n`);
  return { path: whole, isThere };
}

/** Rows of a CSV file with a heading, by the heading's names, without the byte-order mark that some have. */
export function csvRows(path: string): Record<string, string>[] {
  const [heading = '', ...lines] = readFileSync(path, 'utf8')
    .replace(/^\uFEFF/, '')
    .trim()
    .split(/\r?\n/);
  const names = heading.split(',');
  return lines.map((line) => {
    const values = line.split(',');
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
  });
}
