/**
 * Carries out what the machine asks for, in order: what must not be forgotten is durable before anything after it is
 * done. Requests to the broker are started and never waited for.
 */

import type { Clock } from '../clock/clock.ts';
import type { Order } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { ApprovedOrder, DeskAction, DeskInput, JournalEntry } from '../execution/contract.ts';
import type { Log } from '../observability/log.ts';
import type { StageTimer } from '../observability/stages.ts';
import type { DeskEvent, DeskReport } from '../transport/messages.ts';
import type { JournalWriter } from './memory.ts';
import type { Outbox } from './outbox.ts';
import type { Reach } from './steps.ts';

/** What reaches the broker. */
export interface BrokerRequests {
  submit(order: ApprovedOrder): void;
  cancel(order: Order): void;
  replace(order: ApprovedOrder, replaced: Order): void;
  resolve(of: { clientOrderId: string; brokerOrderId: string | null }, atMicros: EpochMicros): void;
  refreshAccount(): void;
  reconcile(reason: string, when: 'now' | 'soon'): void;
}

export interface ExecutorParts {
  readonly journal: JournalWriter;
  readonly outbox: Outbox;
  readonly broker: BrokerRequests;
  readonly clock: Clock;
  /** Told how long each order took from its input to the request's start. */
  readonly stage: StageTimer;
  readonly log: Log;
  readonly reach: Reach;
  tell(consumer: string, event: DeskEvent): void;
  tellAll(event: DeskEvent): void;
  report(report: DeskReport): void;
  /** Gives the machine another input, after the one at hand. */
  feed(input: DeskInput): void;
}

/** Actions of one input, and the journal's last line when they came: rows up to it are theirs or older. */
interface Waiting {
  readonly actions: readonly DeskAction[];
  readonly hasEntries: boolean;
  readonly line: number;
  readonly inputMicros: EpochMicros;
}

