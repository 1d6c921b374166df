/** The `algo_run` rows of this batch: one for each strategy instance and consumer that runs it, made at first use. */
import type { Clock } from '../clock/clock.ts';
import type { JsonObject } from '../domain/order.ts';
import { type EpochMicros, formatMicros } from '../domain/time.ts';
import type { Environment, Stores } from '../models/contract.ts';

export interface RunSubject {
  readonly instanceId: string;
  readonly strategy: string;
  readonly version: string;
  readonly parameters: JsonObject;
  /** Whose cash its trades move; missing = nobody's. */
  readonly portfolioId?: string;
}

export class Runs {
  readonly #stores: Stores;
  readonly #clock: Clock;
  readonly #batchId: string;
  readonly #environment: Environment;
  readonly #ids = new Map<string, Promise<string>>();

  constructor(options: { stores: Stores; clock: Clock; batchId: string; environment: Environment }) {
    this.#stores = options.stores;
    this.#clock = options.clock;
    this.#batchId = options.batchId;
    this.#environment = options.environment;
  }

  /** The row's id; the row is written when it is asked for the first time. A restarted consumer goes on in its row. */
  idOf(subject: RunSubject, consumer: string, startedAt = this.#now()): Promise<string> {
    const key = keyOf(subject, consumer);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#stores.startRun({
      batchId: this.#batchId,
      strategy: subject.strategy,
      instanceId: subject.instanceId,
      environment: this.#environment,
      consumer,
      version: subject.version,
      parameters: subject.parameters,
      ...(subject.portfolioId === undefined ? {} : { portfolioId: subject.portfolioId }),
      startedAt,
    });
    this.#ids.set(key, id);
    // A row that could not be written is tried again the next time it is needed.
    id.catch(() => this.#ids.delete(key));
    return id;
  }

  /** Writes its row again, where it has one: code or parameters are others since that moment. */
  async renew(subject: RunSubject, consumer: string, sinceMicros: EpochMicros): Promise<void> {
    if (!this.#ids.delete(keyOf(subject, consumer))) return;
    await this.idOf(subject, consumer, formatMicros(sinceMicros));
  }

  /** The instance runs on that consumer no more. Where it comes back, its row is opened again. */
  async endOne(subject: RunSubject, consumer: string, reason: string): Promise<void> {
    const key = keyOf(subject, consumer);
    const id = this.#ids.get(key);
    if (id === undefined) return;
    this.#ids.delete(key);
    await this.#stores.endRun(await id, this.#now(), reason);
  }

  /** Closes all rows of the batch, and those that an earlier daemon left open when it died. */
  async end(reason: string): Promise<void> {
    await this.#stores.endRuns(this.#batchId, this.#now(), reason);
  }

  async endAbandoned(): Promise<number> {
    return this.#stores.endAbandonedRuns(this.#batchId, this.#now());
  }

  #now(): string {
    return formatMicros(this.#clock.nowMicros());
  }
}

function keyOf(subject: RunSubject, consumer: string): string {
  return `${subject.instanceId}\u0000${consumer}`;
}
