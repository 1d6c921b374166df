/**
 * Looks at every row before it is used. A row that cannot be right is refused or left out, as the plan says; what may
 * be right and yet deserves a look (gaps, jumps as splits make them) is reported.
 */
import { EXIT_USAGE, UserError, type Violation } from '../../domain/exit.ts';
import { type EpochMicros, formatMicros, MICROS_PER_HOUR } from '../../domain/time.ts';
import { type Batch, EventKind } from '../../tape/batch.ts';
import type { SymbolTable } from '../../tape/symbols.ts';

export interface DataProblem {
  readonly file: string;
  /** Line of a CSV file, row of a tape; counted from 1. */
  readonly row: number;
  readonly reason: string;
}

export interface DataReport {
  /** Rows that cannot be right: left out. */
  readonly bad: number;
  readonly badExamples: readonly DataProblem[];
  /** Rows that stood in the wrong order, and were sorted. */
  readonly sorted: number;
  /** Stretches within a day in which bars are missing. */
  readonly gaps: number;
  readonly gapExamples: readonly DataProblem[];
  /** Prices so far from the one before as splits and wrong units make them. */
  readonly jumps: number;
  readonly jumpExamples: readonly DataProblem[];
}

const EXAMPLES_MAX = 20;
/** A longer silence is a night or a weekend. */
const GAP_MAX_MICROS = 12 * MICROS_PER_HOUR;
/** No halt or news moved a listed price by so much from one bar to the next without an error or a split. */
const JUMP_FACTOR = 1.8;

interface Seen {
  barMicros: EpochMicros;
  close: number;
}

/** Rows in the wrong order are sorted, where that is allowed: not a fault of the row. */
const OUT_OF_ORDER = 'older than the row before';

/** What is known of all files of a run. */
export class DataInspection {
  readonly #badData: 'refuse' | 'repair';
  readonly #barMicros: number;
  #bad = 0;
  #sorted = 0;
  #gaps = 0;
  #jumps = 0;
  readonly #badExamples: DataProblem[] = [];
  readonly #gapExamples: DataProblem[] = [];
  readonly #jumpExamples: DataProblem[] = [];

  constructor(badData: 'refuse' | 'repair', barMicros: number) {
    this.#badData = badData;
    this.#barMicros = barMicros;
  }

  get isRepairing(): boolean {
    return this.#badData === 'repair';
  }

