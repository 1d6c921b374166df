/**
 * What a desk knew when it ended, by its journal: orders, executions, holdings, the state of risk, and the rows that
 * the database may not have. Entries are folded one after another, oldest first.
 */
import { unreachable } from '../../domain/assert.ts';
import {
  add,
  type Decimal,
  decimal,
  formatDecimal,
  subtract,
  weightedAverage,
  ZERO,
} from '../../domain/decimal.ts';
import { isTerminal, type Position } from '../../domain/order.ts';
import { type EpochMicros, MICROS_PER_MILLISECOND } from '../../domain/time.ts';
import type { HoldingRow, NewTrade, OrderRow } from '../../models/contract.ts';
import type { DeskInput, JournalEntry, KeptClosing, KeptOrder, KeptRisk } from '../contract.ts';
import type { JournalLine } from './journal.ts';
import { applyFill } from './positions.ts';
import { orderRow } from './rows.ts';

interface BookedExecution {
  readonly atMicros: EpochMicros;
  readonly clientOrderId: string | null;
}

interface Held {
  readonly position: Position;
  readonly targetPrice: string | null;
  readonly stopPrice: string | null;
}

type TradeEntry = Extract<JournalEntry, { entry: 'trade' }>;

/** Rows that the database has not confirmed, in the order in which they were written. */
export interface UnconfirmedRows {
  readonly orders: readonly OrderRow[];
  readonly trades: readonly NewTrade[];
}

/** A row's newest version and the line that it stands in. */
interface Kept<Row> {
  readonly row: Row;
  readonly line: number;
}

export class Recovery {
  readonly #batchId: string;
  readonly #environment: string;
  readonly #carriesOver: boolean;
  /** Whether the lines at hand are of the account that is traded now. Those of others are rows only. */
  #isOurs = false;
  #hasHistory = false;
  readonly #orders = new Map<string, KeptOrder>();
  readonly #orderRows = new Map<string, Kept<KeptOrder>>();
  readonly #tradeRows = new Map<string, Kept<TradeEntry>>();
  /** By id. */
  readonly #executions = new Map<string, BookedExecution>();
  readonly #held = new Map<string, Held>();
  #risk: KeptRisk | null = null;
  #closing: readonly KeptClosing[] = [];
  #confirmedThrough = 0;
  #lastLine = 0;

  /**
   * @param options.carriesOver whether what earlier batches of the environment hold is still held: true for paper and
   * live accounts, false where every batch begins with a new account.
   */
  constructor(options: {
    readonly batchId: string;
    readonly environment: string;
    readonly carriesOver: boolean;
  }) {
    this.#batchId = options.batchId;
    this.#environment = options.environment;
    this.#carriesOver = options.carriesOver;
  }

  /** Whether the journal knows this account: then its holdings count, else the database's. */
  get hasHistory(): boolean {
    return this.#hasHistory;
  }

  get lastLine(): number {
    return this.#lastLine;
  }

