/** What `import ... from 'openbell'` gives the author of a strategy. */
export { BarBuilder, type BuiltBar, TradeEffect } from '../fincalcs/bars.ts';
export { SessionVwap } from '../fincalcs/vwap.ts';
export * from './contract.ts';
export * as z from './schema.ts';
