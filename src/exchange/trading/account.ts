/** The account and its positions as the REST shows them: all derived from the ledger, the orders and the market. */
import {
  absolute,
  add,
  type Decimal,
  decimal,
  decimalFromNumber,
  divide,
  formatDecimal,
  isZero,
  maximum,
  minimum,
  multiply,
  negate,
  roundTo,
  subtract,
  ZERO,
} from '../../domain/decimal.ts';
import type { EpochMicros } from '../../domain/time.ts';
import { isCrypto } from '../market/events.ts';
import type { Market } from '../market/market.ts';
import { NEW_YORK } from '../market/sessions.ts';
import { localParts } from '../market/zones.ts';
import { formatTime } from '../streams/wire.ts';
import type { Ledger, LedgerPosition } from './ledger.ts';
import type { OrderStore } from './orderStore.ts';
import { type ExchangeOrder, remainingNotional, remainingQuantity } from './orders.ts';

const TWO = decimal('2');
const HALF = decimal('0.5');
const MAINTENANCE = decimal('0.3');
/** A ratio is shown with so many decimals. */
const RATIO_PLACES = 6;

export interface AccountOptions {
  readonly accountId: string;
  readonly ledger: Ledger;
  readonly store: OrderStore;
  readonly market: Market;
  readonly shortingEnabled: boolean;
  readonly createdAtMicros: EpochMicros;
}

export class Account {
  readonly #options: AccountOptions;
  #lastEquity: Decimal;
  #lastDate: string;

  constructor(options: AccountOptions) {
    this.#options = options;
    this.#lastEquity = options.ledger.startCash;
    this.#lastDate = localParts(NEW_YORK, options.createdAtMicros).date;
  }

  get shortingEnabled(): boolean {
    return this.#options.shortingEnabled;
  }

  /** Last price by eligible trades; before the first one, the close of the last minute. */
  priceOf = (symbol: string): Decimal | undefined => {
    const record = this.#options.market.record(symbol);
    const price = record?.lastTrade?.price ?? record?.lastMinuteBar?.close;
    return price === undefined ? undefined : decimalFromNumber(price);
  };

  /** What an order is estimated to cost: at its limit or stop, else at the price it would take now. */
  costOf(order: {
    readonly symbol: string;
    readonly side: 'buy' | 'sell';
    readonly quantity: Decimal | null;
    readonly notional: Decimal | null;
    readonly limitPrice: Decimal | null;
    readonly stopPrice: Decimal | null;
  }): Decimal {
    if (order.notional !== null) return order.notional;
    const quote = this.#options.market.record(order.symbol)?.lastQuote;
    const shown = quote === undefined ? 0 : order.side === 'buy' ? quote.askPrice : quote.bidPrice;
    const price =
      order.limitPrice ??
      order.stopPrice ??
      (shown > 0 ? decimalFromNumber(shown) : (this.priceOf(order.symbol) ?? ZERO));
    return multiply(order.quantity ?? ZERO, price);
  }

  /** Shares of a position that open orders already mean to close. */
  heldForOrders(symbol: string): { held: Decimal; orders: ExchangeOrder[] } {
    const quantity = this.#options.ledger.quantity(symbol);
    const closing = quantity > 0n ? 'sell' : 'buy';
    const orders = this.#options.store
      .openOf(symbol)
      .filter((order) => order.side === closing && order.status !== 'held' && !isZero(quantity));
    const held = orders.reduce((sum, order) => add(sum, remainingQuantity(order) ?? ZERO), ZERO);
    return { held, orders };
  }

