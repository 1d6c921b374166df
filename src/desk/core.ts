/**
 * The desk without its thread: the machine, joined with the journal, the broker and the database. It recovers, takes
 * inputs one after another, and has what follows from each carried out.
 */
import type { Broker } from '../brokers/contract.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import { EXIT_UNREACHABLE, UserError } from '../domain/exit.ts';
import type { Account } from '../domain/order.ts';
import {
  DEFAULT_DESK_POLICY,
  type DeskInput,
  type DeskMachineConfig,
  type DeskPolicy,
} from '../execution/contract.ts';
import { DeskMachine } from '../execution/deskMachine.ts';
import type { DeskInbox } from '../execution/inbox.ts';
import type { Stores } from '../models/contract.ts';
import type { PortfolioFunds } from '../models/portfolios.ts';
import type { Log } from '../observability/log.ts';
import type { DeskCommand, DeskEvent, DeskReport } from '../transport/messages.ts';
import { BrokerLink } from './brokerLink.ts';
import { answerTimeoutMs, type DeskConfig } from './config.ts';
import { Executor } from './executor.ts';
import { Funds, unknownFunds } from './funds.ts';
import type { Journal } from './journalFile.ts';
import { Memory } from './memory.ts';
import { Outbox } from './outbox.ts';
import type { DeskStages } from './stages.ts';
import { askAccount, askHoldings, carriesOver, executionsFrom } from './startup.ts';
import type { Reach } from './steps.ts';

export type DeskStores = Pick<Stores, 'holdings' | 'recordOrders' | 'recordTrades' | 'portfolioFunds'>;

export interface DeskCoreParts {
  readonly config: DeskConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly broker: Broker;
  readonly journal: Journal;
  readonly policy?: DeskPolicy;
  readonly stages: Pick<DeskStages, 'desk' | 'broker'>;
  readonly reach: Reach;
  /** Where what the machine takes is recorded. */
  readonly inbox?: DeskInbox | null;
  tell(consumer: string, event: DeskEvent): void;
  tellAll(event: DeskEvent): void;
  report(report: DeskReport): void;
  /** The broker will not have us. */
  onRefused(error: UserError): void;
  /** After every input and all that followed from it. */
  onSettled(): void;
}

export class DeskCore {
  readonly machine: DeskMachine;
  readonly #parts: DeskCoreParts;
  readonly #memory: Memory;
  readonly #outbox: Outbox;
  readonly #funds: Funds;
  #stores: DeskStores | null = null;
  readonly #inputs: DeskInput[] = [];
  readonly #timers: Timer[] = [];
  #link: BrokerLink | null = null;
  #executor: Executor | null = null;
  #isHandling = false;
  #confirmedLine = 0;
  #writtenConfirmedLine = 0;

