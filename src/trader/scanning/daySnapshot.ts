/** A provider's snapshot as scanners see it. */
import type { Snapshot } from '../../domain/market.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { DaySnapshot } from '../../scanners/contract.ts';

/**
 * Tells today's bar from yesterday's: before a symbol's first trade of the day feeds still show the day before.
 * @param dayMicros when the session's day begins, in the exchange's time zone.
 */
export function daySnapshot(snapshot: Snapshot, dayMicros: EpochMicros): DaySnapshot {
  const { symbol, dailyBar, previousDailyBar } = snapshot;
  const isToday = dailyBar !== undefined && dailyBar.timeMicros >= dayMicros;
  return {
    symbol,
    lastPrice: snapshot.latestTrade?.price ?? snapshot.minuteBar?.close ?? dailyBar?.close ?? null,
    quote: snapshot.latestQuote ?? null,
    today: isToday ? dailyBar : null,
    previous: (isToday ? previousDailyBar : dailyBar) ?? null,
  };
}
