/** What happened: rows from the database, through the daemon while one runs, else read directly. */
import { Command } from 'commander';
import { add, type Decimal, decimal, formatDecimal, multiply, ZERO } from '../../domain/decimal.ts';
import { type EpochMicros, formatMicros } from '../../domain/time.ts';
import type { OrderRow, PositionRow, RowFilter, RunRow, TradeRow } from '../../models/contract.ts';
import type { MinerRunRow } from '../../models/mining.ts';
import {
  csvOption,
  dataDirectoryOption,
  jsonOption,
  moment,
  type StorageOptions,
  storageOf,
  wholeNumber,
} from '../options.ts';
import { type Column, paintAmount, print, printJson, renderCsv, renderTable } from '../output.ts';
import { type Stored, withStored } from '../stored.ts';

interface Options extends StorageOptions {
  readonly batch?: string;
  readonly strategy?: string;
  readonly symbol?: string;
  readonly since?: EpochMicros;
  readonly until?: EpochMicros;
  readonly limit: number;
  readonly json?: boolean;
  readonly csv?: boolean;
}

interface Listing<Row> {
  readonly name: string;
  readonly method: keyof Stored;
  readonly columns: readonly Column<Row>[];
  /** In the order of the CSV. */
  readonly keys: readonly (keyof Row & string)[];
  /** A line below the table. */
  readonly totals: (rows: readonly Row[]) => string;
  readonly hasStrategies: boolean;
  readonly hasSymbols: boolean;
  readonly hasMoments: boolean;
  readonly example: string;
  /** Left out, `no runs yet` and the like. */
  readonly whenEmpty?: string;
}

const LIMIT_DEFAULT = 1_000;
const LIMIT_MAX = 100_000;

export function runsCommand(): Command {
  return listing<RunRow>({
    name: 'runs',
    method: 'listRuns',
    columns: RUN_COLUMNS,
    keys: RUN_KEYS,
    totals: ({ length }) => `${length} runs`,
    hasStrategies: true,
    hasSymbols: false,
    hasMoments: true,
    example: '--strategy momentum-long --since 2026-11-20',
  });
}

export function ordersCommand(): Command {
  return listing<OrderRow>({
    name: 'orders',
    method: 'listOrders',
    columns: ORDER_COLUMNS,
    keys: ORDER_KEYS,
    totals: orderTotals,
    hasStrategies: true,
    hasSymbols: true,
    hasMoments: true,
    example: '--symbol AAPL --limit 20',
  });
}

export function tradesCommand(): Command {
  return listing<TradeRow>({
    name: 'trades',
    method: 'listTrades',
    columns: TRADE_COLUMNS,
    keys: TRADE_KEYS,
    totals: tradeTotals,
    hasStrategies: true,
    hasSymbols: true,
    hasMoments: true,
    example: '--since 2026-11-01 --until 2026-12-01 --csv > november.csv',
  });
}

export function positionsCommand(): Command {
  return listing<PositionRow>({
    name: 'positions',
    method: 'listPositions',
    columns: POSITION_COLUMNS,
    keys: POSITION_KEYS,
    totals: positionTotals,
    hasStrategies: true,
    hasSymbols: true,
    hasMoments: false,
    example: '--strategy vwap-reversion',
  });
}

export function minedCommand(): Command {
  return listing<MinerRunRow>({
    name: 'mined',
    method: 'listMinerRuns',
    columns: MINED_COLUMNS,
    keys: MINED_KEYS,
    totals: minedTotals,
    hasStrategies: false,
    hasSymbols: false,
    hasMoments: true,
    example: '--since 2026-11-20 --csv',
    whenEmpty: 'nothing was mined yet',
  });
}

