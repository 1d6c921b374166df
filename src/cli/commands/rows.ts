/** What happened: rows from the database, through the daemon while one runs, else read directly. */
import { Command } from 'commander';
import { liveClock } from '../../clock/live.ts';
import type { OrderRow, PositionRow, RowFilter, RunRow, TradeRow } from '../../models/contract.ts';
import type { Storage } from '../../tradeplan/environment.ts';
import { connectControl } from '../../trader/control.ts';
import { dataDirectoryOption, jsonOption, type StorageOptions, storageOf, wholeNumber } from '../options.ts';
import { type Column, paintAmount, print, printJson, renderTable } from '../output.ts';

interface Options extends StorageOptions {
  readonly batch?: string;
  readonly limit: number;
  readonly json?: boolean;
}

type Listing = 'listRuns' | 'listOrders' | 'listTrades' | 'listPositions';

const LIMIT_DEFAULT = 1_000;
const LIMIT_MAX = 100_000;

export function runsCommand(): Command {
  return listing('runs', 'listRuns', RUN_COLUMNS);
}

export function ordersCommand(): Command {
  return listing('orders', 'listOrders', ORDER_COLUMNS);
}

export function tradesCommand(): Command {
  return listing('trades', 'listTrades', TRADE_COLUMNS);
}

export function positionsCommand(): Command {
  return listing('positions', 'listPositions', POSITION_COLUMNS);
}

function listing<Row>(name: string, method: Listing, columns: readonly Column<Row>[]): Command {
  return new Command(name)
    .option('--batch <id>', 'only of this batch (one start of the daemon)')
    .option(
      '--limit <rows>',
      'at most this many, the newest first',
      wholeNumber({ min: 1, max: LIMIT_MAX }),
      LIMIT_DEFAULT,
    )
    .addOption(dataDirectoryOption())
    .addOption(jsonOption())
    .addHelpText('after', `\nExamples:\n  openbell ${name}\n  openbell ${name} --json --limit 20`)
    .action(async (options: Options) => {
      const filter: RowFilter = {
        limit: options.limit,
        ...(options.batch === undefined ? {} : { batchId: options.batch }),
      };
      const rows = await read<Row>(storageOf(options), method, filter);
      if (options.json) printJson(rows);
      else print(renderTable(columns, rows, `no ${name} yet`));
    });
}

/** Asks the running daemon, which alone may touch the embedded database; without one opens the database. */
async function read<Row>(storage: Storage, method: Listing, filter: RowFilter): Promise<readonly Row[]> {
  const client = await connectControl(storage.dataDirectory, liveClock);
  if (client !== null) {
    try {
      return await client.call<readonly Row[]>(method, { ...filter });
    } finally {
      client.close();
    }
  }
  // Loaded only now: where a daemon answers, no database driver is needed here.
  const { withDatabase } = await import('../database.ts');
  return withDatabase(
    storage,
    ({ stores }) => stores[method](filter) as Promise<unknown> as Promise<readonly Row[]>,
  );
}

function clockTime(moment: string | null): string {
  return moment === null ? '' : moment.slice(0, 23).replace('T', ' ');
}

const RUN_COLUMNS: readonly Column<RunRow>[] = [
  { title: 'batch', value: (row) => row.batchId.slice(0, 8) },
  { title: 'run', align: 'right', value: (row) => row.algoRunId },
  { title: 'strategy', value: (row) => row.instanceId },
  { title: 'environment', value: (row) => row.environment },
  { title: 'consumer', value: (row) => row.consumer },
  { title: 'version', value: (row) => row.version.slice(0, 8) },
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

const TRADE_COLUMNS: readonly Column<TradeRow>[] = [
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
