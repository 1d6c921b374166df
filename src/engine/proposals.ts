/** What strategies ask of the host: orders, cancels, closing, rejection, timers, log lines. */
import { absolute, type Decimal, isZero, subtract, ZERO } from '../domain/decimal.ts';
import {
  type CancelIntent,
  clientOrderIdOf,
  clientOrderIdPrefix,
  type DenialReason,
  type EveryFieldOf,
  type JsonObject,
  type OrderIntent,
  type ReplaceIntent,
  type Side,
} from '../domain/order.ts';
import { MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../domain/time.ts';
import type { ChangeFields, HostBridge } from '../strategies/guest/bridge.ts';
import { type HostCore, unitFields } from './core.ts';
import { isReducing, type Proposal, priceAtTick, propose, proposeChanges, reasonOf } from './intents.ts';
import type { Runner } from './runner.ts';
import type { OpenOrder, Unit, UnitSymbol } from './unit.ts';
import { viewerNamedIn, viewerOf } from './viewers.ts';
import { denialOfNewRisk } from './windows.ts';

/** How often closing a position is tried before a person must look; the waits between double from a second. */
const CLOSING_ATTEMPTS_MAX = 8;
/** How far from the market a closing order's limit lies where market orders are not taken. */
const CLOSING_COLLAR = 0.01;
/** Of the name of a series that is drawn. */
const SERIES_CHARACTERS_MAX = 40;

const LEVELS: readonly string[] = ['debug', 'info', 'warn'];

export class Proposals {
  readonly #core: HostCore;
  readonly #runner: Runner;

  constructor(core: HostCore, runner: Runner) {
    this.#core = core;
    this.#runner = runner;
    runner.onStopped((viewer, reason) => this.#cancelAll(viewer, reason));
  }

  /** The bridge of one instance's realm. Units are found by the number the host gave them. */
  bridge(moduleRandom: () => number): HostBridge {
    const core = this.#core;
    const unitOf = (id: number): Unit => {
      const unit = core.units[id];
      if (unit === undefined) throw new Error('this unit does not run any more');
      return unit;
    };
    // What is said may change what comes before the next row.
    const saidBy = (id: number): Unit => {
      core.clock.isPaused = true;
      return unitOf(id);
    };
    return {
      clock: core.clock,
      random: (id) => core.units[id]?.random() ?? moduleRandom(),
      isWindowOpen: (id) => this.#newRiskDenial(unitOf(id)) === null,
      order: (id, side, fields) => this.#order(saidBy(id), side, fields),
      openOrders: (id, place) => {
        const viewer = core.units[id]?.symbols[place];
        return viewer === undefined ? '[]' : core.openOrdersText(viewer);
      },
      cancel: (id, clientOrderId, reason) => {
        const viewer = saidBy(id).symbols.find((entry) => entry?.openOrders.has(clientOrderId));
        if (viewer !== undefined) this.#cancel(viewer, clientOrderId, reason);
      },
      replace: (id, clientOrderId, fields) => this.#replace(saidBy(id), clientOrderId, fields),
      flatten: (id, symbol, reason) => this.close(viewerOf(saidBy(id), symbol), reason),
      reject: (id, symbol, reason) => this.#reject(viewerOf(saidBy(id), symbol), reason),
      setTimer: (id, name, atMicros) => this.setTimer(saidBy(id), name, atMicros),
      cancelTimer: (id, name) => this.#cancelTimer(unitOf(id), name),
      plot: (id, symbol, series, value) => this.#plot(viewerOf(unitOf(id), symbol), series, value),
      log: (id, level, message, fieldsJson) => {
        const fields = JSON.parse(fieldsJson) as JsonObject;
        const known = (LEVELS.includes(level) ? level : 'info') as 'debug' | 'info' | 'warn';
        const unit = core.units[id];
        if (unit === undefined) core.output.log(known, message, fields);
        else core.output.report({ type: 'log', level: known, unit: unitName(unit), message, fields });
      },
    };
  }

  setTimer(unit: Unit, name: string, atMicros: number): void {
    if (!Number.isFinite(atMicros)) throw new RangeError(`timer ${name}: ${atMicros} is no moment`);
    this.#cancelTimer(unit, name);
    if (unit.timers.size >= this.#core.config.limits.timersMax) {
      throw new RangeError(`a unit has at most ${this.#core.config.limits.timersMax} timers`);
    }
    const timer = this.#core.timers.set(Math.round(atMicros), () => {
      unit.timers.delete(name);
      this.#runner.timer(unit, name);
    });
    unit.timers.set(name, timer);
  }

  /** Cancels the symbol's open orders, then closes what is held at the market. */
  close(viewer: UnitSymbol, reason: string): void {
    if (viewer.closing !== null || (isZero(viewer.quantity) && viewer.openOrders.size === 0)) return;
    viewer.closing = { reason, attempts: 0, retry: null };
    this.#cancelAll(viewer, reason);
    this.continueClosing(viewer);
  }

  /** Goes on closing after something happened to the symbol's orders or its position. */
  continueClosing(viewer: UnitSymbol): void {
    const { closing } = viewer;
    if (closing === null || closing.retry !== null || viewer.openOrders.size > 0) return;
    if (isZero(viewer.quantity) || this.#core.isStopping) {
      viewer.closing = null;
      return;
    }
    const fields = { ...unitFields(viewer.unit), symbol: viewer.market.symbol, reason: closing.reason };
    if (closing.attempts === CLOSING_ATTEMPTS_MAX) {
      this.#core.output.log(
        'warn',
        `the position could not be closed in ${closing.attempts} attempts`,
        fields,
      );
      viewer.closing = null;
      return;
    }
    const waitSeconds = closing.attempts === 0 ? 0 : 2 ** (closing.attempts - 1);
    closing.attempts += 1;
    if (waitSeconds === 0) {
      this.#sendClosingOrder(viewer, closing.reason);
      return;
    }
    const atMicros = this.#core.clock.nowMicros + waitSeconds * MICROS_PER_SECOND;
    closing.retry = this.#core.timers.set(atMicros, () => {
      closing.retry = null;
      if (viewer.closing !== closing) return;
      if (isZero(viewer.quantity) || viewer.openOrders.size > 0) this.continueClosing(viewer);
      else this.#sendClosingOrder(viewer, closing.reason);
    });
  }

  #order(unit: Unit, side: Side, fields: Parameters<HostBridge['order']>[2]): string {
    const viewer = viewerOf(unit, fields.symbol);
    const { config } = this.#core;
    const clientOrderId = this.#nextId(viewer);
    const proposed = propose(side, fields, {
      assetClass: config.assetClass,
      indicatorsCharactersMax: config.limits.indicatorsCharactersMax,
    });
    if (this.#core.isStopping) this.#runner.deny(viewer, clientOrderId, { code: 'stopping' });
    else if (!proposed.ok) {
      this.#runner.deny(viewer, clientOrderId, { code: 'invalid', detail: proposed.detail });
    } else if (viewer.closing !== null || !viewer.isTold) {
      const detail = viewer.closing === null ? 'the strategy is stopped' : 'the position is being closed';
      this.#runner.deny(viewer, clientOrderId, { code: 'invalid', detail });
    } else {
      const { proposal } = proposed;
      const { quantity, notional } = proposal;
      const reduceOnly = notional === undefined && isReducing(viewer, side, quantity);
      const denial = reduceOnly ? null : this.#newRiskDenial(unit);
      if (denial === null) this.#emit(viewer, { clientOrderId, side, reduceOnly }, proposal);
      else this.#runner.deny(viewer, clientOrderId, denial);
    }
    return clientOrderId;
  }

  #emit(
    viewer: UnitSymbol,
    as: { readonly clientOrderId: string; readonly side: Side; readonly reduceOnly: boolean },
    order: Proposal,
  ): void {
    const { config, clock, output } = this.#core;
    const { unit } = viewer;
    const { clientOrderId, side } = as;
    const symbol = viewer.market.symbol;
    if (order.indicatorsLost !== null) {
      output.log('warn', order.indicatorsLost, { ...unitFields(unit), symbol, clientOrderId });
    }
    // Field by field: taking the proposal apart and together again by spreads cost 4 us an order.
    const intent: EveryFieldOf<OrderIntent> = {
      kind: 'order',
      clientOrderId,
      instanceId: unit.instance.config.instanceId,
      algoRunId: unit.algoRunId,
      consumer: config.consumer,
      symbol,
      side,
      type: order.type,
      timeInForce: order.timeInForce,
      extendedHours:
        config.marketHours === 'extended' && order.type === 'limit' && order.timeInForce === 'day',
      quantity: order.quantity,
      notional: order.notional,
      limitPrice: order.limitPrice,
      stopPrice: order.stopPrice,
      trailPrice: order.trailPrice,
      trailPercent: order.trailPercent,
      reduceOnly: as.reduceOnly,
      targetPrice: order.targetPrice,
      stopLossPrice: order.stopLossPrice,
      replaces: undefined,
      exits: order.exits,
      parent: undefined,
      reason: order.reason,
      indicators: order.indicators,
      causedBy: clock.sequence,
      decidedAtMicros: clock.nowMicros,
    };
    this.#open(viewer, intent);
    output.intent(intent);
    this.#runner.proposed(unit);
  }

  #open(viewer: UnitSymbol, order: Omit<OpenOrder, 'filledQuantity' | 'status' | 'createdAtMicros'>): void {
    const { nowMicros } = this.#core.clock;
    const open: EveryFieldOf<OpenOrder> = {
      clientOrderId: order.clientOrderId,
      symbol: order.symbol,
      side: order.side,
      type: order.type,
      quantity: order.quantity,
      limitPrice: order.limitPrice,
      stopPrice: order.stopPrice,
      parent: order.parent,
      filledQuantity: ZERO,
      status: 'submitting',
      createdAtMicros: nowMicros,
    };
    viewer.openOrders.set(order.clientOrderId, open);
    this.#core.showOpenOrders(viewer);
  }

  #replace(unit: Unit, replaces: string, fields: ChangeFields): string {
    const viewer =
      unit.symbols.find((entry) => entry?.openOrders.has(replaces)) ?? viewerNamedIn(unit, replaces);
    const clientOrderId = this.#nextId(viewer);
    const old = viewer.openOrders.get(replaces);
    const denial = this.#replaceDenial(viewer, old, replaces);
    const changes = proposeChanges(old?.side ?? 'buy', fields, this.#core.config.assetClass);
    if (denial !== null) this.#runner.deny(viewer, clientOrderId, denial);
    else if (typeof changes === 'string') {
      this.#runner.deny(viewer, clientOrderId, { code: 'invalid', detail: changes });
    } else if (old !== undefined) {
      this.#emitReplace(viewer, old, { clientOrderId, changes, reason: reasonOf(fields.reason) });
    }
    return clientOrderId;
  }

  #replaceDenial(viewer: UnitSymbol, old: OpenOrder | undefined, replaces: string): DenialReason | null {
    if (this.#core.isStopping) return { code: 'stopping' };
    if (old === undefined) return { code: 'unknown_order', clientOrderId: replaces };
    if (viewer.closing !== null) return { code: 'invalid', detail: 'the position is being closed' };
    if (!viewer.isTold) return { code: 'invalid', detail: 'the strategy is stopped' };
    return null;
  }

  #emitReplace(
    viewer: UnitSymbol,
    old: OpenOrder,
    to: Pick<ReplaceIntent, 'clientOrderId' | 'changes' | 'reason'>,
  ): void {
    const { clock, output } = this.#core;
    const { unit } = viewer;
    const quantity = subtract(to.changes.quantity ?? old.quantity, old.filledQuantity);
    const isReduction = isReducing(viewer, old.side, quantity, old.clientOrderId);
    const denial = isReduction ? null : this.#newRiskDenial(unit);
    if (denial !== null) {
      this.#runner.deny(viewer, to.clientOrderId, denial);
      return;
    }
    const { limitPrice, stopPrice } = to.changes;
    this.#open(viewer, {
      ...old,
      clientOrderId: to.clientOrderId,
      quantity,
      limitPrice: limitPrice ?? old.limitPrice,
      stopPrice: stopPrice ?? old.stopPrice,
    });
    output.intent({
      kind: 'replace',
      ...to,
      replaces: old.clientOrderId,
      instanceId: unit.instance.config.instanceId,
      symbol: old.symbol,
      causedBy: clock.sequence,
      decidedAtMicros: clock.nowMicros,
    });
    this.#runner.proposed(unit);
  }

  #cancel(viewer: UnitSymbol, clientOrderId: string, reason: string): void {
    if (this.#core.isStopping || viewer.cancelling.has(clientOrderId)) return;
    viewer.cancelling.add(clientOrderId);
    const intent: CancelIntent = {
      kind: 'cancel',
      clientOrderId,
      instanceId: viewer.unit.instance.config.instanceId,
      symbol: viewer.market.symbol,
      reason,
      causedBy: this.#core.clock.sequence,
      decidedAtMicros: this.#core.clock.nowMicros,
    };
    this.#core.output.intent(intent);
    this.#runner.proposed(viewer.unit);
  }

  #cancelAll(viewer: UnitSymbol, reason: string): void {
    for (const clientOrderId of viewer.openOrders.keys()) this.#cancel(viewer, clientOrderId, reason);
  }

  #reject(viewer: UnitSymbol, reason: string): void {
    if (viewer.isRejected) return;
    viewer.isRejected = true;
    viewer.refresh();
    this.#core.output.report({
      type: 'rejected',
      unit: unitName(viewer.unit),
      symbol: viewer.market.symbol,
      reason,
    });
    // It is to hold over a restart as well.
    this.#runner.proposed(viewer.unit);
    this.close(viewer, reason);
  }

  #plot(viewer: UnitSymbol, series: string, value: number): void {
    const { clock, config, output } = this.#core;
    const atMicros = clock.nowMicros;
    const minute = Math.floor(atMicros / MICROS_PER_MINUTE);
    const name = series.slice(0, SERIES_CHARACTERS_MAX);
    if (!Number.isFinite(value) || viewer.plots.get(name) === minute) return;
    if (!viewer.plots.has(name) && viewer.plots.size >= config.limits.plotsMax) {
      throw new RangeError(`a unit plots at most ${config.limits.plotsMax} series of a symbol`);
    }
    viewer.plots.set(name, minute);
    const { instanceId } = viewer.unit.instance.config;
    output.report({ type: 'plot', instanceId, symbol: viewer.market.symbol, series: name, value, atMicros });
  }

  #sendClosingOrder(viewer: UnitSymbol, reason: string): void {
    const side: Side = viewer.quantity > 0n ? 'sell' : 'buy';
    const limitPrice = this.#closingLimit(viewer, side);
    const as = { clientOrderId: this.#nextId(viewer), side, reduceOnly: true };
    this.#emit(viewer, as, {
      quantity: absolute(viewer.quantity),
      type: limitPrice === null ? 'market' : 'limit',
      timeInForce: this.#core.config.assetClass === 'crypto' ? 'gtc' : 'day',
      limitPrice,
      stopPrice: null,
      targetPrice: null,
      stopLossPrice: null,
      reason,
      indicators: {},
      indicatorsLost: null,
    });
  }

  /** Outside of regular hours brokers take limit orders only: one through the market then. */
  #closingLimit(viewer: UnitSymbol, side: Side): Decimal | null {
    const { config, session, clock } = this.#core;
    if (config.marketHours !== 'extended' || session === null) return null;
    if (clock.nowMicros >= session.openMicros && clock.nowMicros < session.closeMicros) return null;
    const { bidPrice, askPrice, lastPrice } = viewer.market;
    const quoted = side === 'sell' ? bidPrice : askPrice;
    const reference = quoted > 0 ? quoted : lastPrice;
    if (!(reference > 0)) return null;
    const price = side === 'sell' ? reference * (1 - CLOSING_COLLAR) : reference * (1 + CLOSING_COLLAR);
    return priceAtTick(price, config.assetClass, 'half_even');
  }

  #newRiskDenial(unit: Unit) {
    return denialOfNewRisk(unit.instance.times, this.#core.session, this.#core.clock.nowMicros);
  }

  #nextId(viewer: UnitSymbol): string {
    const { unit, market } = viewer;
    unit.orderSequence += 1;
    const { batchId } = this.#core.config;
    viewer.orderIdPrefix ??= clientOrderIdPrefix(batchId, unit.instance.config.instanceId, market.symbol);
    return clientOrderIdOf(viewer.orderIdPrefix, unit.orderSequence);
  }

  #cancelTimer(unit: Unit, name: string): void {
    const timer = unit.timers.get(name);
    if (timer === undefined) return;
    this.#core.timers.cancel(timer);
    unit.timers.delete(name);
  }
}

function unitName(unit: Unit): { instanceId: string; symbol: string } {
  return { instanceId: unit.instance.config.instanceId, symbol: unit.symbol };
}