  constructor(parts: DeskCoreParts) {
    this.#parts = parts;
    const { config, clock, log, reach } = parts;
    const { limits, plan } = config;
    const machine: DeskMachineConfig = {
      batchId: config.batchId,
      instances: config.instances,
      risk: plan.risk,
      assetClass: plan.assetClass,
      marketHours: plan.marketHours,
      liquidateBeforeCloseMs: plan.liquidateBeforeCloseMs,
      submitTimeoutMs: answerTimeoutMs(plan),
      session: config.session,
      unknownHoldings: plan.unknownHoldings,
      policy: parts.policy ?? DEFAULT_DESK_POLICY,
    };
    parts.inbox?.start(machine, plan, clock.nowMicros());
    this.machine = new DeskMachine(machine);
    this.#memory = new Memory({
      ...{ journal: parts.journal, clock, log },
      batchId: config.batchId,
      environment: config.environment,
      carriesOver: carriesOver(config.environment),
      memoryMs: limits.journalMemoryMs,
      bytesMax: limits.journalSegmentBytesMax,
    });
    this.#outbox = new Outbox({
      clock,
      log,
      reach,
      rowsWaitingMax: limits.rowsWaitingMax,
      rowsPerCall: limits.rowsPerCall,
      callSpacingMs: limits.rowsSpacingMs,
      retryMs: limits.databaseRetryMs,
      retryMaxMs: limits.databaseRetryMaxMs,
      onConfirmed: (line) => {
        this.#confirmedLine = Math.max(this.#confirmedLine, line);
      },
      onTrouble: (code, message) => this.alert('critical', code, message),
    });
    const portfolioIds = config.instances.flatMap(({ portfolioId }) => portfolioId ?? []);
    this.#funds = new Funds({
      portfolioIds: [...new Set(portfolioIds)],
      ...{ clock, log },
      onChange: (portfolios) => this.feed({ type: 'funds', portfolios }),
    });
  }

  /**
   * Reads the journal, asks for the account, begins the journal anew, and listens to the broker: reconciliation
   * follows from there, and nothing trades before it is through.
   * @throws {UserError} exit 3 when the journal, the database or the broker does not allow a start.
   */
  async recover(stores: DeskStores): Promise<Account> {
    const { config, clock, log, broker } = this.#parts;
    const { limits } = config;
    const reading = this.#memory.read();
    const { recovery } = this.#memory;
    log.info({ ...reading }, 'journal read');
    if (reading.damagedLines > 0) {
      const message = `${reading.damagedLines} lines of the journal are torn or damaged`;
      this.alert('warning', 'journal_damaged', message);
    }
    const unconfirmed = recovery.unconfirmed();
    const startedMicros = clock.nowMicros();
    const mustAsk = carriesOver(config.environment) && !recovery.hasHistory;
    const instanceIds = config.instances.map(({ instanceId }) => instanceId);
    const holdings = mustAsk
      ? await askHoldings(
          stores,
          { instanceIds, environment: config.environment },
          { clock, timeoutMs: limits.startTimeoutMs },
        )
      : [];
    const account = await askAccount(broker, clock, limits.startTimeoutMs);
    const restored = recovery.restored(holdings);
    const executionsFromMicros = executionsFrom(recovery, startedMicros, limits.executionsMarginMs);
    this.#memory.begin(holdings);
    this.#join(executionsFromMicros);
    const { lastLine } = this.#memory;
    for (const row of unconfirmed.orders) this.#outbox.addOrder(row, lastLine);
    for (const row of unconfirmed.trades) this.#outbox.addTrade(row, lastLine);
    this.connect(stores);
    const portfolios = await this.#readFunds(stores);
    this.feed({ ...restored, portfolios });
    this.feed({ type: 'account', account, askedAtMicros: startedMicros });
    return account;
  }

  /** Opens the trade-updates stream, and lets time pass for the machine. */
  listen(): void {
    const { config, clock } = this.#parts;
    this.#link?.open();
    this.#timers.push(
      clock.every(config.limits.fundsPeriodMs, () => void this.#funds.ask(this.#stores)),
      clock.every(config.limits.tickPeriodMs, () => {
        this.feed({ type: 'tick' });
        this.#confirm();
        this.#memory.compactWhenDue(this.machine.openOrderCount() > 0);
      }),
    );
  }

  /** The one way into the machine but for the market. An input that comes while another is carried out waits its turn. */
  feed(input: DeskInput): void {
    this.#inputs.push(input);
    if (this.#isHandling) return;
    this.#isHandling = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const nowMicros = this.#parts.clock.nowMicros();
      const actions = this.machine.handle(next, nowMicros);
      this.#executor?.carryOut(actions, nowMicros);
      // Behind the orders themselves: no order waits for its notes.
      this.#parts.inbox?.input(next, nowMicros);
      this.#parts.inbox?.decided(actions, nowMicros);
    }
    this.#isHandling = false;
    this.#parts.onSettled();
  }

  /** Instances of a plan that was read again, with what portfolios hold that nobody has traded for here. */
  learn(command: Extract<DeskCommand, { type: 'instances' }>): void {
    this.#funds.add(command.portfolios.map(({ portfolioId }) => portfolioId));
    this.feed(command);
  }

  /** Asks for the broker's books soon, on whatever sign that something may have been missed. */
  reconcile(reason: string): void {
    this.#link?.reconcile(reason, 'soon');
  }

  /** The database, or its successor after it was started again. */
  connect(stores: DeskStores): void {
    this.#stores = stores;
    this.#outbox.connect(stores);
  }

  /** Rows that wait for the database. */
  get rowsWaiting(): number {
    return this.#outbox.waiting;
  }

  /** Resolves when no row waits any more; true, or false when that took too long. */
  rowsWritten(timeoutMs: number): Promise<boolean> {
    return this.#outbox.drained(timeoutMs);
  }

  alert(severity: 'warning' | 'critical', code: string, message: string): void {
    // The trader logs it.
    this.#parts.report({ type: 'alert', severity, code, message, fields: {} });
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#outbox.close();
    await (this.#link?.close() ?? this.#parts.broker.close());
    if (this.#executor !== null) this.#confirm();
    this.#parts.journal.close();
  }

  /** What portfolios hold, once all that was traded for them is written down. */
  async #readFunds(stores: DeskStores): Promise<readonly PortfolioFunds[]> {
    const { startTimeoutMs } = this.#parts.config.limits;
    if (this.#funds.isNeeded && !(await this.rowsWritten(startTimeoutMs))) {
      throw unknownFunds('it takes no rows of what was traded before');
    }
    return this.#funds.begin(stores, startTimeoutMs);
  }

  #onSkewed(skewMs: number): void {
    const seconds = (Math.abs(skewMs) / 1_000).toFixed(1);
    const where = skewMs > 0 ? 'behind' : 'ahead of';
    const message = `this machine's clock is ${seconds} s ${where} the broker's: positions are closed and prices judged by it`;
    this.alert('critical', 'clock_skew', message);
  }

  #join(executionsFromMicros: number): void {
    const { config, clock, log, broker, reach, stages } = this.#parts;
    const link = new BrokerLink({
      broker,
      clock,
      log,
      limits: config.limits,
      executionsFromMicros,
      stage: stages.broker,
      reach,
      onSkewed: (skewMs) => this.#onSkewed(skewMs),
      feed: (input) => this.feed(input),
      onRefused: (cause, remedy) =>
        this.#parts.onRefused(new UserError({ exitCode: EXIT_UNREACHABLE, cause, remedy })),
    });
    this.#link = link;
    this.#executor = new Executor({
      journal: this.#memory,
      outbox: this.#outbox,
      broker: link,
      clock,
      stage: stages.desk,
      log,
      reach,
      tell: (consumer, event) => this.#parts.tell(consumer, event),
      tellAll: (event) => this.#parts.tellAll(event),
      report: (report) => this.#parts.report(report),
      feed: (input) => this.feed(input),
    });
  }

  /** Notes in the journal how far the database has it, so that the next start need not offer those rows again. */
  #confirm(): void {
    if (this.#confirmedLine <= this.#writtenConfirmedLine) return;
    const { clock, log } = this.#parts;
    try {
      this.#memory.append([
        { entry: 'flushed', atMicros: clock.nowMicros(), throughLine: this.#confirmedLine },
      ]);
      this.#writtenConfirmedLine = this.#confirmedLine;
    } catch (error) {
      // Rows that are offered again do no harm; that the disk is full is told when an order cannot be written.
      log.warn({ why: String(error) }, 'the journal cannot be written');
    }
  }
}