  /** What may still be spent: of stocks twice the free equity, of crypto (not marginable) the free cash. */
  buyingPower(symbol?: string): Decimal {
    const { equity, longValue, shortValue } = this.#options.ledger.value(this.priceOf);
    const reserved = this.#reservedByOrders();
    const cashLeft = maximum(ZERO, subtract(minimum(this.#options.ledger.cash, equity), reserved));
    if (symbol !== undefined && isCrypto(symbol)) return cashLeft;
    const exposure = subtract(add(longValue, this.#cryptoValue()), shortValue);
    return maximum(ZERO, subtract(subtract(multiply(TWO, equity), exposure), reserved));
  }

  /** Remembers the equity of a day that has ended, for `last_equity`. */
  closeDay(at: EpochMicros): void {
    this.#lastEquity = this.#options.ledger.value(this.priceOf).equity;
    this.#lastDate = localParts(NEW_YORK, at).date;
  }

  json(): Record<string, unknown> {
    const { ledger } = this.#options;
    const { equity, longValue, shortValue } = ledger.value(this.priceOf);
    const gross = subtract(longValue, shortValue);
    const power = formatDecimal(this.buyingPower());
    const cashPower = formatDecimal(this.buyingPower('BTC/USD'));
    return {
      id: this.#options.accountId,
      account_number: `PA${this.#options.accountId.replaceAll('-', '').slice(0, 10).toUpperCase()}`,
      status: 'ACTIVE',
      crypto_status: 'ACTIVE',
      currency: 'USD',
      buying_power: power,
      regt_buying_power: power,
      effective_buying_power: power,
      non_marginable_buying_power: cashPower,
      options_buying_power: cashPower,
      cash: formatDecimal(ledger.cash),
      accrued_fees: '0',
      portfolio_value: formatDecimal(equity),
      equity: formatDecimal(equity),
      last_equity: formatDecimal(this.#lastEquity),
      long_market_value: formatDecimal(longValue),
      short_market_value: formatDecimal(shortValue),
      position_market_value: formatDecimal(add(longValue, shortValue)),
      initial_margin: formatDecimal(multiply(gross, HALF)),
      maintenance_margin: formatDecimal(multiply(gross, MAINTENANCE)),
      last_maintenance_margin: '0',
      sma: '0',
      multiplier: '2',
      trading_blocked: false,
      transfers_blocked: false,
      account_blocked: false,
      trade_suspended_by_user: false,
      shorting_enabled: this.shortingEnabled,
      created_at: formatTime(this.#options.createdAtMicros),
      balance_asof: this.#lastDate,
      options_approved_level: 0,
      options_trading_level: 0,
      intraday_adjustments: '0',
      pending_reg_taf_fees: '0',
    };
  }

  positionJson(position: LedgerPosition): Record<string, unknown> {
    const { symbol, quantity, averagePrice } = position;
    const record = this.#options.market.record(symbol);
    const price = this.priceOf(symbol) ?? averagePrice;
    const lastDay = record?.previousClose === undefined ? price : decimalFromNumber(record.previousClose);
    const value = multiply(quantity, price);
    const cost = multiply(quantity, averagePrice);
    const gain = subtract(value, cost);
    const { held } = this.heldForOrders(symbol);
    const free = subtract(absolute(quantity), held);
    return {
      asset_id: record?.listing.assetId ?? null,
      symbol: symbol.replace('/', ''),
      exchange: record?.listing.exchange ?? '',
      asset_class: record?.listing.assetClass ?? 'us_equity',
      asset_marginable: record?.listing.assetClass !== 'crypto',
      qty: formatDecimal(quantity),
      qty_available: formatDecimal(quantity > 0n ? free : negate(free)),
      avg_entry_price: formatDecimal(averagePrice),
      side: quantity > 0n ? 'long' : 'short',
      market_value: formatDecimal(value),
      cost_basis: formatDecimal(cost),
      unrealized_pl: formatDecimal(gain),
      unrealized_plpc: ratio(gain, absolute(cost)),
      unrealized_intraday_pl: formatDecimal(gain),
      unrealized_intraday_plpc: ratio(gain, absolute(cost)),
      current_price: formatDecimal(price),
      lastday_price: formatDecimal(lastDay),
      change_today: ratio(subtract(price, lastDay), lastDay),
    };
  }

  #cryptoValue(): Decimal {
    return this.#options.ledger.positions
      .filter((position) => isCrypto(position.symbol))
      .reduce(
        (sum, position) =>
          add(sum, multiply(position.quantity, this.priceOf(position.symbol) ?? position.averagePrice)),
        ZERO,
      );
  }

  /** What open orders that add to a position will cost. */
  #reservedByOrders(): Decimal {
    let reserved: Decimal = ZERO;
    for (const order of this.#options.store.open()) {
      if (order.status === 'held') continue;
      const held = this.#options.ledger.quantity(order.symbol);
      const isOpening = order.side === 'buy' ? held >= 0n : held <= 0n;
      if (!isOpening) continue;
      const left = order.notional === null ? remainingQuantity(order) : null;
      const notional = order.notional === null ? null : remainingNotional(order);
      reserved = add(reserved, this.costOf({ ...order, quantity: left, notional }));
    }
    return reserved;
  }
}

function ratio(part: Decimal, whole: Decimal): string {
  return isZero(whole) ? '0' : formatDecimal(roundTo(divide(part, whole), RATIO_PLACES));
}
