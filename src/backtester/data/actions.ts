/**
 * Splits and dividends of a file. Rows from before a split are restated in the shares of after it, so that nothing that
 * is held or ordered changes at it; a dividend is paid to who held the shares when its day began.
 */
import { readFile } from 'node:fs/promises';
import { type Decimal, decimalFromNumber } from '../../domain/decimal.ts';
import { EXIT_USAGE, UserError, type Violation } from '../../domain/exit.ts';
import type { EpochMicros } from '../../domain/time.ts';
import { type Batch, EventKind } from '../../tape/batch.ts';
import type { SymbolTable } from '../../tape/symbols.ts';

export interface CorporateAction {
  readonly symbol: string;
  /** When its ex-date begins: from here on prices are those of after it. */
  readonly exMicros: EpochMicros;
  readonly kind: 'split' | 'dividend';
  /** Shares after the split for one before; or cash for a share of that day. */
  readonly value: number;
}

/** What a share of today got, later splits considered. */
export interface Dividend {
  readonly symbol: string;
  readonly exMicros: EpochMicros;
  readonly amount: Decimal;
}

const HEADING = 'symbol,date,kind,value';
const DATE = /^\d{4}-\d\d-\d\d$/;
const BAR_HEAP_BYTES = 24;
/** Cents of cents of a dividend that was split. */
const AMOUNT_PLACES = 6;

/**
 * Reads `symbol,date,kind,value`: `AAPL,2020-08-31,split,4`, `AAPL,2020-08-07,dividend,0.82`.
 * @param startOf the beginning of a date (`YYYY-MM-DD`) at the exchange.
 * @throws {UserError} exit code 2, with every line that is wrong.
 */
export async function readActions(
  path: string,
  startOf: (date: string) => EpochMicros,
): Promise<readonly CorporateAction[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error.code ?? error.message);
  });
  const [heading, ...lines] = text
    .replace(/^\uFEFF/, '')
    .trim()
    .split(/\r?\n/);
  if (heading?.trim() !== HEADING) throw unreadable(path, `its first line is not ${HEADING}`);
  const violations: Violation[] = [];
  const actions = lines.flatMap((line, index): CorporateAction[] => {
    const [symbol = '', date = '', kind = '', value = ''] = line.split(',').map((field) => field.trim());
    const isRight =
      symbol !== '' &&
      DATE.test(date) &&
      !Number.isNaN(Date.parse(date)) &&
      (kind === 'split' || kind === 'dividend') &&
      Number(value) > 0 &&
      Number.isFinite(Number(value));
    if (!isRight) {
      const allowed = 'SYMBOL,YYYY-MM-DD,split or dividend,a number above zero';
      violations.push({ path, line: index + 2, found: line, allowed });
      return [];
    }
    return [{ symbol, exMicros: startOf(date), kind, value: Number(value) }];
  });
  if (violations.length === 0) return actions;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `${violations.length} lines of ${path} are no splits and no dividends`,
    remedy: 'Correct what is named above.',
    violations,
  });
}

export function dividendsOf(actions: readonly CorporateAction[]): readonly Dividend[] {
  return actions
    .filter(({ kind }) => kind === 'dividend')
    .map(({ symbol, exMicros, value }) => {
      const factor = factorAfter(
        actions.filter((action) => action.symbol === symbol),
        exMicros,
      );
      return { symbol, exMicros, amount: decimalFromNumber(value / factor, AMOUNT_PLACES) };
    })
    .sort((a, b) => a.exMicros - b.exMicros);
}

/** Restates rows from before splits, in place. */
export class Splits {
  readonly #symbols: SymbolTable;
  readonly #bySymbol = new Map<string, CorporateAction[]>();
  readonly #byId: (readonly CorporateAction[] | undefined)[] = [];

  constructor(actions: readonly CorporateAction[], symbols: SymbolTable) {
    this.#symbols = symbols;
    for (const action of actions) {
      if (action.kind !== 'split') continue;
      this.#bySymbol.set(action.symbol, [...(this.#bySymbol.get(action.symbol) ?? []), action]);
    }
  }

  restate(batch: Batch): void {
    if (this.#bySymbol.size === 0) return;
    for (let row = 0; row < batch.count; row += 1) {
      const splits = this.#splitsOf(batch.symbolId[row]!);
      if (splits.length === 0) continue;
      const factor = factorAfter(splits, batch.timeMicros(row));
      if (factor !== 1) restateRow(batch, row, factor);
    }
  }

  #splitsOf(id: number): readonly CorporateAction[] {
    let splits = this.#byId[id];
    if (splits === undefined) {
      splits = this.#bySymbol.get(this.#symbols.textOf(id)) ?? [];
      this.#byId[id] = splits;
    }
    return splits;
  }
}

/** Shares of today for one of the moment. */
function factorAfter(actions: readonly CorporateAction[], moment: EpochMicros): number {
  let factor = 1;
  for (const { kind, exMicros, value } of actions) {
    if (kind === 'split' && exMicros > moment) factor *= value;
  }
  return factor;
}

function restateRow(batch: Batch, row: number, factor: number): void {
  switch (batch.kind[row]!) {
    case EventKind.trade:
      batch.n0[row] = batch.n0[row]! / factor;
      batch.n1[row] = batch.n1[row]! * factor;
      return;
    case EventKind.quote:
      batch.n0[row] = batch.n0[row]! / factor;
      batch.n1[row] = batch.n1[row]! * factor;
      batch.n2[row] = batch.n2[row]! / factor;
      batch.n3[row] = batch.n3[row]! * factor;
      return;
    case EventKind.minuteBar:
    case EventKind.dailyBar: {
      batch.n0[row] = batch.n0[row]! / factor;
      batch.n1[row] = batch.n1[row]! / factor;
      batch.n2[row] = batch.n2[row]! / factor;
      batch.n3[row] = batch.n3[row]! / factor;
      if (batch.heapLength[row] !== BAR_HEAP_BYTES) return;
      const at = batch.heap.byteOffset + batch.heapOffset[row]!;
      const figures = new DataView(batch.heap.buffer, at, BAR_HEAP_BYTES);
      figures.setFloat64(0, figures.getFloat64(0, true) * factor, true);
      figures.setFloat64(8, figures.getFloat64(8, true) / factor, true);
      return;
    }
  }
}

function unreadable(path: string, why: string): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `cannot read splits and dividends from ${path}: ${why}`,
    remedy: `Give a CSV file that begins with ${HEADING}.`,
  });
}
