/** Options of the commands that run a plan's strategies on recorded data, and what they come to. */
import { type Command, Option } from 'commander';
import type { PlannedFiles } from '../backtester/data/planned.ts';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { EpochMicros } from '../domain/time.ts';
import { loadTradeplan } from '../tradeplan/load.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import { type PreparedInstance, prepareStrategies } from '../trader/preparation.ts';
import { moment } from './options.ts';

/** What a CSV file does not say of itself. */
export interface CsvOptions {
  readonly symbol?: string;
  readonly timeZone?: string;
  readonly barTime?: 'start' | 'end';
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
    .option('--data <files...>', 'CSV (also .gz and .zip) or tapes, merged by time')
    .option('--tape <files...>', 'the same');
  return addCsvOptions(command, 'plan')
    .option('--from <time>', 'decide from this moment on; what lies before is history for warm-ups', moment)
    .option('--to <time>', 'use nothing that was known later', moment);
}

/** @param whose only symbol a file without a symbol column has, unless another is named. */
export function addCsvOptions(command: Command, whose: 'plan' | 'batch'): Command {
  return command
    .option('--symbol <symbol>', `whose a CSV file without a symbol column is (the ${whose}'s only one)`)
    .option('--time-zone <zone>', 'of CSV times that name none, such as America/New_York (UTC unless given)')
    .addOption(
      new Option(
        '--bar-time <edge>',
        "whether a CSV bar's time is its start (the default) or its end",
      ).choices(['start', 'end']),
    );
}

/** @throws {UserError} exit code 2: no data is named, or the plan or its strategies are wrong. */
export async function prepareRecorded(planPath: string, options: RecordedOptions): Promise<Recorded> {
  const paths = [...(options.data ?? []), ...(options.tape ?? [])];
  if (paths.length === 0) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: 'no data is named',
      remedy: 'Name CSV files or tapes with --data.',
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
  const files = {
    paths,
    ...(options.symbol === undefined ? {} : { symbol: options.symbol }),
    ...(options.timeZone === undefined ? {} : { timeZone: options.timeZone }),
    ...(options.barTime === undefined ? {} : { barTime: options.barTime }),
  };
  return { plan, instances, files };
}
