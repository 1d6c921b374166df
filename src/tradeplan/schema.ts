/** The plan's file as users write it: every key, what it may hold, and what it is when left out. */
import { z } from 'zod';
import {
  amount,
  choice,
  cron,
  duration,
  flag,
  identifier,
  list,
  oneOrMore,
  parameters,
  range,
  ratio,
  relative,
  section,
  symbols,
  text,
  whole,
} from './values.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Liquid stocks and funds of different sizes and industries: a market to try things on. */
const SIMULATED_STOCKS = [
  ...['AAPL', 'MSFT', 'NVDA', 'AMZN', 'GOOGL', 'META', 'TSLA', 'AMD', 'NFLX', 'INTC'],
  ...['JPM', 'BAC', 'XOM', 'CVX', 'KO', 'PEP', 'DIS', 'IBM', 'SPY', 'QQQ'],
];
const SIMULATED_COINS = ['BTC/USD', 'ETH/USD', 'SOL/USD', 'LTC/USD', 'DOGE/USD', 'AVAX/USD'];

export function simulatedSymbols(assetClass: 'us_equity' | 'crypto'): readonly string[] {
  return assetClass === 'crypto' ? SIMULATED_COINS : SIMULATED_STOCKS;
}

const CONSUMERS = 'auto, or a whole number from 1 to 64';

const scannerNames = () => list(identifier(), 'a list of names of scanners of this plan');

/** When a scanner or a miner runs; several together all count. */
const times = {
  cron: oneOrMore(cron(), 'five or six cron fields such as "*/5 9-15 * * 1-5", or a list of such')
    .optional()
    .describe("Five or six cron fields, in the exchange's time zone."),
  at: oneOrMore(
    relative(),
    '`open`, `close`, "15m after open", "5m before close" (at most 12h), or a list of such',
  )
    .optional()
    .describe('Relative to each session: "5m before open", "15m after open", "close".'),
};

const scanner = section({
  name: identifier()
    .optional()
    .describe(
      'A built-in scanner: list, momentum, gap, relative-volume, most-active, new-highs, sql. Left out, the entry has its name.',
    ),
  path: text('the path of a scanner file, from the plan')
    .optional()
    .describe('Your own scanner, from the plan.'),
  parameters: parameters().optional().describe('Checked by the scanner.'),
  every: duration(SECOND, DAY)
    .optional()
    .describe('At the start, then again after this time, while the market is open.'),
  ...times,
  max_picks: whole(1, 1_000, 'symbols').default(20).describe('The highest ranked are kept.'),
});

const miner = section({
  name: identifier()
    .optional()
    .describe(
      'A built-in miner: daily-bars, ticker-data, constituents, clusters, gain-loss. Left out, the entry has its name.',
    ),
  parameters: parameters().optional().describe('Checked by the miner.'),
  every: duration(MINUTE, 7 * DAY)
    .optional()
    .describe('At the start, then again after this time, whether the market is open or not.'),
  ...times,
});

const tradingWindow = section({
  start: duration(-DAY, DAY).describe('After the regular open; negative before it, with extended hours.'),
  duration: duration(SECOND, DAY).optional().describe("Left out: until the session's end."),
});

const strategyRisk = section({
  max_order_notional: amount().optional().describe('Its largest order, where smaller than that of all.'),
  max_notional: amount().optional().describe('All that it holds and has ordered, long and short.'),
  max_open_orders: whole(1, 10_000, 'orders').optional(),
  max_orders_per_minute: whole(1, 10_000, 'orders').optional().describe('Cancels are free.'),
  max_daily_loss: amount()
    .optional()
    .describe('Its realised and open loss of the day, after which it only closes.'),
  max_drawdown: amount()
    .optional()
    .describe('What it may lose from its highest P&L on; then it only closes, until `openbell resume`.'),
});

const strategy = section({
  name: identifier()
    .optional()
    .describe(
      'A built-in strategy: momentum-long, vwap-reversion, opening-range-breakout, trend-following, pairs.',
    ),
  path: text('the path of a strategy file, from the plan')
    .optional()
    .describe('Your own strategy, from the plan.'),
  id: identifier().optional().describe('Name of this instance in rows and logs; left out, made of the name.'),
  symbols: symbols().default([]).describe('Symbols that it always trades.'),
  scanners: scannerNames().default([]).describe('Scanners whose picks it trades.'),
  windows: list(tradingWindow, 'a list of windows')
    .default([])
    .describe('When it may take new risk; left out: always.'),
  parameters: parameters().optional().describe('Checked by the strategy.'),
  portfolio: identifier()
    .optional()
    .describe('The portfolio whose cash it trades with (`openbell portfolio`). Left out: the whole account.'),
  risk: strategyRisk.optional().describe('Limits of its own, beside those of all.'),
  intraday: flag().default(true).describe('Flat before the close, by liquidate_before_close.'),
});

