/**
 * Goes through a batch's fills and, where there are any, the market's prices, in the order of time, and keeps what a
 * report is made of. Money is exact; what is valued at prices is a statistic, in floating point. Memory does not grow
 * with the number of prices.
 */

import {
  absolute,
  add,
  type Decimal,
  decimal,
  decimalFromNumber,
  divide,
  minimum,
  multiply,
  numberFromDecimal,
  subtract,
  ZERO,
} from '../domain/decimal.ts';
import { type EpochMicros, MICROS_PER_DAY, parseMicros } from '../domain/time.ts';
import { Drawdown } from '../fincalcs/performance.ts';
import { type ReportFill, reasonOf } from './fill.ts';
import { ReportMarket } from './market.ts';
import { BoundedSeries } from './series.ts';
import { OpenTrip, type Trip, type TripPart } from './trip.ts';

/** Trips beyond these are in the sums and not in the list. */
export const TRIPS_MAX = 100_000;

export interface DayEnd {
  /** Whole days since 1970-01-01, UTC. */
  readonly day: number;
  readonly equity: number;
}

export interface TripSums {
  count: number;
  wins: number;
  grossProfit: Decimal;
  grossLoss: Decimal;
  rCount: number;
  rSum: number;
  excursions: number;
  adverse: number;
  favourable: number;
}

export class BatchWalk {
  readonly startEquity: Decimal;
  readonly markets = new Map<string, ReportMarket>();
  readonly equity = new BoundedSeries();
  readonly drawdowns = new BoundedSeries();
  readonly drawdown = new Drawdown();
  readonly days: DayEnd[] = [];
  readonly trips: Trip[] = [];
  readonly sums: TripSums = {
    ...{ count: 0, wins: 0, grossProfit: ZERO, grossLoss: ZERO },
    ...{ rCount: 0, rSum: 0, excursions: 0, adverse: 0, favourable: 0 },
  };
  readonly openTrips = new Map<string, { instanceId: string; symbol: string; trip: OpenTrip }>();
  fills = 0;
  fees: Decimal = ZERO;
  /** Borrowing and the like. */
  costs: Decimal = ZERO;
  /** Value of all fills, bought and sold. */
  traded: Decimal = ZERO;
  /** The most that was invested at once, long and short. */
  investedMax = 0;
  /** Moments at which the market had prices, and those of them at which something was held. */
  moments = 0;
  exposedMoments = 0;
  firstMicros: EpochMicros | null = null;
  lastMicros: EpochMicros | null = null;
  #cash: Decimal;
  #equity: number;
  #waiting: { readonly atMicros: EpochMicros; readonly fill: ReportFill }[] = [];
  /** The first that has not been dealt. */
  #next = 0;
  #momentMicros = Number.NaN;

  constructor(startEquity: Decimal, startMicros: EpochMicros | null) {
    this.startEquity = startEquity;
    this.#cash = startEquity;
    this.#equity = numberFromDecimal(startEquity);
    if (startMicros !== null) this.#advance(startMicros);
  }

  market(symbol: string): ReportMarket {
    const known = this.markets.get(symbol);
    if (known !== undefined) return known;
    const market = new ReportMarket(symbol);
    this.markets.set(symbol, market);
    return market;
  }

  /** A position that an earlier batch left: it is there at its last price, and earns from then on. */
  carry(fill: ReportFill): void {
    this.#deal(fill, momentOf(fill), true);
  }

  /** Fills in the order of execution; each counts before the first price that is known later. */
  add(fill: ReportFill): void {
    this.#waiting.push({ atMicros: momentOf(fill), fill });
  }

  /** Something that was paid and is no deal, such as the loan of shares. */
  cost(amount: Decimal): void {
    this.costs = add(this.costs, amount);
    this.#cash = subtract(this.#cash, amount);
    this.#revalue();
  }

