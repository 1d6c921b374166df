/** The data files of a plan's strategies, opened: whose data there is, and from when to when. */
import { rulesOf, SessionCalendar } from '../../clock/calendar.ts';
import { EXIT_USAGE, UserError } from '../../domain/exit.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { ColumnNames } from '../../tape/formats/csv.ts';
import { SymbolTable } from '../../tape/symbols.ts';
import type { Tradeplan } from '../../tradeplan/plan.ts';
import type { BacktestInstance } from '../config.ts';
import { type Dividend, dividendsOf, readActions, Splits } from './actions.ts';
import type { RowOrder } from './files.ts';
import { openSources, type Sources } from './sources.ts';

const MICROS_PER_MS = 1_000;

export interface PlannedFiles {
  readonly paths: readonly string[];
  /** Whose events CSV files without a symbol column have; left out, the plan's only symbol. */
  readonly symbol?: string;
  /** Of CSV times that name no zone (IANA); UTC by default. */
  readonly timeZone?: string;
  /** Whether a CSV bar's time is its start (the default) or its end. */
  readonly barTime?: 'start' | 'end';
  /** What tables call their columns, where that is none of the known names. */
  readonly columns?: ColumnNames;
  /** Whether tables stand oldest first (the default) or newest first. */
  readonly order?: RowOrder;
  /** Scanners pick from what the data has: the plan need not name any of it. */
  readonly hasScanners?: boolean;
  /** A CSV file of splits and dividends; the data is then as it was traded. */
  readonly actions?: string;
}

export interface PlannedData {
  readonly sources: Sources;
  readonly symbols: SymbolTable;
  /** Symbols that the plan trades and the data lacks. They are in the table: a strategy may look at them. */
  readonly missing: readonly string[];
  readonly dividends: readonly Dividend[];
  readonly firstMicros: EpochMicros;
  readonly lastMicros: EpochMicros;
}

/** @throws {UserError} exit code 2 when the files cannot be used, are empty, or have none of the plan's symbols. */
export async function openPlannedData(
  plan: Tradeplan,
  instances: readonly BacktestInstance[],
  files: PlannedFiles,
  onProgress: (share: number) => void,
): Promise<PlannedData> {
  const symbols = new SymbolTable();
  const planned = new Set(instances.flatMap((instance) => instance.symbols));
  const [only] = planned;
  const calendar = new SessionCalendar(rulesOf(plan.assetClass));
  const actions =
    files.actions === undefined ? [] : await readActions(files.actions, (date) => calendar.startOf(date));
  const sources = await openSources({
    ...(actions.length === 0 ? {} : { splits: new Splits(actions, symbols) }),
    paths: files.paths,
    symbols,
    symbol: files.symbol ?? (planned.size === 1 ? only : undefined),
    timeZone: files.timeZone ?? 'UTC',
    barTime: files.barTime ?? 'start',
    barMicros: plan.backtest.barIntervalMs * MICROS_PER_MS,
    ...(files.columns === undefined ? {} : { columns: files.columns }),
    ...(files.order === undefined ? {} : { order: files.order }),
    badData: plan.backtest.badData,
    onProgress,
  });
  const { firstMicros, lastMicros } = sources;
  if (firstMicros === null || lastMicros === null) throw empty(files.paths);
  const missing = [...planned].filter((symbol) => symbols.idOf(symbol) === undefined);
  const isOpen = files.hasScanners === true && planned.size === 0;
  if (missing.length === planned.size && !isOpen) throw foreign(missing, symbols);
  for (const symbol of missing) symbols.intern(symbol);
  return { sources, symbols, missing, dividends: dividendsOf(actions), firstMicros, lastMicros };
}

function empty(paths: readonly string[]): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `there are no events in ${paths.join(', ')}`,
    remedy: 'Name files with bars, trades or quotes; `openbell tape info` says what a tape holds.',
  });
}

function foreign(wanted: readonly string[], symbols: SymbolTable): UserError {
  const found = Array.from({ length: Math.min(symbols.size - 1, 10) }, (_, id) => symbols.textOf(id + 1));
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `the data has none of the plan's symbols: it has ${found.join(', ')}, the plan ${wanted.slice(0, 10).join(', ')}`,
    remedy: "Name the data's symbols in the plan, or say with --symbol whose data a CSV file is.",
  });
}
