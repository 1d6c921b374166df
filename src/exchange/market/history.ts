/** The days before the running session, as bars only: made once at the start, by the same price process. */
import { type Random, seededRandom, seedFromText } from '../../clock/chance.ts';
import { type EpochMicros, MICROS_PER_DAY, MICROS_PER_MINUTE } from '../../domain/time.ts';
import { joinBars, roundTo } from './bars.ts';
import type { BarRow } from './events.ts';
import { type Listing, tickOf } from './instruments.ts';
import type { PriceProcess } from './price.ts';
import { NEW_YORK, type SessionSchedule } from './sessions.ts';
import { midnightOf } from './zones.ts';

export interface EarlierBars {
  readonly minutes: readonly BarRow[];
  readonly days: readonly BarRow[];
}

/** Steps in which a minute, and a day without minutes, is walked. */
const STEPS_A_MINUTE = 4;
const STEPS_A_DAY = 40;
const TRADES_A_BAR_MIN = 3;

/** A span of trading: a session, or a day of a market that never closes. */
interface Span {
  readonly dayMicros: EpochMicros;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  readonly hasMinutes: boolean;
  readonly isWholeDay: boolean;
}

/**
 * Walks the price from its base, twenty days back, to `until`, where the ticks begin.
 * @param tradesPerMinute what the ticks will bring, so that volumes fit.
 */
export function earlierBars(options: {
  readonly listing: Listing;
  readonly price: PriceProcess;
  readonly schedule: SessionSchedule;
  readonly seed: number;
  readonly until: EpochMicros;
  readonly tradesPerMinute: number;
}): EarlierBars {
  const { listing, price, schedule, until } = options;
  const random = seededRandom(seedFromText(`${options.seed}/${listing.symbol}/history`));
  const spans = listing.assetClass === 'crypto' ? cryptoSpans(schedule, until) : stockSpans(schedule);
  const minutes: BarRow[] = [];
  const days: BarRow[] = [];
  for (const span of spans) {
    const count = Math.round((span.toMicros - span.fromMicros) / MICROS_PER_MINUTE);
    if (span.hasMinutes) {
      const rows = walkMinutes(span, { ...options, random });
      minutes.push(...rows);
      const day = joinBars(span.dayMicros, rows);
      if (day !== undefined && span.isWholeDay) days.push(day);
    } else {
      const seconds = count * 60;
      const trades = options.tradesPerMinute * count;
      days.push(walkBar(span.dayMicros, { listing, price, random, seconds, steps: STEPS_A_DAY, trades }));
    }
    if (listing.assetClass === 'us_equity') price.overnight();
  }
  return { minutes, days };
}

/** A span's minutes, busier at its ends than in its middle. */
export function walkMinutes(
  { fromMicros, toMicros }: Pick<Span, 'fromMicros' | 'toMicros'>,
  options: {
    readonly listing: Listing;
    readonly price: PriceProcess;
    readonly random: Random;
    readonly tradesPerMinute: number;
  },
): BarRow[] {
  const { listing, price, random, tradesPerMinute } = options;
  const count = Math.round((toMicros - fromMicros) / MICROS_PER_MINUTE);
  return Array.from({ length: count }, (_, index) => {
    const trades = tradesPerMinute * (0.65 + 1.05 * ((2 * index) / count - 1) ** 2);
    const walk = { listing, price, random, seconds: 60, steps: STEPS_A_MINUTE, trades };
    return walkBar(fromMicros + index * MICROS_PER_MINUTE, walk);
  });
}

function stockSpans(schedule: SessionSchedule): Span[] {
  const spans: Span[] = [];
  for (let index = -schedule.shape.earlierDays; index < 0; index += 1) {
    const session = schedule.session(index);
    spans.push({
      dayMicros: midnightOf(NEW_YORK, session.openMicros),
      fromMicros: session.openMicros,
      toMicros: session.closeMicros,
      hasMinutes: index >= -schedule.shape.earlierMinuteDays,
      isWholeDay: true,
    });
  }
  return spans;
}

/** Crypto's day begins at midnight in Chicago; the running one has minutes up to where the ticks begin. */
function cryptoSpans(schedule: SessionSchedule, until: EpochMicros): Span[] {
  const today = midnightOf('America/Chicago', until);
  const spans: Span[] = [];
  for (let back = schedule.shape.earlierDays; back >= 1; back -= 1) {
    // From noon to noon a day may last 23 or 25 hours, but its midnight stays its midnight.
    const noon = today + MICROS_PER_DAY / 2;
    const from = midnightOf('America/Chicago', noon - back * MICROS_PER_DAY);
    const to = midnightOf('America/Chicago', noon - (back - 1) * MICROS_PER_DAY);
    const hasMinutes = back <= schedule.shape.earlierMinuteDays;
    spans.push({ dayMicros: from, fromMicros: from, toMicros: to, hasMinutes, isWholeDay: true });
  }
  spans.push({ dayMicros: today, fromMicros: today, toMicros: until, hasMinutes: true, isWholeDay: false });
  return spans;
}

function walkBar(
  timeMicros: EpochMicros,
  options: {
    listing: Listing;
    price: PriceProcess;
    random: Random;
    seconds: number;
    steps: number;
    trades: number;
  },
): BarRow {
  const { listing, price, random, steps } = options;
  const round = (value: number) => {
    const tick = tickOf(listing.symbol, value);
    return roundTo(Math.max(1, Math.round(value / tick)) * tick, 5);
  };
  const open = round(price.price);
  let high = open;
  let low = open;
  let close = open;
  let sum = 0;
  for (let step = 0; step < steps; step += 1) {
    price.step(options.seconds / steps);
    close = round(price.price);
    high = Math.max(high, close);
    low = Math.min(low, close);
    sum += close;
  }
  const tradeCount = Math.max(TRADES_A_BAR_MIN, Math.round(options.trades * (0.6 + 0.8 * random())));
  const isCrypto = listing.assetClass === 'crypto';
  // What the ticks bring on average: about 130 shares a trade, or 2,500 dollars of a coin.
  const volume = isCrypto
    ? roundTo((tradeCount * 2_500) / close, 4)
    : Math.round(tradeCount * (110 + 40 * random()));
  return { timeMicros, open, high, low, close, volume, tradeCount, vwap: roundTo(sum / steps, 6) };
}
