/** The symbols that the plan names. */
import { z } from 'zod';
import { defineScanner } from '../contract.ts';

const SYMBOLS_MAX = 1_000;

export const list = defineScanner({
  name: 'list',
  description: 'Picks the named symbols, in their order, as far as they can be traded.',
  parameters: z.strictObject({
    symbols: z
      .array(z.string('a symbol'))
      .min(1, 'at least one symbol')
      .max(SYMBOLS_MAX)
      .describe('The first is the best.'),
  }),
  scan(context) {
    const { symbols } = context.parameters;
    const tradable = new Set(context.instruments.map((instrument) => instrument.symbol));
    const unknown = symbols.filter((symbol) => !tradable.has(symbol));
    if (unknown.length > 0) context.log('warn', 'symbols of the list cannot be traded', { symbols: unknown });
    return symbols
      .filter((symbol) => tradable.has(symbol))
      .map((symbol, index) => ({ symbol, score: -index, reason: `number ${index + 1} of the list` }));
  },
});
