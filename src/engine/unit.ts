/** A unit: one strategy instance and one symbol, or `*` for a strategy over all its symbols at once. */
import { type Random, seededRandom, seedFromText } from '../clock/chance.ts';
import { type Decimal, ZERO } from '../domain/decimal.ts';
import type { OrderStatus, OrderType, Position, Side } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { Guest, GuestDescription, GuestParameters } from '../strategies/guest/bridge.ts';
import type { UnitAssignment } from '../transport/messages.ts';
import type { HostConfig, InstanceConfig } from './config.ts';
import type { SymbolMarket } from './market.ts';
import type { TimerHandle } from './timers.ts';
import type { TradingTimes } from './windows.ts';

export type WarmUpBars = Extract<GuestParameters, { ok: true }>['warmUp'];

/** Rows whose state is fetched into the cache together: measured with 11,000 units, 1.33 us a row became 0.90. */
export const AHEAD_ROWS = 64;

/** A strategy instance with the realm it runs in. All its units on this consumer share the realm. */
export class Instance {
  readonly index: number;
  readonly guest: Guest;
  /**
   * The guest's functions that are called for every row. Each realm's guest is of a shape of its own to V8, which finds
   * nothing quickly in what has had more than four, as after as many backtests in a process.
   */
  readonly rowCalls: Pick<Guest, 'trade' | 'quote' | 'bar' | 'barRow' | 'barRows'>;
  readonly warmUp: WarmUpBars;
  /** By their symbols. */
  readonly units = new Map<string, Unit>();
  /** Counted, because looking at 11,000 units for a heartbeat would drive the market's figures out of the cache. */
  unitsRunning = 0;
  readonly takesTrades: boolean;
  readonly takesQuotes: boolean;
  readonly takesBars: boolean;
  /** It asked for bars: after a gap it goes on only when they are whole again. */
  readonly needsBars: boolean;
  /** Where the minute series comes from. `none`: the strategy wants neither bars nor trades. */
  readonly barSource: 'feed' | 'built' | 'none';
  readonly handlers: ReadonlySet<string>;
  readonly #host: HostConfig;
  #config: InstanceConfig;
  #times: TradingTimes;
  /** Units that the next rows are for. */
  readonly ahead = { units: new Int32Array(AHEAD_ROWS), places: new Int32Array(AHEAD_ROWS), count: 0 };

  constructor(options: {
    index: number;
    config: InstanceConfig;
    guest: Guest;
    description: GuestDescription;
    warmUp: WarmUpBars;
    host: HostConfig;
  }) {
    const { channels, handlers } = options.description;
    this.index = options.index;
    this.#host = options.host;
    this.#config = options.config;
    this.#times = timesOf(options.config, options.host);
    this.guest = options.guest;
    const { trade, quote, bar, barRow, barRows } = options.guest;
    this.rowCalls = { trade, quote, bar, barRow, barRows };
    this.warmUp = options.warmUp;
    const { feedHasBars } = options.host;
    this.handlers = new Set(handlers);
    this.takesTrades = channels.includes('trades') && this.handlers.has('onTrade');
    this.takesQuotes = channels.includes('quotes') && this.handlers.has('onQuote');
    this.takesBars = channels.includes('bars') && this.handlers.has('onBar');
    this.needsBars = channels.includes('bars') || options.warmUp.minuteBars > 0;
    if (channels.includes('bars') && feedHasBars) this.barSource = 'feed';
    else this.barSource = channels.includes('bars') || channels.includes('trades') ? 'built' : 'none';
  }

  get config(): InstanceConfig {
    return this.#config;
  }

  /** When it may take new risk. */
  get times(): TradingTimes {
    return this.#times;
  }

  /** Takes over other times of the same code with the same parameters. */
  follow(config: InstanceConfig): void {
    this.#config = config;
    this.#times = timesOf(config, this.#host);
  }
}

function timesOf(
  { windows, isIntraday, isEnding = false }: InstanceConfig,
  { marketHours, liquidateBeforeCloseMs }: HostConfig,
): TradingTimes {
  return { marketHours, liquidateBeforeCloseMs, windows, isIntraday, isEnding };
}

export class Unit {
  readonly id: number;
  readonly instance: Instance;
  readonly symbol: string;
  readonly algoRunId: string;
  readonly random: Random;
  /** By their places; a place is not given again. */
  readonly symbols: (UnitSymbol | undefined)[] = [];
  readonly #bySymbol = new Map<string, UnitSymbol>();
  #awaited = 0;
  readonly timers = new Map<string, TimerHandle>();
  #phase: 'warming' | 'running' | 'stopped' = 'warming';
  orderSequence: number;
  /** As it was saved last: what has not changed is not saved again. */
  savedState: string | null;
  /** An intent left the unit since its state was saved. */
  hasProposed = false;

