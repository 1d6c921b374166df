/** Bars of any length, joined from minutes and days. */
import { type EpochMicros, MICROS_PER_HOUR, MICROS_PER_MINUTE } from '../../domain/time.ts';
import { joinBars } from '../market/bars.ts';
import type { BarRow } from '../market/events.ts';
import type { SymbolRecord } from '../market/record.ts';
import { NEW_YORK } from '../market/sessions.ts';
import { localParts, momentOf, offsetMinutes, shiftDate, type Zone } from '../market/zones.ts';

export type Timeframe = {
  readonly count: number;
  readonly unit: 'minute' | 'hour' | 'day' | 'week' | 'month';
};

const FORM = /^(\d{1,2})(Min|T|Hour|H|Day|D|Week|W|Month|M)$/;
const UNITS: Readonly<Record<string, { unit: Timeframe['unit']; counts: ReadonlySet<number> }>> = {
  T: { unit: 'minute', counts: upTo(59) },
  H: { unit: 'hour', counts: upTo(23) },
  D: { unit: 'day', counts: upTo(1) },
  W: { unit: 'week', counts: upTo(1) },
  M: { unit: 'month', counts: new Set([1, 2, 3, 4, 6, 12]) },
};

function upTo(last: number): ReadonlySet<number> {
  return new Set(Array.from({ length: last }, (_, index) => index + 1));
}

/** `[1-59]Min`, `[1-23]Hour`, `1Day`, `1Week`, `[1,2,3,4,6,12]Month`; undefined for anything else. */
export function readTimeframe(text: string): Timeframe | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const count = Number(match[1]);
  const name = match[2] === 'Min' ? 'T' : (match[2]?.charAt(0) ?? '');
  const form = UNITS[name];
  return form?.counts.has(count) === true ? { count, unit: form.unit } : undefined;
}

/** Bars that start in the range (both ends inclusive). Minutes are those that have closed. */
export function barsOf(
  record: SymbolRecord,
  timeframe: Timeframe,
  range: { from: EpochMicros; to: EpochMicros },
): BarRow[] {
  const { from, to } = range;
  const everything = Number.POSITIVE_INFINITY;
  if (timeframe.unit === 'minute' && timeframe.count === 1) return record.minuteBars(from, to);
  if (timeframe.unit === 'day') return record.dayBars(from, to);
  const zone: Zone = record.listing.assetClass === 'crypto' ? 'America/Chicago' : NEW_YORK;
  const isIntraday = timeframe.unit === 'minute' || timeframe.unit === 'hour';
  // The first bucket may begin before the range: it is built whole, and left out.
  const rows = isIntraday
    ? record.minuteBars(-everything, to + 24 * MICROS_PER_HOUR)
    : record.dayBars(-everything, everything);
  const buckets = new Map<EpochMicros, BarRow[]>();
  for (const row of rows) {
    const start = bucketStart(row.timeMicros, timeframe, zone);
    if (start < from || start > to) continue;
    const bucket = buckets.get(start);
    if (bucket === undefined) buckets.set(start, [row]);
    else bucket.push(row);
  }
  return [...buckets].flatMap(([start, bucket]) => joinBars(start, bucket) ?? []);
}

/** Minutes and hours are counted from local midnight, weeks from Monday, months from January. */
function bucketStart(moment: EpochMicros, timeframe: Timeframe, zone: Zone): EpochMicros {
  if (timeframe.unit === 'minute' || timeframe.unit === 'hour') {
    const length = timeframe.count * (timeframe.unit === 'minute' ? MICROS_PER_MINUTE : MICROS_PER_HOUR);
    const local = moment + offsetMinutes(zone, moment) * MICROS_PER_MINUTE;
    const sinceMidnight = local % (24 * MICROS_PER_HOUR);
    return moment - (sinceMidnight % length);
  }
  const { date } = localParts(zone, moment);
  if (timeframe.unit === 'week') {
    const weekday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
    return momentOf(zone, shiftDate(date, -weekday), '00:00');
  }
  const month = Number(date.slice(5, 7)) - 1;
  const first = month - (month % timeframe.count) + 1;
  return momentOf(zone, `${date.slice(0, 4)}-${String(first).padStart(2, '0')}-01`, '00:00');
}
