/**
 * Positions that must become flat whatever their strategy does: at the end of the day, and by command. Orders of the
 * position are canceled, then what is held is closed at the market; what fails is tried again, later each time, also
 * by the desk that follows.
 */
import {
  absolute,
  type Decimal,
  formatDecimal,
  maximum,
  minimum,
  roundTo,
  ZERO,
} from '../../domain/decimal.ts';
import type { AssetClass, MarketHours, Session } from '../../domain/market.ts';
import { deriveClientOrderId, type OrderIntent } from '../../domain/order.ts';
import { type EpochMicros, formatMicros, MICROS_PER_MILLISECOND } from '../../domain/time.ts';
import type { KeptClosing } from '../contract.ts';
import type { DeskState } from '../state.ts';
import { Parts } from './parts.ts';
import type { Placing } from './placing.ts';

/** After this many tries a person is told. */
const ATTEMPTS_BEFORE_ALERT = 3;

interface Target extends KeptClosing {
  attempts: number;
  dueMicros: EpochMicros;
}

export class Liquidation {
  readonly #state: DeskState;
  readonly #placing: Placing;
  readonly #targets = new Map<string, Target>();
  readonly #parts: Parts;
  readonly #sequences = new Map<string, number>();
  /** What is held over night was looked at. */
  #isNightReported = false;
  /** The journal knows of other targets. */
  #isKeepingDue = false;

  constructor(state: DeskState, placing: Placing) {
    this.#state = state;
    this.#placing = placing;
    this.#parts = new Parts(state, (of, quantity) => this.#close(of, this.#closableNow(of.symbol, quantity)));
  }

  /** The last sequence of the desk's own order ids, after a restart within the batch. */
  restoreSequence(instanceId: string, symbol: string, sequence: number): void {
    const key = keyOf(instanceId, symbol);
    this.#sequences.set(key, Math.max(sequence, this.#sequences.get(key) ?? 0));
  }

  /** What the desk before this one had not closed yet. */
  restore(closing: readonly KeptClosing[]): void {
    for (const { instanceId, symbol, reason, part } of closing) {
      // What nobody here trades is reported as such, and left.
      if (!this.#state.instances.has(instanceId)) continue;
      if (part === undefined) this.#add(instanceId, symbol, reason);
      else this.#parts.restore({ instanceId, symbol, reason, part });
    }
    this.#isKeepingDue = false;
  }

  /** Cancels and closes everything of these instances (null = of all). */
  liquidate(instanceIds: readonly string[] | null, reason: string): void {
    const state = this.#state;
    const isMeant = (instanceId: string) => instanceIds === null || instanceIds.includes(instanceId);
    for (const tracked of state.orders.open()) {
      if (isMeant(tracked.order.instanceId))
        this.#add(tracked.order.instanceId, tracked.order.symbol, reason);
    }
    for (const position of state.heldPositions()) {
      if (isMeant(position.instanceId)) this.#add(position.instanceId, position.symbol, reason);
    }
    this.#work();
  }

  /** Closes one position, and tries until it is flat. */
  flatten(instanceId: string, symbol: string, reason: string): void {
    this.#add(instanceId, symbol, reason);
    this.#work();
  }

  /** Closes a part of a position, and tries until it is gone; `quantity` is signed as the part is. */
  closePart(of: KeptClosing, quantity: Decimal): void {
    this.#parts.add(of, quantity);
    this.#isKeepingDue = true;
    this.#work();
  }

  onTick(): void {
    if (this.#state.isStopping) return;
    this.#endOfDay();
    this.#work();
  }

  #endOfDay(): void {
    const state = this.#state;
    const { session } = state;
    if (session === null || !state.hasReconciled) return;
    const openMicros = opening(session, state.config.marketHours);
    if (state.nowMicros >= openMicros && state.nowMicros < session.closeMicros) {
      this.#isNightReported = false;
      for (const instanceId of state.instances.keys()) {
        if (!state.gate.isEndOfDay(instanceId)) continue;
        this.#addAll(instanceId, `end of day: flat before ${formatMicros(session.closeMicros)}`);
      }
    } else if (!this.#isNightReported) {
      // Told of the next session already, or started again after the close: the market is closed all the same.
      this.#isNightReported = true;
      this.#reportLeftOver();
    }
  }

  #addAll(instanceId: string, reason: string): void {
    for (const tracked of this.#state.orders.open()) {
      if (tracked.order.instanceId === instanceId) this.#add(instanceId, tracked.order.symbol, reason);
    }
    for (const position of this.#state.heldPositions()) {
      if (position.instanceId === instanceId) this.#add(instanceId, position.symbol, reason);
    }
  }

