/**
 * A strategy tried on prices that a test makes up: a backtest in memory, with the same two machines that run live, a
 * broker without spread, fees or delay, and limits that do not get in the way.
 */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { showBatch } from '../backtester/backtest.ts';
import { BacktestRun } from '../backtester/run.ts';
import { numberFromDecimal } from '../domain/decimal.ts';
import { EXIT_USAGE, UserError, type Violation } from '../domain/exit.ts';
import type { JsonObject, JsonValue, Side } from '../domain/order.ts';
import { appendBar, appendTrade } from '../tape/append.ts';
import { Batch } from '../tape/batch.ts';
import { SymbolTable } from '../tape/symbols.ts';
import { parseTradeplan } from '../tradeplan/load.ts';
import { prepareStrategies } from '../trader/preparation.ts';
import { MINUTE_MICROS, type MinuteBar, OPEN_MICROS, type TestTrade } from './market.ts';

const AMPLE = 1_000_000_000;

export interface TrialOptions {
  /** The strategy's file, as a path from the working directory or as `new URL('./mine.ts', import.meta.url)`. */
  readonly strategy: string | URL;
  readonly parameters?: JsonObject;
  /** Closed minutes; fills happen at the open of the minute after the one that led to the order. */
  readonly bars?: readonly MinuteBar[];
  /** Trades, for strategies that look at each; bars are built from them. Give bars or trades. */
  readonly trades?: readonly TestTrade[];
  /** So many minutes from the open on are only history: what `warmUp` asks for. Default 0. */
  readonly historyMinutes?: number;
  /** Sections of a plan beside the strategy, such as `{ risk: { max_order_notional: 1000 } }`. */
  readonly plan?: JsonObject;
  /** Keys of the plan's entry, such as `{ windows: [{ start: '5m', duration: '1h' }] }`. */
  readonly entry?: JsonObject;
}

export interface TrialFill {
  readonly symbol: string;
  readonly side: Side;
  readonly quantity: number;
  readonly price: number;
}

export interface Trial {
  readonly fills: readonly TrialFill[];
  /** Orders that risk refused, in words. */
  readonly denials: readonly string[];
  /** What the strategy logged. */
  readonly messages: readonly string[];
  /** Handlers that threw, and critical alerts of the desk. */
  readonly faults: readonly string[];
  /** Quantity held of each symbol at the end; without those that are flat. */
  readonly positions: Readonly<Record<string, number>>;
  /** What the account has gained, in its currency; it begins with 100,000. */
  readonly profit: number;
}

/**
 * @throws {UserError} when the file is no strategy or its parameters do not fit, with every violation in its message.
 */
export async function tryStrategy(options: TrialOptions): Promise<Trial> {
  const events = eventsOf(options);
  const names = [...new Set(events.map(({ symbol }) => symbol))];
  const { plan, instances } = await prepared(options, names);
  const symbols = new SymbolTable();
  for (const name of names) symbols.intern(name);
  const fills: TrialFill[] = [];
  const denials: string[] = [];
  const messages: string[] = [];
  const startMicros = OPEN_MICROS + (options.historyMinutes ?? 0) * MINUTE_MICROS;
  const run = new BacktestRun({
    batchId: 'trial',
    plan,
    instances,
    symbols,
    feedHasBars: options.bars !== undefined,
    startMicros,
    log: (_level, message, fields) => {
      // The desk's lines name the order that they are about.
      if (!('clientOrderId' in fields)) {
        if ('instanceId' in fields) messages.push(message);
      } else if (message === 'fill') fills.push(fillOf(fields));
      else if (message === 'intent denied') denials.push(textOf(fields.reason));
    },
  });
  const batch = batchOf(events, symbols);
  showBatch(run, batch, { fromMicros: startMicros, toMicros: Number.POSITIVE_INFINITY });
  run.finish();
  const { positions } = run.machine.status();
  const held = positions
    .filter(({ quantity }) => quantity !== 0n)
    .map(({ symbol, quantity }) => [symbol, numberFromDecimal(quantity)] as const);
  return {
    fills,
    denials,
    messages,
    faults: run.notes.map(({ message }) => message),
    positions: Object.fromEntries(held),
    profit: numberFromDecimal(run.account.equity()) - numberFromDecimal(run.account.startingCash),
  };
}

type Event = MinuteBar | TestTrade;

function eventsOf({ bars, trades }: TrialOptions): readonly Event[] {
  if ((bars === undefined) === (trades === undefined)) throw new TypeError('give either bars or trades');
  const events: readonly Event[] = bars ?? trades ?? [];
  if (events.length === 0) throw new TypeError('give at least one bar or trade');
  return [...events].sort((a, b) => a.timeMicros - b.timeMicros);
}

async function prepared(options: TrialOptions, symbols: readonly string[]) {
  const { strategy, parameters = {}, plan = {}, entry = {} } = options;
  const path = strategy instanceof URL ? fileURLToPath(strategy) : resolve(strategy);
  const text = JSON.stringify({
    mode: 'simulated',
    channels: ['bars', 'trades', 'quotes'],
    liquidate_before_close: 'never',
    strategies: [{ path, symbols, intraday: false, parameters, ...entry }],
    risk: {
      max_order_notional: AMPLE,
      max_position_notional: AMPLE,
      max_daily_loss: AMPLE,
      max_orders_per_minute: 1_000,
      allow_short: true,
      allow_fractions: true,
    },
    backtest: { latency: 0, spread_bps: 0, slippage_bps: 0, max_volume_percent: 100, fee_bps: 0 },
    ...plan,
  });
  const parsed = parseTradeplan(text, join(dirname(path), 'trial.yaml'));
  if (!parsed.ok) throw unfit(path, parsed.violations);
  const { instances, violations } = await prepareStrategies(parsed.plan);
  if (violations.length > 0) throw unfit(path, violations);
  return { plan: parsed.plan, instances };
}

function unfit(path: string, violations: readonly Violation[]): UserError {
  const texts = violations.map(
    ({ path: at, found, allowed }) => `${at} is ${found || 'nothing'}; ${allowed}`,
  );
  const remedy = 'Correct what is named.';
  return new UserError({ exitCode: EXIT_USAGE, cause: `${path}: ${texts.join('; ')}`, remedy, violations });
}

function batchOf(events: readonly Event[], symbols: SymbolTable): Batch {
  const batch = Batch.create(
    { rows: events.length + 64, heapBytes: events.length * 32 + 4_096 },
    1,
    OPEN_MICROS,
  );
  for (const event of events) {
    if ('price' in event) appendTrade(batch, tradeOf(event), { symbols });
    else appendBar(batch, barOf(event), { symbols, receivedMicros: event.timeMicros + MINUTE_MICROS });
  }
  return batch;
}

function tradeOf({ symbol, timeMicros, price, size }: TestTrade) {
  return { symbol, timeMicros, price, size, exchange: 'V', conditions: [], tape: 'C', id: '' };
}

function barOf(bar: MinuteBar) {
  return { vwap: (bar.high + bar.low + bar.close) / 3, tradeCount: 1, ...bar };
}

function fillOf({ symbol, side, quantity, price }: Readonly<Record<string, JsonValue>>): TrialFill {
  return {
    symbol: textOf(symbol),
    side: side === 'sell' ? 'sell' : 'buy',
    quantity: Number(quantity),
    price: Number(price),
  };
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
