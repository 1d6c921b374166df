/** What commands print: tables and colour for people, exactly one JSON document for machines. */
import Table from 'cli-table3';
import { stringify } from 'csv-stringify/sync';
import colours from 'picocolors';
import { plainJson } from '../trader/control/plain.ts';

export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  value(row: Row): string;
}

/** Rows without lines between them: more fits on a screen, and a line can be cut out with the usual tools. */
const NO_BORDERS = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((name) => [name, '']),
);

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(plainJson(value, 2));
}

/** CSV (RFC 4180) with a heading row of the rows' keys, as in the JSON output; what is nested there is JSON text here. */
export function renderCsv(keys: readonly string[], rows: readonly object[]): string {
  const cast = { object: (value: object) => plainJson(value), boolean: String };
  return stringify([...rows], { header: true, columns: [...keys], cast }).trimEnd();
}

/** A table with a heading row, or one line saying that there is nothing. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  whenEmpty: string,
): string {
  if (rows.length === 0) return whenEmpty;
  const table = new Table({
    head: columns.map((column) => column.title),
    colAligns: columns.map((column) => column.align ?? 'left'),
    chars: NO_BORDERS,
    style: { head: colours.isColorSupported ? ['cyan'] : [], 'padding-left': 0, 'padding-right': 2 },
  });
  for (const row of rows) table.push(columns.map((column) => column.value(row)));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Green for what is good, red for what is bad, as it is when there is no colour. */
export function paintAmount(text: string): string {
  if (/^-[\d.]*[1-9]/.test(text)) return colours.red(text);
  return /[1-9]/.test(text) ? colours.green(text) : text;
}
