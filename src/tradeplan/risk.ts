/** Keys of the plan that say what the desk refuses. */
import { z } from 'zod';
import { amount, duration, flag, ratio, SYMBOL, section, whole } from './values.ts';

const MINUTE_MS = 60_000;

const collar = () => ratio(0.01, 100, 'percent');
const orders = () => whole(1, 10_000, 'orders');

/** Of a symbol or a strategy: what is left out is as the account's, and what is wider than that has no effect. */
const orderLimits = {
  max_order_notional: amount().optional().describe('Largest order, in the account currency.'),
  max_order_quantity: amount().optional().describe('Largest order, in shares or coins.'),
  max_position_notional: amount()
    .optional()
    .describe('Largest position in one symbol, open orders counted, in the account currency.'),
  max_position_quantity: amount()
    .optional()
    .describe('Largest position in one symbol, open orders counted, in shares or coins.'),
  max_open_orders: orders().optional().describe('Open at the same time; exits that come with one are free.'),
  max_orders_per_minute: orders().optional().describe('Cancels are free.'),
  price_collar_percent: collar().optional().describe('How far a limit price may lie from the market.'),
  allow_short: flag().optional().describe('false forbids what the account allows.'),
  allow_fractions: flag().optional().describe('false forbids what the account allows.'),
};

const symbolRisk = section(orderLimits);

export const strategyRisk = section({
  ...orderLimits,
  max_notional: amount().optional().describe('All that it holds and has ordered, long and short.'),
  max_daily_loss: amount()
    .optional()
    .describe('Its realised and open loss of the day, after which it only closes.'),
  max_drawdown: amount()
    .optional()
    .describe('What it may lose from its highest P&L on; then it only closes, until `openbell resume`.'),
});

export const risk = section({
  max_order_notional: amount().default('10000').describe('Largest order, in the account currency.'),
  max_order_quantity: amount()
    .optional()
    .describe('Largest order, in shares or coins. Left out: no such limit.'),
  max_position_notional: amount()
    .default('20000')
    .describe('Largest position in one symbol, open orders counted, over all strategies.'),
  max_position_quantity: amount()
    .optional()
    .describe(
      'Largest position in one symbol, in shares or coins, over all strategies. Left out: no such limit.',
    ),
  max_gross_notional: amount()
    .optional()
    .describe('All positions and open orders together, long and short. Left out: no such limit.'),
  max_open_orders: orders()
    .default(50)
    .describe('Open at the same time, over all strategies; exits that come with one are free.'),
  max_open_orders_per_symbol: orders()
    .optional()
    .describe('In one symbol, over all strategies. Left out: no such limit.'),
  max_orders_per_minute: orders().default(60).describe('Over all strategies; cancels are free.'),
  max_orders_per_minute_per_symbol: orders()
    .optional()
    .describe('In one symbol, over all strategies. Left out: no such limit.'),
  max_daily_loss: amount()
    .default('2000')
    .describe('Realised and open loss of the day that halts all new risk.'),
  max_drawdown: amount()
    .optional()
    .describe(
      "What the account's equity may fall from its highest on; then only closing is allowed, until `openbell resume`. Left out: no such limit.",
    ),
  price_collar_percent: collar().default(5).describe('How far a limit price may lie from the market.'),
  max_market_age: duration(100, 60 * MINUTE_MS)
    .default(MINUTE_MS)
    .describe('No order on a price older than this.'),
  allow_short: flag().default(false).describe('Whether more may be sold than is held.'),
  allow_fractions: flag().default(false).describe('Whether parts of a share, and amounts, may be ordered.'),
  symbols: z
    .record(SYMBOL, symbolRisk, 'a mapping of symbols to limits')
    .default({})
    .describe('Limits of single symbols, over all strategies, beside those of all.'),
});
