/** A round trip of one instance in one symbol: from flat to flat, or to the other side. */
import {
  absolute,
  add,
  type Decimal,
  divide,
  multiply,
  numberFromDecimal,
  subtract,
  ZERO,
} from '../domain/decimal.ts';
import type { EpochMicros } from '../domain/time.ts';

/** A part of a fill: what it opens, or what it closes. */
export interface TripPart {
  readonly atMicros: EpochMicros;
  readonly quantity: Decimal;
  readonly price: Decimal;
  readonly fee: Decimal;
  readonly reason: string;
  readonly stopPrice: Decimal | null;
  /** Of the batch, with which its order was decided. */
  readonly settings: number | null;
}

export interface Trip {
  readonly instanceId: string;
  readonly symbol: string;
  readonly isLong: boolean;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  /** All that was entered. */
  readonly quantity: Decimal;
  /** Quantity-weighted. */
  readonly entryPrice: Decimal;
  readonly exitPrice: Decimal;
  readonly fees: Decimal;
  /** After fees. */
  readonly gain: Decimal;
  /** Gain by what was entered, in percent. */
  readonly returnPercent: number;
  /** Worst and best result while it lasted, before fees, zero or beyond; null without prices of the market. */
  readonly adverse: number | null;
  readonly favourable: number | null;
  /** (exit - entry) / (entry - stop), before fees; null where no stop was named or it lay on the wrong side. */
  readonly rUnits: number | null;
  readonly entryReason: string;
  readonly exitReason: string;
  /** Of the batch, with which the first entry and the last exit were decided; null = not known. */
  readonly entrySettings: number | null;
  readonly exitSettings: number | null;
}

export class OpenTrip {
  readonly isLong: boolean;
  held: Decimal = ZERO;
  readonly #instanceId: string;
  readonly #symbol: string;
  readonly #first: TripPart;
  #stopPrice: Decimal | null = null;
  #entered: Decimal = ZERO;
  #entryAmount: Decimal = ZERO;
  #exited: Decimal = ZERO;
  #exitAmount: Decimal = ZERO;
  #fees: Decimal = ZERO;
  // For the extremes only: what was taken in less what was paid, and what is held, signed.
  #cash = 0;
  #quantity = 0;
  #worst = 0;
  #best = 0;
  #hasPrices = false;

  constructor(instanceId: string, symbol: string, first: TripPart, isLong: boolean) {
    this.#instanceId = instanceId;
    this.#symbol = symbol;
    this.#first = first;
    this.isLong = isLong;
  }

  enter(part: TripPart): void {
    this.#stopPrice ??= part.stopPrice;
    this.held = add(this.held, part.quantity);
    this.#entered = add(this.#entered, part.quantity);
    this.#entryAmount = add(this.#entryAmount, multiply(part.quantity, part.price));
    this.#deal(part, this.isLong ? 1 : -1);
  }

  exit(part: TripPart): void {
    this.held = subtract(this.held, part.quantity);
    this.#exited = add(this.#exited, part.quantity);
    this.#exitAmount = add(this.#exitAmount, multiply(part.quantity, part.price));
    this.#deal(part, this.isLong ? -1 : 1);
  }

  /** Prices of the market while something is held. */
  seePrices(low: number, high: number): void {
    this.#hasPrices = true;
    this.#see(low);
    this.#see(high);
  }

  /** Quantity-weighted price of all that was entered. */
  get entryPrice(): Decimal {
    return divide(this.#entryAmount, this.#entered);
  }

  /** What came of it; everything is closed. */
  finish(last: TripPart): Trip {
    const { isLong } = this;
    const entryPrice = this.entryPrice;
    const exitPrice = divide(this.#exitAmount, this.#exited);
    const result = isLong
      ? subtract(this.#exitAmount, this.#entryAmount)
      : subtract(this.#entryAmount, this.#exitAmount);
    const gain = subtract(result, this.#fees);
    return {
      instanceId: this.#instanceId,
      symbol: this.#symbol,
      isLong,
      fromMicros: this.#first.atMicros,
      toMicros: last.atMicros,
      quantity: this.#entered,
      entryPrice,
      exitPrice,
      fees: this.#fees,
      gain,
      returnPercent: (numberFromDecimal(gain) / numberFromDecimal(absolute(this.#entryAmount))) * 100,
      adverse: this.#hasPrices ? this.#worst : null,
      favourable: this.#hasPrices ? this.#best : null,
      rUnits: rUnitsOf({ entryPrice, exitPrice, stopPrice: this.#stopPrice, isLong }),
      entryReason: this.#first.reason,
      exitReason: last.reason,
      entrySettings: this.#first.settings,
      exitSettings: last.settings,
    };
  }

  #deal(part: TripPart, direction: 1 | -1): void {
    const quantity = direction * numberFromDecimal(part.quantity);
    const price = numberFromDecimal(part.price);
    this.#fees = add(this.#fees, part.fee);
    this.#cash -= quantity * price;
    this.#quantity += quantity;
    this.#see(price);
  }

  #see(price: number): void {
    const result = this.#cash + this.#quantity * price;
    if (result < this.#worst) this.#worst = result;
    else if (result > this.#best) this.#best = result;
  }
}

/** The formula is the same for both sides. */
function rUnitsOf(of: {
  readonly entryPrice: Decimal;
  readonly exitPrice: Decimal;
  readonly stopPrice: Decimal | null;
  readonly isLong: boolean;
}): number | null {
  if (of.stopPrice === null) return null;
  const risk = subtract(of.entryPrice, of.stopPrice);
  if (risk === ZERO || risk > ZERO !== of.isLong) return null;
  return numberFromDecimal(divide(subtract(of.exitPrice, of.entryPrice), risk));
}
