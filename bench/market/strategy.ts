/** Reads every trade and quote, orders at each mark, and holds up its thread where it is told to. */
import { defineStrategy, z } from 'openbell';

const MARK_SIZE = 1_000;
const QUANTITIES = 50;
const BLOCK_SIZE = 500;
const UNBLOCKED_QUANTITY = 99;

export default defineStrategy({
  name: 'marked',
  description: 'Orders at marks in the feed.',
  scope: 'universe',
  parameters: z.strictObject({ spinsPerTurn: z.number().default(0) }),
  channels: ['trades', 'quotes'],
  initialState: () => ({ checksum: 0 }),
  onTrade(context, trade) {
    context.state.checksum = (context.state.checksum + trade.size) % 1_000_003;
    if (trade.size >= MARK_SIZE) context.buy({ quantity: 1 + (trade.size % QUANTITIES), reason: 'mark' });
    else if (trade.size > BLOCK_SIZE) {
      // A strategy has neither a clock nor anything to wait for: it can only compute.
      const spins = context.parameters.spinsPerTurn * (trade.size - BLOCK_SIZE);
      let { checksum } = context.state;
      for (let spin = 0; spin < spins; spin += 1) checksum = (checksum * 31 + (spin & 0xffff)) % 1_000_003;
      context.state.checksum = checksum;
      context.buy({ quantity: UNBLOCKED_QUANTITY, reason: 'unblocked' });
    }
  },
  onQuote(context, quote) {
    if (quote.askPrice > quote.bidPrice) context.state.checksum = (context.state.checksum + 1) % 1_000_003;
  },
});
