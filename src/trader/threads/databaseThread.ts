/** The database thread as the trader sees it: the only owner of the database, reached by ports. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Clock } from '../../clock/clock.ts';
import { EXIT_UNEXPECTED, UserError } from '../../domain/exit.ts';
import { createStoresClient, type StoresClient } from '../../models/client.ts';
import type {
  DatabaseCommand,
  DatabaseReport,
  DatabaseWorkerConfig,
  MigrationStatus,
} from '../../models/messages.ts';
import type { ThreadVitals } from '../../observability/vitals.ts';
import { Thread } from './thread.ts';

const ENTRY = new URL('../../models/worker.js', import.meta.url);

export class DatabaseThread {
  readonly #thread: Thread<DatabaseCommand, DatabaseReport>;
  readonly #clock: Clock;

  readonly #snapshots: Map<number, (failure: string | null) => void>;
  #lastRequestId = 0;
  #vitals: ThreadVitals | null = null;

  private constructor(
    thread: Thread<DatabaseCommand, DatabaseReport>,
    clock: Clock,
    snapshots: Map<number, (failure: string | null) => void>,
  ) {
    this.#thread = thread;
    this.#clock = clock;
    this.#snapshots = snapshots;
  }

  /**
   * Starts the thread and waits until the schema is the newest.
   * @throws {UserError} when the database cannot be opened, as the thread says it.
   */
  static start(
    config: DatabaseWorkerConfig,
    context: { clock: Clock; onLost(cause: string | UserError): void },
  ): Promise<{ database: DatabaseThread; migrations: MigrationStatus }> {
    return new Promise((resolve, reject) => {
      let isReady = false;
      let database: DatabaseThread | null = null;
      const lose = (cause: UserError) => (isReady ? context.onLost(cause) : reject(cause));
      const snapshots = new Map<number, (failure: string | null) => void>();
      const thread = new Thread<DatabaseCommand, DatabaseReport>({
        name: 'database',
        entry: ENTRY,
        workerData: config,
        onReport: (report) => {
          switch (report.type) {
            case 'ready':
              isReady = true;
              database = new DatabaseThread(thread, context.clock, snapshots);
              resolve({ database, migrations: report.migrations });
              return;
            case 'snapshot':
              snapshots.get(report.requestId)?.(report.failure);
              return;
            case 'failed': {
              const { exitCode, cause, remedy, violations } = report.error;
              lose(new UserError({ exitCode, cause, remedy, violations }));
              return;
            }
            case 'vitals':
              if (database !== null) database.#vitals = report.vitals;
              return;
            case 'stopped':
              return;
          }
        },
        onDeath: (cause) =>
          lose(
            new UserError({
              exitCode: EXIT_UNEXPECTED,
              cause: `the database thread ended: ${cause}`,
              remedy: 'See the log.',
            }),
          ),
      });
    });
  }

  /** The newest; null before the first. */
  get vitals(): ThreadVitals | null {
    return this.#vitals;
  }

  /** A port of its own for another thread. */
  openPort(client: string): MessagePort {
    const channel = new MessageChannel();
    this.#thread.tell({ type: 'attach', client, port: channel.port1 }, [channel.port1]);
    return channel.port2;
  }

  openStores(client: string): StoresClient {
    return createStoresClient(this.openPort(client), { clock: this.#clock });
  }

  /**
   * Copies the embedded database as it is now into a folder that does not exist yet.
   * @throws {UserError} when it cannot be copied.
   */
  async snapshot(directory: string): Promise<void> {
    this.#lastRequestId += 1;
    const requestId = this.#lastRequestId;
    const failure = await new Promise<string | null>((done) => {
      this.#snapshots.set(requestId, done);
      this.#thread.tell({ type: 'snapshot', requestId, directory });
    });
    this.#snapshots.delete(requestId);
    if (failure === null) return;
    throw new UserError({
      exitCode: EXIT_UNEXPECTED,
      cause: `the database was not copied: ${failure}`,
      remedy: 'See the log.',
    });
  }

  async stop(timeoutMs: number): Promise<'ended' | 'terminated'> {
    this.#thread.tell({ type: 'stop' });
    return this.#thread.stop(this.#clock, timeoutMs);
  }
}
