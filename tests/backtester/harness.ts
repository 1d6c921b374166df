/** Runs of small worlds: a plan, a strategy that does what it is told, and rows that a test makes up. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BacktestOptions, runBacktest, showBatch } from '../../src/backtester/backtest.ts';
import type { BacktestResult } from '../../src/backtester/result.ts';
import { BacktestRun } from '../../src/backtester/run.ts';
import { liveClock } from '../../src/clock/live.ts';
import type { JsonObject, JsonValue } from '../../src/domain/order.ts';
import type { EpochMicros } from '../../src/domain/time.ts';
import { Batch } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { loadTradeplan } from '../../src/tradeplan/load.ts';
import { type PreparedInstance, prepareStrategies } from '../../src/trader/preparation.ts';

export const folder = mkdtempSync(join(tmpdir(), 'openbell-backtest-'));
// Test files of one process share it.
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Wednesday, 2024-03-06, 14:30 UTC: the open in New York. */
export const OPEN = Date.UTC(2024, 2, 6, 14, 30) * 1_000;
export const MINUTE = 60_000_000;
export const SECOND = 1_000_000;

/** What the scripted strategy does on its nth event (bars, trades and quotes count together, from 0). */
export interface Step {
  readonly at: number;
  /** `timer`: buys one when `quantity` seconds have passed. */
  readonly do: 'buy' | 'sell' | 'flatten' | 'cancel' | 'timer';
  readonly symbol?: string;
  readonly quantity?: number;
  readonly limitPrice?: number;
  readonly stopPrice?: number;
  readonly trailPrice?: number;
  readonly timeInForce?: string;
}

const SCRIPTED = `
import { defineStrategy, z } from 'openbell';
export default defineStrategy({
  name: 'scripted', description: 'does what it is told', scope: 'SCOPE', channels: CHANNELS,
  parameters: z.strictObject({ steps: z.array(z.any()).default([]), minuteBars: z.number().default(0), dailyBars: z.number().default(0), sees: z.boolean().default(false) }),
  warmUp: ({ minuteBars, dailyBars }) => ({ minuteBars, dailyBars }),
  initialState: () => ({ events: 0, ids: [] }),
  onStart(context) {
    const first = context.symbols[0];
    const view = context.view(first);
    context.log('info', 'start', { now: context.nowMicros, minutes: Array.from(view.minuteBars.column('close')), days: Array.from(view.dailyBars.column('close')) });
  },
  onBar(context, bar) { step(context, 'bar', { symbol: bar.symbol, time: bar.timeMicros, close: bar.close, held: context.position.quantity }); },
  onTrade(context, trade) { step(context, 'trade', { symbol: trade.symbol, time: trade.timeMicros, price: trade.price }); },
  onQuote(context, quote) { step(context, 'quote', { symbol: quote.symbol, time: quote.timeMicros, bid: quote.bidPrice }); },
  onFill(context, { side, quantity, price, timeMicros, isComplete }) {
    context.log('info', 'fill', { side, quantity, price, time: timeMicros, now: context.nowMicros, isComplete, equity: context.portfolio.equity });
  },
  onOrder(context, { side, status, reason }) { context.log('info', 'order', { side, status, reason, now: context.nowMicros }); },
  onTimer(context, name) {
    context.log('info', 'timer', { name, now: context.nowMicros });
    context.buy({ quantity: 1, reason: 'the time has come' });
  },
  onDenial(context, { reason }) { context.log('info', 'denial', { ...reason }); },
});
function step(context, kind, seen) {
  const { parameters, state } = context;
  if (parameters.sees) context.log('info', kind, { ...seen, now: context.nowMicros });
  for (const { at, do: action, symbol, ...order } of parameters.steps) {
    if (at !== state.events) continue;
    if (action === 'flatten') context.flatten('told to');
    else if (action === 'timer') context.setTimer('told', context.nowMicros + order.quantity * 1_000_000);
    else if (action === 'cancel') context.cancel(state.ids[order.quantity], 'told to');
    else state.ids.push(context[action]({ ...order, ...(symbol ? { symbol } : {}), reason: 'told to' }));
  }
  state.events += 1;
}
`;

export interface World {
  readonly symbols?: readonly string[];
  readonly steps?: readonly Step[];
  readonly channels?: readonly ('bars' | 'trades' | 'quotes')[];
  readonly scope?: 'symbol' | 'universe';
  readonly minuteBars?: number;
  readonly dailyBars?: number;
  /** The strategy logs every event. */
  readonly sees?: boolean;
  readonly intraday?: boolean;
  /** Keys of the plan beside those above. */
  readonly plan?: JsonObject;
  readonly backtest?: JsonObject;
  readonly risk?: JsonObject;
}

export interface Line {
  readonly message: string;
  readonly fields: { readonly [key: string]: JsonValue };
}

/** The plainest broker: no latency, no spread, no fees. */
const PLAIN: JsonObject = { latency: 0, spread_bps: 0, slippage_bps: 0, max_volume_percent: 100, fee_bps: 0 };
const WIDE: JsonObject = {
  max_order_notional: 1_000_000,
  max_position_notional: 1_000_000,
  max_daily_loss: 100_000,
  price_collar_percent: 100,
  max_orders_per_minute: 1_000,
};
let worlds = 0;
/** The same script for all worlds of a kind: bundling it takes longer than most runs. */
const bundled = new Map<string, PreparedInstance>();