  constructor(id: number, instance: Instance, assignment: UnitAssignment, config: HostConfig) {
    this.id = id;
    this.instance = instance;
    this.symbol = assignment.symbol;
    this.algoRunId = assignment.algoRunId;
    this.orderSequence = assignment.orderSequence;
    this.savedState = assignment.state;
    // The sequence and the move are part of the seed, so that a unit that comes back does not draw the same numbers.
    const { arrival, orderSequence } = assignment;
    const came = arrival === undefined ? '' : `/${arrival.moveId}`;
    this.random = seededRandom(
      seedFromText(
        `${config.batchId}/${instance.config.instanceId}/${assignment.symbol}/${orderSequence}${came}`,
      ),
    );
  }

  find(symbol: string): UnitSymbol | undefined {
    return this.#bySymbol.get(symbol);
  }

  add(viewer: UnitSymbol): void {
    this.symbols.push(viewer);
    this.#bySymbol.set(viewer.market.symbol, viewer);
  }

  remove(viewer: UnitSymbol): void {
    this.setAwaited(viewer, 'nothing');
    this.symbols[viewer.place] = undefined;
    this.#bySymbol.delete(viewer.market.symbol);
  }

  /** Every symbol's history is there. Counted, because each answer asks again. */
  get isWarm(): boolean {
    return this.#awaited === 0;
  }

  /** What one of its symbols waits for before it is shown market events. */
  setAwaited(viewer: UnitSymbol, what: 'history' | 'nothing'): void {
    const awaitsHistory = what === 'history';
    if (viewer.awaitsHistory !== awaitsHistory) this.#awaited += awaitsHistory ? 1 : -1;
    viewer.awaitsHistory = awaitsHistory;
    viewer.refresh();
  }

  /** It has symbols, and wants none of them any more today. */
  get isGivenUp(): boolean {
    const entries = this.symbols.filter((entry) => entry !== undefined);
    return entries.length > 0 && entries.every((entry) => entry.isRejected);
  }

  get phase(): 'warming' | 'running' | 'stopped' {
    return this.#phase;
  }

  become(phase: 'running' | 'stopped'): void {
    if (this.#phase === 'running') this.instance.unitsRunning -= 1;
    if (phase === 'running') this.instance.unitsRunning += 1;
    this.#phase = phase;
    this.refresh();
  }

  refresh(): void {
    for (const entry of this.symbols) entry?.refresh();
  }
}

/** An order of ours that may still be filled, as the strategy sees it. */
export interface OpenOrder {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly quantity: Decimal;
  readonly filledQuantity: Decimal;
  readonly limitPrice: Decimal | null;
  readonly stopPrice: Decimal | null;
  /** Of an exit the order that it came with. */
  readonly parent?: string | undefined;
  readonly status: OrderStatus;
  readonly createdAtMicros: EpochMicros;
}

/** A position that is being closed: open orders are cancelled first, then what is left is sold or bought back. */
export interface Closing {
  readonly reason: string;
  attempts: number;
  retry: TimerHandle | null;
}

/** A symbol as one unit has it: market, position, orders. */
export class UnitSymbol {
  readonly unit: Unit;
  readonly place: number;
  readonly market: SymbolMarket;
  readonly openOrders = new Map<string, OpenOrder>();
  readonly cancelling = new Set<string>();
  quantity: Decimal = ZERO;
  /** Whole, as it was told last; null before. */
  position: Position | null = null;
  awaitsHistory = false;
  isRejected = false;
  closing: Closing | null = null;
  /** The minutes of the newest points of the series that it draws, by their names. */
  readonly plots = new Map<string, number>();
  /** What its client order ids begin with; null before its first order. */
  orderIdPrefix: string | null = null;
  /** Whether market events are shown: kept up to date by {@link refresh}, because it is asked for every event. */
  isShown = false;

  constructor(unit: Unit, place: number, market: SymbolMarket) {
    this.unit = unit;
    this.place = place;
    this.market = market;
  }

  refresh(): void {
    this.isShown = this.unit.phase === 'running' && !this.isRejected && !this.awaitsHistory;
    this.market.route();
  }

  /** Whether what concerns orders is still told: a unit that waits for history is told of its fills. */
  get isTold(): boolean {
    return this.unit.phase === 'running' && !this.isRejected;
  }
}
