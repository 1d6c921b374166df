/** The live view of a running daemon: one screen drawn from its status document. Pure: status in, text out. */
import colours from 'picocolors';
import { decimal, formatFixed } from '../domain/decimal.ts';
import type { StageQuantiles } from '../observability/stages.ts';
import type { ConsumerStatus, DaemonStatus } from '../trader/control/status.ts';
import { formatDurationMicros, formatDurationMs } from './duration.ts';
import { paintAmount, renderTable } from './output.ts';

const FILLS_SHOWN = 8;
const ROWS_SHOWN = 10;
const ALERTS_SHOWN = 3;
const SPARK = '▁▂▃▄▅▆▇█';

/** What the view remembers between two drawings, for its small charts. */
export interface ViewMemory {
  readonly eventsPerSecond: readonly number[];
  readonly profit: readonly number[];
}

export const EMPTY_MEMORY: ViewMemory = { eventsPerSecond: [], profit: [] };
const MEMORY_MAX = 40;

export function remember(memory: ViewMemory, status: DaemonStatus): ViewMemory {
  return {
    eventsPerSecond: [...memory.eventsPerSecond, status.feed.eventsPerSecond].slice(-MEMORY_MAX),
    profit: [...memory.profit, totalProfit(status)].slice(-MEMORY_MAX),
  };
}

/** Realised and unrealised profit of all positions, after fees, in the account's currency. */
export function totalProfit(status: DaemonStatus): number {
  const positions = status.desk?.positions ?? [];
  return positions.reduce(
    (sum, position) =>
      sum + Number(position.realizedPnl) - Number(position.fees) + Number(position.unrealizedPnl ?? 0),
    0,
  );
}

/** The whole screen, at most `rows` lines. */
export function renderView(
  status: DaemonStatus,
  memory: ViewMemory,
  size: { rows: number; columns: number },
): string {
  const blocks = [
    heading(status),
    feedLine(status, memory),
    accountLine(status, memory),
    stageLine(status),
    status.metricsUrl === null ? '' : `metrics  ${status.metricsUrl}`,
    consumerTable(status.consumers),
    positionTable(status),
    orderTable(status),
    fillTable(status),
    alertLines(status),
  ].filter((block) => block !== '');
  const lines = blocks.join('\n').split('\n');
  const footer = colours.dim(
    'Ctrl-C stops in order: no new orders, open ones canceled, everything written down.',
  );
  return [...lines.slice(0, size.rows - 2), footer].join('\n');
}

/** One line for a log or a pipe, where a screen cannot be redrawn. */
export function renderLine(status: DaemonStatus): string {
  const desk = status.desk;
  const lag = Math.max(0, ...status.consumers.map((consumer) => consumer.lagMs));
  const held = desk?.positions.filter((position) => position.qty !== '0').length ?? 0;
  return [
    status.state,
    `${Math.round(status.feed.eventsPerSecond)} events/s`,
    `${status.feed.symbols} symbols`,
    `lag ${formatDurationMs(lag)}`,
    `${desk?.openOrders.length ?? 0} open orders`,
    `${held} positions`,
    `P&L ${totalProfit(status).toFixed(2)}`,
  ].join(' · ');
}

function heading(status: DaemonStatus): string {
  const health = status.isHealthy
    ? colours.green('healthy')
    : colours.red(status.problems[0] ?? 'not healthy');
  return `${colours.bold('OPENBELL')} ${status.environment} · ${status.state} · up ${formatDurationMs(status.uptimeMs)} · batch ${status.batchId.slice(0, 8)} · ${health}`;
}

function feedLine(status: DaemonStatus, memory: ViewMemory): string {
  const { feed } = status;
  const age = feed.ageMs === null ? 'no event yet' : `last ${formatDurationMs(feed.ageMs)} ago`;
  const state = feed.state === 'live' ? colours.green(feed.state) : colours.yellow(feed.state);
  return `feed     ${state} · ${Math.round(feed.eventsPerSecond).toLocaleString('en-US')} events/s ${sparkline(memory.eventsPerSecond)} · ${feed.symbols} symbols · ${age} · ${feed.reconnects} reconnects`;
}

function accountLine(status: DaemonStatus, memory: ViewMemory): string {
  const { desk } = status;
  if (desk?.account == null) return 'account  waiting for the broker';
  const risk =
    desk.riskState === 'active'
      ? colours.green('active')
      : colours.red(`${desk.riskState}: ${desk.riskReason ?? ''}`);
  return `account  equity ${fixed(desk.account.equity)} ${desk.account.currency} · P&L ${paintAmount(totalProfit(status).toFixed(2))} ${sparkline(memory.profit)} · risk ${risk} · ${desk.ordersSubmitted} orders sent · ${desk.denials} denied`;
}