  /** When the newest known execution was booked; null when there is none. */
  get lastExecutionMicros(): EpochMicros | null {
    let last: EpochMicros | null = null;
    for (const { atMicros } of this.#executions.values()) last = Math.max(last ?? 0, atMicros);
    return last;
  }

  /** When the oldest order was placed that has not ended; null when all have. */
  get oldestOpenMicros(): EpochMicros | null {
    let oldest: EpochMicros | null = null;
    for (const { order } of this.#orders.values()) {
      if (!isTerminal(order.status))
        oldest = Math.min(oldest ?? order.createdAtMicros, order.createdAtMicros);
    }
    return oldest;
  }

  apply({ line, entry }: JournalLine): void {
    this.#lastLine = Math.max(this.#lastLine, line);
    switch (entry.entry) {
      case 'batch':
        this.#isOurs =
          entry.environment === this.#environment && (this.#carriesOver || entry.batchId === this.#batchId);
        this.#hasHistory ||= this.#isOurs;
        return;
      case 'flushed':
        this.#confirmedThrough = Math.max(this.#confirmedThrough, entry.throughLine);
        return;
      case 'order':
        this.#orderRows.set(entry.kept.order.clientOrderId, { row: entry.kept, line });
        if (this.#isOurs) this.#orders.set(entry.kept.order.clientOrderId, entry.kept);
        return;
      case 'trade':
        this.#tradeRows.set(entry.row.executionId, { row: entry, line });
        if (this.#isOurs) this.#applyTrade(entry, line);
        return;
      case 'holding':
        if (this.#isOurs) this.#hold(entry.row);
        return;
      case 'execution':
        if (this.#isOurs) {
          const { atMicros, clientOrderId = null } = entry;
          this.#executions.set(entry.executionId, { atMicros, clientOrderId });
        }
        return;
      case 'risk':
        if (this.#isOurs) this.#risk = entry.kept;
        return;
      case 'closing':
        if (this.#isOurs) this.#closing = entry.closing;
        return;
      default:
        unreachable(entry);
    }
  }

  /** What the machine is told at the start. `holdings` stand in for the journal's when it has no history. */
  restored(holdings: readonly HoldingRow[]): Extract<DeskInput, { type: 'restore' }> {
    return {
      type: 'restore',
      orders: [...this.#orders.values()],
      executionIds: [...this.#executions.keys()],
      holdings: this.#hasHistory ? this.#holdings() : holdings,
      risk: this.#risk,
      closing: this.#closing,
    };
  }

  /** Rows that the database has not confirmed, of every account that this journal has seen. */
  unconfirmed(): UnconfirmedRows {
    const orders = [...this.#orderRows.values()].filter(({ line }) => line > this.#confirmedThrough);
    const trades = [...this.#tradeRows.values()].filter(({ line }) => line > this.#confirmedThrough);
    return {
      orders: orders.map(({ row }) => orderRow(row.order, row.batchId)),
      trades: trades.map(({ row }) => row.row),
    };
  }

  /**
   * The same knowledge in as few entries as it takes, for the head of a new segment whose first line is `firstLine`:
   * holdings, executions and orders of the last `memoryMs`, open orders with all that they were filled by, risk, and
   * the rows not yet confirmed.
   */
  compacted(options: {
    readonly atMicros: EpochMicros;
    readonly memoryMs: number;
    readonly firstLine: number;
    readonly holdings: readonly HoldingRow[];
  }): readonly JournalEntry[] {
    const { atMicros, firstLine } = options;
    const fromMicros = atMicros - options.memoryMs * MICROS_PER_MILLISECOND;
    const entries: JournalEntry[] = [];
    for (const row of this.#hasHistory ? this.#holdings() : options.holdings) {
      entries.push({ entry: 'holding', atMicros, row });
    }
    const orders = [...this.#orders.values()].filter(
      ({ order }) => order.updatedAtMicros >= fromMicros || !isTerminal(order.status),
    );
    const orderIds = new Set(orders.map(({ order }) => order.clientOrderId));
    for (const [executionId, { atMicros: bookedAtMicros, clientOrderId }] of this.#executions) {
      // What an open order was filled by long ago is asked for again with it, and must be known then.
      const isOfKept = clientOrderId !== null && orderIds.has(clientOrderId);
      const isUnconfirmed = this.#isUnconfirmed(this.#tradeRows.get(executionId));
      if (bookedAtMicros < fromMicros && !isOfKept && !isUnconfirmed) continue;
      const of = clientOrderId === null ? {} : { clientOrderId };
      entries.push({ entry: 'execution', atMicros: bookedAtMicros, executionId, ...of });
    }
    for (const kept of orders) entries.push({ entry: 'order', atMicros, kept });
    if (this.#risk !== null) entries.push({ entry: 'risk', atMicros, kept: this.#risk });
    if (this.#closing.length > 0) entries.push({ entry: 'closing', atMicros, closing: this.#closing });
    // These lines repeat what the database has; the ones behind them are still to be confirmed.
    const rows: JournalEntry[] = [];
    for (const { row, line } of this.#orderRows.values()) {
      if (line > this.#confirmedThrough) rows.push({ entry: 'order', atMicros, kept: row });
    }
    for (const { row, line } of this.#tradeRows.values()) if (line > this.#confirmedThrough) rows.push(row);
    const { foreign, ours } = this.#byAccount(rows);
    const own: JournalEntry = {
      entry: 'batch',
      atMicros,
      batchId: this.#batchId,
      environment: this.#environment,
    };
    const other: JournalEntry = { entry: 'batch', atMicros, batchId: '', environment: '' };
    const head: JournalEntry[] = [own, ...entries];
    const flushed: JournalEntry = { entry: 'flushed', atMicros, throughLine: firstLine + head.length };
    const tail = foreign.length > 0 ? [other, ...foreign, own] : [];
    return [...head, flushed, ...tail, ...ours];
  }

  #byAccount(rows: readonly JournalEntry[]): { foreign: JournalEntry[]; ours: JournalEntry[] } {
    const isOurs = (row: JournalEntry) =>
      (row.entry === 'order' && this.#orders.has(row.kept.order.clientOrderId)) ||
      (row.entry === 'trade' && this.#executions.has(row.row.executionId));
    return { foreign: rows.filter((row) => !isOurs(row)), ours: rows.filter(isOurs) };
  }

  #isUnconfirmed(kept: Kept<unknown> | undefined): boolean {
    return kept !== undefined && kept.line > this.#confirmedThrough;
  }

  /** A trade whose execution is known already stands here for its row only: the holding contains it. */
  #applyTrade({ instanceId, row, atMicros }: TradeEntry, line: number): void {
    if (this.#executions.has(row.executionId)) return;
    this.#executions.set(row.executionId, { atMicros, clientOrderId: row.clientOrderId });
    const key = keyOf(instanceId, row.symbol);
    const held = this.#held.get(key) ?? flat(instanceId, row.symbol);
    const fill = {
      side: row.side,
      quantity: decimal(row.qty),
      price: decimal(row.price),
      fee: decimal(row.fee),
      algoRunId: row.algoRunId,
    };
    const position = applyFill(held.position, fill);
    const hasTargets = row.targetPrice !== null || row.stopPrice !== null;
    this.#held.set(key, {
      position,
      targetPrice: hasTargets ? row.targetPrice : held.targetPrice,
      stopPrice: hasTargets ? row.stopPrice : held.stopPrice,
    });
    this.#fillOrder(row.clientOrderId, fill, line);
  }

  /** The order's own line follows its trade's; should it have been torn off, order and row are right nevertheless. */
  #fillOrder(
    clientOrderId: string,
    fill: Pick<NewTrade, 'side'> & { readonly quantity: Decimal; readonly price: Decimal },
    line: number,
  ): void {
    const kept = this.#orders.get(clientOrderId);
    if (kept === undefined) return;
    const { order } = kept;
    const before = { price: order.averagePrice ?? ZERO, quantity: order.filledQuantity };
    // An entry of the other side takes an execution back.
    const isRevoked = fill.side !== order.side;
    const filledQuantity = (isRevoked ? subtract : add)(order.filledQuantity, fill.quantity);
    const averagePrice = isRevoked ? order.averagePrice : weightedAverage([before, fill]);
    const filled = { ...kept, order: { ...order, filledQuantity, averagePrice } };
    this.#orders.set(clientOrderId, filled);
    this.#orderRows.set(clientOrderId, { row: filled, line });
  }

  #hold(row: HoldingRow): void {
    const empty = flat(row.instanceId, row.symbol);
    this.#held.set(keyOf(row.instanceId, row.symbol), {
      position: {
        ...empty.position,
        quantity: decimal(row.qty),
        averagePrice: decimal(row.avgPrice),
        realizedPnl: decimal(row.realizedPnl),
      },
      targetPrice: row.targetPrice,
      stopPrice: row.stopPrice,
    });
  }

  #holdings(): readonly HoldingRow[] {
    return [...this.#held.values()].map(({ position, targetPrice, stopPrice }) => ({
      instanceId: position.instanceId,
      symbol: position.symbol,
      qty: formatDecimal(position.quantity),
      avgPrice: formatDecimal(position.averagePrice),
      // Fees were paid: what is left of the gain is carried on.
      realizedPnl: formatDecimal(subtract(position.realizedPnl, position.fees)),
      targetPrice,
      stopPrice,
    }));
  }
}

function flat(instanceId: string, symbol: string): Held {
  return {
    position: {
      instanceId,
      algoRunId: '',
      symbol,
      quantity: ZERO,
      averagePrice: ZERO,
      realizedPnl: ZERO,
      fees: ZERO,
    },
    targetPrice: null,
    stopPrice: null,
  };
}

function keyOf(instanceId: string, symbol: string): string {
  return `${instanceId}\u0000${symbol}`;
}
