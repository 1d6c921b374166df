/** A fill as reports take it: a row of `new_trades`, whether it was stored or not, and whose it is. */
import type { NewTrade } from '../models/contract.ts';

export interface ReportFill
  extends Pick<
    NewTrade,
    'symbol' | 'side' | 'qty' | 'price' | 'fee' | 'executedAt' | 'stopPrice' | 'indicators'
  > {
  readonly instanceId: string;
  /** With which settings of the batch its order was decided; left out where that is not known. */
  readonly settings?: number | null;
}

/** Why the order was placed, in the strategy's own words; empty when it did not say. */
export function reasonOf({ side, indicators }: ReportFill): string {
  const told = indicators[side];
  if (typeof told !== 'object' || told === null || Array.isArray(told)) return '';
  const reason = (told as { readonly reason?: unknown }).reason;
  return typeof reason === 'string' ? reason : '';
}
