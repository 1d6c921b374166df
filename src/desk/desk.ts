/**
 * The desk: the machine, joined with the journal, the broker, the database, the market and the consumers. Starting is
 * recovering: journal, broker's account, reconciliation, and only then `ready`. Stopping cancels what is open, writes
 * everything down, and says so.
 */
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import type { Broker } from '../brokers/contract.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import { EXIT_UNREACHABLE, UserError } from '../domain/exit.ts';
import { DEFAULT_DESK_POLICY, type DeskInput, type DeskPolicy } from '../execution/contract.ts';
import { DeskMachine } from '../execution/deskMachine.ts';
import { Recovery } from '../execution/recovery.ts';
import { createStoresClient, type StoresClient } from '../models/client.ts';
import type { Log } from '../observability/log.ts';
import { SymbolTable } from '../tape/symbols.ts';
import { MarketReceiver } from '../transport/market.ts';
import type { DeskCommand, DeskReport, DeskStatus } from '../transport/messages.ts';
import { DeskOrders } from '../transport/orders.ts';
import { TypedPort } from '../transport/ports.ts';
import { BrokerLink } from './brokerLink.ts';
import type { DeskConfig } from './config.ts';
import { Executor } from './executor.ts';
import { JournalFile } from './journalFile.ts';
import { feedMarket } from './market.ts';
import { Outbox } from './outbox.ts';
import { DeskStages } from './stages.ts';
import { askAccount, askHoldings, carriesOver, executionsFrom, notReconciled } from './startup.ts';

export interface DeskParts {
  readonly config: DeskConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly broker: Broker;
  /** `DeskCommand` in, `DeskReport` out. */
  readonly control: MessagePort;
  readonly market: MessagePort | null;
  readonly database: MessagePort;
  readonly policy?: DeskPolicy;
}

export class Desk {
  readonly #parts: DeskParts;
  readonly #machine: DeskMachine;
  readonly #journal: JournalFile;
  readonly #recovery: Recovery;
  readonly #outbox: Outbox;
  readonly #stages: DeskStages;
  readonly #control: TypedPort<DeskCommand, DeskReport>;
  readonly #consumers = new Map<string, DeskOrders>();
  readonly #inputs: DeskInput[] = [];
  readonly #timers: Timer[] = [];
  #link: BrokerLink | null = null;
  #executor: Executor | null = null;
  #stores: StoresClient;
  #market: MarketReceiver | null = null;
  #isHandling = false;
  #isStopping = false;
  #isReady = false;
  #refusal: UserError | null = null;
  #confirmedLine = 0;
  #writtenConfirmedLine = 0;
  /** Conditions that a part of the start or the stop waits for, looked at after every input. */
  readonly #conditions = new Set<() => void>();

