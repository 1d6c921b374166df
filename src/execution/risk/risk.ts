/**
 * Pre-trade risk: the only maker of an {@link ApprovedOrder}. It looks at positions, open orders (those of unknown
 * fate among them), the market and the account; it depends on no strategy. An order that only brings a position
 * closer to zero passes every limit; it is refused only where it is impossible.
 */
import {
  add,
  type Decimal,
  decimal,
  decimalFromNumber,
  divide,
  maximum,
  minimum,
  multiply,
  numberFromDecimal,
  subtract,
  ZERO,
} from '../../domain/decimal.ts';
import type { AssetClass, Instrument } from '../../domain/market.ts';
import {
  type Account,
  changedOrder,
  type DenialReason,
  type EveryFieldOf,
  type Order,
  type OrderIntent,
  type OrderTerms,
  type RiskState,
} from '../../domain/order.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { RiskPlan } from '../../tradeplan/plan.ts';
import type { PortfolioCash } from '../../transport/messages.ts';
import type { ApprovedOrder } from '../contract.ts';
import type { TrackedOrder } from '../orders/orderState.ts';
import { pendingOf, reducible } from '../orders/orders.ts';
import { isNoMoreRisk } from '../orders/replacing.ts';
import { orderOf, sharesFor, worstPrice } from '../orders/terms.ts';
import { findFault, isFractional, misplacedExit } from '../orders/validation.ts';
import { inTheWayOf } from '../orders/washTrade.ts';
import { AllBounds, type Bounds, forbidding, narrowest } from './bounds.ts';
import { type Bounded, findBreach, type OrdersLastMinute } from './breaches.ts';
import type { Book } from './exposure.ts';
import { portfolioCost } from './portfolioCost.ts';
import type { Prices, Reference } from './prices.ts';

const HUNDRED = decimal('100');
const AS_ASKED = {};

/** What risk looks at. */
export interface RiskView extends Book, OrdersLastMinute {
  readonly prices: Prices;
  readonly account: Account | null;
  /** As the broker lists them; nothing is known against a symbol that is missing. */
  readonly instruments: ReadonlyMap<string, Instrument>;
  /** Buying power taken since the account was last described. */
  readonly committed: Decimal;
  readonly riskState: RiskState;
  readonly riskReason: string | null;
  readonly dailyLoss: Decimal | null;
  readonly isStopping: boolean;
  /** False until the first reconciliation is through: then nothing trades, not even to reduce. */
  readonly isReconciled: boolean;
  /** Why this instance may take no new risk now (end of day, market closed), undefined when it may. */
  readonly gate: DenialReason | undefined;
  /** The account has fallen too far from its highest equity; undefined when it has not. */
  readonly drawdown: DenialReason | undefined;
  /** Undefined where the instance trades for no portfolio. */
  readonly portfolio: PortfolioCash | undefined;
}

export type Verdict =
  /** `committed`: buying power that the order takes; `reserved`: what it may cost its portfolio. */
  | {
      readonly type: 'approved';
      readonly order: ApprovedOrder;
      readonly committed: Decimal;
      readonly reserved: Decimal;
    }
  /**
   * It reduces, and must wait for orders to end: what it would close is still bound by some whose cancel is under way,
   * or it could trade with those `inTheWay`, which are to be canceled.
   */
  | { readonly type: 'wait'; readonly order: Order; readonly inTheWay: readonly TrackedOrder[] }
  | { readonly type: 'denied'; readonly reason: DenialReason };

interface Limits {
  readonly orderNotionalMax: Decimal;
  readonly dailyLossMax: Decimal;
  readonly collar: Decimal;
}

export class Risk {
  readonly bounds: AllBounds;
  readonly #plan: RiskPlan;
  readonly #limits: Limits;
  readonly #assetClass: AssetClass;

