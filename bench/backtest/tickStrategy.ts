/** Reads every trade and quote, and turns its position once in so many of them. */
import { defineStrategy } from 'openbell';
import { z } from 'zod';

const EVENTS_BETWEEN_ORDERS = 10_000;

export default defineStrategy({
  name: 'ticks',
  description: 'Reads every tick and orders seldom.',
  scope: 'symbol',
  channels: ['trades', 'quotes'],
  parameters: z.strictObject({}),
  initialState: () => ({ events: 0, sum: 0 }),

  onTrade(context, trade) {
    const { state } = context;
    state.events += 1;
    state.sum += trade.price;
    if (state.events % EVENTS_BETWEEN_ORDERS !== 0) return;
    if (context.position.quantity > 0) context.sell({ quantity: 10, reason: 'it is time to' });
    else context.buy({ quantity: 10, reason: 'it is time to' });
  },

  onQuote({ state }, quote) {
    state.events += 1;
    state.sum += quote.mid;
  },
});
