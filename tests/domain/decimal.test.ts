import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  type Decimal,
  decimal,
  decimalFromNumber,
  divide,
  formatDecimal,
  formatFixed,
  multiply,
  numberFromDecimal,
  roundTo,
  roundToStep,
  subtract,
  tryDecimal,
} from '../../src/domain/decimal.ts';

const amounts = fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }).map((value) => value as Decimal);

describe('an exact amount', () => {
  it.each([
    ['179.08', '179.08', 'what Alpaca sends'],
    ['150', '150', 'unpadded'],
    ['-23140.2', '-23140.2', 'a negative cash balance'],
    ['.5', '0.5', 'without a leading zero'],
    ['5.', '5', 'without a fraction'],
    ['1e-7', '0.0000001', 'an exponent, as JavaScript prints small numbers'],
    ['1.5E3', '1500', 'a positive exponent'],
    ['0.0000000015', '0.000000002', 'half goes to even at the tenth place'],
    ['0.0000000025', '0.000000002', 'half goes to even at the tenth place'],
    ['-0', '0', 'there is one zero'],
  ])('reads %s as %s (%s)', (text, expected) => {
    expect(formatDecimal(decimal(text))).toBe(expected);
  });

  it.each(['', 'abc', '1,000', '0x10', 'Infinity', 'NaN', '1e', '--1', '1.2.3', '.'])(
    'refuses %j',
    (text) => {
      expect(tryDecimal(text)).toBeUndefined();
      expect(() => decimal(text)).toThrow(RangeError);
    },
  );

  it('survives the way to text and back', () => {
    fc.assert(fc.property(amounts, (value) => decimal(formatDecimal(value)) === value));
  });

  it('adds and subtracts without loss', () => {
    fc.assert(fc.property(amounts, amounts, (a, b) => subtract(add(a, b), b) === a));
  });

  it('multiplies as integers do, rounded at the ninth place', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        const exact = a * b;
        const error = multiply(a, b) * 10n ** 9n - exact;
        return error * 2n <= 10n ** 9n && -error * 2n <= 10n ** 9n;
      }),
    );
  });

  it('divides so that the product is at most half a unit of the divisor away', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        fc.pre(b !== 0n);
        const rest = a * 10n ** 9n - divide(a, b) * b;
        const size = b < 0n ? -b : b;
        return rest * 2n <= size && -rest * 2n <= size;
      }),
    );
  });

  it.each([
    ['1.005', 2, 'half_even', '1'],
    ['1.015', 2, 'half_even', '1.02'],
    ['-1.015', 2, 'half_even', '-1.02'],
    ['1.019', 2, 'down', '1.01'],
    ['-1.019', 2, 'down', '-1.01'],
    ['-1.011', 2, 'floor', '-1.02'],
    ['-1.019', 2, 'ceiling', '-1.01'],
    ['1.011', 2, 'up', '1.02'],
  ] as const)('rounds %s to %i places, %s, as %s', (text, places, rounding, expected) => {
    expect(formatDecimal(roundTo(decimal(text), places, rounding))).toBe(expected);
  });

  it('rounds to a tick', () => {
    expect(formatDecimal(roundToStep(decimal('10.137'), decimal('0.05'), 'floor'))).toBe('10.1');
    expect(formatDecimal(roundToStep(decimal('-10.137'), decimal('0.05'), 'floor'))).toBe('-10.15');
  });

  it('takes a floating-point number by its shortest text', () => {
    expect(formatDecimal(decimalFromNumber(0.1 + 0.2))).toBe('0.3');
    expect(formatDecimal(decimalFromNumber(1e-9))).toBe('0.000000001');
    expect(formatDecimal(decimalFromNumber(179.08, 2))).toBe('179.08');
    expect(() => decimalFromNumber(Number.NaN)).toThrow(RangeError);
  });

  it('gives back every number of at most nine decimals and fifteen digits', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(10 ** 14), max: 10 ** 14 }),
        fc.integer({ min: 0, max: 9 }),
        (digits, places) => {
          const value = Number(`${digits}e-${places}`);
          expect(numberFromDecimal(decimalFromNumber(value))).toBe(value + 0);
        },
      ),
    );
  });

  it('converts as by way of the text, whichever way is taken', () => {
    fc.assert(
      fc.property(amounts, (value) => {
        expect(numberFromDecimal(value)).toBe(Number(formatDecimal(value)));
        const small = (value % 10n ** 16n) as Decimal;
        expect(numberFromDecimal(small)).toBe(Number(formatDecimal(small)));
      }),
    );
    const numbers = fc.oneof(
      fc.double({ min: -1e12, max: 1e12, noNaN: true }),
      fc.integer({ min: -(10 ** 12), max: 10 ** 12 }).map((units) => units / 10_000),
    );
    fc.assert(
      fc.property(numbers, (value) => {
        expect(decimalFromNumber(value)).toBe(decimal(String(value)));
        for (const places of [0, 2, 4]) {
          expect(decimalFromNumber(value, places)).toBe(roundTo(decimal(String(value)), places));
        }
      }),
    );
  });

  it('prints a fixed number of places for people', () => {
    expect(formatFixed(decimal('5'), 2)).toBe('5.00');
    expect(formatFixed(decimal('-0.005'), 2)).toBe('0.00');
    expect(formatFixed(decimal('99.995'), 2)).toBe('100.00');
  });
});
