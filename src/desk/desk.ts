/**
 * The desk on its thread: its core, joined with the consumers, the market and the trader. Starting is recovering:
 * journal, broker's account, reconciliation, and only then `ready`. Stopping cancels what is open, writes everything
 * down, and says so.
 */
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import type { Broker } from '../brokers/contract.ts';
import type { Clock } from '../clock/clock.ts';
import { UserError } from '../domain/exit.ts';
import type { DeskPolicy } from '../execution/contract.ts';
import { DeskInbox } from '../execution/inbox.ts';
import { createStoresClient, type StoresClient } from '../models/client.ts';
import type { Log } from '../observability/log.ts';
import { MarketReceiver } from '../transport/market.ts';
import type { DeskCommand, DeskReport, DeskStatus } from '../transport/messages.ts';
import { DeskOrders } from '../transport/orders.ts';
import { TypedPort } from '../transport/ports.ts';
import { INBOX_RECORDING_LIMITS, RecordingPort } from '../transport/recording.ts';
import type { DeskConfig } from './config.ts';
import { DeskCore } from './core.ts';
import { JournalFile } from './journalFile.ts';
import { DeskStages } from './stages.ts';
import { notReconciled } from './startup.ts';
import { announceStep, type Reach } from './steps.ts';

export interface DeskParts {
  readonly config: DeskConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly broker: Broker;
  /** `DeskCommand` in, `DeskReport` out. */
  readonly control: MessagePort;
  readonly market: MessagePort | null;
  readonly database: MessagePort;
  /** To the recorder; null where the inbox is not recorded. */
  readonly recording?: MessagePort | null;
  readonly policy?: DeskPolicy;
  /** Told of each step of an order's way. */
  readonly reach?: Reach;
}

export class Desk {
  readonly #parts: DeskParts;
  readonly #core: DeskCore;
  readonly #stages: DeskStages;
  readonly #inbox: DeskInbox | null;
  readonly #control: TypedPort<DeskCommand, DeskReport>;
  readonly #consumers = new Map<string, DeskOrders>();
  #stores: StoresClient;
  #market: MarketReceiver | null = null;
  #isStopping = false;
  #isReady = false;
  #refusal: UserError | null = null;
  /** Conditions that a part of the start or the stop waits for, looked at after every input. */
  readonly #conditions = new Set<() => void>();

