/** Whatever a query of our own tables answers: daily bars, companies, picks, trades. */
import { z } from 'zod';
import { defineScanner, type SelectedRows } from '../contract.ts';
import { symbolsMax } from '../figures.ts';
import { isSingleSelect } from '../statement.ts';

const QUERY_CHARACTERS_MAX = 10_000;
const REASON_CHARACTERS_MAX = 200;
const MILLISECONDS_PER_SECOND = 1_000;

export const sql = defineScanner({
  name: 'sql',
  description: 'Picks what a read-only query of the database answers.',
  parameters: z.strictObject({
    query: z
      .string('a SELECT')
      .max(QUERY_CHARACTERS_MAX)
      .refine(isSingleSelect, 'a single SELECT, or WITH ... SELECT, and no other statement')
      .describe(
        'Answers a column `symbol`, and where wanted `score` (the higher, the better) and `reason`. Without a score the first row is the best.',
      ),
    timeout_seconds: z
      .number('seconds')
      .min(0.1)
      .max(10)
      .default(5)
      .describe('A query that takes longer is ended, and the scan fails.'),
    max_symbols: symbolsMax,
  }),
  async scan(context) {
    const { query, timeout_seconds: seconds, max_symbols: rowsMax } = context.parameters;
    const timeoutMs = Math.round(seconds * MILLISECONDS_PER_SECOND);
    const answer = await context.select(query, { rowsMax, timeoutMs });
    return candidatesOf(answer);
  },
});

function candidatesOf({ columns, rows }: SelectedRows) {
  const place = (name: string) => columns.indexOf(name);
  const [symbolAt, scoreAt, reasonAt] = [place('symbol'), place('score'), place('reason')];
  if (symbolAt === -1) {
    throw new Error(`the query answers no column \`symbol\`, only: ${columns.join(', ')}`);
  }
  return rows.flatMap((row, index) => {
    const symbol = row[symbolAt];
    if (symbol == null) return [];
    const score = scoreAt === -1 ? -index : Number(row[scoreAt] ?? Number.NaN);
    // What a row holds is not repeated: it may be anything.
    if (!Number.isFinite(score)) throw new Error(`the column \`score\` of row ${index + 1} is no number`);
    const reason = row[reasonAt] ?? `number ${index + 1} of the query`;
    return [{ symbol, score, reason: reason.slice(0, REASON_CHARACTERS_MAX) }];
  });
}
