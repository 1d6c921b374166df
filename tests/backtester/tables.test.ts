/** Tables as data of a backtest: CSV and Parquet, whatever they call their columns and in which order they stand. */
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { parquetWriteBuffer, schemaFromColumnData } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/domain/exit.ts';
import { csvOf, MINUTE, type OhlcRow, OPEN, runOnFiles, said } from './harness.ts';

const ROWS: readonly OhlcRow[] = Array.from({ length: 8 }, (_, index) => {
  const price = 100 + index;
  return [price, price + 1, price - 1, price + 0.25, 500 + index];
});
const WORLD = { sees: true } as const;
type Run = Awaited<ReturnType<typeof runOnFiles>>;

/** What the strategy saw. */
const barsOf = ({ lines }: Run) => said(lines, 'bar');
const expected = async () => barsOf(await runOnFiles(WORLD, { 'bars.csv': csvOf(ROWS) }));

async function refusalOf(run: Promise<unknown>): Promise<UserError> {
  const error: unknown = await run.then(
    () => new Error('was not refused'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserError)) throw error;
  expect(error.exitCode).toBe(2);
  return error;
}

/** The rows as Parquet, times as columns of such a type have them. */
function parquetOf(
  times: { readonly name?: string; readonly data: readonly (bigint | Date)[]; readonly unit?: string },
  more: object = {},
): Uint8Array {
  const { name = 'time', data, unit } = times;
  const column = (key: string, index: 0 | 1 | 2 | 3 | 4) => ({
    name: key,
    data: ROWS.map((row) => row[index] ?? null),
    type: 'DOUBLE' as const,
  });
  const columnData = [
    { name, data: [...data], ...(unit === undefined ? {} : { type: 'INT64' as const }) },
    column('open', 0),
    column('high', 1),
    column('low', 2),
    column('close', 3),
    column('volume', 4),
  ];
  const schema = schemaFromColumnData({ columnData });
  const logical = { type: 'TIMESTAMP', unit: 'NANOS', isAdjustedToUTC: unit === 'utc' };
  const typed = schema.map((element) =>
    element.name === name && unit !== undefined
      ? { name, type: 'INT64', repetition_type: 'REQUIRED', logical_type: logical }
      : element,
  );
  const options = {
    columnData: columnData.map(({ name: key, data: values }) => ({ name: key, data: values })),
  };
  return new Uint8Array(parquetWriteBuffer({ ...options, schema: typed, rowGroupSize: 3, ...more } as never));
}

const utcNanos = ROWS.map((_, index) => BigInt(OPEN + index * MINUTE) * 1_000n);

describe('tables', () => {
  it('call their columns as they like', async () => {
    const text = csvOf(ROWS).replace(/^.*/, 'Zeit,Eins,Zwei,Drei,Letzter,Menge');
    const columns = {
      ...{ time: 'zeit', open: 'Eins', high: 'Zwei', low: 'Drei', close: 'Letzter' },
      volume: 'Menge',
    };
    expect(barsOf(await runOnFiles(WORLD, { 'bars.csv': text }, { columns }))).toEqual(await expected());
    const unknown = await refusalOf(runOnFiles(WORLD, { 'bars.csv': text }, { columns: { time: 'Uhr' } }));
    expect(unknown.message).toMatch(/has no column Uhr: it has zeit, eins, zwei, drei, letzter, menge$/);
    const nothing = await refusalOf(runOnFiles(WORLD, { 'bars.csv': text }));
    expect(nothing.remedy).toContain('--columns');
  });

  it('may name another column than the usual one', async () => {
    const [header = '', ...rows] = csvOf(ROWS).trim().split('\n');
    const text = `${header},Adjusted\n${rows.map((row, index) => `${row},${100 + index}`).join('\n')}\n`;
    const run = await runOnFiles(WORLD, { 'bars.csv': text }, { columns: { close: 'adjusted' } });
    expect(barsOf(run).map(({ close }) => close)).toEqual(ROWS.map(([open]) => open));
  });

  it('stand newest first where that is said, and rows that do not are refused', async () => {
    const [header, ...lines] = csvOf(ROWS).trim().split('\n');
    const reversed = [header, ...lines.toReversed()].join('\n');
    const order = 'newest-first';
    const run = await runOnFiles(WORLD, { 'bars.csv': reversed }, { order });
    expect(barsOf(run)).toEqual(await expected());
    expect(run.result.data).toMatchObject({ bad: 0, sorted: 0, gaps: 0 });
    const unsaid = await refusalOf(runOnFiles(WORLD, { 'bars.csv': reversed }));
    expect(unsaid.message).toContain('older than the row before');
    expect(unsaid.remedy).toContain('--order newest-first');
    const [last = '', ...others] = lines.toReversed();
    const mixed = [header, ...others, last].join('\n');
    const refusal = await refusalOf(runOnFiles(WORLD, { 'bars.csv': mixed }, { order }));
    expect(refusal.violations[0]).toMatchObject({
      line: ROWS.length,
      allowed: expect.stringContaining('older'),
    });
  });

  it('stamp bars at their ends, however long they are', async () => {
    const lines = ROWS.map(([open, high, low, close], index) => {
      const end = new Date((OPEN + (index + 1) * 5 * MINUTE) / 1_000).toISOString();
      return `${end},${open},${high},${low},${close},1`;
    });
    const text = `time,open,high,low,close,volume\n${lines.join('\n')}\n`;
    const world = { ...WORLD, backtest: { bar_interval: '5m' } };
    const plain = ROWS.map(([open, high, low, close], index) =>
      [(OPEN + index * 5 * MINUTE) / 1_000, open, high, low, close, 1].join(','),
    );
    const numbers = `ts_ms,open,high,low,close,volume\n${plain.join('\n')}\n`;
    const ends = await runOnFiles(world, { 'bars.csv': text }, { barTime: 'end' });
    const starts = await runOnFiles(world, { 'bars.csv': numbers });
    expect(barsOf(ends)).toEqual(barsOf(starts));
    expect(barsOf(ends)[0]).toMatchObject({ time: OPEN });
    expect(ends.result.to).toBe(starts.result.to);
  });
});

