/** Rows as plain values and back. Off the hot path: for answers over REST, tests, imports and exports. */
import type { Bar, Quote, Trade } from '../domain/market.ts';
import type { Batch } from './batch.ts';
import type { SymbolTable } from './symbols.ts';

/** The trade in a row of kind `trade`. */
export type TradeAt = (batch: Batch, row: number, symbols: SymbolTable) => Trade;
/** The quote in a row of kind `quote`. */
export type QuoteAt = (batch: Batch, row: number, symbols: SymbolTable) => Quote;
/** The bar in a row of kind `minuteBar`, `updatedBar` or `dailyBar`. */
export type BarAt = (batch: Batch, row: number, symbols: SymbolTable) => Bar;
