/** Members of an index, with their sectors and industries, out of a file: nobody's web page has to be read for it. */
import { z } from 'zod';
import { type ConstituentRow, defineMiner } from '../contract.ts';

const SYMBOL = /^[A-Z][A-Z0-9]{0,11}(\.[A-Z0-9]{1,8})?$/;

/** Names under which a column is found, in order of preference. */
const COLUMNS = {
  symbol: ['symbol', 'ticker'],
  name: ['name', 'security', 'company'],
  sector: ['sector', 'gics sector'],
  industry: ['industry', 'gics sub-industry', 'sub-industry'],
} as const;

export const constituents = defineMiner({
  name: 'constituents',
  description: 'Notes the members of an index in ticker_data, with sector and industry, out of a CSV file.',
  parameters: z.strictObject({
    index: z
      .string('letters, digits and hyphens, such as SP500')
      .regex(/^[A-Za-z0-9-]{1,20}$/, 'letters, digits and hyphens, such as SP500')
      .describe('Its name, such as SP500: members have the tag `index:SP500`.'),
    file: z
      .string('the path of a CSV file, from the plan')
      .min(1, 'the path of a CSV file, from the plan')
      .describe(
        'A CSV file, from the plan: a column `symbol`; where there are any: `name`, `sector`, `industry`.',
      ),
  }),
  async *mine(context) {
    const { index, file } = context.parameters;
    const table = await context.table(file);
    const columnOf = (names: readonly string[]) => names.find((name) => table.columns.includes(name));
    const symbolColumn = columnOf(COLUMNS.symbol);
    if (symbolColumn === undefined)
      throw new Error(`${file} has no column named ${COLUMNS.symbol.join(' or ')}`);
    const field = (row: Readonly<Record<string, string>>, names: readonly string[]) =>
      row[columnOf(names) ?? '']?.trim() || null;
    const rows = new Map<string, ConstituentRow>();
    let refused = 0;
    for (const row of table.rows) {
      // Some write BRK-B, Alpaca writes BRK.B.
      const symbol = (row[symbolColumn] ?? '').trim().toUpperCase().replace('-', '.');
      if (!SYMBOL.test(symbol)) refused += 1;
      else {
        rows.set(symbol, {
          symbol,
          name: field(row, COLUMNS.name),
          sector: field(row, COLUMNS.sector),
          industry: field(row, COLUMNS.industry),
        });
      }
    }
    if (refused > 0) context.log('warn', 'lines without a symbol are left out', { lines: refused });
    // An empty file is a mistake more likely than an index without members.
    if (rows.size === 0) throw new Error(`${file} names no symbol`);
    yield { table: 'constituents', index, rows: [...rows.values()] };
    context.progress(1, `${rows.size} members of ${index}`);
  },
});
