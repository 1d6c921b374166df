/** The plan's file as users write it: every key, what it may hold, and what it is when left out. */
import { z } from 'zod';
import { alerts, limits, metrics, rebalance, record } from './operation.ts';
import { backtest, optimize } from './research.ts';
import { risk, strategyRisk } from './risk.ts';
import {
  choice,
  cron,
  duration,
  flag,
  identifier,
  list,
  oneOrMore,
  parameters,
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

const tradePlanTable = section({
  enabled: flag().default(false).describe('Rows of the table run from their date on until they expire.'),
  poll: duration(SECOND, HOUR).default(MINUTE).describe('How often the table is looked at.'),
  max_rows: whole(1, 1_000, 'rows').default(100).describe('Those that began first are followed.'),
});

const simulation = section({
  seed: whole(0, 4_294_967_295).default(1).describe('The same seed gives the same market.'),
  symbols: symbols()
    .optional()
    .describe('What can be traded; those of the strategies are added. Left out: 20 stocks, or 6 coins.'),
  rate: whole(1, 1_000_000, 'events a second').default(500).describe('Over all symbols.'),
  tape: text('the path of a tape file, from the plan')
    .optional()
    .describe('Played instead of the synthetic market.'),
  tape_offset: duration(0, 7 * DAY)
    .default(0)
    .describe('Where in the tape playing begins; what lies before is history.'),
  tape_speed: ratio(0.01, 1_000, 'times').default(1).describe('2 plays the tape twice as fast.'),
});

export const planSchema = section({
  mode: choice(['simulated', 'paper', 'live']).describe(
    'simulated: local exchange. paper: needs keys. live: real money.',
  ),
  provider: choice(['alpaca']).default('alpaca').describe('What tells prices.'),
  broker: choice(['alpaca', 'paper']).default('alpaca').describe('What takes orders; paper fills them here.'),
  asset_class: choice(['us_equity', 'crypto'])
    .default('us_equity')
    .describe('What is traded; crypto never closes.'),
  feed: text('the name of a feed')
    .optional()
    .describe(
      'iex, sip, delayed_sip ... for stocks; crypto or a location such as us-1. Left out: iex, and crypto for crypto.',
    ),
  feed_delay: duration(0, DAY)
    .optional()
    .describe('How far the feed lags by agreement. Left out: 15m for delayed_sip, else 0.'),
  channels: list(choice(['trades', 'quotes', 'bars']), 'a list of: trades, quotes, bars')
    .min(1, 'at least one of: trades, quotes, bars')
    .default(['trades', 'quotes', 'bars'])
    .describe('What is subscribed to for each symbol.'),
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
    .describe(
      'regular: 9:30 to 16:00 in New York. extended: 4:00 to 20:00. always: at any hour. Left out: regular for stocks, always for crypto.',
    ),
  liquidate_before_close: z
    .union([z.literal('never'), duration(SECOND, DAY)], { error: 'never, or a duration such as 15m' })
    .optional()
    .describe(
      'Intraday positions are closed this long before the close. Left out: 15m for stocks, never for crypto.',
    ),
  scanners: z
    .record(identifier(), scanner, 'a mapping of scanner names to scanners')
    .default({})
    .describe('What picks symbols.'),
  miners: z
    .record(identifier(), miner, 'a mapping of miner names to miners')
    .default({})
    .describe('What collects daily bars, companies and results.'),
  strategies: list(strategy, 'a list of strategies').default([]).describe('What trades.'),
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
      'When an order counts as written down: synced survives a loss of power, written a kill of the daemon. Left out: synced in live mode, else written.',
    ),
  alerts: alerts.prefault({}).describe('Who is told when something needs a person.'),
  metrics: metrics.prefault({}).describe('The endpoint for Prometheus, with /healthz and /readyz.'),
  record: record
    .default(true)
    .describe('The tapes: true for all as they are by default, false for none, or what differs.'),
  rebalance: rebalance.prefault({}).describe('What becomes of the symbols of a consumer that is behind.'),
  limits: limits.prefault({}).describe('How much the daemon may use, and how long it waits.'),
  simulation: simulation.prefault({}).describe('The local exchange of `mode: simulated`.'),
  backtest: backtest.prefault({}).describe('How the broker of `openbell backtest` deals.'),
  optimize: optimize.prefault({}).describe('What `openbell optimize` tries.'),
});

/** What the schema makes of a valid file: complete with the defaults that depend on nothing else. */
export type PlanFile = z.output<typeof planSchema>;
