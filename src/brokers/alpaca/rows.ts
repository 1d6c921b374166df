/** Account, positions, instruments, sessions and executions in our words (protocol C.2, C.4 to C.6). */
import { Temporal } from 'temporal-polyfill';
import { absolute, add, negate, ZERO } from '../../domain/decimal.ts';
import type { AssetClass, Instrument, Session } from '../../domain/market.ts';
import type { Account } from '../../domain/order.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { BrokerPosition, Execution } from '../contract.ts';
import { amountOf, type Fields, firstAmount, momentOf, sideOf, textOf } from './fields.ts';
import { normalSymbol } from './symbols.ts';

/** Only id and status are sure to be there: Alpaca takes fields away between versions. */
export function readAccount(fields: Fields, assetClass: AssetClass): Account | undefined {
  const accountId = textOf(fields.id);
  const status = textOf(fields.status);
  if (accountId === undefined || status === undefined) return undefined;
  const cash = amountOf(fields.cash) ?? ZERO;
  const positions = add(
    amountOf(fields.long_market_value) ?? ZERO,
    amountOf(fields.short_market_value) ?? ZERO,
  );
  const equity = firstAmount(fields, ['equity', 'portfolio_value']) ?? add(cash, positions);
  // Crypto cannot be bought on margin.
  const powers = assetClass === 'crypto' ? [] : ['buying_power', 'regt_buying_power'];
  return {
    accountId,
    currency: textOf(fields.currency) ?? 'USD',
    cash,
    equity,
    lastEquity: amountOf(fields.last_equity) ?? equity,
    buyingPower: firstAmount(fields, [...powers, 'non_marginable_buying_power']) ?? cash,
    shortingEnabled: fields.shorting_enabled === true,
    blockedReason: blockedReason(fields, status, assetClass),
  };
}

function blockedReason(fields: Fields, status: string, assetClass: AssetClass): string | null {
  if (status !== 'ACTIVE') return `the account's status is ${status}`;
  const cryptoStatus = textOf(fields.crypto_status);
  if (assetClass === 'crypto' && cryptoStatus !== undefined && cryptoStatus !== 'ACTIVE') {
    return `the account's crypto status is ${cryptoStatus}`;
  }
  if (fields.account_blocked === true) return 'the account is blocked';
  if (fields.trading_blocked === true) return 'the account may not trade';
  if (fields.trade_suspended_by_user === true) return 'trading was suspended in the account settings';
  return null;
}

export function readPosition(fields: Fields): BrokerPosition | undefined {
  const symbol = textOf(fields.symbol);
  const quantity = amountOf(fields.qty);
  if (symbol === undefined || quantity === undefined) return undefined;
  const isShort = fields.side === 'short' || quantity < 0n;
  return {
    symbol: normalSymbol(symbol, fields.asset_class),
    quantity: isShort ? negate(absolute(quantity)) : quantity,
    averagePrice: amountOf(fields.avg_entry_price) ?? ZERO,
    currentPrice: amountOf(fields.current_price) ?? null,
  };
}

export function readInstrument(fields: Fields): Instrument | undefined {
  const symbol = textOf(fields.symbol);
  if (symbol === undefined) return undefined;
  const isCrypto = fields.class === 'crypto';
  return {
    symbol: normalSymbol(symbol, fields.class),
    name: textOf(fields.name) ?? symbol,
    assetClass: isCrypto ? 'crypto' : 'us_equity',
    exchange: textOf(fields.exchange) ?? '',
    tradable: fields.tradable === true,
    shortable: fields.shortable === true,
    fractionable: fields.fractionable === true,
  };
}

const NEW_YORK = 'America/New_York';

/**
 * A day of the calendar, whose times are New York's: `09:30` for the session, `0400` for the extended one. A close
 * that is not later than the open is on the next day: the local exchange's sessions may run over midnight.
 */
export function readSession(fields: Fields): Session | undefined {
  const date = textOf(fields.date);
  if (date === undefined) return undefined;
  const openMicros = newYorkMoment(date, fields.open);
  if (openMicros === undefined) return undefined;
  const closeMicros = newYorkMoment(date, fields.close, openMicros);
  if (closeMicros === undefined) return undefined;
  return {
    date,
    openMicros,
    closeMicros,
    extendedOpenMicros: newYorkMoment(date, fields.session_open) ?? openMicros,
    extendedCloseMicros: newYorkMoment(date, fields.session_close, openMicros) ?? closeMicros,
  };
}

/** The moment of a time of day, on the date or, where that is not after `after`, on the day that follows it. */
function newYorkMoment(date: string, time: unknown, after?: EpochMicros): EpochMicros | undefined {
  const match = /^(\d{2}):?(\d{2})$/.exec(textOf(time) ?? '');
  if (match === null) return undefined;
  try {
    const local = Temporal.PlainDateTime.from(`${date}T${match[1]}:${match[2]}`);
    const moment = (days: number) => local.add({ days }).toZonedDateTime(NEW_YORK).epochMilliseconds * 1_000;
    return after === undefined || moment(0) > after ? moment(0) : moment(1);
  } catch {
    return undefined;
  }
}

/** A FILL of the account's activities. Its id is `date::execution id`, the stream's being the second part. */
export function readExecution(fields: Fields, assetClass: AssetClass): Execution | undefined {
  const activityId = textOf(fields.id);
  const brokerOrderId = textOf(fields.order_id);
  const symbol = textOf(fields.symbol);
  const side = sideOf(fields.side);
  const quantity = amountOf(fields.qty);
  const price = amountOf(fields.price);
  const executedAtMicros = momentOf(fields.transaction_time);
  if (!activityId || !brokerOrderId || !symbol || !side) return undefined;
  if (quantity === undefined || price === undefined || executedAtMicros === undefined) return undefined;
  return {
    executionId: activityId.split('::')[1] ?? activityId,
    brokerOrderId,
    // Activities do not say what class a symbol is of; the account trades one.
    symbol: normalSymbol(symbol, assetClass),
    side,
    quantity,
    price,
    fee: ZERO,
    executedAtMicros,
  };
}