/** Median and 99th percentile of each stage, of the slowest thread that has it. */
function stageLine({ stages }: DaemonStatus): string {
  const worst = new Map<string, StageQuantiles>();
  for (const { stage, quantiles } of stages) {
    if (quantiles !== null && quantiles.p99Micros >= (worst.get(stage)?.p99Micros ?? 0))
      worst.set(stage, quantiles);
  }
  if (worst.size === 0) return '';
  const texts = [...worst].map(
    ([stage, { p50Micros, p99Micros }]) =>
      `${stage} ${formatDurationMicros(p50Micros)}/${formatDurationMicros(p99Micros)}`,
  );
  return `p50/p99  ${texts.join(' · ')}`;
}

function consumerTable(consumers: readonly ConsumerStatus[]): string {
  return renderTable(
    [
      { title: 'consumer', value: (row) => row.name },
      {
        title: 'state',
        value: (row) => (row.state === 'running' ? row.state : colours.red(`${row.state} ${row.detail}`)),
      },
      { title: 'units', align: 'right', value: (row) => String(row.units) },
      { title: 'events', align: 'right', value: (row) => row.eventsShown.toLocaleString('en-US') },
      { title: 'stale', align: 'right', value: (row) => String(row.eventsStale) },
      { title: 'lag', align: 'right', value: (row) => formatDurationMs(row.lagMs) },
      { title: 'heap', align: 'right', value: (row) => `${Math.round(row.heapUsedBytes / 1_048_576)} MB` },
    ],
    consumers,
    '',
  );
}

function positionTable(status: DaemonStatus): string {
  const held = (status.desk?.positions ?? []).filter((position) => position.qty !== '0');
  return renderTable(
    [
      { title: 'position', value: (row) => row.symbol },
      { title: 'strategy', value: (row) => row.instanceId },
      { title: 'quantity', align: 'right', value: (row) => row.qty },
      { title: 'entry', align: 'right', value: (row) => fixed(row.avgPrice) },
      { title: 'market', align: 'right', value: (row) => fixed(row.marketPrice ?? '') },
      { title: 'open P&L', align: 'right', value: (row) => paintAmount(fixed(row.unrealizedPnl ?? '')) },
    ],
    held.slice(0, ROWS_SHOWN),
    'no positions',
  );
}

function orderTable(status: DaemonStatus): string {
  return renderTable(
    [
      { title: 'open order', value: (row) => row.symbol },
      { title: 'strategy', value: (row) => row.instanceId },
      { title: 'side', value: (row) => row.side },
      {
        title: 'quantity',
        align: 'right',
        value: (row) => `${row.filledQty} of ${row.qty}`,
      },
      {
        title: 'price',
        align: 'right',
        value: (row) => (row.limitPrice === null ? row.type : fixed(row.limitPrice)),
      },
      { title: 'status', value: (row) => row.status },
    ],
    (status.desk?.openOrders ?? []).slice(0, ROWS_SHOWN),
    'no open orders',
  );
}

function fillTable(status: DaemonStatus): string {
  const fills = (status.desk?.recentFills ?? []).slice(-FILLS_SHOWN).reverse();
  return renderTable(
    [
      { title: 'last fills', value: (row) => row.executedAt.slice(11, 23) },
      { title: 'symbol', value: (row) => row.symbol },
      { title: 'strategy', value: (row) => row.instanceId },
      { title: 'side', value: (row) => (row.side === 'buy' ? colours.green('buy') : colours.red('sell')) },
      { title: 'quantity', align: 'right', value: (row) => row.qty },
      { title: 'price', align: 'right', value: (row) => fixed(row.price) },
    ],
    fills,
    'no fills yet',
  );
}

function alertLines(status: DaemonStatus): string {
  return status.alerts
    .slice(-ALERTS_SHOWN)
    .map((alert) => {
      const paint =
        alert.severity === 'critical'
          ? colours.red
          : alert.severity === 'warning'
            ? colours.yellow
            : colours.dim;
      return paint(`${alert.at.slice(11, 19)} ${alert.message}`);
    })
    .join('\n');
}

/** An amount with two decimals; nothing for nothing. */
function fixed(text: string): string {
  return text === '' ? '' : formatFixed(decimal(text), 2);
}

function sparkline(values: readonly number[]): string {
  if (values.length < 2) return '';
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  return colours.cyan(
    values.map((value) => SPARK[Math.min(7, Math.floor(((value - low) / span) * 8))]).join(''),
  );
}