function listing<Row extends object>(list: Listing<Row>): Command {
  const { name } = list;
  const command = new Command(name).option('--batch <id>', 'only of this batch (one start of the daemon)');
  if (list.hasStrategies)
    command.option('--strategy <name>', 'only of this strategy, or of this instance of one');
  if (list.hasSymbols) command.option('--symbol <symbol>', 'only in this symbol');
  if (list.hasMoments) {
    command
      .option('--since <moment>', 'from this moment on: RFC 3339, or a date in UTC', moment)
      .option('--until <moment>', 'before this moment', moment);
  }
  return command
    .option(
      '--limit <rows>',
      'at most this many, the newest first',
      wholeNumber({ min: 1, max: LIMIT_MAX }),
      LIMIT_DEFAULT,
    )
    .addOption(dataDirectoryOption())
    .addOption(jsonOption())
    .addOption(csvOption())
    .addHelpText(
      'after',
      `\nExamples:\n  openbell ${name}\n  openbell ${name} --json --limit 20\n  openbell ${name} ${list.example}`,
    )
    .action(async (options: Options) => {
      const filter = filterOf(options);
      const rows = await withStored(
        storageOf(options),
        (stored) => stored[list.method](filter) as Promise<unknown> as Promise<readonly Row[]>,
      );
      if (options.json) printJson(rows);
      else if (options.csv) print(renderCsv(list.keys, rows));
      else {
        print(renderTable(list.columns, rows, list.whenEmpty ?? `no ${name} yet`));
        if (rows.length > 0) print(`\n${list.totals(rows)}`);
      }
    });
}

