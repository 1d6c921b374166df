/** Plain numbers out of the bytes of a table, without a string in between. */

const COMMA = 44;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
/** Fifteen digits are exact in a double, and so is their quotient by a power of ten rounded. */
const DIGITS_MAX = 15;
const POWERS = Array.from({ length: DIGITS_MAX + 1 }, (_, power) => 10 ** power);

/**
 * Reads fields of digits with at most one point, separated by commas, into `fields`.
 * @returns how many fields the line has; -1 when a field is anything else, and must be read by other means. An empty
 * field is NaN.
 */
export function readPlainFields(bytes: Uint8Array, from: number, to: number, fields: Float64Array): number {
  let count = 0;
  let digits = 0;
  let mantissa = 0;
  let point = -1;
  for (let at = from; ; at += 1) {
    const byte = at < to ? bytes[at]! : COMMA;
    if (byte >= ZERO && byte <= NINE) {
      mantissa = mantissa * 10 + (byte - ZERO);
      digits += 1;
    } else if (byte === COMMA) {
      if (digits > DIGITS_MAX || count >= fields.length) return -1;
      if (digits === 0 && point >= 0) return -1;
      fields[count] = digits === 0 ? Number.NaN : point < 0 ? mantissa : mantissa / POWERS[digits - point]!;
      count += 1;
      if (at >= to) return count;
      digits = 0;
      mantissa = 0;
      point = -1;
    } else if (byte === POINT && point < 0) {
      point = digits;
    } else return -1;
  }
}