  /** Brings in the fills that came before a moment, ahead of its prices. */
  before(atMicros: EpochMicros): void {
    if (this.#waiting.length > 0) this.#dealBefore(atMicros);
    this.#advance(atMicros);
  }

  /** The market has a price, and shows it already: see {@link before}. */
  price(
    market: ReportMarket,
    atMicros: EpochMicros,
    range: { readonly low: number; readonly high: number },
  ): void {
    for (const trip of market.open) trip.seePrices(range.low, range.high);
    if (market.held !== 0) {
      const worth = market.worth();
      this.#equity += market.held * (worth - market.mark);
      market.mark = worth;
      this.#noteEquity(atMicros);
    }
    if (atMicros === this.#momentMicros) return;
    this.#momentMicros = atMicros;
    this.moments += 1;
    if (this.openTrips.size > 0) this.exposedMoments += 1;
  }

  /** Nothing more comes. */
  finish(endMicros: EpochMicros | null): void {
    this.#dealBefore(Number.POSITIVE_INFINITY);
    if (endMicros !== null && endMicros > (this.lastMicros ?? 0)) this.#advance(endMicros);
    if (this.lastMicros === null) return;
    this.#noteEquity(this.lastMicros);
    this.#endDay(this.lastMicros);
  }

  /** Exact, but for the prices of what is held. */
  finalEquity(): Decimal {
    let equity = this.#cash;
    for (const { symbol, trip } of this.openTrips.values()) {
      const worth = this.market(symbol).worth();
      const value = multiply(trip.held, decimalFromNumber(worth));
      equity = trip.isLong ? add(equity, value) : subtract(equity, value);
    }
    return equity;
  }

  #dealBefore(atMicros: EpochMicros): void {
    const waiting = this.#waiting;
    for (; this.#next < waiting.length; this.#next += 1) {
      const { atMicros: dueMicros, fill } = waiting[this.#next]!;
      // A bar that is known now was over before a fill of this very moment.
      if (dueMicros >= atMicros) return;
      // Word of a fill may come late: the curve goes on from where it is.
      const nowMicros = Math.max(dueMicros, this.lastMicros ?? dueMicros);
      this.#advance(nowMicros);
      this.#deal(fill, dueMicros, false);
      this.#noteEquity(nowMicros);
    }
    this.#waiting = [];
    this.#next = 0;
  }

  #deal(fill: ReportFill, atMicros: EpochMicros, isCarried: boolean): void {
    const market = this.market(fill.symbol);
    const price = decimal(fill.price);
    const quantity = decimal(fill.qty);
    const fee = isCarried ? ZERO : decimal(fill.fee);
    const value = multiply(price, quantity);
    const isBuy = fill.side === 'buy';
    market.held += (isBuy ? 1 : -1) * numberFromDecimal(quantity);
    if (!market.hasPrices) market.last = numberFromDecimal(price);
    market.mark = market.worth();
    this.#follow(fill, atMicros, { price, quantity, fee, isCounted: !isCarried });
    this.#cash = subtract(isBuy ? subtract(this.#cash, value) : add(this.#cash, value), fee);
    if (isCarried) {
      // What was earned before is not this batch's: it begins with its starting equity.
      this.#cash = add(this.#cash, subtract(this.startEquity, this.finalEquity()));
      this.#revalue();
      return;
    }
    this.fills += 1;
    this.fees = add(this.fees, fee);
    this.traded = add(this.traded, absolute(value));
    market.mention({
      atMicros,
      side: fill.side,
      price: numberFromDecimal(price),
      quantity: numberFromDecimal(quantity),
      reason: reasonOf(fill),
    });
    this.#revalue();
  }

  /** Opens, adds to, reduces and ends trips; what closes more than is held opens the other side. */
  #follow(
    fill: ReportFill,
    atMicros: EpochMicros,
    of: {
      readonly price: Decimal;
      readonly quantity: Decimal;
      readonly fee: Decimal;
      readonly isCounted: boolean;
    },
  ): void {
    const { instanceId, symbol } = fill;
    const key = JSON.stringify([instanceId, symbol]);
    const market = this.market(symbol);
    const isBuy = fill.side === 'buy';
    const stopPrice = fill.stopPrice === null ? null : decimal(fill.stopPrice);
    const part = (quantity: Decimal): TripPart => ({
      ...{ atMicros, quantity, price: of.price, reason: reasonOf(fill), stopPrice },
      settings: fill.settings ?? null,
      fee: quantity === of.quantity ? of.fee : divide(multiply(of.fee, quantity), of.quantity),
    });
    const found = this.openTrips.get(key)?.trip;
    let rest = of.quantity;
    if (found !== undefined && found.isLong !== isBuy) {
      const closed = minimum(found.held, rest);
      const closing = part(closed);
      found.exit(closing);
      rest = subtract(rest, closed);
      if (found.held > ZERO) return;
      this.openTrips.delete(key);
      market.open.delete(found);
      if (of.isCounted) this.#count(found.finish(closing));
      if (rest === ZERO) return;
    }
    const opening = part(rest);
    const trip = this.openTrips.get(key)?.trip ?? new OpenTrip(instanceId, symbol, opening, isBuy);
    trip.enter(opening);
    market.open.add(trip);
    this.openTrips.set(key, { instanceId, symbol, trip });
  }

  #count(trip: Trip): void {
    const { sums } = this;
    sums.count += 1;
    if (trip.gain > ZERO) {
      sums.wins += 1;
      sums.grossProfit = add(sums.grossProfit, trip.gain);
    } else sums.grossLoss = add(sums.grossLoss, trip.gain);
    if (trip.rUnits !== null) {
      sums.rCount += 1;
      sums.rSum += trip.rUnits;
    }
    if (trip.adverse !== null && trip.favourable !== null) {
      sums.excursions += 1;
      sums.adverse += trip.adverse;
      sums.favourable += trip.favourable;
    }
    if (this.trips.length < TRIPS_MAX) this.trips.push(trip);
  }

  #revalue(): void {
    let equity = numberFromDecimal(this.#cash);
    let invested = 0;
    for (const { symbol, trip } of this.openTrips.values()) {
      const value = numberFromDecimal(trip.held) * this.market(symbol).mark;
      equity += trip.isLong ? value : -value;
      invested += value;
    }
    this.#equity = equity;
    this.investedMax = Math.max(this.investedMax, invested);
  }

  #noteEquity(atMicros: EpochMicros): void {
    this.equity.noteValue(atMicros, this.#equity);
    this.drawdowns.noteValue(atMicros, this.drawdown.note(atMicros, this.#equity));
  }

  #advance(atMicros: EpochMicros): void {
    if (this.lastMicros === null) {
      this.firstMicros = atMicros;
      this.lastMicros = atMicros;
      this.#noteEquity(atMicros);
      return;
    }
    if (atMicros <= this.lastMicros) return;
    if (dayOf(atMicros) !== dayOf(this.lastMicros)) this.#endDay(this.lastMicros);
    this.lastMicros = atMicros;
  }

  #endDay(atMicros: EpochMicros): void {
    for (const market of this.markets.values()) {
      while (market.closes.length < this.days.length) market.closes.push(Number.NaN);
      market.closes.push(market.hasPrices ? market.last : Number.NaN);
    }
    this.days.push({ day: dayOf(atMicros), equity: this.#equity });
  }
}

function dayOf(atMicros: EpochMicros): number {
  return Math.floor(atMicros / MICROS_PER_DAY);
}

function momentOf(fill: ReportFill): EpochMicros {
  return parseMicros(fill.executedAt)!;
}
