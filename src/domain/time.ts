/**
 * Moments as plain numbers, and their text.
 *
 * Everywhere outside the tape's columns a moment is a whole number of microseconds since
 * 1970-01-01T00:00:00Z: exact in a double until the year 2255, what Postgres keeps, what our JSON shows.
 * The tape's columns hold nanoseconds relative to a batch's base.
 */
export type EpochMicros = number;

export const MICROS_PER_MILLISECOND = 1_000;
export const MICROS_PER_SECOND = 1_000_000;
export const MICROS_PER_MINUTE = 60_000_000;
export const MICROS_PER_HOUR = 3_600_000_000;
export const MICROS_PER_DAY = 86_400_000_000;

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,12}))?([Zz]|[+-]\d{2}:?\d{2})$/;

/** RFC 3339 in UTC with six decimals: `2026-11-20T14:30:00.000000Z`. */
export function formatMicros(moment: EpochMicros): string {
  const millis = Math.floor(moment / 1_000);
  const rest = moment - millis * 1_000;
  return `${new Date(millis).toISOString().slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}

/**
 * Reads RFC 3339 with any offset and up to twelve decimals (those beyond the sixth are cut off).
 * Answers `undefined` for anything else.
 */
export function parseMicros(text: string): EpochMicros | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const offset = match[4] === 'z' ? 'Z' : match[4];
  const millis = Date.parse(`${match[1]}T${match[2]}${offset}`);
  if (Number.isNaN(millis)) return undefined;
  const fraction = (match[3] ?? '').slice(0, 6).padEnd(6, '0');
  return millis * 1_000 + Number(fraction);
}
