/** Trading statuses of the tape's venues in our words. */
import type { TradingStatus } from '../../domain/market.ts';

// Codes mean what they mean per plan: CTA (tapes A, B) `2` halt, `3` resume; UTP (tapes C, O) `H` halt, `P`
// volatility pause, `Q` quotation resume, `T` trading resume. Sources: Alpaca's market-data stream, statuses.
const CTA: Readonly<Record<string, TradingStatus>> = { '2': 'halted', '3': 'trading' };
const UTP: Readonly<Record<string, TradingStatus>> = {
  H: 'halted',
  P: 'halted',
  Q: 'quotation_only',
  T: 'trading',
};

/**
 * What a status code says about whether the symbol trades; undefined when it says nothing about that (imbalances,
 * indications, short-sale restrictions).
 * @param tape `A`, `B`, `C`, `N`, `O`, or empty.
 */
export function tradingStatusOf(code: string, tape: string): TradingStatus | undefined {
  if (tape === 'A' || tape === 'B') return CTA[code];
  if (tape === 'C' || tape === 'O') return UTP[code];
  return CTA[code] ?? UTP[code];
}