const risk = section({
  max_order_notional: amount().default('10000').describe('Largest order, in the account currency.'),
  max_order_quantity: amount()
    .optional()
    .describe('Largest order, in shares or coins. Left out: no such limit.'),
  max_position_notional: amount()
    .default('20000')
    .describe('Largest position of one strategy in one symbol.'),
  max_position_quantity: amount()
    .optional()
    .describe(
      'Largest position in one symbol, in shares or coins, over all strategies. Left out: no such limit.',
    ),
  max_gross_notional: amount()
    .optional()
    .describe('All positions and open orders together, long and short. Left out: no such limit.'),
  max_open_orders: whole(1, 10_000, 'orders').default(50),
  max_orders_per_minute: whole(1, 10_000, 'orders')
    .default(60)
    .describe('Over all strategies; cancels are free.'),
  max_daily_loss: amount()
    .default('2000')
    .describe('Realised and open loss of the day that halts all new risk.'),
  max_drawdown: amount()
    .optional()
    .describe(
      "What the account's equity may fall from its highest on; then only closing is allowed, until `openbell resume`. Left out: no such limit.",
    ),
  price_collar_percent: ratio(0.01, 100, 'percent')
    .default(5)
    .describe('How far a limit price may lie from the market.'),
  max_market_age: duration(100, HOUR).default(MINUTE).describe('No order on a price older than this.'),
  allow_short: flag().default(false),
  allow_fractions: flag().default(false),
});

const alerts = section({
  webhook: text('an https:// address')
    .optional()
    .describe('Called with each alert as JSON by POST. A secret.'),
  command: oneOrMore(text('a program or an argument'), 'a program, or a list of a program and its arguments')
    .optional()
    .describe('Run with each alert as JSON on standard input; no shell.'),
  timeout: duration(100, 5 * MINUTE).default(10 * SECOND),
});

const metrics = section({
  port: whole(0, 65_535)
    .optional()
    .describe('Prometheus reads /metrics here; 0 takes any free port. Left out: no endpoint.'),
  host: text('an address of this machine, such as 127.0.0.1')
    .default('127.0.0.1')
    .describe('Beyond loopback anybody who reaches the port can read it.'),
});

const recordSection = section({
  market: flag().default(true).describe('What the feed sends, once.'),
  inbox: flag().default(true).describe('What each consumer and the desk took, in its order: for replay.'),
  directory: text('a folder, from the plan')
    .optional()
    .describe('Where the tapes lie, from the plan. Left out: tapes in the data directory.'),
  max_segment_mb: whole(1, 65_536, 'MiB').default(256).describe('A longer tape is closed, the next begun.'),
  max_age: duration(DAY, 3_650 * DAY)
    .default(30 * DAY)
    .describe('Tapes of older sessions are removed.'),
  max_total_mb: whole(1, 1_000_000_000, 'MiB')
    .default(51_200)
    .describe('Beyond it the oldest closed tapes are removed.'),
  min_free_mb: whole(0, 1_000_000_000, 'MiB')
    .default(1_024)
    .describe('Recording stops, and trading goes on, when the disk has less left.'),
});
const RECORD = 'true, false, or a mapping such as { market: true, inbox: false }';
const record = z.union([z.boolean(RECORD), recordSection], { error: RECORD });

/** What `record: true` stands for. */
export function recordDefaults(): z.output<typeof recordSection> {
  return recordSection.parse({});
}

const rebalance = section({
  enabled: flag()
    .default(true)
    .describe('Moves strategies and symbols from a consumer that is behind to others.'),
  max_lag: duration(10, HOUR)
    .default(SECOND)
    .describe('A consumer that shows events older than this is behind.'),
  patience: duration(SECOND, HOUR)
    .default(5 * SECOND)
    .describe('Behind for so long before anything moves.'),
  max_moves_per_minute: whole(1, 1_000, 'moves').default(12),
  rest: duration(SECOND, DAY).default(MINUTE).describe('What has moved stays for so long.'),
  max_load_percent: whole(1, 100, 'percent')
    .default(70)
    .describe('Of one core: a consumer takes nothing that would make it busier.'),
  prepare_timeout: duration(100, 5 * MINUTE)
    .default(30 * SECOND)
    .describe('A move whose consumers do not answer by then is called off.'),
});

