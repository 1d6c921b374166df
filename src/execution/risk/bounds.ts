/**
 * Limits of orders as they are compared: the account's, those of single symbols and those of single strategies. An
 * order must keep all of them, so one of a symbol or a strategy counts where it is tighter than the account's.
 */
import { type Decimal, decimal, decimalFromNumber } from '../../domain/decimal.ts';
import type { OrderLimits, StrategyLimits } from '../../domain/limits.ts';
import type { OfLimit } from '../../domain/order.ts';
import type { RiskPlan } from '../../tradeplan/plan.ts';

/** Null = no such limit. */
export interface Bounds {
  readonly of: OfLimit;
  readonly orderNotionalMax: Decimal | null;
  readonly orderQuantityMax: Decimal | null;
  readonly positionNotionalMax: Decimal | null;
  readonly positionQuantityMax: Decimal | null;
  /** All that is held and ordered, in every symbol. */
  readonly grossNotionalMax: Decimal | null;
  readonly openOrdersMax: number | null;
  readonly ordersPerMinuteMax: number | null;
  /** How far a price may lie from the market, in percent. */
  readonly collar: Decimal | null;
  readonly shortAllowed: boolean;
  readonly fractionAllowed: boolean;
}

const NO_LIMITS: OrderLimits = {
  orderNotionalMax: null,
  orderQuantityMax: null,
  positionNotionalMax: null,
  positionQuantityMax: null,
  openOrdersMax: null,
  ordersPerMinuteMax: null,
  priceCollarPercent: null,
  shortAllowed: null,
  fractionAllowed: null,
};

/** The bounds of a plan, and of the strategies that it is told of. */
export class AllBounds {
  readonly #plan: RiskPlan;
  readonly #accountAlone: readonly Bounds[];
  readonly #symbols = new Map<string, Bounds | null>();
  readonly #strategies = new Map<string, Bounds>();

  constructor(plan: RiskPlan) {
    this.#plan = plan;
    this.#accountAlone = [boundsOf(plan, {}, plan.grossNotionalMax)];
  }

  /** Limits of a strategy instance, or others in their place. */
  learn(instanceId: string, limits: StrategyLimits | null): void {
    if (limits === null) this.#strategies.delete(instanceId);
    else this.#strategies.set(instanceId, boundsOf(limits, { instanceId }, limits.notionalMax));
  }

  /** Those that an order must keep, the account's first. */
  of(instanceId: string, symbol: string): readonly Bounds[] {
    const ofSymbol = this.#ofSymbol(symbol);
    const ofStrategy = this.#strategies.get(instanceId);
    if (ofSymbol === null && ofStrategy === undefined) return this.#accountAlone;
    const all = [...this.#accountAlone];
    if (ofSymbol !== null) all.push(ofSymbol);
    if (ofStrategy !== undefined) all.push(ofStrategy);
    return all;
  }

  /** Whether orders in the symbol must be counted by the minute. */
  countsOrdersIn(symbol: string): boolean {
    return (this.#ofSymbol(symbol)?.ordersPerMinuteMax ?? null) !== null;
  }

  #ofSymbol(symbol: string): Bounds | null {
    let bounds = this.#symbols.get(symbol);
    if (bounds === undefined) {
      bounds = this.#symbolBounds(symbol);
      this.#symbols.set(symbol, bounds);
    }
    return bounds;
  }

  #symbolBounds(symbol: string): Bounds | null {
    const { symbols, symbolOpenOrdersMax: openOrdersMax, symbolOrdersPerMinuteMax: rateMax } = this.#plan;
    const own = Object.hasOwn(symbols, symbol) ? symbols[symbol]! : null;
    if (own === null && openOrdersMax === null && rateMax === null) return null;
    const limits = own ?? NO_LIMITS;
    const counts = {
      openOrdersMax: tighter(limits.openOrdersMax, openOrdersMax),
      ordersPerMinuteMax: tighter(limits.ordersPerMinuteMax, rateMax),
    };
    return boundsOf({ ...limits, ...counts }, { ofSymbol: symbol }, null);
  }
}

/** The bounds that forbid it; undefined when none does. */
export function forbidding(
  all: readonly Bounds[],
  what: 'shortAllowed' | 'fractionAllowed',
): Bounds | undefined {
  return all.find((bounds) => !bounds[what]);
}

/** The bounds with the narrowest collar: the account always has one. */
export function narrowest(all: readonly Bounds[]): Bounds {
  return all.reduce((best, bounds) =>
    bounds.collar !== null && (best.collar === null || bounds.collar < best.collar) ? bounds : best,
  );
}

function boundsOf(limits: OrderLimits, of: OfLimit, grossNotionalMax: string | null): Bounds {
  return {
    of,
    orderNotionalMax: amountOrNull(limits.orderNotionalMax),
    orderQuantityMax: amountOrNull(limits.orderQuantityMax),
    positionNotionalMax: amountOrNull(limits.positionNotionalMax),
    positionQuantityMax: amountOrNull(limits.positionQuantityMax),
    grossNotionalMax: amountOrNull(grossNotionalMax),
    openOrdersMax: limits.openOrdersMax,
    ordersPerMinuteMax: limits.ordersPerMinuteMax,
    collar: limits.priceCollarPercent === null ? null : decimalFromNumber(limits.priceCollarPercent),
    shortAllowed: limits.shortAllowed !== false,
    fractionAllowed: limits.fractionAllowed !== false,
  };
}

function amountOrNull(text: string | null): Decimal | null {
  return text === null ? null : decimal(text);
}

function tighter(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
