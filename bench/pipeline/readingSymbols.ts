/** The naive pipeline's strategy written for the product: with a unit and a state of its own for each symbol, reads each event's numbers, decides nothing. */
import { defineStrategy } from 'openbell';
import { z } from 'zod';

export default defineStrategy({
  name: 'reading-symbols',
  description: 'Reads every trade and quote and decides nothing.',
  scope: 'symbol',
  parameters: z.strictObject({}),
  channels: ['trades', 'quotes'],
  initialState: () => ({ checksum: 0 }),
  onTrade(context, trade) {
    if (trade.price > 0)
      context.state.checksum = (context.state.checksum + trade.symbol.length + trade.size) % 1_000_003;
  },
  onQuote(context, quote) {
    if (quote.askPrice > quote.bidPrice)
      context.state.checksum = (context.state.checksum + quote.symbol.length + 1) % 1_000_003;
  },
});