const limits = section({
  max_waiting_trades: whole(16, 10_000_000, 'trades')
    .default(65_536)
    .describe('Per consumer; beyond it they are dropped and counted.'),
  max_history_bars: whole(1, 1_000_000, 'bars').default(1_000).describe('Bars kept per symbol and interval.'),
  consumer_heap_mb: whole(32, 65_536, 'MiB').default(512).describe('A consumer over it is restarted.'),
  history_request_timeout: duration(100, 10 * MINUTE).default(30 * SECOND),
  submit_timeout: duration(100, 5 * MINUTE)
    .default(10 * SECOND)
    .describe('Then the fate of the order is asked for.'),
  stop_timeout: duration(SECOND, 5 * MINUTE)
    .default(8 * SECOND)
    .describe('To stop in order; then the daemon ends.'),
  heartbeat_timeout: duration(100, 10 * MINUTE)
    .default(5 * SECOND)
    .describe('A consumer silent for longer is blocked.'),
  scanner_timeout: duration(100, HOUR).default(MINUTE).describe('For one scan.'),
  miner_timeout: duration(SECOND, DAY).default(HOUR).describe('For one run; what it wrote is kept.'),
  max_consumer_restarts_per_hour: whole(0, 1_000, 'restarts').default(10),
});

const tradePlanTable = section({
  enabled: flag().default(false).describe('Rows of the table run from their date on until they expire.'),
  poll: duration(SECOND, HOUR).default(MINUTE).describe('How often the table is looked at.'),
  max_rows: whole(1, 1_000, 'rows').default(100).describe('Those that began first are followed.'),
});

const simulation = section({
  seed: whole(0, 4_294_967_295).default(1).describe('The same seed gives the same market.'),
  symbols: symbols().optional().describe('Those of the strategies are added.'),
  rate: whole(1, 1_000_000, 'events a second').default(500).describe('Over all symbols.'),
  tape: text('the path of a tape file, from the plan')
    .optional()
    .describe('Played instead of the synthetic market.'),
  tape_offset: duration(0, 7 * DAY)
    .default(0)
    .describe('Where in the tape playing begins; what lies before is history.'),
  tape_speed: ratio(0.01, 1_000, 'times').default(1).describe('2 plays the tape twice as fast.'),
});

const backtest = section({
  starting_cash: amount().default('100000'),
  latency: duration(0, HOUR).default(50).describe('From a decision to the exchange, and the same back.'),
  spread_bps: ratio(0, 10_000, 'basis points')
    .default(2)
    .describe('Between bid and ask, where the data has no quotes.'),
  slippage_bps: ratio(0, 10_000, 'basis points')
    .default(1)
    .describe('By which market and stop orders deal worse than the price shown.'),
  max_volume_percent: ratio(0.001, 100, 'percent')
    .default(10)
    .describe("Of a bar's or a trade's volume, the most that our orders get."),
  fee_bps: ratio(0, 10_000, 'basis points')
    .optional()
    .describe("Of a deal's value; 0 for stocks, 25 for crypto, as Alpaca's are."),
  fee_per_share: ratio(0, 1_000, 'of the account currency').default(0),
  fee_minimum: ratio(0, 1_000, 'of the account currency').default(0).describe('The least fee of a deal.'),
  sell_fee_bps: ratio(0, 10_000, 'basis points').default(0).describe('Of sales, beyond fee_bps.'),
  sell_fee_per_share: ratio(0, 1_000, 'of the account currency').default(0),
  borrow_percent: ratio(0, 1_000, 'percent a year').default(3).describe('Of what is held short.'),
  bar_interval: duration(SECOND, DAY).default(MINUTE).describe('How long a bar of the data is.'),
  bad_data: choice(['refuse', 'repair'])
    .default('refuse')
    .describe('refuse: a wrong row ends the run. repair: it is left out, and reported.'),
});

const ranges = () =>
  z.record(
    identifier(),
    z.record(z.string(), range(), 'a mapping of parameter names to their values'),
    'a mapping of names to parameters',
  );

