/**
 * Values of the usual form, from bytes into a column. Each answers the position behind the value, or -1 when it is of
 * another form: that may be well-formed all the same, see usual.ts. Behind the bytes there is padding.
 */
import type { Batch } from '../batch.ts';

// Copies of the constants in bytes.ts, see scanner.ts.
const QUOTE = 0x22;
const COMMA = 0x2c;
const DOT = 0x2e;
const ZERO = 0x30;
const CLOSE_ARRAY = 0x5d;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const PRINTABLE = 0x5f;

/** Digits that surely fit in an integer, which is quicker than a double. */
const INTEGER_DIGITS = 9;
/** A double holds every decimal number of this many digits. */
const EXACT_DIGITS = 15;
const EXACT_POWERS = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) =>
  Number(`1e${exponent}`),
);
const TWO_32 = 2 ** 32;

/** Four ASCII characters as the word that `getInt32(at, true)` reads. */
export function wordOf(text: string): number {
  return Buffer.from(text, 'latin1').readInt32LE();
}

/** The top bit of the word's first byte that is a quote; 0 when none is. */
export function firstQuote(word: number): number {
  const zeros = word ^ 0x2222_2222;
  // Marks the first zero byte for sure (and perhaps others behind it).
  const marks = (zeros - 0x0101_0101) & ~zeros & 0x8080_8080;
  return marks & -marks;
}

/** The character in a word of the form `:"K"`, 0 when it is another. */
export function codeOf(word: number): number {
  const code = (word >>> 16) & 0xff;
  return (word & 0xff00_ffff) === 0x2200_223a && isPlain(code) ? code : 0;
}

/** Whether the byte is a printable ASCII character that needs no escape in a string. */
export function isPlain(byte: number): boolean {
  return (byte - SPACE) >>> 0 < PRINTABLE && byte !== QUOTE && byte !== BACKSLASH;
}

/** A number of up to 15 digits without sign and exponent: exactly what `Number` makes of its text. */
export function readNumber(bytes: Uint8Array, from: number, column: Float64Array, row: number): number {
  let at = from;
  let integer = 0;
  let digit = bytes[at]! - ZERO;
  while (digit >= 0 && digit <= 9) {
    integer = (Math.imul(integer, 10) + digit) | 0;
    at += 1;
    digit = bytes[at]! - ZERO;
  }
  let digits = at - from;
  if (digits === 0 || (digits > 1 && bytes[from] === ZERO)) return -1;
  let scale = 0;
  if (digit === DOT - ZERO) {
    at += 1;
    const point = at;
    digit = bytes[at]! - ZERO;
    while (digit >= 0 && digit <= 9) {
      integer = (Math.imul(integer, 10) + digit) | 0;
      at += 1;
      digit = bytes[at]! - ZERO;
    }
    scale = at - point;
    if (scale === 0) return -1;
    digits += scale;
  }
  if (digits <= INTEGER_DIGITS) column[row] = scale === 0 ? integer : integer / EXACT_POWERS[scale]!;
  else if (digits <= EXACT_DIGITS) column[row] = mantissaOf(bytes, from, at) / EXACT_POWERS[scale]!;
  else return -1;
  return at;
}

/** Digits with a point somewhere among them, without the point. */
function mantissaOf(bytes: Uint8Array, from: number, stop: number): number {
  let mantissa = 0;
  for (let at = from; at < stop; at += 1) {
    const byte = bytes[at]!;
    if (byte !== DOT) mantissa = mantissa * 10 + byte - ZERO;
  }
  return mantissa;
}

/** A trade id of up to 15 digits. */
export function readId(bytes: Uint8Array, from: number, batch: Batch, row: number): number {
  let at = from;
  let upper = 0;
  let digit = bytes[at]! - ZERO;
  while (digit >= 0 && digit <= 9 && at - from < INTEGER_DIGITS) {
    upper = (Math.imul(upper, 10) + digit) | 0;
    at += 1;
    digit = bytes[at]! - ZERO;
  }
  if (at === from || (at - from > 1 && bytes[from] === ZERO)) return -1;
  if (digit < 0 || digit > 9) {
    batch.idLow[row] = upper;
    batch.idHigh[row] = 0;
    return at;
  }
  const middle = at;
  let lower = 0;
  while (digit >= 0 && digit <= 9) {
    lower = (Math.imul(lower, 10) + digit) | 0;
    at += 1;
    digit = bytes[at]! - ZERO;
  }
  if (at - from > EXACT_DIGITS) return -1;
  const id = upper * EXACT_POWERS[at - middle]! + lower;
  const high = Math.floor(id / TWO_32);
  batch.idLow[row] = id - high * TWO_32;
  batch.idHigh[row] = high;
  return at;
}

/** The codes of `["@","F"]` behind its bracket, up to four of one character, packed. */
export function readConditions(view: DataView, from: number, column: Uint32Array, row: number): number {
  let packed = 0;
  let at = from;
  if (view.getUint8(at) === CLOSE_ARRAY) {
    column[row] = 0;
    return at + 1;
  }
  for (let shift = 0; shift < 32; shift += 8, at += 4) {
    // A quote, the code, a quote, and a comma or bracket.
    const word = view.getInt32(at, true);
    const code = (word >>> 8) & 0xff;
    if ((word & 0xff_00ff) !== 0x22_0022 || !isPlain(code)) return -1;
    packed |= code << shift;
    const separator = word >>> 24;
    if (separator === CLOSE_ARRAY) {
      column[row] = packed;
      return at + 4;
    }
    if (separator !== COMMA) return -1;
  }
  return -1;
}
