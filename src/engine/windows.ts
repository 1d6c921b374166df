/** When a strategy instance may take new risk: market hours, the plan's windows, the lead before the close. */
import type { MarketHours, Session } from '../domain/market.ts';
import type { DenialReason } from '../domain/order.ts';
import { type EpochMicros, formatMicros, MICROS_PER_MILLISECOND } from '../domain/time.ts';
import type { Window } from '../tradeplan/plan.ts';

export interface TradingTimes {
  readonly marketHours: MarketHours;
  readonly windows: readonly Window[];
  readonly isIntraday: boolean;
  readonly liquidateBeforeCloseMs: number | null;
  readonly isEnding: boolean;
}

/** Null = an order that adds risk may be proposed now. Windows count from the session's regular open. */
export function denialOfNewRisk(
  times: TradingTimes,
  session: Session | null,
  nowMicros: EpochMicros,
): DenialReason | null {
  const { marketHours, windows } = times;
  if (times.isEnding) return { code: 'outside_window', detail: 'the plan no longer has this strategy' };
  if (marketHours !== 'always') {
    if (session === null) return { code: 'market_closed', detail: 'no session is known' };
    const { openMicros, closeMicros } = marketSpan(marketHours, session);
    if (nowMicros < openMicros || nowMicros >= closeMicros) {
      return {
        code: 'market_closed',
        detail: `${marketHours} hours of ${session.date} are ${formatMicros(openMicros)} to ${formatMicros(closeMicros)}`,
      };
    }
    const leadMicros = (times.liquidateBeforeCloseMs ?? 0) * MICROS_PER_MILLISECOND;
    if (times.isIntraday && times.liquidateBeforeCloseMs !== null && nowMicros >= closeMicros - leadMicros) {
      return { code: 'outside_window', detail: 'positions are being closed before the close' };
    }
  }
  if (windows.length === 0) return null;
  if (session === null)
    return { code: 'outside_window', detail: 'no session is known that the windows count from' };
  const sinceOpenMs = (nowMicros - session.openMicros) / MICROS_PER_MILLISECOND;
  const isOpen = windows.some(
    ({ startMs, durationMs }) => sinceOpenMs >= startMs && sinceOpenMs < startMs + durationMs,
  );
  if (isOpen) return null;
  const minutes = Math.floor(sinceOpenMs / 60_000);
  return { code: 'outside_window', detail: `no window is open ${minutes} minutes after the open` };
}

function marketSpan(
  hours: 'regular' | 'extended',
  session: Session,
): { openMicros: number; closeMicros: number } {
  return hours === 'regular'
    ? { openMicros: session.openMicros, closeMicros: session.closeMicros }
    : { openMicros: session.extendedOpenMicros, closeMicros: session.extendedCloseMicros };
}