  constructor(plan: RiskPlan, assetClass: AssetClass) {
    this.#plan = plan;
    this.#assetClass = assetClass;
    this.bounds = new AllBounds(plan);
    this.#limits = {
      orderNotionalMax: decimal(plan.orderNotionalMax),
      dailyLossMax: decimal(plan.dailyLossMax),
      collar: decimalFromNumber(plan.priceCollarPercent),
    };
  }

  get dailyLossMax(): Decimal {
    return this.#limits.dailyLossMax;
  }

  check(asked: OrderIntent, view: RiskView, nowMicros: EpochMicros): Verdict {
    const fault = findFault(asked, this.#assetClass);
    if (fault !== undefined) return denied({ code: 'invalid', detail: fault });
    if (view.orders.find(asked.clientOrderId) !== undefined) {
      return denied({ code: 'duplicate', clientOrderId: asked.clientOrderId });
    }
    if (view.isStopping) return denied({ code: 'stopping' });
    if (!view.isReconciled) {
      return denied({
        code: 'risk_state',
        state: view.riskState,
        why: view.riskReason ?? 'not reconciled yet',
      });
    }
    const intent = this.#sized(asked, view, nowMicros);
    if ('code' in intent) return denied(intent);
    const held = view.positions.quantity(intent.instanceId, intent.symbol);
    const replaced = replacedBy(intent, view);
    const pending = pendingOf(view.orders, intent.instanceId, intent.symbol, replaced);
    const isBuy = intent.side === 'buy';
    const same = isBuy ? pending.buys : pending.sells;
    const canceling = isBuy ? pending.cancelingBuys : pending.cancelingSells;
    const free = reducible(held, intent.side, same);
    const freeLater = reducible(held, intent.side, subtract(same, canceling));
    const isCanceling = pending.cancelingBuys > ZERO || pending.cancelingSells > ZERO;
    const isOco = intent.exits?.orderClass === 'oco';
    if (isOco && freeLater === ZERO) return denied({ code: 'not_reducing', held, asked: intent.quantity });
    if (intent.exits !== undefined && !isOco && freeLater > ZERO) {
      return denied({ code: 'invalid', detail: 'exits come with an order that opens a position' });
    }
    const inTheWay = inTheWayOf(intent, view.orders);
    if (intent.reduceOnly || isOco) {
      const most = replaced === undefined ? freeLater : free;
      if (most === ZERO) return denied({ code: 'not_reducing', held, asked: intent.quantity });
      if (replaced === undefined && (isCanceling || inTheWay.length > 0))
        return {
          type: 'wait',
          order: orderOf(intent, nowMicros, {
            quantity: minimum(intent.quantity, freeLater),
            reduceOnly: true,
          }),
          inTheWay,
        };
      return approved(intent, nowMicros, { quantity: minimum(intent.quantity, free) });
    }
    if (intent.quantity <= free && inTheWay.length === 0) return approved(intent, nowMicros);
    // The strategy has canceled its stop and closes: what the stop binds becomes free.
    if (replaced === undefined && intent.quantity <= freeLater) {
      return { type: 'wait', order: orderOf(intent, nowMicros, { reduceOnly: true }), inTheWay };
    }
    const opposite = inTheWay[0]?.order.clientOrderId;
    if (opposite !== undefined) {
      return denied({ code: 'wash_trade', symbol: intent.symbol, existingClientOrderId: opposite });
    }
    if (replaced !== undefined && isNoMoreRisk(intent, replaced)) return approved(intent, nowMicros);
    return this.#checkNewRisk(intent, view, nowMicros);
  }

  /** Lets a reducing order go that has waited for cancels, with what can be closed now. Null when nothing can. */
  release(order: Order, view: Pick<RiskView, 'orders' | 'positions'>): ApprovedOrder | null {
    const held = view.positions.quantity(order.instanceId, order.symbol);
    const pending = pendingOf(view.orders, order.instanceId, order.symbol);
    const free = reducible(held, order.side, order.side === 'buy' ? pending.buys : pending.sells);
    if (free === ZERO) return null;
    // Of an amount all is closed or nothing, for more might be sold than is free.
    if (order.notional !== undefined && free < order.quantity) return null;
    return submitting(changedOrder(order, { quantity: minimum(order.quantity, free) }));
  }

  /** The order that an intent did not become, for its row. */
  denied(intent: OrderIntent, why: string, nowMicros: EpochMicros): Order {
    return orderOf(intent, nowMicros, { status: 'denied', statusReason: why });
  }

  /** Lets an order go again, under its own id, that did not reach the broker. It was approved before. */
  resend(order: Order): ApprovedOrder {
    return submitting(order);
  }

  #checkNewRisk(intent: OrderIntent, view: RiskView, nowMicros: EpochMicros): Verdict {
    const { symbol, side, quantity } = intent;
    const { prices, account } = view;
    const bounds = this.bounds.of(intent.instanceId, symbol);
    const barred = this.#barred(intent, view, bounds);
    if (barred !== undefined) return denied(barred);
    const reference = this.#reference(intent, prices, nowMicros);
    if ('code' in reference) return denied(reference);
    const collared = collarBreach(intent, reference, narrowest(bounds));
    if (collared !== undefined) return denied(collared);
    const misplaced = misplacedExit(intent, intent.limitPrice ?? intent.stopPrice ?? reference.opposite);
    if (misplaced !== undefined) return denied({ code: 'invalid', detail: misplaced });
    const price = worstPrice(intent, reference);
    const notional = intent.notional ?? multiply(price, quantity, 'up');
    const replaced = replacedBy(intent, view);
    const { instanceId } = intent;
    // Field by field, here too: a spread of fields took as long as the checks.
    const bounded: EveryFieldOf<Bounded> = {
      instanceId,
      symbol,
      side,
      price,
      without: replaced,
      // The one or the other is filled: until that is known the worse counts.
      quantity: maximum(quantity, replaced?.outstanding ?? ZERO),
      positionPrice: maximum(price, reference.middle),
      orderQuantity: quantity,
      orderNotional: notional,
    };
    const breach = findBreach(bounded, bounds, view);
    if (breach !== undefined) return denied(breach);
    const available = subtract(account?.buyingPower ?? ZERO, view.committed);
    const before = this.#costsOf(replaced, reference, view);
    const needed = maximum(ZERO, subtract(notional, before.notional));
    if (needed > maximum(ZERO, available)) return denied({ code: 'buying_power', needed, available });
    const reserved = portfolioCost(intent, { price, collar: this.#limits.collar }, view, replaced);
    if (view.portfolio !== undefined) {
      const { cash, credit, reserved: taken } = view.portfolio;
      const asked = maximum(ZERO, subtract(reserved, before.reserved));
      if (asked > maximum(ZERO, subtract(add(cash, credit), taken))) {
        return denied({ code: 'portfolio_cash', needed: asked, ...view.portfolio });
      }
    }
    return approved(intent, nowMicros, { committed: needed, reserved });
  }

  /** An order by amount with the shares that it comes to. */
  #sized(intent: OrderIntent, view: RiskView, nowMicros: EpochMicros): OrderIntent | DenialReason {
    if (intent.notional === undefined) return intent;
    const reference = this.#reference(intent, view.prices, nowMicros);
    if ('code' in reference) return reference;
    const at = { price: reference.opposite, collar: this.#limits.collar };
    return { ...intent, quantity: sharesFor(intent.notional, intent.side, at) };
  }

  #reference(
    { symbol, side }: OrderTerms,
    prices: Prices,
    nowMicros: EpochMicros,
  ): Reference | Extract<DenialReason, { code: 'no_market' | 'stale_market' }> {
    const { marketAgeMaxMs: limitMs } = this.#plan;
    const reference = prices.reference(symbol, side, { nowMicros, ageMaxMs: limitMs });
    if (reference === undefined) return { code: 'no_market', symbol };
    if (reference.ageMs <= limitMs) return reference;
    return { code: 'stale_market', symbol, ageMs: Math.round(reference.ageMs), limitMs };
  }

  /** What the order that makes place takes already: of the two only one will be paid for. */
  #costsOf(
    replaced: TrackedOrder | undefined,
    reference: Reference,
    view: RiskView,
  ): { readonly notional: Decimal; readonly reserved: Decimal } {
    if (replaced === undefined) return { notional: ZERO, reserved: ZERO };
    const { order, outstanding: quantity } = replaced;
    const price = worstPrice(order, reference);
    const { collar } = this.#limits;
    const reserved = portfolioCost({ ...order, quantity }, { price, collar }, view, replaced);
    return { notional: multiply(price, quantity, 'up'), reserved };
  }

  /**
   * What an order of before the restart may cost its portfolio. Without a price of its own it is taken for as large as
   * an order may be.
   */
  costOf(order: Order, book: Book): Decimal {
    if (order.reduceOnly || order.quantity === ZERO) return ZERO;
    const { orderNotionalMax, collar } = this.#limits;
    const price = order.limitPrice ?? order.stopPrice ?? divide(orderNotionalMax, order.quantity, 'up');
    return portfolioCost(order, { price, collar }, book);
  }

  /** What stands against new risk before any price is looked at. */
  #barred(intent: OrderIntent, view: RiskView, bounds: readonly Bounds[]): DenialReason | undefined {
    const { symbol, quantity } = intent;
    const { account } = view;
    if (view.dailyLoss !== null && view.dailyLoss >= this.#limits.dailyLossMax) {
      return { code: 'daily_loss', loss: view.dailyLoss, limit: this.#limits.dailyLossMax };
    }
    if (view.drawdown !== undefined) return view.drawdown;
    if (view.riskState !== 'active') {
      return { code: 'risk_state', state: view.riskState, why: view.riskReason ?? view.riskState };
    }
    if (account === null)
      return { code: 'account_blocked', why: 'the broker has not described the account yet' };
    if (account.blockedReason !== null) return { code: 'account_blocked', why: account.blockedReason };
    if (view.gate !== undefined) return view.gate;
    const status = view.prices.status(symbol);
    if (status === 'halted' || status === 'quotation_only') return { code: 'symbol_halted', symbol, status };
    const instrument = view.instruments.get(symbol);
    // One that the list lacks is the broker's to refuse: lists are of a moment.
    if (instrument?.tradable === false) {
      return { code: 'invalid', detail: `the broker does not trade ${symbol}` };
    }
    if (isFractional(intent)) {
      const forbids = forbidding(bounds, 'fractionAllowed');
      const mayBeFractional = forbids === undefined && (instrument?.fractionable ?? true);
      if (!mayBeFractional) return { code: 'fraction_not_allowed', symbol, quantity, ...forbids?.of };
    }
    return this.#shortFault(intent, view, bounds);
  }

  #shortFault(intent: OrderIntent, view: RiskView, bounds: readonly Bounds[]): DenialReason | undefined {
    if (intent.side === 'buy') return undefined;
    const held = view.positions.quantity(intent.instanceId, intent.symbol);
    const { sells } = pendingOf(view.orders, intent.instanceId, intent.symbol, replacedBy(intent, view));
    if (add(sells, intent.quantity) <= held) return undefined;
    const forbids = forbidding(bounds, 'shortAllowed');
    const isShortable = view.instruments.get(intent.symbol)?.shortable ?? true;
    const mayBeShort = forbids === undefined && view.account?.shortingEnabled === true && isShortable;
    if (mayBeShort && !isFractional(intent)) return undefined;
    return {
      ...{ code: 'short_not_allowed', symbol: intent.symbol, held, asked: intent.quantity },
      ...forbids?.of,
    };
  }
}

