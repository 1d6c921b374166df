/** Made-up minutes for whole sessions: the synthetic market's prices without its ticks, for data to try things on. */
import { seededRandom, seedFromText } from '../../clock/chance.ts';
import type { Session } from '../../domain/market.ts';
import type { BarRow } from './events.ts';
import { walkMinutes } from './history.ts';
import { listingOf } from './instruments.ts';
import { PriceProcess } from './price.ts';

/** Of a symbol of ordinary weight. */
const TRADES_PER_MINUTE = 40;

export interface MadeUpMinute extends BarRow {
  readonly symbol: string;
}

/** In order of time; the same seed, symbols and sessions give the same minutes. */
export function* madeUpMinutes(options: {
  readonly symbols: readonly string[];
  readonly sessions: readonly Session[];
  readonly seed: number;
}): Generator<MadeUpMinute> {
  const walkers = options.symbols.map((symbol) => {
    const listing = listingOf(symbol, options.seed);
    const random = seededRandom(seedFromText(`${options.seed}/${symbol}/minutes`));
    const { annualVolatility, basePrice, temper } = listing;
    const price = new PriceProcess({ random, price: basePrice, annualVolatility, temper, liveliness: 1 });
    return { listing, random, price };
  });
  for (const { openMicros, closeMicros } of options.sessions) {
    const days = walkers.map(({ listing, random, price }) =>
      walkMinutes(
        { fromMicros: openMicros, toMicros: closeMicros },
        { listing, price, random, tradesPerMinute: TRADES_PER_MINUTE * listing.weight },
      ),
    );
    for (let minute = 0; minute < (days[0]?.length ?? 0); minute += 1) {
      for (const [index, rows] of days.entries()) {
        yield { symbol: options.symbols[index]!, ...rows[minute]! };
      }
    }
    for (const { listing, price } of walkers) if (listing.assetClass === 'us_equity') price.overnight();
  }
}
