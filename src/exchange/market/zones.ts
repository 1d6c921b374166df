/** Local times of an exchange's time zone, with daylight saving, from Node's own time zone data. */
import type { EpochMicros } from '../../domain/time.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE } from '../../domain/time.ts';

export type Zone = 'America/New_York' | 'America/Chicago';

const formats = new Map<Zone, Intl.DateTimeFormat>();
// Offsets change on the hour, so one entry an hour is exact; cleared when it has grown past a few years of them.
const offsets = new Map<string, number>();
const OFFSETS_MAX = 20_000;

/** Minutes that local time is ahead of UTC: -240 in a New York summer, -300 in winter. */
export function offsetMinutes(zone: Zone, moment: EpochMicros): number {
  const hour = Math.floor(moment / MICROS_PER_HOUR);
  const key = `${zone}/${hour}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    formats.set(zone, format);
  }
  const name = format
    .formatToParts(new Date((hour * MICROS_PER_HOUR) / 1_000))
    .find((part) => part.type === 'timeZoneName')?.value;
  const match = /GMT([+-])(\d{2}):(\d{2})/.exec(name ?? '');
  const minutes =
    match === null ? 0 : (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
  if (offsets.size >= OFFSETS_MAX) offsets.clear();
  offsets.set(key, minutes);
  return minutes;
}

/** `YYYY-MM-DD` and `HH:MM` of a moment in the zone. */
export function localParts(zone: Zone, moment: EpochMicros): { date: string; time: string } {
  const text = new Date(moment / 1_000 + offsetMinutes(zone, moment) * 60_000).toISOString();
  return { date: text.slice(0, 10), time: text.slice(11, 16) };
}

/** The moment of a local date and time (`09:30`). A time that daylight saving skips is read with the earlier offset. */
export function momentOf(zone: Zone, date: string, time: string): EpochMicros {
  const asUtc = Date.parse(`${date}T${time}:00Z`) * 1_000;
  const guess = asUtc - offsetMinutes(zone, asUtc) * MICROS_PER_MINUTE;
  return asUtc - offsetMinutes(zone, guess) * MICROS_PER_MINUTE;
}

/** Midnight that begins the moment's local date. */
export function midnightOf(zone: Zone, moment: EpochMicros): EpochMicros {
  return momentOf(zone, localParts(zone, moment).date, '00:00');
}

/** RFC 3339 with the zone's offset and nine decimals, as Alpaca's clock writes it. Without decimals when whole. */
export function formatLocal(zone: Zone, moment: EpochMicros): string {
  const offset = offsetMinutes(zone, moment);
  const millis = Math.floor(moment / 1_000);
  const local = new Date(millis + offset * 60_000).toISOString().slice(0, 19);
  const fraction = moment % 1_000_000;
  const sign = offset < 0 ? '-' : '+';
  const size = Math.abs(offset);
  const zoneText = `${sign}${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`;
  return `${local}${fraction === 0 ? '' : `.${String(fraction).padStart(6, '0')}000`}${zoneText}`;
}

/** The date `days` after (before, when negative) a date. */
export function shiftDate(date: string, days: number): string {
  const moment = Date.parse(`${date}T00:00:00Z`) + (days * MICROS_PER_DAY) / 1_000;
  return new Date(moment).toISOString().slice(0, 10);
}