  file(path: string, symbols: SymbolTable): FileInspection {
    return new FileInspection(this, { path, symbols, barMicros: this.#barMicros });
  }

  bad(problem: DataProblem): void {
    this.#bad += 1;
    if (this.#badExamples.length < EXAMPLES_MAX) this.#badExamples.push(problem);
  }

  gap(problem: DataProblem): void {
    this.#gaps += 1;
    if (this.#gapExamples.length < EXAMPLES_MAX) this.#gapExamples.push(problem);
  }

  jump(problem: DataProblem): void {
    this.#jumps += 1;
    if (this.#jumpExamples.length < EXAMPLES_MAX) this.#jumpExamples.push(problem);
  }

  sorted(rows: number): void {
    this.#sorted += rows;
  }

  /** @throws {UserError} exit code 2, with the rows and reasons, when rows were bad and none may be. */
  check(): void {
    if (this.#bad === 0 || this.isRepairing) return;
    const isDisorder = this.#badExamples.every(({ reason }) => reason.startsWith(OUT_OF_ORDER));
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `the data has rows that cannot be right, such as ${this.#badExamples[0]!.file} row ${this.#badExamples[0]!.row}: ${this.#badExamples[0]!.reason}`,
      remedy: isDisorder
        ? 'Where a table stands newest first, say so with `--order newest-first`; else correct the file, or set `backtest.bad_data: repair` to have it sorted.'
        : 'Correct the file, or set `backtest.bad_data: repair` to leave such rows out and be told which.',
      violations: this.#badExamples.map(
        ({ file, row, reason }): Violation => ({
          path: `${file}:${row}`,
          found: '',
          allowed: reason,
          line: row,
        }),
      ),
    });
  }

  report(): DataReport {
    return {
      bad: this.#bad,
      badExamples: this.#badExamples,
      sorted: this.#sorted,
      gaps: this.#gaps,
      gapExamples: this.#gapExamples,
      jumps: this.#jumps,
      jumpExamples: this.#jumpExamples,
    };
  }
}

/** One file of them, whose rows are looked at in their order. */
export class FileInspection {
  readonly #all: DataInspection;
  readonly #path: string;
  readonly #symbols: SymbolTable;
  readonly #barMicros: number;
  readonly #seen: (Seen | undefined)[] = [];
  /** Bars older than the one before of their symbol. */
  outOfOrder = 0;

  constructor(
    all: DataInspection,
    of: { readonly path: string; readonly symbols: SymbolTable; readonly barMicros: number },
  ) {
    this.#all = all;
    this.#path = of.path;
    this.#symbols = of.symbols;
    this.#barMicros = of.barMicros;
  }

  badLine(line: number, reason: string): void {
    this.#all.bad({ file: this.#path, row: line, reason });
  }

  /**
   * Takes rows that cannot be right out of the batch (their kind becomes `none`).
   * @param rowOf where a row stands in the file.
   */
  look(batch: Batch, rowOf: (row: number) => number): void {
    for (let row = 0; row < batch.count; row += 1) {
      const reason = this.#reasonOf(batch, row, rowOf);
      if (reason === null) continue;
      this.#all.bad({ file: this.#path, row: rowOf(row), reason });
      batch.kind[row] = EventKind.none;
    }
  }

  #reasonOf(batch: Batch, row: number, rowOf: (row: number) => number): string | null {
    switch (batch.kind[row]!) {
      case EventKind.minuteBar:
      case EventKind.dailyBar:
        return this.#bar(batch, row, rowOf);
      case EventKind.trade:
        if (!(batch.n0[row]! > 0)) return 'a price of zero or below';
        return batch.n1[row]! < 0 ? 'a size below zero' : null;
      case EventKind.quote:
        if (batch.n0[row]! < 0 || batch.n2[row]! < 0) return 'a price below zero';
        return batch.n1[row]! < 0 || batch.n3[row]! < 0 ? 'a size below zero' : null;
      default:
        return null;
    }
  }

  #bar(batch: Batch, row: number, rowOf: (row: number) => number): string | null {
    const open = batch.n0[row]!;
    const high = batch.n1[row]!;
    const low = batch.n2[row]!;
    const close = batch.n3[row]!;
    if (!(low > 0 && open > 0 && close > 0)) return 'a price of zero or below';
    if (!(high < Number.POSITIVE_INFINITY)) return 'a price that is no number';
    if (low > open || low > close || high < open || high < close) return 'open or close outside low and high';
    if (batch.heapFloat(row, 0) < 0) return 'a volume below zero';
    const id = batch.symbolId[row]!;
    const timeMicros = batch.timeMicros(row);
    const seen = this.#seen[id];
    if (seen === undefined) {
      this.#seen[id] = { barMicros: timeMicros, close };
      return null;
    }
    if (timeMicros === seen.barMicros) return 'a second bar of the same symbol and time';
    if (timeMicros < seen.barMicros) {
      this.outOfOrder += 1;
      return this.#all.isRepairing ? null : `${OUT_OF_ORDER}, ${formatMicros(seen.barMicros)}`;
    }
    const silence = timeMicros - seen.barMicros;
    if (silence > this.#barMicros && silence <= GAP_MAX_MICROS) {
      const missing = Math.round(silence / this.#barMicros) - 1;
      const symbol = this.#symbols.textOf(id);
      const reason = `${symbol}: ${missing} bars are missing before ${formatMicros(timeMicros)}`;
      if (missing > 0) this.#all.gap({ file: this.#path, row: rowOf(row), reason });
    }
    const factor = open / seen.close;
    if (factor > JUMP_FACTOR || factor < 1 / JUMP_FACTOR) {
      const symbol = this.#symbols.textOf(id);
      const reason = `${symbol}: from ${seen.close} to ${open}, as a split or a wrong unit makes it`;
      this.#all.jump({ file: this.#path, row: rowOf(row), reason });
    }
    seen.barMicros = timeMicros;
    seen.close = close;
    return null;
  }
}
