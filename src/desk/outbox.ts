/**
 * Rows on their way to the database. They wait in order while it is down or slow; nothing else waits for it. What does
 * not fit in memory is in the journal, which the next start reads: every row may be written twice without harm.
 */
import type { Clock, Timer } from '../clock/clock.ts';
import type { NewTrade, OrderRow, Stores } from '../models/contract.ts';
import { failureFrom } from '../models/failure.ts';
import type { Log } from '../observability/log.ts';
import type { Reach } from './steps.ts';

/** So many tries in a row that fail are an outage, of which a person should know. */
const FAILURES_BEFORE_ALERT = 4;

export interface OutboxOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly rowsWaitingMax: number;
  readonly rowsPerCall: number;
  /** From one call to the next at least: what comes meanwhile travels together, an order as it was last. */
  readonly callSpacingMs: number;
  readonly retryMs: number;
  readonly retryMaxMs: number;
  readonly reach: Reach;
  /** Every row up to this line of the journal is in the database. */
  onConfirmed(throughLine: number): void;
  /** A row that the database will never take, rows that memory cannot hold, or an outage: a person should know. */
  onTrouble(code: string, message: string): void;
}

type Entry =
  | { readonly kind: 'order'; readonly row: OrderRow; readonly line: number }
  | { readonly kind: 'trade'; readonly row: NewTrade; readonly line: number };

type RowStores = Pick<Stores, 'recordOrders' | 'recordTrades'>;

