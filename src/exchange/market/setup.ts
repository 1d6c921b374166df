/** Builds a market with its past: the synthetic one from its seed, or one that plays a tape. */
import type { Clock } from '../../clock/clock.ts';
import { MICROS_PER_MINUTE } from '../../domain/time.ts';
import type { ExchangeLog } from '../options.ts';
import type { Settings } from '../settings.ts';
import { earlierBars } from './history.ts';
import { type Listing, listingOf, TEST_SYMBOL } from './instruments.ts';
import { Market } from './market.ts';
import { openTapeSource } from './playback.ts';
import { SymbolRecord } from './record.ts';
import { SessionSchedule } from './sessions.ts';
import { SyntheticMarket } from './synthetic.ts';
import { midnightOf } from './zones.ts';

/**
 * The past hour is made tick by tick at no more than this rate: 108,000 ticks, a quarter of a second of work. When the
 * market runs faster its trades are smaller, so that a minute's volume stays what it was.
 */
const PAST_RATE_MAX = 30;
const TRADE_SHARE = 0.3;

export interface BuiltMarket {
  readonly market: Market;
  /** Called when the exchange ends. */
  readonly close: () => Promise<void>;
}

export async function buildMarket(options: {
  settings: Settings;
  clock: Clock;
  log: ExchangeLog;
}): Promise<BuiltMarket> {
  const { settings, clock } = options;
  const schedule = new SessionSchedule(clock.nowMicros(), settings.shape);
  return settings.tape === null
    ? buildSynthetic(settings, schedule, clock)
    : buildFromTape({ ...options, schedule, tape: settings.tape });
}

function buildSynthetic(settings: Settings, schedule: SessionSchedule, clock: Clock): BuiltMarket {
  const now = clock.nowMicros();
  const names = settings.symbols.includes(TEST_SYMBOL)
    ? settings.symbols
    : [...settings.symbols, TEST_SYMBOL];
  const listings = names.map((symbol) => listingOf(symbol, settings.seed));
  const source = new SyntheticMarket({
    listings,
    seed: settings.seed,
    schedule,
    liveliness: settings.liveliness,
    haltsPerHour: settings.haltsPerHour,
  });
  const pastRate = Math.min(settings.ratePerSecond, PAST_RATE_MAX);
  const from = schedule.session(0).openMicros;
  const weights = listings.reduce((sum, listing) => sum + listing.weight, 0);
  const records = recordsOf(listings, settings, schedule);
  for (const stream of source.streams) {
    const { listing, price } = stream;
    const tradesPerMinute = (pastRate * TRADE_SHARE * 60 * listing.weight) / weights;
    const earlier = earlierBars({
      listing,
      price,
      schedule,
      seed: settings.seed,
      until: from,
      tradesPerMinute,
    });
    records.get(listing.symbol)?.begin(earlier);
  }
  const market = new Market({ records, schedule, source, clock, from });
  source.startAt(from);
  source.setRate(pastRate, 1);
  market.replayTo(now);
  source.setRate(settings.ratePerSecond, pastRate / settings.ratePerSecond);
  return { market, close: () => Promise.resolve() };
}

async function buildFromTape(options: {
  settings: Settings;
  schedule: SessionSchedule;
  clock: Clock;
  log: ExchangeLog;
  tape: string;
}): Promise<BuiltMarket> {
  const { settings, schedule, clock } = options;
  const now = clock.nowMicros();
  const source = await openTapeSource({
    path: options.tape,
    symbols: settings.symbolsGiven ? new Set(settings.symbols) : null,
    startMicros: now,
    offsetMs: settings.tapeOffsetMs,
    speed: settings.tapeSpeed,
    log: options.log,
  });
  const listings = source.symbols.map((symbol) => {
    const listing = listingOf(symbol, settings.seed);
    return { ...listing, tape: source.tapeLetters.get(symbol) ?? listing.tape };
  });
  const records = recordsOf(listings, settings, schedule);
  // A mark lies strictly after where a market begins, so it begins just before its first event.
  const from = source.firstMicros - 1;
  const market = new Market({ records, schedule, source, clock, from });
  for (let at = from; at < now; ) {
    at = Math.min(at + MICROS_PER_MINUTE, now);
    await source.readTo(at);
    market.replayTo(at);
  }
  return { market, close: () => source.close() };
}

function recordsOf(
  listings: readonly Listing[],
  settings: Settings,
  schedule: SessionSchedule,
): Map<string, SymbolRecord> {
  return new Map(
    listings.map((listing) => {
      const isCrypto = listing.assetClass === 'crypto';
      const dayOf = (moment: number) =>
        isCrypto ? midnightOf('America/Chicago', moment) : schedule.tradingDay(moment);
      return [listing.symbol, new SymbolRecord(listing, settings.limits, dayOf)];
    }),
  );
}
