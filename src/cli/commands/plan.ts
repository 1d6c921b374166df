/** `openbell plan`: strategies that stand in the table trade_plan, beside those of a plan's file. */
import { readFileSync } from 'node:fs';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { liveClock } from '../../clock/live.ts';
import { EXIT_USAGE, UserError } from '../../domain/exit.ts';
import type { JsonObject } from '../../domain/order.ts';
import { type EpochMicros, formatMicros, parseMicros } from '../../domain/time.ts';
import { readPlanDocument } from '../../tradeplan/document.ts';
import { loadTradeplan } from '../../tradeplan/load.ts';
import type { EditedPlan, PlanEdit, PlanEditor } from '../../trader/plans/editing.ts';
import { csvOption, DEFAULT_PLAN, moment, rowsCommand, type StorageOptions, storageOf } from '../options.ts';
import { type Column, print, printJson, renderCsv, renderTable } from '../output.ts';
import { withPlanEditor } from '../stored.ts';

interface Options extends StorageOptions {
  readonly plan?: string;
  readonly json?: boolean;
}

type Expiry = EpochMicros | 'never';

interface EntryOptions extends Options {
  readonly entry?: JsonObject;
  readonly file?: string;
  readonly start?: string;
  readonly expire?: Expiry;
}

/** A request to a daemon is a line of at most 64 KiB. */
const ENTRY_BYTES_MAX = 32 * 1_024;
const NAME_CHARACTERS_MAX = 200;
const ENTRY_ALLOWED =
  'It must be what an entry of `strategies:` holds, such as "{ name: momentum-long, symbols: [SPY] }".';

export function planCommand(): Command {
  return new Command('plan')
    .addHelpText(
      'after',
      '\nA row is what an entry of `strategies:` holds, with the portfolio whose cash it trades with. Daemons whose plan says `trade_plan: { enabled: true }` follow the rows while they run: what is new starts, what is changed begins anew with its state, what has expired ends.',
    )
    .addCommand(addCommand())
    .addCommand(changeCommand())
    .addCommand(listCommand())
    .addCommand(removeCommand());
}

function addCommand(): Command {
  const command = rowsCommand('add', 'add a strategy', [
    `openbell plan add morning --portfolio growth --entry '{ name: momentum-long, symbols: [SPY, QQQ] }'`,
    'openbell plan add pairs --portfolio growth --file pairs.yaml --start 2026-12-01 --expire 2027-01-01',
  ])
    .addArgument(
      new Argument('<name>', 'what people call it; its id is made of it').argParser((text) => {
        if (text !== '' && text.length <= NAME_CHARACTERS_MAX) return text;
        throw new InvalidArgumentError(`It must have at most ${NAME_CHARACTERS_MAX} characters.`);
      }),
    )
    .requiredOption('--portfolio <name>', 'the portfolio whose cash it trades with');
  return withEntry(command, "today, by the exchange's date", 'never').action(
    async (strategyName: string, options: EntryOptions & { readonly portfolio: string }) => {
      const parameters = entryOf(options);
      if (parameters === undefined) throw wrong('no strategy is given', 'Give one with --entry or --file.');
      const { portfolio: portfolioId, start: startDate = null } = options;
      const expiresAt = momentOf(options.expire ?? 'never');
      const addition = { strategyName, portfolioId, parameters, startDate, expiresAt };
      tell(await edit(options, (editor) => editor.add(addition)), 'added', options);
    },
  );
}

function changeCommand(): Command {
  const command = rowsCommand('change', 'change a strategy, which keeps its state and its positions', [
    `openbell plan change morning-0b1c2d3e --entry '{ name: momentum-long, symbols: [SPY] }'`,
    'openbell plan change morning-0b1c2d3e --expire never',
  ]).addArgument(idArgument());
  return withEntry(command, 'as it is', 'as it is').action(async (id: string, options: EntryOptions) => {
    const parameters = entryOf(options);
    const { start: startDate, expire } = options;
    const change = {
      id,
      ...(parameters === undefined ? {} : { parameters }),
      ...(startDate === undefined ? {} : { startDate }),
      ...(expire === undefined ? {} : { expiresAt: momentOf(expire) }),
    };
    if (Object.keys(change).length === 1) {
      throw wrong('nothing is to be changed', 'Give --entry, --file, --start or --expire.');
    }
    tell(await edit(options, (editor) => editor.change(change)), 'changed', options);
  });
}

function removeCommand(): Command {
  return rowsCommand('remove', 'let a strategy expire now: it takes no new risk, and ends when it is flat', [
    'openbell plan remove morning-0b1c2d3e',
  ])
    .addArgument(idArgument())
    .action(async (id: string, options: Options) => {
      const expiresAt = formatMicros(liveClock.nowMicros());
      tell(await edit(options, (editor) => editor.change({ id, expiresAt })), 'removed', options);
    });
}

