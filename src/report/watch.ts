/** Watches a backtest for a report: its fills, its prices, what borrowing cost. */
import { type Decimal, subtract, ZERO } from '../domain/decimal.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { NewTrade } from '../models/contract.ts';
import type { Batch } from '../tape/batch.ts';
import type { SymbolTable } from '../tape/symbols.ts';
import type { PlotPoint } from './market.ts';
import { walkPrices } from './prices.ts';
import { BatchWalk } from './walk.ts';

export class BacktestWatch {
  readonly #startEquity: Decimal;
  readonly #instanceOf: (algoRunId: string) => string;
  #walk: BatchWalk | null = null;
  #symbols: SymbolTable | null = null;
  #borrowCost: Decimal = ZERO;

  /** @param instanceOf the strategy instance of a run. */
  constructor(startEquity: Decimal, instanceOf: (algoRunId: string) => string) {
    this.#startEquity = startEquity;
    this.#instanceOf = instanceOf;
  }

  /** Null before the run has begun. */
  get walk(): BatchWalk | null {
    return this.#walk;
  }

  onStart(symbols: SymbolTable, fromMicros: EpochMicros): void {
    this.#symbols = symbols;
    this.#walk = new BatchWalk(this.#startEquity, fromMicros);
  }

  onTrade(row: NewTrade): void {
    this.#walk?.add({ ...row, instanceId: this.#instanceOf(row.algoRunId) });
  }

  onPlot(point: PlotPoint): void {
    this.#walk?.market(point.symbol).plot(point);
  }

  onRows(batch: Batch, rows: { readonly from: number; readonly to: number }, borrowCost: Decimal): void {
    const walk = this.#walk;
    if (walk === null || this.#symbols === null) return;
    walkPrices(walk, batch, { ...rows, symbols: this.#symbols });
    this.#charge(walk, borrowCost);
  }

  onEnd(toMicros: EpochMicros, borrowCost: Decimal): void {
    const walk = this.#walk;
    if (walk === null) return;
    this.#charge(walk, borrowCost);
    walk.finish(toMicros);
  }

  #charge(walk: BatchWalk, borrowCost: Decimal): void {
    if (borrowCost === this.#borrowCost) return;
    walk.cost(subtract(borrowCost, this.#borrowCost));
    this.#borrowCost = borrowCost;
  }
}
