/**
 * A backtest's runs, orders and trades on their way to the database: collected while the run is shown some data, written
 * before it is shown more. The same backtest has the same batch and order ids: saved again, its rows stay as they are.
 */
import { clientOrderIdBeginning } from '../domain/order.ts';
import { type EpochMicros, formatMicros } from '../domain/time.ts';
import type { NewTrade, OrderRow, Stores } from '../models/contract.ts';
import { algoRunIdOf, type BacktestInstance, CONSUMER } from './config.ts';

/** Rows that are collected before they are written. */
const ROWS_MAX = 5_000;

/** Of a run whose ids are those of a session that it repeats: its rows must not be taken for the session's. */
export interface Repetition {
  readonly batchId: string;
  /** The session's. */
  readonly repeatedBatchId: string;
}

export class SavedRows {
  readonly #stores: Pick<Stores, 'startRun' | 'endRuns' | 'recordOrders' | 'recordTrades'>;
  readonly #repetition: Repetition | undefined;
  /** From the ids that the run makes to those of the table. */
  readonly #algoRunIds = new Map<string, string>();
  /** The newest row of each order. */
  #orders = new Map<string, OrderRow>();
  #trades: NewTrade[] = [];
  #batchId = '';

  constructor(
    stores: Pick<Stores, 'startRun' | 'endRuns' | 'recordOrders' | 'recordTrades'>,
    repetition?: Repetition,
  ) {
    this.#stores = stores;
    this.#repetition = repetition;
  }

  /** Runs begin and end in the data's time, as their trades do. */
  async begin(
    batchId: string,
    instances: readonly BacktestInstance[],
    fromMicros: EpochMicros,
  ): Promise<void> {
    const repetition = this.#repetition;
    this.#batchId = repetition?.batchId ?? batchId;
    for (const { instanceId, bundle, parameters } of instances) {
      const algoRunId = await this.#stores.startRun({
        ...{ instanceId, parameters, strategy: bundle.name, version: bundle.version },
        ...{ batchId: this.#batchId, consumer: CONSUMER, startedAt: formatMicros(fromMicros) },
        environment: repetition === undefined ? 'BACKTEST' : 'REPLAY',
        ...(repetition === undefined ? {} : { repeatedBatchId: repetition.repeatedBatchId }),
      });
      this.#algoRunIds.set(algoRunIdOf(batchId, instanceId), algoRunId);
    }
  }

  onOrder(row: OrderRow): void {
    this.#orders.set(row.clientOrderId, row);
  }

  onTrade(row: NewTrade): void {
    this.#trades.push(row);
  }

  /** Writes what was collected, when it is enough to be worth it. */
  async writeMany(): Promise<void> {
    if (this.#orders.size + this.#trades.length >= ROWS_MAX) await this.#write();
  }

  /** Writes the rest and closes the runs. */
  async end(reason: string, toMicros: EpochMicros): Promise<void> {
    await this.#write();
    await this.#stores.endRuns(this.#batchId, formatMicros(toMicros), reason);
  }

  async #write(): Promise<void> {
    const orders = [...this.#orders.values()].map((row) => this.#withRun(row));
    const trades = this.#trades.map((row) => this.#withRun(row));
    this.#orders = new Map();
    this.#trades = [];
    if (orders.length > 0) await this.#stores.recordOrders(orders);
    if (trades.length > 0) await this.#stores.recordTrades(trades);
  }

  #withRun<Row extends IdentifiedRow>(row: Row): Row {
    return {
      ...row,
      algoRunId: this.#algoRunIds.get(row.algoRunId) ?? row.algoRunId,
      batchId: this.#batchId,
      clientOrderId: this.#ownOrderId(row.clientOrderId),
    };
  }

  /** Client order ids begin with what says whose batch they are of. */
  #ownOrderId(clientOrderId: string): string {
    if (this.#repetition === undefined) return clientOrderId;
    const [beginning, own] = [this.#repetition.repeatedBatchId, this.#batchId].map(clientOrderIdBeginning);
    return clientOrderId.startsWith(beginning!)
      ? `${own}${clientOrderId.slice(beginning!.length)}`
      : `${own}.${clientOrderId}`;
  }
}

interface IdentifiedRow {
  readonly algoRunId: string;
  readonly batchId: string;
  readonly clientOrderId: string;
}
