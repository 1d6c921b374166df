import fc from 'fast-check';
import { isLosslessNumber, type LosslessNumber, parse } from 'lossless-json';
import { describe, expect, it } from 'vitest';
import { decode, nanosOf, type Row } from '../support/decoded.ts';

const numberText = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer({ min: 0, max: 10_000_000 }).map((cents) => (cents / 100).toString()),
  fc.tuple(fc.bigInt(0n, 10n ** 25n), fc.nat(25)).map(([digits, places]) => {
    const text = digits.toString().padStart(places + 1, '0');
    return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`;
  }),
  fc
    .tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.integer({ min: -330, max: 300 }), fc.boolean())
    .map(([mantissa, exponent, big]) => `${mantissa}${big ? 'E' : 'e'}${exponent}`),
  fc.constantFrom(
    '-0',
    '0',
    '0.0',
    '1e0',
    '1E+2',
    '123456789012345678',
    '0.1000000000000000000',
    '9007199254740993',
  ),
);
const timeText = fc
  .tuple(
    fc.integer({ min: Date.UTC(2023, 0, 1), max: Date.UTC(2023, 6, 1) }),
    fc.integer({ min: 0, max: 999_999_999 }),
    fc.nat(9),
  )
  .map(([millis, nanos, places]) => {
    const second = new Date(millis).toISOString().slice(0, 19);
    return places === 0 ? `${second}Z` : `${second}.${String(nanos).padStart(9, '0').slice(0, places)}Z`;
  });
const idText = fc.bigInt(0n, 2n ** 64n - 1n).map(String);
const plainJson: fc.Arbitrary<string> = fc.json({ maxDepth: 3 });
const escaped = (text: string, isEscaped: boolean) =>
  isEscaped
    ? `"${text
        .split('')
        .map((character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join('')}"`
    : JSON.stringify(text);
const symbol = fc
  .tuple(
    fc.oneof(
      fc.stringMatching(/^[A-Z]{1,5}(\.[A-Z])?$/),
      fc.constantFrom('BTC/USD', '1INCH/USDT', 'ÄÖÜ', 'A"B\\C', 'ABCDEFGH', 'ABCDEFGHI'),
    ),
    fc.boolean(),
  )
  .map(([text, isEscaped]) => escaped(text, isEscaped));
const conditions = fc
  .array(fc.oneof(fc.constantFrom('@', 'F', 'T', 'I', ' ', '4', 'Z'), fc.string({ maxLength: 3 })), {
    maxLength: 6,
  })
  .map((codes) => JSON.stringify(codes));
const code = fc.constantFrom('"K"', '"Q"', '" "', 'null');
const levels = fc
  .array(fc.tuple(numberText, numberText, fc.boolean()), { maxLength: 6 })
  .map(
    (all) =>
      `[${all.map(([p, s, swap]) => (swap ? `{"s":${s},"p":${p}}` : `{ "p":${p} ,"s":${s}}`)).join(',')}]`,
  );

const FORMS: Readonly<Record<string, Readonly<Record<string, fc.Arbitrary<string>>>>> = {
  t: { S: symbol, i: idText, x: code, p: numberText, s: numberText, c: conditions, z: code, t: timeText },
  q: {
    S: symbol,
    bx: code,
    bp: numberText,
    bs: numberText,
    ax: code,
    ap: numberText,
    as: numberText,
    c: conditions,
    t: timeText,
  },
  b: {
    S: symbol,
    o: numberText,
    h: numberText,
    l: numberText,
    c: numberText,
    v: numberText,
    n: numberText,
    vw: numberText,
    t: timeText,
  },
  o: { S: symbol, b: levels, a: levels, r: fc.constantFrom('true', 'false', 'null'), t: timeText },
};

const white = fc.constantFrom('', '', '', ' ', '\n', '\t ');

function element(letter: string, extras: fc.Arbitrary<[string, string][]>): fc.Arbitrary<string> {
  const form = FORMS[letter]!;
  return fc
    .tuple(fc.record(form), extras, fc.array(fc.nat(), { minLength: 20, maxLength: 20 }), white, fc.boolean())
    .map(([fields, unknown, order, space, isEscaped]) => {
      const pairs: [string, string][] = [
        ['T', JSON.stringify(letter)],
        ...Object.entries(fields).map(([key, value]): [string, string] => [
          key,
          key === 't' ? JSON.stringify(value) : value,
        ]),
        ...unknown,
      ];
      const shuffled = pairs
        .map((pair, index) => ({ pair, rank: order[index] ?? index }))
        .sort((first, second) => first.rank - second.rank);
      const text = shuffled.map(
        ({ pair: [key, value] }, index) =>
          `${space}${escaped(key, isEscaped && index % 3 === 0)}${space}:${space}${value}${space}`,
      );
      return `{${text.join(',')}}`;
    });
}

const unknownFields = fc
  .uniqueArray(fc.stringMatching(/^[A-Z_]{4,9}$/), { maxLength: 3 })
  .chain((keys) => fc.tuple(...keys.map((key) => fc.tuple(fc.constant(key), plainJson))))
  .map((pairs) => pairs as [string, string][]);

const stockFrame = fc.array(
  fc.constantFrom('t', 'q', 'b').chain((letter) => element(letter, unknownFields)),
  {
    maxLength: 40,
  },
);
const cryptoFrame = fc.array(
  fc.constantFrom('t', 'q', 'b', 'o').chain((letter) => element(letter, unknownFields)),
  {
    maxLength: 40,
  },
);

type Lossless = Readonly<Record<string, unknown>>;

/** What a row must say, by a parser that loses nothing. */
function expectRow(row: Row, message: Lossless, isCrypto: boolean): void {
  const number = (value: unknown) => Number((value as LosslessNumber).value);
  const text = (value: unknown) => (value as LosslessNumber).value;
  const isLong = (value: unknown) =>
    text(value)
      .replace(/[eE].*$/, '')
      .replace(/[-.]/g, '')
      .replace(/^0+/, '')
      .replace(/0+$/, '').length > 15;
  const keys = { t: ['p', 's'], q: ['bp', 'bs', 'ap', 'as'], b: ['o', 'h', 'l', 'c'], o: [] }[
    message.T as string
  ]!;
  expect(row.symbol).toBe(message.S);
  expect(row.epochNs).toBe(nanosOf(message.t as string));
  for (const [index, key] of keys.entries())
    expect(Object.is(row.numbers[index], number(message[key]))).toBe(true);
  const longKeys = [...keys, ...(message.T === 'b' ? ['v', 'n', 'vw'] : [])].filter((key) =>
    isLong(message[key]),
  );
  for (const key of longKeys) expect((row.overflow as Lossless)[key]).toBe(text(message[key]));
  if (message.T === 'b') {
    for (const [index, key] of ['v', 'vw', 'n'].entries())
      expect(Object.is(row.tail[index], number(message[key]))).toBe(true);
  }
  if (message.T === 't') expect(row.id === '' ? '0' : row.id).toBe(text(message.i));
  if (message.T === 't' || message.T === 'q') expect(row.conditions).toEqual(message.c);
  if (message.T === 'o') {
    const side = (list: unknown) =>
      (list as Lossless[]).map((level) => ({ price: number(level.p), size: number(level.s) }));
    expect(row.value).toMatchObject({
      bids: side(message.b),
      asks: side(message.a),
      isSnapshot: message.r === true,
    });
  }
  expect(isCrypto || message.T !== 'o').toBe(true);
}

describe('the decoder, on random frames', () => {
  it.each([
    ['stocks', 'us_equity', stockFrame],
    ['crypto', 'crypto', cryptoFrame],
  ] as const)('says of %s what a lossless parser says', (_, assetClass, frames) => {
    fc.assert(
      fc.property(frames, white, (elements, space) => {
        const frame = `${space}[${space}${elements.join(`${space},${space}`)}${space}]${space}`;
        const messages = parse(frame) as Lossless[];
        const representable = messages.map((message) => isRepresentable(message));
        const { rows, damaged, decoder } = decode(frame, assetClass);
        const whole = messages.filter((_message, index) => representable[index]);
        expect(damaged).toHaveLength(messages.length - whole.length);
        expect(rows).toHaveLength(whole.length);
        for (const [index, row] of rows.entries()) expectRow(row, whole[index]!, assetClass === 'crypto');
        if (assetClass === 'us_equity' && damaged.length === 0) {
          const unknown = messages
            .flatMap((message) => Object.keys(message))
            .filter((key) => key.length >= 4);
          expect(decoder.counters.unknownFields).toBe(unknown.length);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('never throws, and keeps what stands before the damage, whatever happens to the bytes', () => {
    fc.assert(
      fc.property(
        fc.array(element('q', unknownFields), { minLength: 1, maxLength: 12 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        fc.option(fc.nat()),
        (elements, flips, cut) => {
          const whole = new TextEncoder().encode(`[${elements.join(',')}]`);
          const bytes = Uint8Array.from(whole);
          let first = bytes.length;
          for (const [at, byte] of flips) {
            bytes[at % bytes.length] = byte;
            first = Math.min(first, at % bytes.length);
          }
          const end = cut === null ? bytes.length : cut % bytes.length;
          first = Math.min(first, end);
          const { rows } = decode(bytes.subarray(0, end));
          const before = decode(whole).rows;
          let ends = 1;
          let intact = 0;
          for (const text of elements) {
            ends += new TextEncoder().encode(text).length;
            if (ends > first || !isRepresentable(parse(text) as Lossless)) break;
            intact += 1;
            ends += 1;
          }
          expect(rows.slice(0, intact)).toEqual(before.slice(0, intact));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('never throws on bytes that are no frame at all', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc
            .array(
              fc.constantFrom(
                '{',
                '}',
                '[',
                ']',
                '"',
                '\\',
                ',',
                ':',
                '"T"',
                '"t"',
                '1',
                '-',
                '.',
                'e',
                'null',
              ),
              {
                maxLength: 80,
              },
            )
            .map((parts) => new TextEncoder().encode(parts.join(''))),
        ),
        (bytes) => {
          decode(bytes);
          decode(bytes, 'crypto');
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

/** Whether doubles reach all numbers of the message. */
function isRepresentable(message: unknown): boolean {
  if (isLosslessNumber(message)) return Number.isFinite(Number(message.value));
  if (typeof message !== 'object' || message === null) return true;
  return Object.values(message).every(isRepresentable);
}