export class Executor {
  readonly #parts: ExecutorParts;
  /** What waits for the journal, oldest first. */
  #queue: Waiting[] = [];
  /**
   * Entries that the disk did not take. They go before all later ones when it does again: an order that counts a fill
   * must never stand in the journal without the fill.
   */
  #unwritten: readonly JournalEntry[] = [];
  /** Rows of such entries: the database must not know of what the next start does not. */
  #heldRows: readonly RowAction[] = [];

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
  }

  /** @param inputMicros when the input came that the actions answer. */
  carryOut(actions: readonly DeskAction[], inputMicros: EpochMicros): void {
    if (this.#unwritten.length > 0) this.#append([]);
    if (actions.length === 0) return;
    const entries = actions.flatMap((action) => (action.type === 'journal' ? [action.entry] : []));
    const hasEntries = entries.length > 0;
    if (hasEntries && !this.#append(entries)) {
      this.#heldRows = newestRows([...this.#heldRows, ...actions.filter(isRow)]);
      this.#perform({
        actions: this.#withoutSubmissions(actions).filter((action) => !isRow(action)),
        hasEntries,
        line: this.#parts.journal.lastLine,
        inputMicros,
      });
      return;
    }
    const waiting = { actions, hasEntries, line: this.#parts.journal.lastLine, inputMicros };
    // Without entries of its own it waits all the same for what came before it: order is kept.
    if (!hasEntries && this.#queue.length === 0) {
      this.#perform(waiting);
      return;
    }
    this.#queue.push(waiting);
    if (hasEntries) this.#parts.journal.whenDurable(() => this.#performThrough(waiting));
  }

  #performThrough(last: Waiting): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#perform(next);
      if (next === last) break;
    }
    // What has no entries of its own behind it need not wait any more.
    while (this.#queue[0]?.hasEntries === false) this.#perform(this.#queue.shift()!);
  }

  /** False when the disk did not take it. */
  #append(entries: readonly JournalEntry[]): boolean {
    const isBroken = this.#unwritten.length > 0;
    const all = isBroken ? [...this.#unwritten, ...entries] : entries;
    try {
      this.#parts.reach('journal_before');
      this.#parts.journal.append(all);
      this.#parts.reach('journal_after');
      this.#unwritten = [];
      if (isBroken) this.#releaseRows();
      return true;
    } catch (error) {
      this.#unwritten = newestOnly(all);
      const why = error instanceof Error ? error.message : String(error);
      if (!isBroken) {
        this.#parts.log.error({ why, entries: entries.length }, 'the journal cannot be written');
        const message = `the journal cannot be written, so no order can be sent: ${why}`;
        this.#parts.report({
          type: 'alert',
          severity: 'critical',
          code: 'journal',
          message,
          fields: { why },
        });
        this.#parts.feed({ type: 'command', command: 'halt', reason: message, instanceIds: null });
      }
      return false;
    }
  }

  #releaseRows(): void {
    const { journal } = this.#parts;
    const { lastLine: line } = journal;
    const rows = this.#heldRows;
    this.#heldRows = [];
    journal.whenDurable(() => {
      for (const row of rows) this.#performOne(row, line);
    });
  }

  /** An order that could not be written down is not sent. */
  #withoutSubmissions(actions: readonly DeskAction[]): readonly DeskAction[] {
    for (const action of actions) {
      if (!isSubmission(action)) continue;
      this.#parts.feed({
        type: 'submitted',
        clientOrderId: action.order.clientOrderId,
        outcome: { type: 'not_sent', message: 'the journal cannot be written' },
      });
    }
    return actions.filter((action) => !isSubmission(action));
  }

  #perform({ actions, line, inputMicros }: Waiting): void {
    for (const action of actions) {
      this.#performOne(action, line);
      if (isSubmission(action)) this.#parts.stage.record(this.#parts.clock.nowMicros() - inputMicros);
    }
  }

  #performOne(action: DeskAction, line: number): void {
    const { broker, outbox, log } = this.#parts;
    switch (action.type) {
      case 'journal':
        return;
      case 'submit':
        broker.submit(action.order);
        return;
      case 'cancel':
        broker.cancel(action.order);
        return;
      case 'replace':
        broker.replace(action.order, action.replaced);
        return;
      case 'resolve':
        broker.resolve(action, action.atMicros);
        return;
      case 'refresh_account':
        broker.refreshAccount();
        return;
      case 'reconcile':
        broker.reconcile(action.reason, action.isUrgent ? 'now' : 'soon');
        return;
      case 'record_order':
        outbox.addOrder(action.row, line);
        return;
      case 'record_trade':
        outbox.addTrade(action.row, line);
        return;
      case 'tell':
        this.#parts.tell(action.consumer, action.event);
        return;
      case 'tell_all':
        this.#parts.tellAll(action.event);
        return;
      case 'alert':
        log.warn({ code: action.code, severity: action.severity, ...action.fields }, action.message);
        this.#parts.report(action);
        return;
      case 'log':
        log[action.level](action.fields, action.message);
        return;
    }
  }
}

/** Of an order that the broker does not have yet. */
function isSubmission(action: DeskAction): action is Extract<DeskAction, { type: 'submit' | 'replace' }> {
  return action.type === 'submit' || action.type === 'replace';
}

type RowAction = Extract<DeskAction, { type: 'record_order' | 'record_trade' }>;

function isRow(action: DeskAction): action is RowAction {
  return action.type === 'record_order' || action.type === 'record_trade';
}

/** All trades, and of each order its newest state: no new order is sent while the disk is full, so that is not much. */
function newestOnly(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  return newestOf(entries, (entry) => (entry.entry === 'order' ? entry.kept.order.clientOrderId : null));
}

function newestRows(rows: readonly RowAction[]): readonly RowAction[] {
  return newestOf(rows, (row) => (row.type === 'record_order' ? row.row.clientOrderId : null));
}

/** Without those that one of the same key follows; all that have none. */
function newestOf<T>(items: readonly T[], keyOf: (item: T) => string | null): readonly T[] {
  const last = new Map(items.map((item, index) => [keyOf(item), index]));
  return items.filter((item, index) => keyOf(item) === null || last.get(keyOf(item)) === index);
}
