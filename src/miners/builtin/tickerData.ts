/** The broker's list of instruments, kept where SQL can join it. What others wrote beside it is left alone. */
import { z } from 'zod';
import { defineMiner } from '../contract.ts';

export const tickerData = defineMiner({
  name: 'ticker-data',
  description: 'Keeps name, exchange and tradable flags of all instruments in ticker_data.',
  parameters: z.strictObject({}),
  async *mine(context) {
    const instruments = await context.instruments();
    yield { table: 'ticker_data', rows: instruments };
    const listed = new Set(instruments.map((instrument) => instrument.symbol));
    const gone = (await context.storedTickers()).filter((ticker) => !listed.has(ticker.symbol));
    if (gone.length > 0) context.log('info', 'not tradable any more', { symbols: gone.length });
    yield {
      table: 'ticker_data',
      rows: gone.map((ticker) => ({ ...ticker, tradable: false, shortable: false, fractionable: false })),
    };
    context.progress(1, `${instruments.length} instruments`);
  },
});
