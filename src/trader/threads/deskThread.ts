/** The desk as the trader sees it: its thread, its questions and answers, and what it last said of itself. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Clock } from '../../clock/clock.ts';
import type { DeskWorkerData } from '../../desk/config.ts';
import { EXIT_UNEXPECTED, UserError } from '../../domain/exit.ts';
import type { Session } from '../../domain/market.ts';
import type { Account } from '../../domain/order.ts';
import type { PortfolioFunds } from '../../models/portfolios.ts';
import type {
  DeskCommand,
  DeskReport,
  DeskStatus,
  Handover,
  InstanceRules,
  Unit,
  UnitState,
} from '../../transport/messages.ts';
import { Thread } from './thread.ts';

const ENTRY = new URL('../../desk/worker.js', import.meta.url);
const ANSWER_TIMEOUT_MS = 5_000;

export interface DeskListener {
  onAlert(alert: Extract<DeskReport, { type: 'alert' }>): void;
  /** The desk cannot go on: a refused key, a broken journal. */
  onFailed(error: UserError): void;
  onDeath(cause: string): void;
}

interface Question {
  readonly resolve: (report: DeskReport) => void;
}

export class DeskThread {
  readonly #thread: Thread<DeskCommand, DeskReport>;
  readonly #clock: Clock;
  readonly #questions = new Map<number, Question>();
  #lastRequestId = 0;
  #stopped: Extract<DeskReport, { type: 'stopped' }> | null = null;

  private constructor(
    data: DeskWorkerData,
    clock: Clock,
    onReport: (report: DeskReport) => void,
    onDeath: (cause: string) => void,
  ) {
    this.#clock = clock;
    this.#thread = new Thread<DeskCommand, DeskReport>({
      name: 'desk',
      entry: ENTRY,
      workerData: data,
      transferList: [data.market, data.database, data.recording].filter((port) => port !== null),
      onReport: (report) => {
        this.#settle(report);
        onReport(report);
      },
      onDeath,
    });
  }

  /**
   * Starts the desk and waits until it has read its journal, reached the broker and reconciled.
   * @throws {UserError} when the broker refuses or cannot be reached.
   */
  static async start(
    options: DeskWorkerData,
    context: { clock: Clock; listener: DeskListener },
  ): Promise<{ desk: DeskThread; account: Account }> {
    const { clock, listener } = context;
    let isReady = false;
    return new Promise((resolve, reject) => {
      const onReport = (report: DeskReport) => {
        if (report.type === 'ready') {
          isReady = true;
          resolve({ desk, account: report.account });
        } else if (report.type === 'alert') listener.onAlert(report);
        else if (report.type === 'failed') {
          const { exitCode, cause, remedy, violations } = report.error;
          const error = new UserError({ exitCode, cause, remedy, violations });
          if (isReady) listener.onFailed(error);
          else reject(error);
        }
      };
      const onDeath = (cause: string) => {
        reject(
          new UserError({
            exitCode: EXIT_UNEXPECTED,
            cause: `the desk ended: ${cause}`,
            remedy: 'See the log.',
          }),
        );
        if (isReady) listener.onDeath(cause);
      };
      const desk = new DeskThread(options, clock, onReport, onDeath);
    });
  }

  /** Gives a consumer an orders port, a new one if it had one; answers the consumer's end. */
  attach(consumer: string): MessagePort {
    const channel = new MessageChannel();
    this.#thread.tell({ type: 'attach', consumer, port: channel.port1 }, [channel.port1]);
    return channel.port2;
  }

  detach(consumer: string): void {
    this.#thread.tell({ type: 'detach', consumer });
  }

  /** A unit has moved, and the consumer it left cannot say so any more. */
  handOver(handover: Handover): void {
    this.#thread.tell({ type: 'handover', handover });
  }

  tellSession(session: Session): void {
    this.#thread.tell({ type: 'session', session });
  }

  tellInstances(instances: readonly InstanceRules[], portfolios: readonly PortfolioFunds[]): void {
    this.#thread.tell({ type: 'instances', instances, portfolios });
  }

  /** Has the broker's books compared with ours. */
  reconcile(reason: string): void {
    this.#thread.tell({ type: 'reconcile', reason });
  }

  halt(reason: string): void {
    this.#thread.tell({ type: 'halt', reason });
  }

  resume(): void {
    this.#thread.tell({ type: 'resume' });
  }

  liquidate(reason: string): void {
    this.#thread.tell({ type: 'liquidate', reason, instanceIds: null });
  }

  /** @throws {UserError} when the desk does not answer in time. */
  async unitStates(units: readonly Unit[]): Promise<readonly UnitState[]> {
    const report = await this.#ask((requestId) => ({ type: 'units', requestId, units }));
    return report.type === 'units' ? report.units : [];
  }

  /** @throws {UserError} when the desk does not answer in time. */
  async status(): Promise<DeskStatus> {
    const report = await this.#ask((requestId) => ({ type: 'status', requestId }));
    if (report.type !== 'status') throw new TypeError(`the desk answered ${report.type} to status`);
    return report.status;
  }

  /** Cancels what is open and writes everything down; null when it had to be ended before it said so. */
  async stop(reason: string, timeoutMs: number): Promise<{ openOrders: number; rowsWaiting: number } | null> {
    this.#thread.tell({ type: 'stop', reason });
    await this.#thread.stop(this.#clock, timeoutMs);
    return this.#stopped;
  }

  #ask(make: (requestId: number) => DeskCommand): Promise<DeskReport> {
    this.#lastRequestId += 1;
    const requestId = this.#lastRequestId;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(ANSWER_TIMEOUT_MS, () => {
        this.#questions.delete(requestId);
        reject(
          new UserError({
            exitCode: EXIT_UNEXPECTED,
            cause: `the desk gave no answer within ${ANSWER_TIMEOUT_MS} ms`,
            remedy: 'See the log.',
          }),
        );
      });
      this.#questions.set(requestId, {
        resolve: (report) => {
          timer.cancel();
          resolve(report);
        },
      });
      this.#thread.tell(make(requestId));
    });
  }

  #settle(report: DeskReport): void {
    if (report.type === 'stopped') this.#stopped = report;
    if (report.type !== 'units' && report.type !== 'status') return;
    this.#questions.get(report.requestId)?.resolve(report);
    this.#questions.delete(report.requestId);
  }
}
