import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AssetClass } from '../../src/domain/market.ts';
import { type Decoded, decode } from '../support/decoded.ts';

const price = fc.oneof(
  fc.integer({ min: 0, max: 99_999_999 }).map((cents) => (cents / 100).toFixed(2)),
  fc.integer({ min: 0, max: 99_999_999 }).map((ticks) => String(ticks / 10_000)),
  fc.double({ min: 0, max: 1e6, noNaN: true }).map(String),
  fc.bigInt(0n, 10n ** 17n).map(String),
  fc.bigInt(0n, 10n ** 16n - 1n).map((digits) => `0.${String(digits).padStart(12, '0')}`),
  fc.constantFrom('0', '0.0', '0.5', '00', '01', '1.', '.5', '1.2.3', '-1', '1e3', 'null', '""', '999999999'),
);
const size = fc.oneof({ weight: 5, arbitrary: fc.nat(90_000).map(String) }, { weight: 1, arbitrary: price });
const id = fc.oneof(
  fc.nat().map(String),
  fc.bigInt(0n, 10n ** 15n).map(String),
  fc.bigInt(0n, 2n ** 65n).map(String),
);
const code = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('"K"', '"Q"', '" "', '"~"') },
  { weight: 1, arbitrary: fc.constantFrom('""', '"KK"', '"\\\\"', '"é"', 'null', '7') },
);
const conditions = fc
  .oneof(
    { weight: 9, arbitrary: fc.array(fc.constantFrom('@', 'F', 'T', 'I', ' ', '4'), { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom('@', 'AB', '"', '\\', ''), { maxLength: 6 }) },
  )
  .map((codes) => JSON.stringify(codes));
const time = fc
  .tuple(
    fc.integer({ min: -3, max: 63 }),
    fc.nat(999_999_999),
    fc.nat(10),
    fc.constantFrom('Z', 'z', '+01:00', ''),
  )
  .map(([second, nanos, places, zone]) => {
    const fraction = places === 0 ? '' : `.${String(nanos).padStart(9, '0').slice(0, places)}`;
    const minute = second < 0 ? 14 : 15;
    return `"2023-04-06T13:${minute}:${String((second + 60) % 64).padStart(2, '0')}${fraction}${zone}"`;
  });
const symbol = fc.constantFrom(
  'A',
  'AMD',
  'AAPL',
  'BRK.B',
  'BTC/USD',
  'ETH/USDT',
  'AVAX/USDT',
  'AAPL230616C00150000',
);

const FORMS = [
  { T: 't', i: id, x: code, p: price, s: size, c: conditions, z: code, t: time },
  { T: 'q', bx: code, bp: price, bs: size, ax: code, ap: price, as: size, c: conditions, z: code, t: time },
  { T: 't', p: price, s: size, t: time, i: id, tks: fc.constantFrom('"B"', '"S"', '""') },
  { T: 'q', bp: price, bs: size, ap: price, as: size, t: time },
  { T: 'b', o: price, h: price, l: price, c: price, v: size, n: size, vw: price, t: time },
];

/** A message with kind and symbol first; the other fields in their order, some swapped, doubled, or left out. */
const element = fc.constantFrom(...FORMS).chain(({ T, ...fields }) =>
  fc
    .tuple(
      fc.record(fields as Record<string, fc.Arbitrary<string>>),
      symbol,
      fc.option(fc.tuple(fc.nat(20), fc.nat(20))),
      fc.option(fc.nat(40)),
    )
    .map(([values, name, swap, dropped]) => {
      const pairs = Object.entries(values).map(([key, value]) => `"${key}":${value}`);
      if (dropped !== null && dropped < pairs.length) pairs.splice(dropped, 1);
      if (swap !== null) pairs.splice(swap[0] % pairs.length, swap[0] % 2, pairs[swap[1] % pairs.length]!);
      return `{"T":"${T}","S":"${name}",${pairs.join(',')}}`;
    }),
);

/** All that two decodings can have in common, when one frame has a space behind each brace. */
function told({ rows, damaged, decoder }: Decoded): unknown {
  const { events, unknownFields, unknownKinds, eventsByKind } = decoder.counters;
  return {
    rows: rows.map((row) => ({
      ...row,
      value: typeof row.value === 'string' ? row.value.replace('{ ', '{') : row.value,
    })),
    reasons: damaged.map(({ reason }) => reason),
    counters: { events, unknownFields, unknownKinds, eventsByKind },
  };
}

/** A space behind its brace is enough for an element to be read by the general scanner. */
function expectSame(elements: readonly string[], assetClass: AssetClass): void {
  const spaced = elements.map((text) => `{ ${text.slice(1)}`);
  const bytesOf = (texts: readonly string[]) => Buffer.from(`[${texts.join(',')}]`, 'latin1');
  expect(told(decode(bytesOf(elements), assetClass))).toEqual(told(decode(bytesOf(spaced), assetClass)));
}

// Symbols and the minute are known after these, as they are nearly always.
const KNOWN = ['A', 'AMD', 'AAPL', 'BRK.B', 'BTC/USD', 'ETH/USDT', 'AVAX/USDT', 'AAPL230616C00150000'].map(
  (name) => `{"T":"q","S":"${name}","bp":1,"bs":1,"ap":2,"as":1,"t":"2023-04-06T13:15:42Z"}`,
);
const assetClass = fc.constantFrom('us_equity' as const, 'crypto' as const);

describe('the reader of usual messages', () => {
  it('says of messages what the general scanner says', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 30 }), assetClass, (elements, asset) => {
        expectSame([...KNOWN, ...elements], asset);
      }),
      { numRuns: 400 },
    );
  });

  it('says of damaged messages what the general scanner says', () => {
    fc.assert(
      fc.property(
        element,
        fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0x22, 0x2c, 0x30, 0x7d, 0x5d))), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.boolean(),
        assetClass,
        (text, flips, isCut, asset) => {
          const bytes = Buffer.from(text, 'latin1');
          for (const [at, byte] of flips) bytes[1 + (at % (bytes.length - 1))] = byte;
          const damaged = bytes.toString('latin1');
          const end = isCut ? 1 + (flips[0]![0] % damaged.length) : damaged.length;
          expectSame([...KNOWN, damaged.slice(0, end)], asset);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('passes what no longer fits in the batch on to the next', () => {
    const elements = Array.from({ length: 40 }, (_, index) =>
      KNOWN[index % KNOWN.length]!.replace('"bp":1', `"bp":${index}`),
    );
    const { rows, decoder } = decode(`[${elements.join(',')}]`);
    expect(rows.map((row) => row.numbers[0])).toEqual(elements.map((_, index) => index));
    expect(decoder.counters.events).toBe(40);
  });
});
