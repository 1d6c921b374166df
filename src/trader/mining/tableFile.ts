/** A CSV file that a miner is given by the plan: small, with a heading row. */
import { readFile, stat } from 'node:fs/promises';
import type { TableFile } from '../../miners/contract.ts';
import { splitCsv } from '../../tape/formats/csv.ts';

/** A list of all that is traded has a few megabytes. */
const BYTES_MAX = 16 * 1_024 * 1_024;

/** @throws {Error} one line: what is wrong with the file. */
export async function readTable(path: string): Promise<TableFile> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > BYTES_MAX) throw new Error(`${path} has ${size} of at most ${BYTES_MAX} bytes`);
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new Error(`cannot read ${path}: ${code}`, { cause: error });
  }
  const [head, ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const columns = splitCsv((head ?? '').replace(/^\ufeff/, '')).map((name) => name.trim().toLowerCase());
  return {
    columns,
    rows: lines.map((line) => {
      const fields = splitCsv(line);
      return Object.fromEntries(columns.map((name, index) => [name, fields[index] ?? '']));
    }),
  };
}
