/** One life of the desk: from a start to its kill. What it has in memory dies with it, and nothing of it acts after. */
import type { BrokerListener } from '../../../src/brokers/contract.ts';
import type { Clock, Timer } from '../../../src/clock/clock.ts';
import type { SimulatedClock } from '../../../src/clock/simulated.ts';
import { DEFAULT_DESK_LIMITS, type DeskConfig, type DeskLimits } from '../../../src/desk/config.ts';
import { DeskCore } from '../../../src/desk/core.ts';
import type { DeskStep } from '../../../src/desk/steps.ts';
import { UserError } from '../../../src/domain/exit.ts';
import type { Session } from '../../../src/domain/market.ts';
import type { Order } from '../../../src/domain/order.ts';
import { silentLog } from '../../../src/observability/log.ts';
import { StageTimer } from '../../../src/observability/stages.ts';
import type { Tradeplan } from '../../../src/tradeplan/plan.ts';
import type { DeskEvent } from '../../../src/transport/messages.ts';
import { SimulatedBroker } from './broker.ts';
import { type Database, PORTFOLIO } from './database.ts';
import type { Dice } from './dice.ts';
import { type Disk, DiskJournal } from './disk.ts';
import type { SimulatedExchange } from './exchange.ts';
import { type Mishaps, UpdateWire, Wire } from './wire.ts';

const LIQUIDATE_BEFORE_CLOSE_MS = 120_000;

export const INSTANCES = ['alpha', 'beta', 'gamma'] as const;

/** A clock whose timers end with the process that set them. */
class ProcessClock implements Clock {
  readonly #clock: SimulatedClock;
  readonly #isDead: () => boolean;

  constructor(clock: SimulatedClock, isDead: () => boolean) {
    this.#clock = clock;
    this.#isDead = isDead;
  }

  nowMicros(): number {
    return this.#clock.nowMicros();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  after(delayMs: number, call: () => void): Timer {
    return this.#clock.after(delayMs, () => {
      if (!this.#isDead()) call();
    });
  }

  every(periodMs: number, call: () => void): Timer {
    const timer = this.#clock.every(periodMs, () => {
      if (this.#isDead()) timer.cancel();
      else call();
    });
    return timer;
  }
}

export interface LifeParts {
  readonly clock: SimulatedClock;
  readonly dice: Dice;
  readonly exchange: SimulatedExchange;
  readonly disk: Disk;
  readonly database: Database;
  readonly mishaps: Mishaps;
  readonly isSynced: boolean;
  readonly batchId: string;
  readonly algoRunIds: ReadonlyMap<string, string>;
  /** Null where the market never closes. */
  readonly session: Session | null;
  readonly limits?: Partial<DeskLimits>;
  reach(step: DeskStep): void;
}

export class Life {
  readonly clock: Clock;
  readonly core: DeskCore;
  readonly events: DeskEvent[] = [];
  readonly alerts: string[] = [];
  readonly #parts: LifeParts;
  updates: UpdateWire | null = null;
  isDead = false;
  #stores: ReturnType<Database['connect']>;

  constructor(parts: LifeParts) {
    const { clock, dice, exchange, disk, database, mishaps } = parts;
    const isDead = () => this.isDead;
    this.#parts = parts;
    this.clock = new ProcessClock(clock, isDead);
    const wire = new Wire({
      world: clock,
      process: this.clock,
      router: exchange.router,
      dice,
      mishaps,
      isDead,
    });
    const broker = new SimulatedBroker(wire, (listener: BrokerListener) => {
      this.updates = new UpdateWire({ clock: this.clock, dice, mishaps, listener });
    });
    this.#stores = database.connect({ clock: this.clock, world: clock, dice, isDead });
    this.core = new DeskCore({
      config: configOf(parts),
      clock: this.clock,
      log: silentLog,
      broker,
      journal: new DiskJournal(disk, { clock: this.clock, isSynced: parts.isSynced, isDead }),
      stages: { desk: new StageTimer(this.clock), broker: new StageTimer(this.clock) },
      reach: (step) => {
        if (!this.isDead) parts.reach(step);
      },
      tell: (_consumer, event) => this.events.push(event),
      tellAll: (event) => this.events.push(event),
      report: (report) => {
        if (report.type === 'alert') this.alerts.push(report.code);
      },
      onRefused: (error) => {
        throw error;
      },
      onSettled: () => {},
    });
  }

  /** A start that does not succeed ends the process, as the daemon's does. */
  async start(): Promise<void> {
    try {
      await this.core.recover(this.#stores);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.isDead = true;
      return;
    }
    if (!this.isDead) this.core.listen();
  }

  get isTrading(): boolean {
    return !this.isDead && this.core.machine.isReconciled;
  }

  openOrders(): readonly Order[] {
    return this.core.machine.status().openOrders;
  }

  /** The newest that the strategies were told of each order. */
  get batchId(): string {
    return this.#parts.batchId;
  }
}

function configOf({ batchId, algoRunIds, isSynced, session, limits }: LifeParts): DeskConfig {
  return {
    batchId,
    environment: 'PAPER',
    plan: {
      assetClass: 'us_equity',
      marketHours: session === null ? 'always' : 'regular',
      liquidateBeforeCloseMs: LIQUIDATE_BEFORE_CLOSE_MS,
      unknownHoldings: 'leave',
      risk: {
        orderNotionalMax: '1000000',
        orderQuantityMax: null,
        positionNotionalMax: '1000000',
        positionQuantityMax: null,
        grossNotionalMax: null,
        openOrdersMax: 40,
        ordersPerMinuteMax: 10_000,
        dailyLossMax: '1000000',
        drawdownMax: null,
        priceCollarPercent: 50,
        marketAgeMaxMs: 60_000,
        shortAllowed: true,
        fractionAllowed: true,
        symbolOpenOrdersMax: null,
        symbolOrdersPerMinuteMax: null,
        symbols: {},
      },
      limits: { submitTimeoutMs: 5_000 },
    } as Tradeplan,
    broker: { broker: 'paper', startingCash: '0', currency: 'USD' },
    instances: INSTANCES.map((instanceId) => ({
      instanceId,
      // The others hold over night; where the market never closes nothing is ever closed.
      isIntraday: instanceId === 'alpha',
      portfolioId: PORTFOLIO.portfolioId,
      runs: [{ consumer: 'A', algoRunId: algoRunIds.get(instanceId) ?? '' }],
    })),
    session,
    dataDirectory: '',
    journalMode: isSynced ? 'synced' : 'written',
    log: { level: 'silent', file: null, isPretty: false },
    // So small that it is begun anew several times in every run.
    limits: { ...DEFAULT_DESK_LIMITS, journalSegmentBytesMax: 60_000, ...limits },
  };
}