function listCommand(): Command {
  return rowsCommand('list', 'list the strategies of the table, the newest first', [
    'openbell plan list',
    'openbell plan list --all --json | jq .[0].parameters',
  ])
    .option('--all', 'those that have expired, too')
    .addOption(csvOption())
    .action(async (options: Options & { readonly all?: boolean; readonly csv?: boolean }) => {
      const now = formatMicros(liveClock.nowMicros());
      const rows = (await edit(options, (editor) => editor.list())).filter(
        ({ expiresAt }) => options.all === true || expiresAt === null || expiresAt > now,
      );
      if (options.json) printJson(rows);
      else if (options.csv) print(renderCsv(KEYS, rows));
      else print(renderTable(COLUMNS, rows, 'no strategies in the database'));
    });
}

function withEntry(command: Command, start: string, expire: string): Command {
  return command
    .addOption(
      new Option('--entry <yaml>', 'the strategy: what an entry of `strategies:` holds, as YAML or JSON')
        .argParser(readEntry)
        .conflicts('file'),
    )
    .option('--file <path>', 'the same from a file')
    .option('--start <date>', `the first day on which it runs, YYYY-MM-DD; left out, ${start}`, dayOf)
    .option(
      '--expire <moment>',
      `when it ends: RFC 3339, a date in UTC, or never; left out, ${expire}`,
      expiryOf,
    )
    .option('--plan <plan>', 'the plan that is to run it, where no daemon runs', DEFAULT_PLAN);
}

function idArgument(): Argument {
  return new Argument('<id>', 'its id as `openbell plan list` shows it, or how the key of its row begins');
}

function edit<T>(options: Options, work: (editor: PlanEditor) => Promise<T>): Promise<T> {
  return withPlanEditor(storageOf(options), () => loadTradeplan(options.plan ?? DEFAULT_PLAN), work);
}

function tell({ row, isFollowed }: PlanEdit, what: string, { json }: Options): void {
  if (isFollowed === false) {
    process.stderr.write('The plan does not follow the table: set `trade_plan: { enabled: true }` in it.\n');
  }
  if (json) printJson(row);
  else print(`${what}: ${row.instanceId}, ${timesOf(row)}`);
}

function timesOf({ startDate, expiresAt }: EditedPlan): string {
  return `from ${startDate}${expiresAt === null ? '' : ` until ${expiresAt}`}`;
}

function entryOf({ entry, file }: EntryOptions): JsonObject | undefined {
  if (file === undefined) return entry;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw wrong(`${file} cannot be read: ${(error as Error).message}`, 'Name a file that is there.');
  }
  try {
    return readEntry(text);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw wrong(`${file} is no strategy`, error.message);
  }
}

function readEntry(text: string): JsonObject {
  if (Buffer.byteLength(text) > ENTRY_BYTES_MAX)
    throw new InvalidArgumentError(`It must have at most ${ENTRY_BYTES_MAX} bytes.`);
  const document = readPlanDocument(text);
  if (!document.ok) {
    const [first] = document.violations;
    throw new InvalidArgumentError(`${ENTRY_ALLOWED} ${first?.path}: ${first?.allowed}`);
  }
  const { value } = document;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new InvalidArgumentError(ENTRY_ALLOWED);
}

function dayOf(text: string): string {
  const micros = parseMicros(`${text}T00:00:00Z`);
  // A 30th of February is read as the 2nd of March.
  if (micros !== undefined && formatMicros(micros).startsWith(`${text}T`)) return text;
  throw new InvalidArgumentError('A day looks like 2026-11-20.');
}

function expiryOf(text: string): Expiry {
  return text === 'never' ? text : moment(text);
}

function momentOf(expiry: Expiry): string | null {
  return expiry === 'never' ? null : formatMicros(expiry);
}

function wrong(cause: string, remedy: string): UserError {
  return new UserError({ exitCode: EXIT_USAGE, cause, remedy });
}

const COLUMNS: readonly Column<EditedPlan>[] = [
  { title: 'id', value: (row) => row.instanceId },
  { title: 'strategy', value: ({ parameters }) => wordOf(parameters.name) ?? wordOf(parameters.path) ?? '' },
  { title: 'portfolio', value: (row) => row.portfolioId },
  { title: 'from', value: (row) => row.startDate },
  { title: 'until', value: (row) => row.expiresAt ?? '' },
  { title: 'batch', value: (row) => row.batchId?.slice(0, 8) ?? '' },
];

function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

const KEYS: readonly (keyof EditedPlan)[] = [
  ...(['tradePlanId', 'instanceId', 'strategyName', 'portfolioId', 'startDate', 'expiresAt'] as const),
  ...(['batchId', 'parameters', 'createdAt', 'modifiedAt'] as const),
];
