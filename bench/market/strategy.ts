/** Reads every trade and quote, orders at each mark, and holds up its thread where it is told to. */
import { defineStrategy, z } from 'openbell';

const MARK_SIZE = 777;
const BLOCK_SIZE = 888;

export default defineStrategy({
  name: 'marked',
  description: 'Orders at marks in the feed.',
  scope: 'universe',
  parameters: z.strictObject({ spins: z.number().default(0) }),
  channels: ['trades', 'quotes'],
  initialState: () => ({ checksum: 0 }),
  onTrade(context, trade) {
    context.state.checksum = (context.state.checksum + trade.size) % 1_000_003;
    if (trade.size === BLOCK_SIZE) {
      for (let spin = 0; spin < context.parameters.spins; spin += 1) {
        context.state.checksum = (context.state.checksum * 31 + spin) % 1_000_003;
      }
    }
    if (trade.size !== MARK_SIZE || context.openOrders.length > 0) return;
    if (context.position.quantity > 0) context.sell({ quantity: 1, reason: 'mark' });
    else context.buy({ quantity: 1, reason: 'mark' });
  },
  onQuote(context, quote) {
    if (quote.askPrice > quote.bidPrice) context.state.checksum = (context.state.checksum + 1) % 1_000_003;
  },
});