const optimize = section({
  strategies: ranges().default({}).describe('By the id of a strategy: the values of each parameter to try.'),
  scanners: ranges().default({}).describe('The same by the name of a scanner.'),
  objective: choice(['sharpe', 'sortino', 'return', 'profit_factor', 'return_by_drawdown'])
    .default('sharpe')
    .describe('What the best trial has the most of.'),
  search: choice(['grid', 'random', 'tpe'])
    .default('grid')
    .describe(
      'grid: every combination. random: max_trials of them, drawn without repeating. tpe: as many, chosen by what the earlier ones came to.',
    ),
  max_trials: whole(1, 1_000_000, 'trials').default(1_000).describe('A larger grid is refused.'),
  seed: whole(0, 4_294_967_295).default(1).describe('The same seed draws the same trials.'),
  folds: whole(0, 50, 'folds')
    .default(0)
    .describe('Walk forward: choose on the past, test on what follows, so often. 0: not at all.'),
  holdout_percent: ratio(0, 90, 'percent')
    .default(20)
    .describe('The end of the data, kept from the search and shown once, to the best trial. 0: none.'),
  max_data_mb: whole(1, 1_000_000, 'MiB')
    .default(2_048)
    .describe('Of decoded data, which all workers share.'),
});

export const planSchema = section({
  mode: choice(['simulated', 'paper', 'live']).describe(
    'simulated: local exchange. paper: needs keys. live: real money.',
  ),
  provider: choice(['alpaca']).default('alpaca').describe('What tells prices.'),
  broker: choice(['alpaca', 'paper']).default('alpaca').describe('What takes orders; paper fills them here.'),
  asset_class: choice(['us_equity', 'crypto']).default('us_equity'),
  feed: text('the name of a feed')
    .optional()
    .describe('iex, sip, delayed_sip ... for stocks; crypto or a location such as us-1.'),
  feed_delay: duration(0, DAY)
    .optional()
    .describe('How far the feed lags by agreement; 15m for delayed_sip, else 0.'),
  channels: list(choice(['trades', 'quotes', 'bars']), 'a list of: trades, quotes, bars')
    .min(1, 'at least one of: trades, quotes, bars')
    .default(['trades', 'quotes', 'bars']),
  max_event_age: duration(10, DAY)
    .default(5 * SECOND)
    .describe('Older events are not shown to strategies.'),
  max_feed_lag: duration(10, DAY)
    .default(5 * SECOND)
    .describe('Allowed lag beyond feed_delay.'),
  consumers: z
    .union([z.literal('auto'), z.int(CONSUMERS).min(1, CONSUMERS).max(64, CONSUMERS)], { error: CONSUMERS })
    .default('auto')
    .describe('Threads that run strategies.'),
  market_hours: choice(['regular', 'extended', 'always'])
    .optional()
    .describe('regular for stocks, always for crypto.'),
  liquidate_before_close: z
    .union([z.literal('never'), duration(SECOND, DAY)], { error: 'never, or a duration such as 15m' })
    .optional()
    .describe('Intraday positions are closed this long before the close; 15m for stocks, never for crypto.'),
  scanners: z
    .record(identifier(), scanner, 'a mapping of scanner names to scanners')
    .default({})
    .describe('What picks symbols.'),
  miners: z
    .record(identifier(), miner, 'a mapping of miner names to miners')
    .default({})
    .describe('What collects daily bars, companies and results.'),
  strategies: list(strategy, 'a list of strategies').default([]),
  trade_plan: tradePlanTable
    .prefault({})
    .describe('Strategies that stand in the table trade_plan of the database, beside those of this file.'),
  risk: risk.prefault({}).describe("The desk's limits, over all strategies unless said otherwise."),
  unknown_holdings: choice(['leave', 'adopt', 'flatten'])
    .default('leave')
    .describe(
      'Positions and orders of the account that no strategy here has placed: report and leave them, adopt positions for the strategy that alone trades the symbol, or close and cancel them.',
    ),
  journal: choice(['synced', 'written'])
    .optional()
    .describe(
      'When an order counts as written down: synced survives a loss of power, written a kill of the daemon.',
    ),
  alerts: alerts.prefault({}),
  metrics: metrics.prefault({}).describe('The endpoint for Prometheus, with /healthz and /readyz.'),
  record: record
    .default(true)
    .describe('The tapes: true for all as they are by default, false for none, or what differs.'),
  rebalance: rebalance.prefault({}).describe('What becomes of the symbols of a consumer that is behind.'),
  limits: limits.prefault({}),
  simulation: simulation.prefault({}),
  backtest: backtest.prefault({}).describe('How the broker of `openbell backtest` deals.'),
  optimize: optimize.prefault({}).describe('What `openbell optimize` tries.'),
});

/** What the schema makes of a valid file: complete with the defaults that depend on nothing else. */
export type PlanFile = z.output<typeof planSchema>;
