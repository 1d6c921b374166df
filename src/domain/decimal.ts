/**
 * Exact amounts of money and quantity: fixed-point integers with nine decimals.
 *
 * A `Decimal` is a `bigint` counting billionths (1.5 is 1_500_000_000n). It crosses threads as it is and
 * stands in JSON, tables and requests as text. Nine decimals are what Alpaca takes for a quantity; a bigint
 * multiply costs about 50 ns, which orders and fills can afford and the market-data path never pays.
 *
 * This file is the one place where amounts and floating-point numbers are converted into each other.
 */
declare const decimalBrand: unique symbol;
export type Decimal = bigint & { readonly [decimalBrand]: true };

/** How a result that does not fit is brought back to the places that exist. */
export type Rounding = 'half_even' | 'down' | 'up' | 'floor' | 'ceiling';

export const DECIMAL_PLACES = 9;
const SCALE = 10n ** BigInt(DECIMAL_PLACES);
const PATTERN = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$|^([+-]?)\.(\d+)$/;

const NUMBER_SCALE = 10 ** DECIMAL_PLACES;
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);
const SAFE_MIN = -SAFE_MAX;
/**
 * A bigint and a number as the same 64 bits. `Number(bigint)` and `BigInt(number)` are calls into the runtime of 20 ns
 * each, and an order of a backtest needs some forty; by way of these words it is 2 and 10 ns. Node runs on
 * little-endian machines only.
 */
const BITS = new BigInt64Array(1);
const LOW_WORD = new Uint32Array(BITS.buffer, 0, 1);
const HIGH_WORD = new Int32Array(BITS.buffer, 4, 1);
const WORD = 2 ** 32;
/** Below this a double tells a whole number of units from one that is a billionth off. */
const WHOLE_MAX = 1e6;
const USUAL_PLACES = 4;
/** Far more than the error of a product below this size. */
const DOUBT = 1e-3;
const CLEAR_MAX = 1e12;
const USUAL_UNITS = 10 ** USUAL_PLACES;
const USUAL_UNITS_MAX = 1e15;
const USUAL_SCALE = 10n ** BigInt(DECIMAL_PLACES - USUAL_PLACES);
const USUAL_NUMBER_SCALE = 10 ** (DECIMAL_PLACES - USUAL_PLACES);

export const ZERO = 0n as Decimal;
export const ONE = SCALE as Decimal;

/**
 * Reads an amount from text such as `"179.08"`, `"-3"`, `".5"` or `"1e-7"`.
 * Digits beyond the ninth place are rounded half to even.
 * @throws {RangeError} when the text is not a number.
 */
export function decimal(text: string): Decimal {
  const parsed = tryDecimal(text);
  if (parsed === undefined) throw new RangeError(`not a decimal amount: ${JSON.stringify(text)}`);
  return parsed;
}

/** As {@link decimal}, but answers `undefined` for what is not a number. */
export function tryDecimal(text: string): Decimal | undefined {
  const match = PATTERN.exec(text.trim());
  if (match === null) return undefined;
  const negative = (match[1] ?? match[5]) === '-';
  const whole = match[2] ?? '0';
  const fraction = match[3] ?? match[6] ?? '';
  const shift = Number(match[4] ?? 0) - fraction.length + DECIMAL_PLACES;
  const digits = BigInt(whole + fraction);
  const magnitude =
    shift >= 0 ? digits * 10n ** BigInt(shift) : divideRounded(digits, 10n ** BigInt(-shift), 'half_even');
  return (negative ? -magnitude : magnitude) as Decimal;
}