  #reportLeftOver(): void {
    const state = this.#state;
    for (const position of state.heldPositions()) {
      if (state.instances.get(position.instanceId)?.isIntraday !== true) continue;
      if (state.config.liquidateBeforeCloseMs === null) continue;
      state.alert('critical', 'not_flat', `${position.symbol} could not be closed before the close`, {
        instanceId: position.instanceId,
        symbol: position.symbol,
        quantity: formatDecimal(position.quantity),
      });
    }
  }

  #add(instanceId: string, symbol: string, reason: string): void {
    const key = keyOf(instanceId, symbol);
    if (this.#targets.has(key)) return;
    this.#targets.set(key, { instanceId, symbol, reason, attempts: 0, dueMicros: 0 });
    this.#isKeepingDue = true;
  }

  #work(): void {
    // Before the broker's books are compared nobody knows what there is to close.
    if (this.#state.hasReconciled) {
      for (const [key, target] of this.#targets) {
        if (this.#isDone(target)) {
          this.#targets.delete(key);
          this.#isKeepingDue = true;
        } else if (this.#state.nowMicros >= target.dueMicros) this.#try(target);
      }
      if (this.#parts.work()) this.#isKeepingDue = true;
    }
    if (this.#isKeepingDue) this.#keep();
  }

  #keep(): void {
    const state = this.#state;
    this.#isKeepingDue = false;
    if (!state.keepsRecords) return;
    const whole = [...this.#targets.values()].map(
      ({ instanceId, symbol, reason }): KeptClosing => ({ instanceId, symbol, reason }),
    );
    const closing = [...whole, ...this.#parts.kept()];
    state.emit({ type: 'journal', entry: { entry: 'closing', atMicros: state.nowMicros, closing } });
  }

  #isDone({ instanceId, symbol }: Target): boolean {
    const { positions, orders } = this.#state;
    if (positions.quantity(instanceId, symbol) !== ZERO) return false;
    // Also one that has ended may still change the position: by fills that were not told yet.
    for (const { order } of orders.live(symbol)) if (order.instanceId === instanceId) return false;
    return true;
  }

  #try(target: Target): void {
    const state = this.#state;
    const { instanceId, symbol, reason } = target;
    const { flattenDelayMs, flattenDelayMaxMs } = state.config.policy;
    const delayMs = Math.min(flattenDelayMs * 2 ** target.attempts, flattenDelayMaxMs);
    target.attempts += 1;
    target.dueMicros = state.nowMicros + delayMs * MICROS_PER_MILLISECOND;
    const open = state.orders.openOf(instanceId, symbol);
    // A closing order at the market is on its way: canceling it would only delay the end.
    const isClosing = open.some(
      ({ order, isWaiting }) =>
        order.reduceOnly && (order.type === 'market' || isWaiting) && target.attempts > 1,
    );
    for (const tracked of open) {
      if (!(tracked.order.reduceOnly && tracked.order.type === 'market'))
        this.#placing.requestCancel(tracked, reason);
    }
    const held = state.positions.quantity(instanceId, symbol);
    const now = this.#closableNow(symbol, held);
    if (now !== ZERO && !isClosing) this.#close(target, now);
    if (target.attempts === ATTEMPTS_BEFORE_ALERT) {
      state.alert('critical', 'not_flat_yet', `${symbol} of ${instanceId} is not flat yet: ${reason}`, {
        instanceId,
        symbol,
        quantity: formatDecimal(held),
        openOrders: open.length,
      });
    }
  }

  #closableNow(symbol: string, held: Decimal): Decimal {
    const { positions, config } = this.#state;
    return closableNow(held, positions.net(symbol), config.assetClass);
  }

  /** Answers the order's id; null when it did not become one. */
  #close({ instanceId, symbol, reason }: KeptClosing, held: Decimal): string | null {
    const state = this.#state;
    if (held === ZERO) return null;
    const run = state.runOf(instanceId, symbol);
    const algoRunId = run?.algoRunId ?? state.positions.find(instanceId, symbol)?.algoRunId;
    if (algoRunId === undefined) return null;
    const key = keyOf(instanceId, symbol);
    const sequence = (this.#sequences.get(key) ?? 0) + 1;
    this.#sequences.set(key, sequence);
    const intent: OrderIntent = {
      kind: 'order',
      clientOrderId: deriveClientOrderId(state.config.batchId, deskOrderer(instanceId), symbol, sequence),
      instanceId,
      algoRunId,
      consumer: run?.consumer ?? '',
      symbol,
      side: held > ZERO ? 'sell' : 'buy',
      type: 'market',
      timeInForce: state.config.assetClass === 'crypto' ? 'gtc' : 'day',
      extendedHours: false,
      quantity: absolute(held),
      limitPrice: null,
      stopPrice: null,
      reduceOnly: true,
      targetPrice: null,
      stopLossPrice: null,
      reason,
      indicators: {},
      causedBy: 0,
      decidedAtMicros: state.nowMicros,
    };
    return this.#placing.place(intent) ? intent.clientOrderId : null;
  }
}

/**
 * How much of a position one order can close, signed as it is. The broker knows the account's net alone: it does not turn
 * a long position into a short one by one order, and sells no fractions short. The rest is closed by the next tries.
 */
function closableNow(held: Decimal, net: Decimal, assetClass: AssetClass): Decimal {
  const isAgainstNet = held > ZERO ? net > ZERO : net < ZERO;
  if (isAgainstNet) return held > ZERO ? minimum(held, net) : maximum(held, net);
  const isShortSale = held > ZERO && assetClass === 'us_equity';
  return isShortSale ? roundTo(held, 0, 'down') : held;
}

/** The desk's own orders for an instance count apart from the strategy's. */
export function deskOrderer(instanceId: string): string {
  return `${instanceId}.desk`;
}

function keyOf(instanceId: string, symbol: string): string {
  return `${instanceId}\u0000${symbol}`;
}

/** From when on intraday positions may be held before the session's close. */
function opening(session: Session, marketHours: MarketHours): EpochMicros {
  switch (marketHours) {
    case 'regular':
      return session.openMicros;
    case 'extended':
      return session.extendedOpenMicros;
    case 'always':
      return 0;
  }
}
