/** What an order means to do with a position, as Alpaca names it. */
import type { Decimal } from '../../domain/decimal.ts';
import type { OrderDraft } from './orders.ts';

/** What an order means for the position it finds. */
export function intentOf(side: 'buy' | 'sell', held: Decimal): string {
  if (side === 'buy') return held < 0n ? 'buy_to_close' : 'buy_to_open';
  return held > 0n ? 'sell_to_close' : 'sell_to_open';
}

/** Of an exit. */
export function legIntent(leg: OrderDraft): string {
  return leg.side === 'sell' ? 'sell_to_close' : 'buy_to_close';
}
