/** Keys of the plan that say how backtests deal, and what parameter searches try. */
import { z } from 'zod';
import { amount, choice, duration, identifier, range, ratio, section, whole } from './values.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const backtest = section({
  starting_cash: amount().default('100000').describe('What a backtest begins with.'),
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
    .describe("Of a deal's value. Left out: 0 for stocks, 25 for crypto, as Alpaca's are."),
  fee_per_share: ratio(0, 1_000, 'of the account currency')
    .default(0)
    .describe('Of each share or coin, beside fee_bps.'),
  fee_minimum: ratio(0, 1_000, 'of the account currency').default(0).describe('The least fee of a deal.'),
  sell_fee_bps: ratio(0, 10_000, 'basis points').default(0).describe('Of sales, beyond fee_bps.'),
  sell_fee_per_share: ratio(0, 1_000, 'of the account currency')
    .default(0)
    .describe('Of each share or coin sold, beyond fee_per_share.'),
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

export const optimize = section({
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