export class Outbox {
  readonly #options: OutboxOptions;
  #stores: RowStores | null = null;
  #entries: Entry[] = [];
  #isSending = false;
  #hasOverflowed = false;
  #failures = 0;
  /** Runs after a failure. */
  #timer: Timer | null = null;
  /** Runs while rows wait for others. */
  #spacing: Timer | null = null;
  #calledMs = Number.NEGATIVE_INFINITY;
  #idle: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#entries.length;
  }

  /** The database, or its successor after it was started again. */
  connect(stores: RowStores): void {
    this.#stores = stores;
    this.#failures = 0;
    this.#timer?.cancel();
    this.#timer = null;
    this.#pump();
  }

  /** @param line the journal's last line when the row came to be: with the row all before it is settled. */
  addOrder(row: OrderRow, line: number): void {
    this.#add({ kind: 'order', row, line });
  }

  addTrade(row: NewTrade, line: number): void {
    this.#add({ kind: 'trade', row, line });
  }

  /** Resolves when nothing waits any more; true, or false when that took too long. */
  drained(timeoutMs: number): Promise<boolean> {
    if (this.#entries.length === 0 && !this.#isSending) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(timeoutMs, () => resolve(false));
      this.#idle.push(() => {
        timer.cancel();
        resolve(true);
      });
      this.#pump();
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#spacing?.cancel();
    this.#stores = null;
  }

  #add(entry: Entry): void {
    if (this.#entries.length >= this.#options.rowsWaitingMax) {
      if (!this.#hasOverflowed) {
        const message = `over ${this.#options.rowsWaitingMax} rows wait for the database: more are in the journal only, until the next start`;
        this.#options.onTrouble('rows_overflow', message);
      }
      // From here on no line may be called confirmed: the journal must offer the dropped rows again.
      this.#hasOverflowed = true;
      return;
    }
    this.#entries.push(entry);
    this.#pump();
  }

  #pump(): void {
    if (this.#isSending || this.#timer !== null || this.#stores === null) return;
    if (this.#entries.length === 0) {
      for (const call of this.#idle.splice(0)) call();
      return;
    }
    const { clock, callSpacingMs, rowsPerCall } = this.#options;
    const nowMs = clock.monotonicMs();
    const earlyMs = this.#calledMs + callSpacingMs - nowMs;
    if (earlyMs > 0 && this.#entries.length < rowsPerCall && this.#idle.length === 0) {
      // In whole milliseconds: what rounding leaves of one would be waited for again and again at the same moment.
      this.#spacing ??= clock.after(Math.ceil(earlyMs), () => {
        this.#spacing = null;
        this.#pump();
      });
      return;
    }
    this.#spacing?.cancel();
    this.#spacing = null;
    this.#calledMs = nowMs;
    this.#isSending = true;
    // The rows of one turn of the event loop travel together.
    queueMicrotask(() => void this.#send());
  }

  async #send(): Promise<void> {
    const stores = this.#stores;
    const batch = this.#entries.slice(0, this.#options.rowsPerCall);
    if (stores !== null) {
      try {
        this.#options.reach('rows_before');
        await write(stores, batch);
        this.#options.reach('rows_after');
        this.#onWritten(batch.length);
      } catch (error) {
        await this.#onFailed(stores, batch, error);
      }
    }
    this.#isSending = false;
    this.#pump();
  }

  #onWritten(count: number): void {
    const last = this.#entries[count - 1];
    this.#entries = this.#entries.slice(count);
    this.#failures = 0;
    if (last === undefined || this.#hasOverflowed) return;
    // A line may stand for several rows: it is confirmed when the last of them is.
    const nextLine = this.#entries[0]?.line ?? Number.POSITIVE_INFINITY;
    this.#options.onConfirmed(Math.min(last.line, nextLine - 1));
  }

  async #onFailed(stores: RowStores, batch: readonly Entry[], error: unknown): Promise<void> {
    const failure = failureFrom(error);
    // Only values that it cannot hold are the row's own fault. All else may come right: a database that went away or
    // broke comes back, by another port if need be, and a table that is missing may be put there.
    if (failure.kind !== 'invalid') {
      this.#waitAndRetry(failure.message);
    } else if (batch.length > 1) {
      await this.#oneByOne(stores, batch);
    } else {
      this.#dropPoisoned(batch[0], failure.message);
    }
  }

  /** One bad row must not keep the others back. */
  async #oneByOne(stores: RowStores, batch: readonly Entry[]): Promise<void> {
    for (const entry of batch) {
      try {
        await write(stores, [entry]);
        this.#onWritten(1);
      } catch (error) {
        const failure = failureFrom(error);
        if (failure.kind !== 'invalid') {
          this.#waitAndRetry(failure.message);
          return;
        }
        this.#dropPoisoned(entry, failure.message);
      }
    }
  }

  #dropPoisoned(entry: Entry | undefined, why: string): void {
    this.#entries = this.#entries.slice(1);
    if (entry === undefined) return;
    const { clientOrderId } = entry.row;
    this.#options.log.error({ clientOrderId, kind: entry.kind, row: entry.row, why }, 'a row was refused');
    this.#options.onTrouble('row_refused', `the database refused a row of ${clientOrderId}: ${why}`);
  }

  #waitAndRetry(why: string): void {
    const { retryMs, retryMaxMs, clock, log } = this.#options;
    const delayMs = Math.min(retryMs * 2 ** this.#failures, retryMaxMs);
    if (this.#failures === 0) log.warn({ why, waiting: this.#entries.length }, 'the database takes no rows');
    this.#failures += 1;
    if (this.#failures === FAILURES_BEFORE_ALERT) {
      const message = `the database takes no rows, which wait and are in the journal; trading goes on: ${why}`;
      this.#options.onTrouble('database_down', message);
    }
    this.#timer = clock.after(delayMs, () => {
      this.#timer = null;
      this.#pump();
    });
  }
}

/** Orders before trades, which point to them; of each order the newest row only. */
async function write(stores: RowStores, batch: readonly Entry[]): Promise<void> {
  const orders = new Map<string, OrderRow>();
  const trades: NewTrade[] = [];
  for (const entry of batch) {
    if (entry.kind === 'order') orders.set(entry.row.clientOrderId, entry.row);
    else trades.push(entry.row);
  }
  if (orders.size > 0) await stores.recordOrders([...orders.values()]);
  if (trades.length > 0) await stores.recordTrades(trades);
}
