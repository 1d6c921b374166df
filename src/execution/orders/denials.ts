/** Denials in words, for rows and logs; strategies get the typed reason. */
import { unreachable } from '../../domain/assert.ts';
import { type Decimal, formatDecimal } from '../../domain/decimal.ts';
import type { DenialReason, OfLimit } from '../../domain/order.ts';

export function denialText(reason: DenialReason): string {
  return `${reason.code}: ${detailOf(reason)}`;
}

function detailOf(reason: DenialReason): string {
  switch (reason.code) {
    case 'order_notional':
    case 'position_notional':
      return `${text(reason.notional)} over the limit of ${text(reason.limit)}${whose(reason)}`;
    case 'order_quantity':
    case 'position_quantity':
      return `${text(reason.quantity)} over the limit of ${text(reason.limit)}${whose(reason)}`;
    case 'gross_notional':
      return `${text(reason.notional)} held and ordered${of(reason)}, limit ${text(reason.limit)}`;
    case 'open_orders':
      return `${reason.open} open${of(reason)}, limit ${reason.limit}`;
    case 'orders_per_minute':
      return `${reason.count} in the last minute${of(reason)}, limit ${reason.limit}`;
    case 'daily_loss':
      return `${text(reason.loss)} lost${of(reason)}, limit ${text(reason.limit)}`;
    case 'drawdown':
      return `${text(reason.drawdown)} below the highest of ${text(reason.highest)}${of(reason)}, limit ${text(reason.limit)}`;
    case 'buying_power':
      return `${text(reason.needed)} needed, ${text(reason.available)} available`;
    case 'portfolio_cash':
      return `${text(reason.needed)} needed of ${reason.portfolioId}: cash ${text(reason.cash)}, credit ${text(reason.credit)}, reserved ${text(reason.reserved)}`;
    case 'price_collar':
      return `${text(reason.price)} is over ${reason.limitPercent} % worse than ${text(reason.reference)}${whose(reason)}`;
    case 'no_market':
      return `no price of ${reason.symbol} yet`;
    case 'stale_market':
      return `${reason.symbol} last seen ${reason.ageMs} ms ago, limit ${reason.limitMs} ms`;
    case 'symbol_halted':
      return `${reason.symbol} is ${reason.status}`;
    case 'short_not_allowed':
      return `${text(reason.asked)} to sell of ${reason.symbol}, ${text(reason.held)} held${whose(reason)}`;
    case 'fraction_not_allowed':
      return `${text(reason.quantity)} of ${reason.symbol}${whose(reason)}`;
    case 'wash_trade':
      return `could trade with ${reason.existingClientOrderId}, an order of the same account in ${reason.symbol}`;
    case 'not_reducing':
      return `${text(reason.asked)} asked, nothing to reduce of ${text(reason.held)} held`;
    case 'risk_state':
      return `${reason.state}, ${reason.why}`;
    case 'account_blocked':
      return reason.why;
    case 'outside_window':
    case 'market_closed':
    case 'invalid':
      return reason.detail;
    case 'duplicate':
    case 'unknown_order':
      return reason.clientOrderId;
    case 'not_replaceable':
      return `${reason.clientOrderId} is ${reason.status}`;
    case 'stopping':
      return 'the desk is stopping';
    default:
      return unreachable(reason);
  }
}

/** What was counted. */
function of({ instanceId, ofSymbol }: OfLimit): string {
  if (ofSymbol !== undefined) return ` in ${ofSymbol}`;
  return instanceId === undefined ? '' : ` by ${instanceId}`;
}

/** Whose limit it is, where it is not the account's. */
function whose({ instanceId, ofSymbol }: OfLimit): string {
  const owner = ofSymbol ?? instanceId;
  return owner === undefined ? '' : `, by the limits of ${owner}`;
}

function text(amount: Decimal): string {
  return formatDecimal(amount);
}