function filterOf({ batch, strategy, symbol, since, until, limit }: Options): RowFilter {
  const textOf = (moment: EpochMicros | undefined) =>
    moment === undefined ? undefined : formatMicros(moment);
  const given = { batchId: batch, strategy, symbol, since: textOf(since), until: textOf(until) };
  return { limit, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}

function orderTotals(rows: readonly OrderRow[]): string {
  const byStatus = new Map<string, number>();
  for (const { status } of rows) byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  return `${rows.length} orders: ${[...byStatus].map(([status, count]) => `${count} ${status}`).join(', ')}`;
}

function tradeTotals(rows: readonly TradeRow[]): string {
  const ofSide = (side: TradeRow['side']) => {
    const own = rows.filter((row) => row.side === side);
    const notional = sum(own.map((row) => multiply(decimal(row.qty), decimal(row.price))));
    return `${formatDecimal(sum(own.map((row) => decimal(row.qty))))} for ${formatDecimal(notional)}`;
  };
  const fees = formatDecimal(sum(rows.map((row) => decimal(row.fee))));
  return `${rows.length} trades: bought ${ofSide('buy')}, sold ${ofSide('sell')}, fees ${fees}`;
}

function positionTotals(rows: readonly PositionRow[]): string {
  const total = (values: readonly (string | null)[]) =>
    paintAmount(formatDecimal(sum(values.map((value) => decimal(value ?? '0')))));
  const open = total(rows.map((row) => row.unrealizedPnl));
  return `${rows.length} positions: open P&L ${open}, realised P&L ${total(rows.map((row) => row.realizedPnl))}`;
}

function minedTotals(rows: readonly MinerRunRow[]): string {
  const failed = rows.filter(({ endReason }) => endReason === 'failed').length;
  return `${rows.length} runs of miners, ${failed} failed`;
}

function sum(amounts: readonly Decimal[]): Decimal {
  return amounts.reduce((total, amount) => add(total, amount), ZERO);
}

function clockTime(moment: string | null): string {
  return moment === null ? '' : moment.slice(0, 23).replace('T', ' ');
}

/** Of code or parameters, since it began. */
function changesOf(settings: number): string {
  return settings > 1 ? String(settings - 1) : '';
}

const RUN_COLUMNS: readonly Column<RunRow>[] = [
  { title: 'batch', value: (row) => row.batchId.slice(0, 8) },
  { title: 'run', align: 'right', value: (row) => row.algoRunId },
  { title: 'strategy', value: (row) => row.instanceId },
  { title: 'environment', value: (row) => row.environment },
  { title: 'consumer', value: (row) => row.consumer },
  { title: 'version', value: (row) => row.version.slice(0, 8) },
  { title: 'changes', align: 'right', value: ({ settings }) => changesOf(settings.length) },
  { title: 'started (UTC)', value: (row) => clockTime(row.startedAt) },
  { title: 'ended', value: (row) => clockTime(row.endedAt) },
  { title: 'why', value: (row) => row.endReason ?? '' },
];

const ORDER_COLUMNS: readonly Column<OrderRow>[] = [
  { title: 'created (UTC)', value: (row) => clockTime(row.createdAt) },
  { title: 'client order id', value: (row) => row.clientOrderId },
  { title: 'symbol', value: (row) => row.symbol },
  { title: 'side', value: (row) => row.side },
  { title: 'type', value: (row) => row.type },
  { title: 'quantity', align: 'right', value: (row) => row.qty },
  { title: 'filled', align: 'right', value: (row) => row.filledQty },
  { title: 'average', align: 'right', value: (row) => row.avgPrice ?? '' },
  { title: 'status', value: (row) => row.status },
  { title: 'reason', value: (row) => row.reason ?? '' },
];

export const TRADE_COLUMNS: readonly Column<TradeRow>[] = [
  { title: 'executed (UTC)', value: (row) => clockTime(row.executedAt) },
  { title: 'run', align: 'right', value: (row) => row.algoRunId },
  { title: 'symbol', value: (row) => row.symbol },
  { title: 'side', value: (row) => row.side },
  { title: 'quantity', align: 'right', value: (row) => row.qty },
  { title: 'price', align: 'right', value: (row) => row.price },
  { title: 'fee', align: 'right', value: (row) => row.fee },
  { title: 'target', align: 'right', value: (row) => row.targetPrice ?? '' },
  { title: 'stop', align: 'right', value: (row) => row.stopPrice ?? '' },
];

const POSITION_COLUMNS: readonly Column<PositionRow>[] = [
  { title: 'symbol', value: (row) => row.symbol },
  { title: 'run', align: 'right', value: (row) => row.algoRunId },
  { title: 'quantity', align: 'right', value: (row) => row.qty },
  { title: 'average', align: 'right', value: (row) => row.avgPrice },
  { title: 'market', align: 'right', value: (row) => row.marketPrice ?? '' },
  { title: 'open P&L', align: 'right', value: (row) => paintAmount(row.unrealizedPnl ?? '') },
  { title: 'realised P&L', align: 'right', value: (row) => paintAmount(row.realizedPnl) },
];

const RUN_KEYS = [
  'batchId',
  'algoRunId',
  'strategy',
  'instanceId',
  'environment',
  'consumer',
  'version',
  'startedAt',
  'endedAt',
  'endReason',
  'settings',
] as const;

const ORDER_KEYS = [
  'clientOrderId',
  'brokerOrderId',
  'algoRunId',
  'batchId',
  'symbol',
  'side',
  'type',
  'timeInForce',
  'qty',
  'limitPrice',
  'stopPrice',
  'filledQty',
  'avgPrice',
  'status',
  'reason',
  'createdAt',
  'updatedAt',
] as const;

export const TRADE_KEYS = [
  'tradeId',
  'algoRunId',
  'batchId',
  'clientOrderId',
  'symbol',
  'side',
  'qty',
  'price',
  'fee',
  'executedAt',
  'recordedAt',
  'orderedAt',
  'targetPrice',
  'stopPrice',
  'indicators',
] as const;

const POSITION_KEYS = [
  'symbol',
  'algoRunId',
  'qty',
  'avgPrice',
  'marketPrice',
  'unrealizedPnl',
  'realizedPnl',
] as const;

const MINED_COLUMNS: readonly Column<MinerRunRow>[] = [
  { title: 'miner', value: (row) => row.minerId },
  { title: 'started (UTC)', value: (row) => clockTime(row.startedAt) },
  { title: 'ended', value: (row) => clockTime(row.endedAt) },
  { title: 'outcome', value: (row) => row.endReason ?? 'runs' },
  { title: 'rows', align: 'right', value: (row) => String(row.rows) },
  { title: 'batch', value: (row) => row.batchId.slice(0, 8) },
  { title: 'why, or how far', value: (row) => row.error ?? row.progress ?? '' },
];

const MINED_KEYS = [
  ...(['minerRunId', 'batchId', 'minerId', 'miner', 'startedAt', 'endedAt', 'endReason'] as const),
  ...(['rows', 'error', 'progress'] as const),
] as const;
