/** What the parts of one strategy host share: its time, its units, its markets, and where its output goes. */

import { numberFromDecimal } from '../domain/decimal.ts';
import type { Session } from '../domain/market.ts';
import type { Intent, JsonObject, Position } from '../domain/order.ts';
import type { InboxPlace } from '../strategies/guest/bridge.ts';
import type { ConsumerReport } from '../transport/messages.ts';
import { ACTIVITY } from '../transport/messages.ts';
import type { HostConfig } from './config.ts';
import { LoadMeter, type Stopwatch } from './load.ts';
import { SymbolMarket } from './market.ts';
import { MarketTable } from './table.ts';
import { TimerQueue } from './timers.ts';
import type { Instance, Unit, UnitSymbol } from './unit.ts';

/** Where the host's output goes, in the order in which it happens. */
export interface HostOutput {
  intent(intent: Intent): void;
  report(report: ConsumerReport): void;
  log(level: 'debug' | 'info' | 'warn', message: string, fields: JsonObject): void;
}

export class HostCore {
  readonly config: HostConfig;
  readonly output: HostOutput;
  /** Shared with a trader that watches for handlers that do not end; see `ACTIVITY`. */
  readonly activity: Int32Array;
  /**
   * The host's time is that of the newest thing in its inbox; its sequence counts market rows, desk events, commands
   * and timers. Paused: what was said must be answered before more is shown, see {@link StrategyHost.handleMoments}.
   */
  readonly clock: InboxPlace = { nowMicros: 0, sequence: 0, isPaused: false };
  readonly timers = new TimerQueue();
  readonly instances: Instance[] = [];
  readonly units: (Unit | undefined)[] = [];
  readonly markets = new Map<string, SymbolMarket>();
  /** What of the markets is touched by every event, and the markets by their slots there. */
  readonly table = new MarketTable();
  readonly marketsBySlot: SymbolMarket[] = [];
  session: Session | null;
  eventsShown = 0;
  eventsStale = 0;
  /** Age of the newest event shown when it was shown. */
  lagMs = 0;
  isStopping = false;
  readonly load: LoadMeter;
  #nextUnitId = 0;

  constructor(
    config: HostConfig,
    output: HostOutput,
    watch: { readonly activity?: Int32Array; readonly stopwatch?: Stopwatch } = {},
  ) {
    this.config = config;
    this.output = output;
    this.session = config.session;
    this.load = new LoadMeter(watch.stopwatch ?? null);
    this.activity = watch.activity ?? new Int32Array(ACTIVITY.length);
    this.activity[ACTIVITY.unit] = -1;
  }

  nextUnitId(): number {
    const id = this.#nextUnitId;
    this.#nextUnitId += 1;
    return id;
  }

  market(symbol: string): SymbolMarket {
    let market = this.markets.get(symbol);
    if (market === undefined) {
      market = new SymbolMarket(symbol, this.table.take(symbol), this.table);
      // What was traded before we looked is missing in the minute under way.
      market.forming.missedUntil(this.clock.nowMicros);
      this.markets.set(symbol, market);
      this.marketsBySlot[market.slot] = market;
    }
    return market;
  }

  findUnit(instanceId: string, symbol: string): Unit | undefined {
    return this.findInstance(instanceId)?.units.get(symbol);
  }

  findInstance(instanceId: string): Instance | undefined {
    return this.instances.find(({ config }) => config.instanceId === instanceId);
  }

  /** The unit's symbol that an order, a fill or a position belongs to. */
  findViewer(instanceId: string, symbol: string): UnitSymbol | undefined {
    const viewers = this.markets.get(symbol)?.viewers;
    return viewers?.find(({ unit }) => unit.instance.config.instanceId === instanceId);
  }

  showSession({ guest }: Instance): void {
    if (this.session === null) return;
    const { date, openMicros, closeMicros } = this.session;
    guest.setSession(date, openMicros, closeMicros);
  }

  setPosition(viewer: UnitSymbol, position: Position): void {
    viewer.quantity = position.quantity;
    viewer.position = position;
    viewer.unit.instance.guest.setPosition(
      viewer.unit.id,
      viewer.place,
      numberFromDecimal(position.quantity),
      numberFromDecimal(position.averagePrice),
      numberFromDecimal(position.realizedPnl),
    );
  }

  /** Shows the strategy its open orders as they are now; they are written out only when it looks. */
  showOpenOrders(viewer: UnitSymbol): void {
    viewer.unit.instance.guest.changeOpenOrders(viewer.unit.id, viewer.place);
  }

  /** What a strategy reads of them. */
  openOrdersText(viewer: UnitSymbol): string {
    const orders = [...viewer.openOrders.values()].map((order) => ({
      clientOrderId: order.clientOrderId,
      symbol: order.symbol,
      side: order.side,
      type: order.type,
      quantity: numberFromDecimal(order.quantity),
      filledQuantity: numberFromDecimal(order.filledQuantity),
      limitPrice: order.limitPrice === null ? null : numberFromDecimal(order.limitPrice),
      stopPrice: order.stopPrice === null ? null : numberFromDecimal(order.stopPrice),
      parentId: order.parent ?? null,
      status: order.status,
      createdAtMicros: order.createdAtMicros,
    }));
    return JSON.stringify(orders);
  }
}

/** Fields that say in a log line which unit it is about. */
export function unitFields(unit: Unit): JsonObject {
  return { strategy: unit.instance.config.instanceId, unit: unit.symbol, algoRunId: unit.algoRunId };
}