export async function worldOf(world: World) {
  worlds += 1;
  const place = join(folder, `world${worlds}`);
  mkdirSync(place);
  const channels = world.channels ?? ['bars'];
  writeFileSync(
    join(place, 'scripted.ts'),
    SCRIPTED.replace('CHANNELS', JSON.stringify(channels)).replace('SCOPE', world.scope ?? 'symbol'),
  );
  const path = join(place, 'tradeplan.yaml');
  // JSON is YAML.
  writeFileSync(
    path,
    JSON.stringify({
      mode: 'simulated',
      channels: ['bars', 'trades', 'quotes'],
      liquidate_before_close: 'never',
      strategies: [
        {
          path: './scripted.ts',
          symbols: world.symbols ?? ['AAPL'],
          intraday: world.intraday ?? false,
          parameters: {
            steps: world.steps ?? [],
            minuteBars: world.minuteBars ?? 0,
            dailyBars: world.dailyBars ?? 0,
            sees: world.sees ?? false,
          },
        },
      ],
      risk: { ...WIDE, ...world.risk },
      backtest: { ...PLAIN, ...world.backtest },
      ...world.plan,
    }),
  );
  const plan = loadTradeplan(path);
  const key = `${channels.join()} ${world.scope ?? 'symbol'}`;
  let prepared = bundled.get(key);
  if (prepared === undefined) {
    const { instances, violations } = await prepareStrategies(plan);
    if (violations.length > 0) throw new Error(JSON.stringify(violations));
    prepared = instances[0]!;
    bundled.set(key, prepared);
  }
  const { minuteBars = 0, dailyBars = 0 } = world;
  const instances = plan.strategies.map(
    (strategy): PreparedInstance => ({
      ...prepared,
      instanceId: strategy.instanceId,
      symbols: strategy.symbols,
      parameters: strategy.parameters,
      warmUp: { minuteBars, dailyBars },
      plan: strategy,
    }),
  );
  return { plan, instances, place };
}

/** Collects what is logged; the desk's lines and the strategy's stand in one list. */
export function listener(): {
  readonly lines: Line[];
  readonly log: (level: string, message: string, fields: JsonObject) => void;
} {
  const lines: Line[] = [];
  return { lines, log: (_, message, fields) => lines.push({ message, fields }) };
}

/** What the strategy said under a word; the desk's own lines name the order. */
export function said(lines: readonly Line[], word: string): readonly Line['fields'][] {
  return lines
    .filter(({ message, fields }) => message === word && !('clientOrderId' in fields))
    .map(({ fields }) => fields);
}

export type OhlcRow = readonly [open: number, high: number, low: number, close: number, volume?: number];

/** Minute bars from a moment on, as CSV with milliseconds. */
export function csvOf(rows: readonly OhlcRow[], fromMicros: EpochMicros = OPEN): string {
  const lines = rows.map(
    ([open, high, low, close, volume = 1_000], index) =>
      `${(fromMicros + index * MINUTE) / 1_000},${open},${high},${low},${close},${volume}`,
  );
  return `ts_ms,open,high,low,close,volume\n${lines.join('\n')}\n`;
}

export interface FileRun {
  readonly result: BacktestResult;
  readonly lines: readonly Line[];
}

/** Runs a world on files: what they hold by name. */
export async function runOnFiles(
  world: World,
  files: Readonly<Record<string, string | Uint8Array>>,
  more: Partial<Omit<BacktestOptions, 'plan' | 'instances' | 'paths' | 'clock' | 'log'>> = {},
): Promise<FileRun> {
  const { plan, instances, place } = await worldOf(world);
  const paths = Object.entries(files).map(([name, text]) => {
    const path = join(place, name);
    writeFileSync(path, text);
    return path;
  });
  const { lines, log } = listener();
  const result = await runBacktest({ plan, instances, paths, clock: liveClock, log, ...more });
  return { result, lines };
}

export function runOnBars(world: World, rows: readonly OhlcRow[]): Promise<FileRun> {
  return runOnFiles(world, { 'bars.csv': csvOf(rows) });
}

/** Runs a world on rows in memory, in the order in which they are appended. */
export async function runOnRows(
  world: World,
  append: (batch: Batch, symbols: SymbolTable) => void,
): Promise<{ readonly run: BacktestRun; readonly lines: readonly Line[] }> {
  const { plan, instances } = await worldOf(world);
  const { lines, log } = listener();
  const symbols = new SymbolTable();
  const batch = Batch.create({ rows: 1_024, heapBytes: 65_536 }, 1, OPEN);
  append(batch, symbols);
  for (const symbol of world.symbols ?? ['AAPL']) symbols.intern(symbol);
  const run = new BacktestRun({
    batchId: 'test',
    plan,
    instances,
    symbols,
    feedHasBars: (world.channels ?? ['bars']).includes('bars'),
    startMicros: OPEN,
    log,
  });
  showBatch(run, batch, { fromMicros: OPEN, toMicros: Number.POSITIVE_INFINITY });
  run.finish();
  return { run, lines };
}
