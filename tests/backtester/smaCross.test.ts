import { once } from 'node:events';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { benchLines } from '../../bench/backtest/bars.ts';
import { readCsvFile } from '../../src/backtester/data/csv.ts';
import type { BacktestResult } from '../../src/backtester/result.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { TapeWriter } from '../../src/tape/writer.ts';
import { openbell, openbellJson } from '../support/openbell.ts';
import { folder } from './harness.ts';

const PLAN = resolve('examples/sma-cross/tradeplan.yaml');
const BARS = 500_000;
const csv = join(folder, 'bench.csv');

/** A second or two by itself; much longer where others keep the machine busy. */
const PATIENCE_MS = 180_000;

async function writeTape(path: string): Promise<void> {
  const symbols = new SymbolTable();
  const metadata = {
    kind: 'market',
    feed: 'csv',
    createdAt: '2024-01-01T00:00:00.000000Z',
    source: 'bench.csv',
  } as const;
  const writer = await TapeWriter.open({ path, symbols, metadata, compression: 'deflate' });
  const options = { path: csv, symbol: 'BENCH/USD', timeZone: 'UTC', barTime: 'start' } as const;
  for await (const { batch } of readCsvFile({ ...options, symbols, onBadLine: () => undefined })) {
    if (!writer.append(batch)) await writer.drained();
  }
  await writer.close();
}

beforeAll(async () => {
  const stream = createWriteStream(csv);
  let text = '';
  for (const line of benchLines(BARS)) {
    text += `${line}\n`;
    if (text.length < 1_000_000) continue;
    if (!stream.write(text)) await once(stream, 'drain');
    text = '';
  }
  stream.end(text);
  await once(stream, 'finish');
}, PATIENCE_MS);

describe('the example of crossing averages', () => {
  it(
    'comes to the fills and the equity that a bare loop comes to',
    async () => {
      const fromCsv = await openbellJson<BacktestResult>(['backtest', PLAN, '--data', csv]);
      expect(fromCsv).toMatchObject({
        bars: BARS,
        fills: 13_806,
        finalEquity: '94817.23',
        finalEquityExact: '94817.230232',
        faults: 0,
        notes: [],
      });
      expect(fromCsv.metrics).toMatchObject({ denials: 0, trades: 6_903 });
    },
    PATIENCE_MS,
  );

  it(
    'comes to the same from a tape',
    async () => {
      const tape = join(folder, 'bench.tape');
      await writeTape(tape);
      const fromTape = await openbellJson<BacktestResult>(['backtest', PLAN, '--tape', tape]);
      expect(fromTape).toMatchObject({ fills: 13_806, finalEquityExact: '94817.230232' });
    },
    PATIENCE_MS,
  );

  it('is shown to people as tables', async () => {
    const { exitCode, stdout, stderr } = await openbell([
      'backtest',
      PLAN,
      '--data',
      csv,
      '--to',
      '2020-02-01',
    ]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/equity +100000\.00 to \d+\.\d\d/);
    expect(stdout).toMatch(/sma-cross +BENCH\/USD/);
  });
});

describe('openbell backtest', () => {
  it('says what is missing, and ends with 2', async () => {
    const without = await openbell(['backtest', PLAN]);
    expect(without.exitCode).toBe(2);
    expect(without.stderr).toContain('--data');
    const nowhere = await openbell(['backtest', PLAN, '--data', join(folder, 'nowhere.csv')]);
    expect(nowhere.exitCode).toBe(2);
    expect(nowhere.stderr).toContain('nowhere.csv');
  });

  it('ends with 1 when a strategy has failed, and says where', async () => {
    writeFileSync(
      join(folder, 'failing.ts'),
      `import { defineStrategy, z } from 'openbell';
export default defineStrategy({ name: 'failing', description: 'fails', scope: 'symbol', channels: ['bars'],
  parameters: z.strictObject({}), initialState: () => ({}), onBar() { throw new Error('not today'); } });`,
    );
    writeFileSync(
      join(folder, 'failing.yaml'),
      'mode: simulated\nasset_class: crypto\nstrategies: [{path: ./failing.ts, symbols: [BENCH/USD]}]\n',
    );
    const failed = await openbell(['backtest', join(folder, 'failing.yaml'), '--data', csv, '--json']);
    expect(failed.exitCode).toBe(1);
    const result = JSON.parse(failed.stdout) as BacktestResult;
    expect(result.faults).toBe(1);
    expect(result.notes[0]?.message).toContain('not today');
  });
});
