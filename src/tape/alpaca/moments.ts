/** Times of events: RFC 3339 with up to nine decimals, read from bytes to nanoseconds from a batch's base. */
import type { EpochMicros } from '../../domain/time.ts';

// Copies of the constants in bytes.ts, see scanner.ts.
const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;

/** Nanoseconds of one unit of the last decimal, by the number of decimals. */
const UNIT_NS = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 10, 1] as const;
const SECOND_LENGTH = 19;
const NS_PER_MICRO = 1_000;
const NS_PER_SECOND = 1_000_000_000;
const MINUTE_MICROS = 60_000_000;
/** Below 2^53 nanoseconds (104 days), so that every sum here is exact. */
export const REACH_MICROS = 100 * 86_400 * 1_000_000;

export class Moments {
  /** What {@link read} found, in nanoseconds from the base; exact. */
  nanos = 0;
  #bytes: DataView = new DataView(new ArrayBuffer(0));
  #baseMicros: EpochMicros = 0;
  // The minute of the last time that was read, as text and as a number: most events share it with their neighbour.
  text0 = 0;
  text1 = 0;
  text2 = 0;
  text3 = 0;
  #minuteMicros: EpochMicros = 0;
  minuteNs = Number.NaN;

  setBytes(bytes: Uint8Array): void {
    this.#bytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  setBase(baseMicros: EpochMicros): void {
    if (baseMicros === this.#baseMicros) return;
    this.#baseMicros = baseMicros;
    this.minuteNs = this.#nanosFromBase(this.#minuteMicros);
  }

  /**
   * Reads the time that starts at `from`; there are padding bytes behind the text. Answers the position behind it,
   * or -1 when it is no time, or one that lies too far from the base to be exact.
   */
  read(bytes: Uint8Array, from: number): number {
    const view = this.#bytes;
    if (
      view.getInt32(from + 12, true) !== this.text3 ||
      view.getInt32(from + 8, true) !== this.text2 ||
      view.getInt32(from + 4, true) !== this.text1 ||
      view.getInt32(from, true) !== this.text0
    ) {
      if (!this.#readMinute(bytes, from)) return -1;
    }
    const tens = bytes[from + 17]! - ZERO;
    const ones = bytes[from + 18]! - ZERO;
    const second = tens * 10 + ones;
    // A leap second (60) is the first of the next minute.
    if (bytes[from + 16] !== COLON || tens < 0 || ones < 0 || ones > 9 || second > 60) return -1;
    let nanos = this.minuteNs + second * NS_PER_SECOND;
    let at = from + SECOND_LENGTH;
    let byte = bytes[at]!;
    if (byte === DOT) {
      const start = at + 1;
      let fraction = 0;
      at = start;
      // Nearly all times have eight or nine decimals: eight are read as two words.
      const upper = view.getInt32(at, true);
      const lower = view.getInt32(at + 4, true);
      if (areDigits(upper) && areDigits(lower)) {
        fraction = fourDigits(upper) * 10_000 + fourDigits(lower);
        at += 8;
      }
      byte = bytes[at]!;
      while (byte >= ZERO && byte <= NINE && at - start < 9) {
        fraction = (Math.imul(fraction, 10) + byte - ZERO) | 0;
        at += 1;
        byte = bytes[at]!;
      }
      if (at === start) return -1;
      nanos += fraction * UNIT_NS[at - start]!;
    }
    if (byte === 0x5a || byte === 0x7a) {
      at += 1;
    } else {
      const offsetMinutes = readOffset(bytes, at);
      if (Number.isNaN(offsetMinutes)) return -1;
      nanos -= offsetMinutes * 60e9;
      at += 6;
    }
    // NaN, a minute out of reach, fails the comparison too.
    if (!(nanos <= REACH_MICROS * NS_PER_MICRO && nanos >= -REACH_MICROS * NS_PER_MICRO)) return -1;
    this.nanos = nanos;
    return at;
  }

  #readMinute(bytes: Uint8Array, from: number): boolean {
    const year = numberAt(bytes, from, 4);
    const month = numberAt(bytes, from + 5, 2);
    const day = numberAt(bytes, from + 8, 2);
    const hour = numberAt(bytes, from + 11, 2);
    const minute = numberAt(bytes, from + 14, 2);
    const separator = bytes[from + 10]! | 0x20;
    const isWellFormed =
      bytes[from + 4] === MINUS &&
      bytes[from + 7] === MINUS &&
      (separator === 0x74 || separator === 0x20) &&
      bytes[from + 13] === COLON;
    if (!isWellFormed || !(month >= 1 && month <= 12 && hour <= 23 && minute <= 59)) return false;
    if (!(day >= 1 && day <= daysInMonth(year, month))) return false;
    const view = this.#bytes;
    this.text0 = view.getInt32(from, true);
    this.text1 = view.getInt32(from + 4, true);
    this.text2 = view.getInt32(from + 8, true);
    this.text3 = view.getInt32(from + 12, true);
    const seconds = daysFromEpoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60;
    this.#minuteMicros = seconds * 1_000_000;
    this.minuteNs = this.#nanosFromBase(this.#minuteMicros);
    return true;
  }

  #nanosFromBase(moment: EpochMicros): number {
    const micros = moment - this.#baseMicros;
    // A time within reach may be of a minute that starts out of it.
    return Math.abs(micros) <= REACH_MICROS + MINUTE_MICROS ? micros * NS_PER_MICRO : Number.NaN;
  }
}

/** Whether all four bytes of the word are digits: their upper halves are 3, and still are when 6 is added to each. */
export function areDigits(word: number): boolean {
  return ((word & 0xf0f0_f0f0) | (((word + 0x0606_0606) & 0xf0f0_f0f0) >>> 4)) === 0x3333_3333;
}

/** The number that a little-endian word of four digits spells: first the two pairs at once, then both together. */
export function fourDigits(word: number): number {
  const digits = word & 0x0f0f_0f0f;
  const pairs = Math.imul(digits, 10) + (digits >>> 8);
  return (pairs & 0xff) * 100 + ((pairs >>> 16) & 0xff);
}

/** Minutes east of UTC of `+hh:mm`; NaN when it is none. */
function readOffset(bytes: Uint8Array, at: number): number {
  const sign = bytes[at]!;
  if ((sign !== PLUS && sign !== MINUS) || bytes[at + 3] !== COLON) return Number.NaN;
  const hours = numberAt(bytes, at + 1, 2);
  const minutes = numberAt(bytes, at + 4, 2);
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  return sign === PLUS ? hours * 60 + minutes : -(hours * 60 + minutes);
}

/** The number of `digits` digits; NaN when one is none. */
function numberAt(bytes: Uint8Array, from: number, digits: number): number {
  let value = 0;
  for (let at = from; at < from + digits; at += 1) {
    const byte = bytes[at]!;
    if (byte < ZERO || byte > NINE) return Number.NaN;
    value = value * 10 + byte - ZERO;
  }
  return value;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days since 1970-01-01 in the Gregorian calendar, counted in eras of 400 years that start on a first of March. */
function daysFromEpoch(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