  /** @throws {UserError} exit 3 when the journal cannot be read or written. */
  constructor(parts: DeskParts) {
    this.#parts = parts;
    const { config, clock, log, broker } = parts;
    this.#stages = new DeskStages(clock);
    const { recording = null } = parts;
    this.#inbox =
      recording === null
        ? null
        : new DeskInbox(
            new RecordingPort(recording, {
              clock,
              limits: INBOX_RECORDING_LIMITS,
              isMarketRecorded: config.plan.record.market,
            }),
          );
    const journal = new JournalFile({
      directory: join(config.dataDirectory, 'journal'),
      mode: config.journalMode,
      segmentBytesMax: config.limits.journalSegmentBytesMax,
      header: {
        entry: 'batch',
        atMicros: clock.nowMicros(),
        batchId: config.batchId,
        environment: config.environment,
      },
    });
    this.#core = new DeskCore({
      config,
      clock,
      log,
      broker,
      journal,
      ...(parts.policy === undefined ? {} : { policy: parts.policy }),
      stages: this.#stages,
      reach: parts.reach ?? announceStep,
      inbox: this.#inbox,
      tell: (consumer, event) => this.#consumers.get(consumer)?.send(event),
      tellAll: (event) => {
        for (const port of this.#consumers.values()) port.send(event);
      },
      report: (report) => this.#report(report),
      onRefused: (error) => this.#onRefused(error),
      onSettled: () => {
        for (const look of this.#conditions) look();
      },
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
    const { config, log, market } = this.#parts;
    const { limits } = config;
    const { machine } = this.#core;
    const account = await this.#core.recover(this.#stores);
    this.#core.listen();
    if (market !== null && this.#market === null) this.#attachMarket(market);
    const isThrough = () => machine.isReconciled || this.#refusal !== null || this.#isStopping;
    const isInTime = await this.#until(isThrough, limits.startTimeoutMs);
    if (this.#isStopping) return;
    if (this.#refusal !== null) throw this.#refusal;
    if (!isInTime) throw notReconciled(limits.startTimeoutMs);
    this.#isReady = true;
    log.info({ account: account.accountId }, 'desk ready');
    this.#report({ type: 'ready', account: machine.status().account ?? account });
    void this.#askInstruments();
  }

  #attachMarket(port: MessagePort): void {
    const { broker, clock } = this.#parts;
    // Symbol ids belong to one stream: a new port names them anew.
    const rows = this.#core.machine.marketRows();
    this.#market?.close();
    this.#market = new MarketReceiver(port, {
      onBatch: (batch) => {
        const nowMicros = clock.nowMicros();
        this.#inbox?.batch(batch, nowMicros);
        this.#core.machine.takeMarket(rows, batch, nowMicros);
        broker.onMarket?.(batch, rows.symbols);
      },
    });
  }

  async #askInstruments(): Promise<void> {
    const { broker, log } = this.#parts;
    const outcome = await broker.instruments();
    if (this.#isStopping) return;
    if (outcome.ok) this.#core.feed({ type: 'instruments', instruments: outcome.value });
    else log.warn({ why: outcome.failure.message }, 'the broker did not list its instruments');
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
      case 'handover':
        this.#core.feed(command);
        return;
      case 'market':
        this.#attachMarket(command.port);
        return;
      case 'database':
        this.#stores.close();
        this.#stores = createStoresClient(command.port, { clock: this.#parts.clock });
        this.#core.connect(this.#stores);
        return;
      case 'instances':
        this.#core.learn(command);
        return;
      case 'session':
        this.#core.feed({ type: 'session', session: command.session });
        return;
      case 'units':
        this.#report({
          type: 'units',
          requestId: command.requestId,
          units: this.#core.machine.unitStates(command.units),
        });
        return;
      case 'reconcile':
        this.#core.reconcile(command.reason);
        return;
      case 'halt':
        this.#core.feed({ type: 'command', command: 'halt', reason: command.reason, instanceIds: null });
        return;
      case 'resume':
        this.#core.feed({ type: 'command', command: 'resume', reason: 'by command', instanceIds: null });
        return;
      case 'liquidate':
        this.#core.feed({ ...command, type: 'command', command: 'liquidate' });
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
      onIntents: (intents) => this.#core.feed({ type: 'intents', consumer, intents }),
      onHandover: (handover) => this.#core.feed({ type: 'handover', handover }),
      onClose: () => {
        if (this.#consumers.get(consumer) === orders) this.#consumers.delete(consumer);
      },
    });
    this.#consumers.set(consumer, orders);
    const event = this.#core.machine.accountEvent();
    if (event !== null) orders.send(event);
  }

  #status(): DeskStatus {
    const measurements = this.#stages.measurements();
    return { ...this.#core.machine.status(), rowsWaiting: this.#core.rowsWaiting, measurements };
  }

  async #stop(reason: string): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const { limits } = this.#parts.config;
    this.#core.feed({ type: 'command', command: 'stop', reason, instanceIds: null });
    await this.#until(() => this.#core.machine.openOrderCount() === 0, limits.stopCancelTimeoutMs);
    await this.#core.rowsWritten(limits.stopFlushTimeoutMs);
    const openOrders = this.#core.machine.openOrderCount();
    const rowsWaiting = this.#core.rowsWaiting;
    if (openOrders > 0) {
      this.#core.alert(
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
    for (const port of this.#consumers.values()) port.close();
    this.#market?.close();
    this.#stores.close();
    await this.#core.close();
    this.#inbox?.close();
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

  #report(report: DeskReport): void {
    this.#control.post(report);
  }
}
