/** A strategy host and a desk in lock-step with a broker: the next event comes when all is said about the last one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BacktestInstance, hostConfigOf } from '../../src/backtester/config.ts';
import { PickedUnits } from '../../src/backtester/scans/units.ts';
import { RunSessions } from '../../src/backtester/sessions.ts';
import type { Broker } from '../../src/brokers/contract.ts';
import type { SimulatedClock } from '../../src/clock/simulated.ts';
import { DEFAULT_DESK_LIMITS } from '../../src/desk/config.ts';
import { DeskCore, type DeskStores } from '../../src/desk/core.ts';
import { JournalFile } from '../../src/desk/journalFile.ts';
import type { Intent } from '../../src/domain/order.ts';
import type { EpochMicros } from '../../src/domain/time.ts';
import { StrategyHost } from '../../src/engine/host.ts';
import type { NewTrade } from '../../src/models/contract.ts';
import { silentLog } from '../../src/observability/log.ts';
import { StageTimer } from '../../src/observability/stages.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import type { Tradeplan } from '../../src/tradeplan/plan.ts';
import type { DeskEvent } from '../../src/transport/messages.ts';
import { appendEvent, batchOf, definitions, type MarketEvent } from './market.ts';

const CONSUMER = 'A';

export interface HouseParts {
  readonly plan: Tradeplan;
  readonly instances: readonly BacktestInstance[];
  readonly batchId: string;
  readonly clock: SimulatedClock;
  readonly broker: Broker;
  /** Whether the broker has told the desk everything by now. */
  readonly isTold: (house: House) => Promise<boolean>;
}

export class House {
  readonly intents: Intent[] = [];
  readonly fills: NewTrade[] = [];
  readonly core: DeskCore;
  readonly #parts: HouseParts;
  readonly #folder = mkdtempSync(join(tmpdir(), 'openbell-parity-'));
  readonly #host: StrategyHost;
  readonly #symbols = new SymbolTable();
  readonly #rows;
  #events: DeskEvent[] = [];
  #decided: Intent[] = [];
  /** Requests of the desk that the broker has not answered. */
  #pending = 0;

  constructor(parts: HouseParts) {
    const { plan, instances, batchId, clock } = parts;
    this.#parts = parts;
    const session = new RunSessions(plan, clock.nowMicros()).current;
    this.#host = new StrategyHost(hostConfigOf(plan, instances, { batchId, session, feedHasBars: false }), {
      intent: (intent) => {
        this.intents.push(intent);
        this.#decided.push(intent);
      },
      report: (report) => {
        if (report.type === 'fault') throw new Error(report.message);
      },
      log: () => {},
    });
    this.core = new DeskCore({
      config: {
        batchId,
        environment: 'PAPER',
        plan,
        broker: { broker: 'paper', startingCash: '0', currency: 'USD' },
        instances: instances.map(({ instanceId, plan: strategy }) => ({
          instanceId,
          isIntraday: strategy.isIntraday,
          runs: [{ consumer: CONSUMER, algoRunId: `${batchId}/${instanceId}` }],
        })),
        session,
        dataDirectory: this.#folder,
        journalMode: 'written',
        log: { level: 'silent', file: null, isPretty: false },
        // Its clock stands still until all that was said about an event is done: rows cannot wait for others.
        limits: { ...DEFAULT_DESK_LIMITS, rowsSpacingMs: 0 },
      },
      clock,
      log: silentLog,
      broker: this.#counted(parts.broker),
      journal: new JournalFile({
        directory: join(this.#folder, 'journal'),
        mode: 'written',
        segmentBytesMax: DEFAULT_DESK_LIMITS.journalSegmentBytesMax,
        header: { entry: 'batch', atMicros: clock.nowMicros(), batchId, environment: 'PAPER' },
      }),
      stages: { desk: new StageTimer(clock), broker: new StageTimer(clock) },
      reach: () => {},
      tell: (_, event) => this.#events.push(event),
      tellAll: (event) => this.#events.push(event),
      report: () => {},
      onRefused: (error) => {
        throw error;
      },
      onSettled: () => {},
    });
    this.#rows = this.core.machine.marketRows();
  }

  /** Recovers, and hands the strategies their symbols. */
  async start(): Promise<void> {
    const { clock, instances, batchId, plan } = this.#parts;
    const stores: Partial<DeskStores> = {
      holdings: () => Promise.resolve([]),
      recordOrders: () => Promise.resolve(),
      recordTrades: (rows) => {
        this.fills.push(...rows);
        return Promise.resolve(rows.length);
      },
    };
    await this.core.recover(stores as DeskStores);
    this.core.listen();
    while (!this.core.machine.isReconciled) await this.#turn();
    this.core.feed({ type: 'session', session: new RunSessions(plan, clock.nowMicros()).current });
    this.#show(definitions(this.#symbols));
    const units = new PickedUnits({
      instances,
      batchId,
      statesOf: (of) => this.core.machine.unitStates(of),
    });
    for (const command of units.place()) this.#host.handleCommand(command, clock.nowMicros());
    await this.settle();
  }

  /** What the feed has sent: the broker and the desk have it first, then the strategies. */
  async take(event: MarketEvent): Promise<void> {
    const { clock } = this.#parts;
    const batch = batchOf(1, event.timeMicros);
    appendEvent(batch, event, { symbols: this.#symbols, receivedMicros: clock.nowMicros() });
    this.core.machine.takeMarket(this.#rows, batch, clock.nowMicros());
    this.#parts.broker.onMarket?.(batch, this.#symbols);
    await this.settle();
    this.#host.handleBatch(batch, clock.nowMicros());
    await this.settle();
  }

  /** Until nobody has anything to say any more. */
  async settle(): Promise<void> {
    const { clock, isTold } = this.#parts;
    for (;;) {
      await this.#turn();
      if (this.#decided.length > 0) {
        const intents = this.#decided;
        this.#decided = [];
        this.core.feed({ type: 'intents', consumer: CONSUMER, intents });
      }
      if (this.#events.length > 0) {
        const events = this.#events;
        this.#events = [];
        this.#host.handleDesk(events, clock.nowMicros());
      }
      const isQuiet = () => this.#pending === 0 && this.#decided.length === 0 && this.#events.length === 0;
      if (isQuiet() && (await isTold(this)) && isQuiet()) return;
    }
  }

  async close(): Promise<void> {
    await this.core.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Sockets, answers and what is due now have their turn. */
  async #turn(): Promise<void> {
    await new Promise((done) => setImmediate(done));
    this.#parts.clock.advanceTo(this.#parts.clock.nowMicros());
  }

  #show(batch: ReturnType<typeof definitions>): void {
    const nowMicros: EpochMicros = this.#parts.clock.nowMicros();
    this.core.machine.takeMarket(this.#rows, batch, nowMicros);
    this.#host.handleBatch(batch, nowMicros);
  }

  /** The broker, with its unanswered requests counted. */
  #counted(broker: Broker): Broker {
    const count = <T>(answer: Promise<T>): Promise<T> => {
      this.#pending += 1;
      return answer.finally(() => {
        this.#pending -= 1;
      });
    };
    return new Proxy(broker, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...parameters: unknown[]): unknown => {
          const answer: unknown = Reflect.apply(member, target, parameters);
          return answer instanceof Promise && name !== 'close' ? count(answer) : answer;
        };
      },
    });
  }
}
