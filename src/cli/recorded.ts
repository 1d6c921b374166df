/** Options of the commands that run a plan's strategies on recorded data, and what they come to. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ROW_ORDERS, type RowOrder } from '../backtester/data/files.ts';
import type { PlannedFiles } from '../backtester/data/planned.ts';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { EpochMicros } from '../domain/time.ts';
import { COLUMNS, type ColumnNames } from '../tape/formats/csv.ts';
import { loadTradeplan } from '../tradeplan/load.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import { type PreparedInstance, prepareStrategies } from '../trader/preparation.ts';
import { moment } from './options.ts';

/** What a table does not say of itself. */
export interface CsvOptions {
  readonly symbol?: string;
  readonly timeZone?: string;
  readonly barTime?: 'start' | 'end';
  readonly columns?: ColumnNames;
  readonly order?: RowOrder;
}

export interface RecordedOptions extends CsvOptions {
  readonly data?: readonly string[];
  readonly tape?: readonly string[];
  readonly from?: EpochMicros;
  readonly to?: EpochMicros;
}

/** What to run, and where its data is. */
export interface Recorded {
  readonly plan: Tradeplan;
  readonly instances: readonly PreparedInstance[];
  readonly files: PlannedFiles;
}

export function addRecordedOptions(command: Command): Command {
  command
    .option('--data <files...>', 'CSV (also .gz and .zip), Parquet or tapes, merged by time')
    .option('--tape <files...>', 'the same');
  return addCsvOptions(command, 'plan')
    .option('--from <time>', 'decide from this moment on; what lies before is history for warm-ups', moment)
    .option('--to <time>', 'use nothing that was known later', moment);
}

/** @param whose only symbol a file without a symbol column has, unless another is named. */
export function addCsvOptions(command: Command, whose: 'plan' | 'batch'): Command {
  return command
    .option('--symbol <symbol>', `whose a table without a symbol column is (the ${whose}'s only one)`)
    .option('--time-zone <zone>', 'of times that name none, such as America/New_York (UTC unless given)')
    .addOption(
      new Option(
        '--bar-time <edge>',
        "whether a table's bars are stamped at their start (the default) or end",
      ).choices(['start', 'end']),
    )
    .addOption(columnsOption())
    .addOption(
      new Option('--order <order>', "of a table's rows (oldest-first unless given)").choices(ROW_ORDERS),
    );
}

export function columnsOption(): Option {
  return new Option(
    '--columns <name=column...>',
    `what a table calls its columns: time=Date close=Last; names are ${COLUMNS.join(', ')}`,
  ).argParser(columnNames);
}

function columnNames(text: string, before: ColumnNames | undefined): ColumnNames {
  const at = text.indexOf('=');
  const name = COLUMNS.find((column) => column === text.slice(0, at));
  if (name === undefined || at + 1 === text.length) {
    throw new InvalidArgumentError(`A column looks like time=Date; names are ${COLUMNS.join(', ')}.`);
  }
  return { ...before, [name]: text.slice(at + 1) };
}

/** What was given of it, for those who read tables. */
export function tableOptions({ symbol, timeZone, barTime, columns, order }: CsvOptions): CsvOptions {
  return {
    ...(symbol === undefined ? {} : { symbol }),
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(barTime === undefined ? {} : { barTime }),
    ...(columns === undefined ? {} : { columns }),
    ...(order === undefined ? {} : { order }),
  };
}

/** @throws {UserError} exit code 2: no data is named, or the plan or its strategies are wrong. */
export async function prepareRecorded(planPath: string, options: RecordedOptions): Promise<Recorded> {
  const paths = [...(options.data ?? []), ...(options.tape ?? [])];
  if (paths.length === 0) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: 'no data is named',
      remedy: 'Name CSV files, Parquet files or tapes with --data.',
    });
  }
  const plan = loadTradeplan(planPath);
  const { instances, violations } = await prepareStrategies(plan);
  if (violations.length > 0) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${planPath} cannot be backtested`,
      remedy: 'Correct what is named above; `openbell check` looks again.',
      violations,
    });
  }
  return { plan, instances, files: { paths, ...tableOptions(options) } };
}