/**
 * Refuses a price that gives money away: a limit to buy far above the market or to sell far below it, and a market
 * order into a spread as wide as that. A limit on the patient side of the market costs nothing and passes.
 */
function collarBreach(
  intent: OrderIntent,
  reference: Reference,
  { collar, of }: Bounds,
): DenialReason | undefined {
  const isStop = intent.type === 'stop' || intent.type === 'stop_limit';
  // A stop's prices are where the market will be when it triggers: judged against the stop, not against today.
  const base = isStop ? intent.stopPrice! : reference.middle;
  const price = intent.limitPrice ?? (isStop ? base : reference.opposite);
  const worse = intent.side === 'buy' ? subtract(price, base) : subtract(base, price);
  if (collar === null || worse <= ZERO) return undefined;
  if (divide(multiply(worse, HUNDRED), base) <= collar) return undefined;
  return { code: 'price_collar', price, reference: base, limitPercent: numberFromDecimal(collar), ...of };
}

/** The order that is to make place for this one. */
function replacedBy({ replaces }: OrderTerms, view: Pick<RiskView, 'orders'>): TrackedOrder | undefined {
  return replaces === undefined ? undefined : view.orders.find(replaces);
}

/** @param as less than asked for; what it takes of buying power and may cost its portfolio: nothing, if left out. */
function approved(
  intent: OrderIntent,
  nowMicros: EpochMicros,
  as: { readonly quantity?: Decimal; readonly committed?: Decimal; readonly reserved?: Decimal } = AS_ASKED,
): Verdict {
  const { quantity, committed = ZERO, reserved = ZERO } = as;
  const reduceOnly = intent.reduceOnly || intent.exits?.orderClass === 'oco';
  const order = orderOf(intent, nowMicros, { status: 'submitting', quantity, reduceOnly });
  return { type: 'approved', order: order as ApprovedOrder, committed, reserved };
}

function submitting(order: Order): ApprovedOrder {
  return changedOrder(order, { status: 'submitting' }) as ApprovedOrder;
}

function denied(reason: DenialReason): Verdict {
  return { type: 'denied', reason };
}