/** Text without exponent and without trailing zeros: `"1.5"`, `"-0.000000001"`, `"0"`. */
export function formatDecimal(value: Decimal): string {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(DECIMAL_PLACES + 1, '0');
  const whole = digits.slice(0, -DECIMAL_PLACES);
  const fraction = digits.slice(-DECIMAL_PLACES).replace(/0+$/, '');
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Text with exactly `places` decimals (0 to 9), for people: `"179.08"`. */
export function formatFixed(value: Decimal, places: number): string {
  const text = formatDecimal(roundTo(value, places));
  if (places === 0) return text;
  const [whole, fraction = ''] = text.split('.');
  return `${whole}.${fraction.padEnd(places, '0')}`;
}

export function add(a: Decimal, b: Decimal): Decimal {
  return (a + b) as Decimal;
}

export function subtract(a: Decimal, b: Decimal): Decimal {
  return (a - b) as Decimal;
}

export function negate(a: Decimal): Decimal {
  return -a as Decimal;
}

export function absolute(a: Decimal): Decimal {
  return (a < 0n ? -a : a) as Decimal;
}

/** Product, exact up to the ninth place, beyond it rounded. */
export function multiply(a: Decimal, b: Decimal, rounding: Rounding = 'half_even'): Decimal {
  // A price times whole shares, the usual product: exact in doubles while it is small, at a third of a division's cost.
  if (isSafe(a) && isSafe(b)) {
    const shares = safeNumber(b) / NUMBER_SCALE;
    if (shares < WHOLE_MAX && shares > -WHOLE_MAX && Math.trunc(shares) === shares) {
      const product = safeNumber(a) * shares;
      if (product <= Number.MAX_SAFE_INTEGER && product >= -Number.MAX_SAFE_INTEGER) {
        return safeBigint(product) as Decimal;
      }
    }
  }
  return divideRounded(a * b, SCALE, rounding) as Decimal;
}

/**
 * Quotient, rounded at the ninth place.
 * @throws {RangeError} on division by zero.
 */
export function divide(a: Decimal, b: Decimal, rounding: Rounding = 'half_even'): Decimal {
  return divideRounded(a * SCALE, b, rounding) as Decimal;
}

/** Mean of prices weighted by quantities, rounded once, at the ninth place; zero when the quantities sum to zero. */
export function weightedAverage(
  parts: readonly { readonly price: Decimal; readonly quantity: Decimal }[],
): Decimal {
  // One fill, the usual case, is its own average: nothing is divided.
  const [first, second] = parts;
  if (first !== undefined && second === undefined) return first.quantity === 0n ? ZERO : first.price;
  let value = 0n;
  let quantity = 0n;
  for (const part of parts) {
    value += part.price * part.quantity;
    quantity += part.quantity;
  }
  return (quantity === 0n ? 0n : divideRounded(value, quantity, 'half_even')) as Decimal;
}

/** Rounds to `places` decimals (0 to 9). */
export function roundTo(value: Decimal, places: number, rounding: Rounding = 'half_even'): Decimal {
  const unit = 10n ** BigInt(DECIMAL_PLACES - places);
  return (divideRounded(value, unit, rounding) * unit) as Decimal;
}

/** Rounds to a multiple of `step`, such as a price's tick of 0.01. */
export function roundToStep(value: Decimal, step: Decimal, rounding: Rounding = 'half_even'): Decimal {
  return (divideRounded(value, step, rounding) * step) as Decimal;
}

export function minimum(a: Decimal, b: Decimal): Decimal {
  return a < b ? a : b;
}

export function maximum(a: Decimal, b: Decimal): Decimal {
  return a > b ? a : b;
}

export function isZero(a: Decimal): boolean {
  return a === 0n;
}

/**
 * The amount nearest to a floating-point number, at most `places` decimals.
 * Takes the number's shortest text (`0.1 + 0.2` is 0.30000000000000004), then rounds half to even.
 * @throws {RangeError} when the number is not finite.
 */
export function decimalFromNumber(value: number, places: number = DECIMAL_PLACES): Decimal {
  if (value === 0) return ZERO;
  // Prices of up to four decimals, the usual ones. With at most 15 digits a number's shortest text is this very decimal.
  const units = Math.round(value * USUAL_UNITS);
  if (places >= USUAL_PLACES && units / USUAL_UNITS === value && Math.abs(units) < USUAL_UNITS_MAX) {
    const whole = units * USUAL_NUMBER_SCALE;
    if (whole <= Number.MAX_SAFE_INTEGER && whole >= -Number.MAX_SAFE_INTEGER) {
      return safeBigint(whole) as Decimal;
    }
    return (BigInt(units) * USUAL_SCALE) as Decimal;
  }
  if (!Number.isFinite(value)) throw new RangeError(`not a finite amount: ${value}`);
  if (places <= USUAL_PLACES) {
    // Rounding is beyond doubt where what is cut off is not near a half.
    const scaled = value * 10 ** places;
    const whole = Math.round(scaled);
    const isClear = Math.abs(Math.abs(scaled - whole) - 0.5) > DOUBT;
    if (isClear && Math.abs(scaled) < CLEAR_MAX) {
      return (BigInt(whole) * 10n ** BigInt(DECIMAL_PLACES - places)) as Decimal;
    }
  }
  return roundTo(decimal(String(value)), places);
}

/** The floating-point number nearest to an amount: for calculations and pictures, never for the ledger. */
export function numberFromDecimal(value: Decimal): number {
  // Both are exact in a double then, and a quotient is rounded as reading its text would be.
  if (isSafe(value)) return safeNumber(value) / NUMBER_SCALE;
  return Number(formatDecimal(value));
}

function isSafe(units: bigint): boolean {
  return units < SAFE_MAX && units > SAFE_MIN;
}

/** @param units {@link isSafe}. */
function safeNumber(units: bigint): number {
  BITS[0] = units;
  return HIGH_WORD[0]! * WORD + LOW_WORD[0]!;
}

/** @param units a whole number, a safe one. */
function safeBigint(units: number): bigint {
  const high = Math.floor(units / WORD);
  HIGH_WORD[0] = high;
  LOW_WORD[0] = units - high * WORD;
  return BITS[0]!;
}

function divideRounded(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  if (denominator === 0n) throw new RangeError('division by zero');
  const quotient = numerator / denominator;
  // Cheaper than a second division.
  const remainder = numerator - quotient * denominator;
  if (remainder === 0n) return quotient;
  const sign = numerator < 0n === denominator < 0n ? 1n : -1n;
  const away = quotient + sign;
  switch (rounding) {
    case 'down':
      return quotient;
    case 'up':
      return away;
    case 'floor':
      return sign < 0n ? away : quotient;
    case 'ceiling':
      return sign > 0n ? away : quotient;
    case 'half_even': {
      const twice = 2n * (remainder < 0n ? -remainder : remainder);
      const whole = denominator < 0n ? -denominator : denominator;
      if (twice !== whole) return twice > whole ? away : quotient;
      return quotient % 2n === 0n ? quotient : away;
    }
  }
}
