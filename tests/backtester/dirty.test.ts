import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataFile, readSorted } from '../../src/backtester/data/files.ts';
import { DataInspection, type DataReport } from '../../src/backtester/data/inspect.ts';
import { MICROS_PER_DAY } from '../../src/domain/time.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { recorded } from '../support/recorded.ts';

// Real errors of a vendor, each file with a corrected partner, and files without errors.
const dirty = recorded('ranaroussi+yfinance/tests/data');

async function inspect(name: string): Promise<DataReport> {
  const symbols = new SymbolTable();
  const file = await openDataFile(join(dirty.path, name), {
    symbols,
    symbol: 'X',
    timeZone: 'UTC',
    barTime: 'start',
  });
  const all = new DataInspection('repair', MICROS_PER_DAY);
  const looking = all.file(name, symbols);
  // They stand newest first.
  for await (const placed of readSorted(file, (line, reason) => looking.badLine(line, reason))) {
    looking.look(placed.batch, placed.placeOf);
  }
  return all.report();
}

describe.skipIf(!dirty.isThere)('recorded data with known errors', () => {
  const names = dirty.isThere ? readdirSync(dirty.path).filter((name) => name.endsWith('.csv')) : [];

  it('is told by its jumps where a split was not applied or a unit is wrong', async () => {
    const errors = names.filter((name) => /(bad-stock-split|100x-error)\.csv$/.test(name));
    const reports = await Promise.all(errors.map(inspect));
    const missed = errors.filter((_, index) => reports[index]!.jumps === 0);
    expect(errors.length).toBe(10);
    // A consolidation of 79 for 100: as large as a bad week, and not to be told from one by its prices.
    expect(missed).toEqual(['AV-L-1wk-bad-stock-split.csv']);
  });

  it('leads to few alarms where it is right', async () => {
    const clean = names.filter((name) =>
      /(no-bad-divs|bad-stock-split-fixed|100x-error-fixed)\.csv$/.test(name),
    );
    const reports = await Promise.all(clean.map(inspect));
    const alarmed = clean.filter((_, index) => reports[index]!.jumps > 0);
    // A penny share at 1 and 2, a return of capital, and one that the correction has left in.
    expect(alarmed).toEqual([
      'ALPHA-PA-1d-bad-stock-split-fixed.csv',
      'CNE-L-1d-bad-stock-split-fixed.csv',
      'SPM-MI-1d-bad-stock-split-fixed.csv',
    ]);
  });
});