  /** @throws {UserError} exit 3 when the journal cannot be read or written. */
  constructor(parts: DeskParts) {
    this.#parts = parts;
    const { config, clock, log } = parts;
    const { limits, plan } = config;
    this.#stages = new DeskStages(clock);
    this.#machine = new DeskMachine({
      batchId: config.batchId,
      instances: config.instances,
      risk: plan.risk,
      assetClass: plan.assetClass,
      marketHours: plan.marketHours,
      liquidateBeforeCloseMs: plan.liquidateBeforeCloseMs,
      submitTimeoutMs: plan.limits.submitTimeoutMs,
      session: config.session,
      policy: parts.policy ?? DEFAULT_DESK_POLICY,
    });
    this.#recovery = new Recovery({
      batchId: config.batchId,
      environment: config.environment,
      carriesOver: carriesOver(config.environment),
    });
    this.#journal = new JournalFile({
      directory: join(config.dataDirectory, 'journal'),
      mode: config.journalMode,
      segmentBytesMax: limits.journalSegmentBytesMax,
      header: {
        entry: 'batch',
        atMicros: clock.nowMicros(),
        batchId: config.batchId,
        environment: config.environment,
      },
    });
    this.#outbox = new Outbox({
      clock,
      log,
      rowsWaitingMax: limits.rowsWaitingMax,
      rowsPerCall: limits.rowsPerCall,
      retryMs: limits.databaseRetryMs,
      retryMaxMs: limits.databaseRetryMaxMs,
      onConfirmed: (line) => {
        this.#confirmedLine = Math.max(this.#confirmedLine, line);
      },
      onTrouble: (code, message) => this.#alert('critical', code, message),
    });
    this.#stores = createStoresClient(parts.database, { clock });
    this.#control = new TypedPort(parts.control, { onMessage: (command) => this.#onCommand(command) });
  }

  /** Recovers, and resolves when the desk trades; a start that cannot succeed is reported as `failed`, and ended. */
  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#report({ type: 'failed', error: error.toJSON() });
      await this.#close();
    }
  }

  async #start(): Promise<void> {
    const { config, clock, log, broker } = this.#parts;
    const { limits } = config;
    const reading = this.#journal.read(this.#recovery);
    log.info({ ...reading }, 'journal read');
    if (reading.damagedLines > 0) {
      this.#alert(
        'warning',
        'journal_damaged',
        `${reading.damagedLines} lines of the journal are torn or damaged`,
      );
    }
    const unconfirmed = this.#recovery.unconfirmed();
    const startedMicros = clock.nowMicros();
    const mustAsk = carriesOver(config.environment) && !this.#recovery.hasHistory;
    const holdings = mustAsk
      ? await askHoldings(
          this.#stores,
          {
            instanceIds: config.instances.map(({ instanceId }) => instanceId),
            environment: config.environment,
          },
          { clock, timeoutMs: limits.startTimeoutMs },
        )
      : [];
    const account = await askAccount(broker, clock, limits.startTimeoutMs);
    const firstLine = this.#journal.lastLine + 1;
    this.#journal.begin(
      this.#recovery.compacted({
        atMicros: startedMicros,
        memoryMs: limits.journalMemoryMs,
        firstLine,
        holdings,
      }),
    );
    const restored = this.#recovery.restored(holdings);
    this.#join(executionsFrom(this.#recovery, startedMicros, limits.executionsMarginMs));
    const { lastLine } = this.#journal;
    for (const row of unconfirmed.orders) this.#outbox.addOrder(row, lastLine);
    for (const row of unconfirmed.trades) this.#outbox.addTrade(row, lastLine);
    this.#outbox.connect(this.#stores);
    this.#feed(restored);
    this.#feed({ type: 'account', account, askedAtMicros: startedMicros });
    this.#listen();
    const isThrough = () => this.#machine.isReconciled || this.#refusal !== null || this.#isStopping;
    const isInTime = await this.#until(isThrough, limits.startTimeoutMs);
    if (this.#isStopping) return;
    if (this.#refusal !== null) throw this.#refusal;
    if (!isInTime) throw notReconciled(limits.startTimeoutMs);
    this.#isReady = true;
    log.info({ account: account.accountId }, 'desk ready');
    this.#report({ type: 'ready', account: this.#machine.status().account ?? account });
    void this.#askInstruments();
  }

  #join(executionsFromMicros: number): void {
    const { config, clock, log, broker } = this.#parts;
    const link = new BrokerLink({
      broker,
      clock,
      log,
      limits: config.limits,
      executionsFromMicros,
      stage: this.#stages.broker,
      feed: (input) => this.#feed(input),
      onRefused: (cause, remedy) =>
        this.#onRefused(new UserError({ exitCode: EXIT_UNREACHABLE, cause, remedy })),
    });
    this.#link = link;
    this.#executor = new Executor({
      journal: this.#journal,
      outbox: this.#outbox,
      broker: link,
      clock,
      stage: this.#stages.desk,
      log,
      tell: (consumer, event) => this.#consumers.get(consumer)?.send(event),
      tellAll: (event) => {
        for (const port of this.#consumers.values()) port.send(event);
      },
      report: (report) => this.#report(report),
      feed: (input) => this.#feed(input),
    });
  }

  #listen(): void {
    const { config, clock, market } = this.#parts;
    this.#link?.open();
    if (market !== null && this.#market === null) this.#attachMarket(market);
    this.#timers.push(
      clock.every(config.limits.tickPeriodMs, () => {
        this.#feed({ type: 'tick' });
        this.#confirm();
      }),
    );
  }

  #attachMarket(port: MessagePort): void {
    const { broker } = this.#parts;
    // Symbol ids belong to one stream: a new port names them anew.
    const symbols = new SymbolTable();
    this.#market?.close();
    this.#market = new MarketReceiver(port, {
      onBatch: (batch) => {
        feedMarket(batch, symbols, (input) => this.#feed(input));
        broker.onMarket?.(batch, symbols);
      },
    });
  }

  async #askInstruments(): Promise<void> {
    const { broker, log } = this.#parts;
    const outcome = await broker.instruments();
    if (this.#isStopping) return;
    if (outcome.ok) this.#feed({ type: 'instruments', instruments: outcome.value });
    else log.warn({ why: outcome.failure.message }, 'the broker did not list its instruments');
  }

  /** The one way into the machine. An input that comes while another is carried out waits its turn. */
  #feed(input: DeskInput): void {
    this.#inputs.push(input);
    if (this.#isHandling) return;
    this.#isHandling = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const nowMicros = this.#parts.clock.nowMicros();
      this.#executor?.carryOut(this.#machine.handle(next, nowMicros), nowMicros);
    }
    this.#isHandling = false;
    for (const look of this.#conditions) look();
  }

  #onCommand(command: DeskCommand): void {
    switch (command.type) {
      case 'attach':
        this.#attach(command.consumer, command.port);
        return;
      case 'detach':
        this.#consumers.get(command.consumer)?.close();
        this.#consumers.delete(command.consumer);
        return;
      case 'market':
        this.#attachMarket(command.port);
        return;
      case 'database':
        this.#stores.close();
        this.#stores = createStoresClient(command.port, { clock: this.#parts.clock });
        this.#outbox.connect(this.#stores);
        return;
      case 'session':
        this.#feed({ type: 'session', session: command.session });
        return;
      case 'units':
        this.#report({
          type: 'units',
          requestId: command.requestId,
          units: this.#machine.unitStates(command.units),
        });
        return;
      case 'halt':
        this.#feed({ type: 'command', command: 'halt', reason: command.reason, instanceIds: null });
        return;
      case 'resume':
        this.#feed({ type: 'command', command: 'resume', reason: 'by command', instanceIds: null });
        return;
      case 'liquidate':
        this.#feed({ ...command, type: 'command', command: 'liquidate' });
        return;
      case 'status':
        this.#report({ type: 'status', requestId: command.requestId, status: this.#status() });
        return;
      case 'stop':
        void this.#stop(command.reason);
        return;
    }
  }

  #attach(consumer: string, port: MessagePort): void {
    this.#consumers.get(consumer)?.close();
    const orders = new DeskOrders(port, {
      onIntents: (intents) => this.#feed({ type: 'intents', consumer, intents }),
      onClose: () => {
        if (this.#consumers.get(consumer) === orders) this.#consumers.delete(consumer);
      },
    });
    this.#consumers.set(consumer, orders);
    const { account, riskState } = this.#machine.status();
    if (account !== null) orders.send({ type: 'account', account, riskState });
  }

  #status(): DeskStatus {
    const measurements = this.#stages.measurements();
    return { ...this.#machine.status(), rowsWaiting: this.#outbox.waiting, measurements };
  }

  /** Notes in the journal how far the database has it, so that the next start need not offer those rows again. */
  #confirm(): void {
    if (this.#confirmedLine <= this.#writtenConfirmedLine) return;
    try {
      this.#journal.append([
        { entry: 'flushed', atMicros: this.#parts.clock.nowMicros(), throughLine: this.#confirmedLine },
      ]);
      this.#writtenConfirmedLine = this.#confirmedLine;
    } catch (error) {
      // Rows that are offered again do no harm; that the disk is full is told when an order cannot be written.
      this.#parts.log.warn({ why: String(error) }, 'the journal cannot be written');
    }
  }

  async #stop(reason: string): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const { limits } = this.#parts.config;
    this.#feed({ type: 'command', command: 'stop', reason, instanceIds: null });
    await this.#until(() => this.#machine.openOrderCount() === 0, limits.stopCancelTimeoutMs);
    await this.#outbox.drained(limits.stopFlushTimeoutMs);
    const openOrders = this.#machine.openOrderCount();
    const rowsWaiting = this.#outbox.waiting;
    if (openOrders > 0) {
      this.#alert(
        'warning',
        'open_orders_left',
        `${openOrders} orders were still open when the desk stopped`,
      );
    }
    this.#report({ type: 'stopped', openOrders, rowsWaiting });
    await this.#close();
  }

  /** The broker will not have us any more: the start ends with it, a desk that trades says so and takes no risk. */
  #onRefused(error: UserError): void {
    this.#refusal = error;
    if (this.#isReady) this.#report({ type: 'failed', error: error.toJSON() });
  }

  async #close(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers) timer.cancel();
    for (const port of this.#consumers.values()) port.close();
    this.#market?.close();
    this.#outbox.close();
    this.#stores.close();
    await (this.#link?.close() ?? this.#parts.broker.close());
    if (this.#executor !== null) this.#confirm();
    this.#journal.close();
    this.#control.close();
  }

  /** Waits until the condition holds, looked at after every input; false when that takes longer. */
  #until(holds: () => boolean, timeoutMs: number): Promise<boolean> {
    if (holds()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (hasCome: boolean) => {
        timer.cancel();
        this.#conditions.delete(look);
        resolve(hasCome);
      };
      const look = () => {
        if (holds()) end(true);
      };
      const timer = this.#parts.clock.after(timeoutMs, () => end(holds()));
      this.#conditions.add(look);
    });
  }

  #alert(severity: 'warning' | 'critical', code: string, message: string): void {
    this.#parts.log.warn({ code, severity }, message);
    this.#report({ type: 'alert', severity, code, message, fields: {} });
  }

  #report(report: DeskReport): void {
    this.#control.post(report);
  }
}
