/**
 * LiuAlgoTrader's `tradeplan.toml` and `miner.toml` as a plan of ours. What cannot be said in it, or means something
 * else, is noted with its line. Its Python classes are not translated: they are named as files to be written.
 */
import { formatDuration } from '../duration.ts';
import { convertMiners } from './miners.ts';
import { type Note, Notes } from './notes.ts';
import { type ConvertedOptimizer, convertOptimizer } from './optimizer.ts';
import { convertScanners, type OwnFile } from './scanners.ts';
import { type ConvertedStrategy, convertStrategies } from './strategies.ts';
import type { TomlTable, TomlValue } from './toml.ts';

const MS_PER_MINUTE = 60_000;
const SESSION_MINUTES = 390;
const DAY_MINUTES = 1_440;

export interface ConversionInput {
  readonly tradeplan: TomlTable;
  /** Null without a file of miners. */
  readonly miners: TomlTable | null;
  readonly mode: 'simulated' | 'paper' | 'live';
  readonly assetClass: 'us_equity' | 'crypto';
  /** Of strategies that neither name symbols nor have a scanner. */
  readonly symbols: readonly string[];
}

export interface Conversion {
  /** As `tradeplan.yaml` holds it. */
  readonly plan: Readonly<Record<string, unknown>>;
  /** Files of strategies and scanners that the plan names. */
  readonly files: readonly OwnFile[];
  readonly notes: readonly Note[];
  readonly minerNotes: readonly Note[];
  /** Ids of strategies that still have nothing to trade. */
  readonly withoutSymbols: readonly string[];
}

export function convertPlan(input: ConversionInput): Conversion {
  const { tradeplan: table, assetClass } = input;
  const notes = new Notes();
  const sessionMinutes = assetClass === 'crypto' ? DAY_MINUTES : SESSION_MINUTES;
  const top = convertTop(table, notes);
  const scanners = convertScanners(table.takeTable('scanners'), notes);
  const converted = convertStrategies(table.takeTable('strategies'), {
    scanners,
    symbols: input.symbols,
    sessionMinutes,
    notes,
  });
  const optimizer = convertOptimizer(table.takeTable('optimizer'), converted.ids, notes);
  notes.restOf(table, 'the plan has no such key');
  const minerNotes = new Notes();
  const miners = convertMiners(input.miners?.takeTable('miners'), minerNotes);
  if (input.miners !== null) minerNotes.restOf(input.miners, 'only [miners] is read');
  const startingCash = top.startingCash ?? optimizer.startingCash;
  const plan = {
    mode: input.mode,
    ...(assetClass === 'crypto' ? { asset_class: assetClass } : {}),
    ...top.keys,
    ...unlessEmpty('scanners', scanners.scanners),
    ...unlessEmpty('miners', miners),
    strategies: converted.strategies,
    ...(converted.hasFractions ? { risk: { allow_fractions: true } } : {}),
    ...(startingCash === null ? {} : { backtest: { starting_cash: startingCash } }),
    ...unlessEmpty('optimize', unlessEmpty('strategies', optimizer.strategies)),
  };
  return {
    plan,
    files: [...converted.files.map((file) => withSearched(file, optimizer)), ...scanners.files],
    notes: notes.all(),
    minerNotes: minerNotes.all(),
    withoutSymbols: converted.strategies.filter(tradesNothing).map(({ id }) => id),
  };
}

interface Top {
  readonly keys: Record<string, unknown>;
  readonly startingCash: number | null;
}

/** Where `events` of old are now: bars of a second are built from trades. */
const CHANNELS: Readonly<Record<string, string>> = {
  second: 'trades',
  trade: 'trades',
  minute: 'bars',
  quote: 'quotes',
};

const LEFT_OUT: Readonly<Record<string, string>> = {
  skip_existing:
    'positions of the account are always asked for; `unknown_holdings:` says what becomes of them',
  test_scanners: 'openbell scan runs the scanners alone',
  gcp_monitor_measure_prefix: '`metrics:` serves figures to Prometheus',
  file_only: 'strategies stand in the plan',
};

function convertTop(table: TomlTable, notes: Notes): Top {
  const keys: Record<string, unknown> = {};
  const value = table.take('portfolio_value');
  const cash = notes.read(value, 'number');
  if (value !== undefined && cash !== undefined) {
    notes.changed(value, "it is what backtests begin with; live, the account's own equity counts");
  }
  const risk = table.take('risk');
  const share = notes.read(risk, 'number');
  if (risk !== undefined && share !== undefined) {
    const amount = cash === undefined ? '' : ` (${Number((share * cash).toPrecision(12))} here)`;
    notes.leftOut(risk, `strategies take it as an amount, such as the parameter riskPerTrade${amount}`);
  }
  const lead = table.take('market_liquidation_end_time_minutes');
  const minutes = notes.read(lead, 'number');
  if (lead !== undefined && minutes !== undefined) {
    const leadMs = Math.round(minutes * MS_PER_MINUTE);
    keys.liquidate_before_close = leadMs > 0 ? formatDuration(leadMs) : 'never';
    notes.changed(lead, 'it counts: intraday positions are closed then');
  }
  const bypass = table.take('bypass_market_schedule');
  if (notes.read(bypass, 'boolean') === true) {
    keys.market_hours = 'always';
    notes.changed(bypass!, '`market_hours: always` trades whenever the market is there');
  }
  const fileOnly = table.take('file_only');
  if (notes.read(fileOnly, 'boolean') === false) {
    keys.trade_plan = { enabled: true };
    notes.changed(
      fileOnly!,
      'rows of trade_plan run, each on one daemon; their parameters are those of a strategy here',
    );
  }
  const channels = channelsOf(table.take('events'), notes);
  if (channels.length > 0) keys.channels = channels;
  for (const [key, why] of Object.entries(LEFT_OUT)) {
    const known = table.take(key);
    if (known !== undefined) notes.leftOut(known, why);
  }
  return { keys, startingCash: cash !== undefined && cash > 0 ? cash : null };
}

function channelsOf(value: TomlValue | undefined, notes: Notes): readonly string[] {
  if (value === undefined) return [];
  const events: readonly TomlValue[] = Array.isArray(value.value) ? value.value : [value];
  const channels = new Set<string>();
  for (const event of events) {
    const channel = typeof event.value === 'string' ? CHANNELS[event.value] : undefined;
    if (channel === undefined) notes.leftOut(event, 'no such event; a channel is trades, quotes or bars');
    else channels.add(channel);
  }
  if (channels.size > 0) notes.changed(value, 'it counts: these are the `channels:`');
  return [...channels];
}

/** What only the search sets is a parameter, too. */
function withSearched(file: OwnFile, { strategies }: ConvertedOptimizer): OwnFile {
  const searched = Object.entries(strategies[file.id] ?? {}).map(([key, { from }]) => [key, from]);
  return { ...file, parameters: { ...Object.fromEntries(searched), ...file.parameters } };
}

function tradesNothing({ symbols, scanners }: ConvertedStrategy): boolean {
  return symbols === undefined && scanners === undefined;
}

function unlessEmpty(key: string, value: object): Record<string, unknown> {
  return Object.keys(value).length > 0 ? { [key]: value } : {};
}