describe('Parquet', () => {
  const run = (bytes: Uint8Array, more: Parameters<typeof runOnFiles>[2] = {}) =>
    runOnFiles(WORLD, { 'bars.parquet': bytes }, more);

  it('is read as CSV is, by groups of rows, its times in any unit', async () => {
    const wanted = await expected();
    expect(barsOf(await run(parquetOf({ data: utcNanos, unit: 'utc' })))).toEqual(wanted);
    const dates = utcNanos.map((nanos) => new Date(Number(nanos / 1_000_000n)));
    expect(barsOf(await run(parquetOf({ data: dates, name: 'timestamp' })))).toEqual(wanted);
    // Plain numbers are told by their size.
    const millis = utcNanos.map((nanos) => nanos / 1_000_000n);
    const named = await run(parquetOf({ data: millis, name: 'at' }), { columns: { time: 'at' } });
    expect(barsOf(named)).toEqual(wanted);
  });

  it('has wall-clock times in a zone, as pandas writes those without one', async () => {
    // New York was five hours behind.
    const local = utcNanos.map((nanos) => nanos - 5n * 3_600n * 1_000_000_000n);
    const bytes = parquetOf({ data: local, unit: 'local' });
    expect(barsOf(await run(bytes, { timeZone: 'America/New_York' }))).toEqual(await expected());
    const utc = await run(parquetOf({ data: utcNanos, unit: 'utc' }), { timeZone: 'America/New_York' });
    expect(barsOf(utc)).toEqual(await expected());
  });

  it('may be packed with gzip or Brotli', async () => {
    const wanted = await expected();
    const compressors = {
      GZIP: (bytes: Uint8Array) => gzipSync(bytes),
      BROTLI: (bytes: Uint8Array) => brotliCompressSync(bytes),
    };
    for (const codec of ['GZIP', 'BROTLI', 'UNCOMPRESSED']) {
      const bytes = parquetOf({ data: utcNanos, unit: 'utc' }, { codec, compressors });
      expect(barsOf(await run(bytes))).toEqual(wanted);
    }
  });

  it('names the row that cannot be right, and is refused where it is torn', async () => {
    const doubled = [...utcNanos];
    doubled[5] = doubled[4]!;
    const refusal = await refusalOf(run(parquetOf({ data: doubled, unit: 'utc' })));
    expect(refusal.violations).toMatchObject([
      { line: 6, allowed: 'a second bar of the same symbol and time' },
    ]);
    const torn = parquetOf({ data: utcNanos, unit: 'utc' }).subarray(0, 200);
    const error = await refusalOf(run(torn));
    expect(error.message).toMatch(/^cannot read .*bars\.parquet: /);
    expect(error.message).not.toContain('\n');
  });
});
