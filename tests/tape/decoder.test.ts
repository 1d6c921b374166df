import fc from 'fast-check';
import { isLosslessNumber, type LosslessNumber, parse } from 'lossless-json';
import { describe, expect, it } from 'vitest';
import type { AssetClass } from '../../src/domain/market.ts';
import type { AlpacaControl } from '../../src/tape/alpaca/control.ts';
import type { DamagedElement } from '../../src/tape/alpaca/damage.ts';
import { AlpacaDecoder } from '../../src/tape/alpaca/decoder.ts';
import { EventKind, RowFlag } from '../../src/tape/batch.ts';
import { overflowOf } from '../../src/tape/overflow.ts';
import {
  barAt,
  conditionsAt,
  orderBookAt,
  quoteAt,
  statusAt,
  takerSideAt,
  tradeAt,
  tradeIdAt,
} from '../../src/tape/rows.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';

const RECEIVED = Date.UTC(2023, 3, 6, 13, 15, 45) * 1_000 + 123_456;

interface Row {
  readonly kind: number;
  readonly epochNs: bigint;
  readonly receivedMicros: number;
  readonly symbol: string;
  readonly numbers: readonly number[];
  readonly id: string;
  readonly conditions: readonly string[];
  readonly codes: string;
  readonly flags: number;
  readonly overflow: unknown;
  readonly tail: readonly number[];
  readonly value: unknown;
}

interface Decoded {
  readonly rows: Row[];
  readonly controls: AlpacaControl[];
  readonly damaged: DamagedElement[];
  readonly decoder: AlpacaDecoder;
}

function decode(
  frame: string | Uint8Array,
  assetClass: AssetClass = 'us_equity',
  batchSize = { rows: 16, heapBytes: 4_096 },
): Decoded {
  const symbols = new SymbolTable();
  const decoded: Decoded = {
    rows: [],
    controls: [],
    damaged: [],
    decoder: new AlpacaDecoder({
      symbols,
      assetClass,
      batchSize,
      onBatch: (batch) => {
        for (let row = 0; row < batch.count; row += 1) {
          const kind = batch.kind[row]!;
          const isBar = kind >= EventKind.minuteBar && kind <= EventKind.dailyBar;
          const code = (byte: number) => (byte === 0 ? '.' : String.fromCharCode(byte));
          decoded.rows.push({
            kind,
            epochNs: BigInt(batch.baseMicros) * 1_000n + BigInt(batch.timeNs[row]!),
            receivedMicros: batch.receivedMicros(row),
            symbol: symbols.textOf(batch.symbolId[row]!),
            numbers: [batch.n0[row]!, batch.n1[row]!, batch.n2[row]!, batch.n3[row]!],
            id: tradeIdAt(batch, row),
            conditions: conditionsAt(batch, row),
            codes: code(batch.code0[row]!) + code(batch.code1[row]!) + code(batch.tape[row]!),
            flags: batch.flags[row]!,
            overflow: overflowOf(batch, row),
            tail: isBar ? [0, 1, 2].map((index) => batch.heapFloat(row, index)) : [],
            value:
              kind === EventKind.trade
                ? tradeAt(batch, row, symbols)
                : kind === EventKind.quote
                  ? quoteAt(batch, row, symbols)
                  : kind === EventKind.status
                    ? statusAt(batch, row, symbols)
                    : kind === EventKind.orderBook
                      ? orderBookAt(batch, row, symbols)
                      : isBar
                        ? barAt(batch, row, symbols)
                        : kind === EventKind.trade
                          ? takerSideAt(batch, row)
                          : batch.heapText(row),
          });
        }
      },
      onControl: (message) => decoded.controls.push(message),
      onDamaged: (detail) => decoded.damaged.push(detail),
    }),
  };
  const bytes = typeof frame === 'string' ? new TextEncoder().encode(frame) : frame;
  decoded.decoder.decode(bytes, RECEIVED);
  return decoded;
}

/** Nanoseconds since the epoch, by way of BigInt. */
function nanosOf(text: string): bigint {
  const [whole, fraction = ''] = text.replace('Z', '').split('.');
  return BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

describe('the decoder, on the messages of the reference', () => {
  it('reads a trade', () => {
    const { rows } = decode(
      '[{"T":"t","S":"AAPL","i":628,"x":"K","p":162.92,"s":3,"c":["@","F","T","I"],"z":"C","t":"2023-04-06T11:54:26.838232225Z"}]',
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      kind: EventKind.trade,
      epochNs: nanosOf('2023-04-06T11:54:26.838232225Z'),
      receivedMicros: RECEIVED,
      codes: 'K.C',
      flags: RowFlag.notLast | RowFlag.notRange,
      value: {
        symbol: 'AAPL',
        price: 162.92,
        size: 3,
        exchange: 'K',
        conditions: ['@', 'F', 'T', 'I'],
        tape: 'C',
        id: '628',
      },
    });
  });

  it('reads a quote whose time has eight decimals', () => {
    const { rows } = decode(
      '[{"T":"q","S":"AMD","bx":"U","bp":87.66,"bs":100,"ax":"Q","ap":87.68,"as":400,"c":["R"],"z":"C","t":"2023-04-06T13:15:42.83540958Z"}]',
    );
    expect(rows[0]).toMatchObject({
      kind: EventKind.quote,
      epochNs: nanosOf('2023-04-06T13:15:42.83540958Z'),
      codes: 'UQC',
      conditions: ['R'],
      numbers: [87.66, 100, 87.68, 400],
    });
  });

  it.each([
    ['b', EventKind.minuteBar],
    ['u', EventKind.updatedBar],
    ['d', EventKind.dailyBar],
  ])('reads a bar of kind %s', (letter, kind) => {
    const { rows } = decode(
      `[{"T":"${letter}","S":"SPY","o":388.985,"h":389.13,"l":388.975,"c":389.12,"v":49378,"n":461,"vw":389.062639,"t":"2023-04-06T13:15:00Z"}]`,
    );
    expect(rows[0]).toMatchObject({
      kind,
      epochNs: nanosOf('2023-04-06T13:15:00Z'),
      value: {
        symbol: 'SPY',
        open: 388.985,
        high: 389.13,
        low: 388.975,
        close: 389.12,
        volume: 49378,
        tradeCount: 461,
        vwap: 389.062639,
      },
    });
  });

  it('reads a status, a band, a cancel, a correction and an imbalance', () => {
    const correction =
      '{"T":"c","S":"EEM","x":"M","oi":52983525033527,"op":39.1582,"os":440000,"oc":[" ","7"],"ci":52983525034326,"cp":39.1809,"cs":440000,"cc":[" ","7"],"z":"B","t":"2023-04-06T14:25:06.542305024Z"}';
    const { rows, decoder } = decode(
      `[{"T":"s","S":"AAPL","sc":"H","sm":"Trading \\"Halt\\"","rc":"T12","rm":"Trading Halted; For information requested by NASDAQ","t":"2023-02-22T19:15:00Z","z":"C"},
        {"T":"l","S":"IONM","u":3.24,"d":2.65,"i":"B","t":"2023-04-06T13:44:45.565960225Z","z":"C"},
        {"T":"x","S":"GOOGL","i":465,"x":"D","p":105.31,"s":300,"a":"C","z":"C","t":"2023-04-06T13:15:42.83540958Z"},
        ${correction},
        {"T":"i","S":"ABC","p":9.5,"z":"A","t":"2023-04-06T13:15:42Z"}]`,
    );
    expect(rows.map((row) => row.kind)).toEqual([
      EventKind.status,
      EventKind.luld,
      EventKind.cancel,
      EventKind.correction,
      EventKind.imbalance,
    ]);
    expect(rows[0]).toMatchObject({
      codes: 'H.C',
      value: {
        symbol: 'AAPL',
        statusCode: 'H',
        statusMessage: 'Trading "Halt"',
        reasonCode: 'T12',
        reasonMessage: 'Trading Halted; For information requested by NASDAQ',
        tape: 'C',
      },
    });
    expect(rows[1]).toMatchObject({ codes: 'B.C', numbers: [3.24, 2.65, 0, 0] });
    expect(rows[2]).toMatchObject({ codes: 'DCC', numbers: [105.31, 300, 0, 0], id: '465' });
    expect(rows[3]).toMatchObject({
      codes: 'M.B',
      numbers: [39.1582, 440000, 39.1809, 440000],
      id: '52983525033527',
      value: correction,
    });
    expect(rows[4]).toMatchObject({ codes: '..A', numbers: [9.5, 0, 0, 0] });
    expect(decoder.counters).toMatchObject({
      events: 5,
      unknownFields: 0,
      unknownKinds: 0,
      damagedElements: 0,
    });
  });

  it('reads news, even one that no batch of the usual size holds', () => {
    const news = `{"T":"n","id":24918784,"headline":"A {\\"b\\"}","content":"${'x'.repeat(10_000)}","created_at":"2023-04-06T13:00:00Z","updated_at":"2023-04-06T13:00:01Z","symbols":["AAPL","MSFT"],"author":"A","url":"","source":"s","summary":""}`;
    const quote = '{"T":"q","S":"A","bp":1,"bs":1,"ap":2,"as":1,"t":"2023-04-06T13:15:42Z"}';
    const { rows } = decode(`[${quote},${news},${quote}]`);
    expect(rows.map((row) => row.kind)).toEqual([EventKind.quote, EventKind.news, EventKind.quote]);
    expect(rows[1]).toMatchObject({ symbol: '', epochNs: nanosOf('2023-04-06T13:00:00Z'), value: news });
  });

  it('reads a crypto trade whose id exceeds 2^53, and an order book', () => {
    const { rows } = decode(
      `[{"T":"t","S":"BTC/USD","p":26675.8,"s":0.00123,"t":"2023-04-06T13:15:42.5Z","i":8012479237256725631,"tks":"B"},
        {"T":"o","S":"BTC/USD","t":"2023-04-06T13:15:42Z","b":[{"p":26675.8,"s":3.17},{"s":0,"p":26675.7}],"a":[{"p":26680,"s":1}],"r":true},
        {"T":"o","S":"BTC/USD","t":"2023-04-06T13:15:43Z","b":[],"a":[]}]`,
      'crypto',
    );
    expect(rows[0]).toMatchObject({
      id: '8012479237256725631',
      codes: '.B.',
      numbers: [26675.8, 0.00123, 0, 0],
    });
    expect(rows[1]!.value).toMatchObject({
      isSnapshot: true,
      bids: [
        { price: 26675.8, size: 3.17 },
        { price: 26675.7, size: 0 },
      ],
      asks: [{ price: 26680, size: 1 }],
    });
    expect(rows[2]!.value).toMatchObject({ isSnapshot: false, bids: [], asks: [] });
  });

  it('hands over control messages, with what they leave out as empty', () => {
    const { controls, rows } = decode('[{"T":"success","msg":"connected"}]');
    expect(controls).toEqual([{ type: 'success', message: 'connected' }]);
    expect(rows).toEqual([]);
    expect(decode('[{"T":"error","code":406,"msg":"connection limit exceeded"}]').controls).toEqual([
      { type: 'error', code: 406, message: 'connection limit exceeded' },
    ]);
    const [message] = decode('[{"T":"subscription","trades":["AAPL"],"bars":["*"]}]').controls;
    expect(message).toMatchObject({
      type: 'subscription',
      channels: { trades: ['AAPL'], bars: ['*'], quotes: [], updatedBars: [], news: [] },
    });
  });
});

describe('the decoder, on what is odd', () => {
  const quote = (time: string) => `{"T":"q","S":"A","bp":null,"bs":null,"ap":2,"as":1,"t":"${time}"}`;

  it.each([
    ['no decimals', '2023-04-06T13:15:42Z', nanosOf('2023-04-06T13:15:42Z')],
    ['an offset', '2023-04-06T09:15:42.5-04:00', nanosOf('2023-04-06T13:15:42.5Z')],
    ['a leap second', '2023-04-06T13:15:60Z', nanosOf('2023-04-06T13:16:00Z')],
    ['a day 99 days before', '2022-12-28T14:00:00.000000001Z', nanosOf('2022-12-28T14:00:00.000000001Z')],
    ['the end of February', '2023-02-28T23:59:59.999999999Z', nanosOf('2023-02-28T23:59:59.999999999Z')],
  ])('reads a time with %s', (_, text, expected) => {
    expect(decode(`[${quote(text)}]`).rows[0]?.epochNs).toBe(expected);
  });

  it.each([
    ['a month too many', '2023-13-06T13:15:42Z'],
    ['a day that February has not', '2023-02-29T13:15:42Z'],
    ['no zone', '2023-04-06T13:15:42'],
    ['ten decimals', '2023-04-06T13:15:42.0123456789Z'],
    ['a point without decimals', '2023-04-06T13:15:42.Z'],
    ['hour 24', '2023-04-06T24:00:00Z'],
    ['a moment 101 days before', '2022-12-26T13:15:42Z'],
    ['no time at all', ''],
  ])('counts a time with %s as damaged', (_, text) => {
    const { rows, damaged } = decode(`[${quote(text)},${quote('2023-04-06T13:15:42Z')}]`);
    expect(damaged.map((one) => one.reason)).toEqual(['time']);
    expect(rows).toHaveLength(1);
  });

  it('takes a null side of a quote for a side without a quote', () => {
    expect(decode(`[${quote('2023-04-06T13:15:42Z')}]`).rows[0]?.numbers).toEqual([0, 0, 2, 1]);
  });

  it('keeps what the columns cannot hold as text', () => {
    const { rows } = decode(
      '[{"T":"t","S":"A","p":1.2345678901234567,"s":2,"i":"c0ffee-1","c":["@","F","T","I","X"],"t":"2023-04-06T13:15:42Z"},{"T":"t","S":"A","p":1,"s":2,"i":18446744073709551616,"c":["AB"],"t":"2023-04-06T13:15:42Z"}]',
    );
    expect(rows[0]).toMatchObject({
      id: 'c0ffee-1',
      conditions: ['@', 'F', 'T', 'I', 'X'],
      flags: RowFlag.text | RowFlag.notLast | RowFlag.notRange,
      overflow: { p: '1.2345678901234567', i: 'c0ffee-1', c: ['@', 'F', 'T', 'I', 'X'] },
    });
    expect(rows[1]).toMatchObject({ id: '18446744073709551616', conditions: ['AB'], flags: RowFlag.text });
  });

  it('counts unknown kinds and unknown fields, and skips them', () => {
    const { rows, decoder } = decode(
      '[{"T":"zz","S":"A"},{"T":"o","S":"A"},{"T":"i","S":"A","p":1,"t":"2023-04-06T13:15:42Z","r":"2023-04-06T13:15:42Z","deep":[{"a":[1,"]}"]}],"sc":null,"ü":false}]',
    );
    expect(rows).toHaveLength(1);
    expect(decoder.counters).toMatchObject({ unknownKinds: 2, unknownFields: 4, damagedElements: 0 });
  });

  it('resolves escapes in keys, kinds and symbols', () => {
    const { rows } = decode(
      '[{"\\u0054":"\\u0069","\\u0053":"\\u0041\\u0041PL","\\u0070":3,"t":"2023-04-06T13:15:42Z"},{"T":"i","S":"AAPL","p":3,"t":"2023-04-06T13:15:42Z"}]',
    );
    expect(rows.map((row) => row.symbol)).toEqual(['AAPL', 'AAPL']);
  });

  it.each([
    ['a number that is none', '{"T":"i","S":"A","p":01,"t":"2023-04-06T13:15:42Z"}'],
    ['a number without digits after its point', '{"T":"i","S":"A","p":1.,"t":"2023-04-06T13:15:42Z"}'],
    ['a number beyond all doubles', '{"T":"i","S":"A","p":1e400,"t":"2023-04-06T13:15:42Z"}'],
    ['NaN', '{"T":"i","S":"A","p":NaN,"t":"2023-04-06T13:15:42Z"}'],
    ['a price that is text', '{"T":"i","S":"A","p":"1","t":"2023-04-06T13:15:42Z"}'],
    ['a price of null', '{"T":"i","S":"A","p":null,"t":"2023-04-06T13:15:42Z"}'],
    ['a missing price', '{"T":"i","S":"A","t":"2023-04-06T13:15:42Z"}'],
    ['a missing symbol', '{"T":"i","p":1,"t":"2023-04-06T13:15:42Z"}'],
    ['a symbol of 65 characters', `{"T":"i","S":"${'A'.repeat(65)}","p":1,"t":"2023-04-06T13:15:42Z"}`],
    ['no kind', '{"S":"A","p":1,"t":"2023-04-06T13:15:42Z"}'],
    ['a missing comma', '{"T":"i" "S":"A","p":1,"t":"2023-04-06T13:15:42Z"}'],
    ['a missing quote', '{"T":"i","S":"A,"p":1,"t":"2023-04-06T13:15:42Z"}'],
    ['a missing opening quote', '{"T":"i","S":A","p":1,"t":"2023-04-06T13:15:42Z"}'],
    ['a missing brace', '{"T":"i","S":"A","p":1,"t":"2023-04-06T13:15:42Z"'],
    ['a brace too many', '{"T":"i","S":"A"},"p":1,"t":"2023-04-06T13:15:42Z"}'],
    ['a control byte in a string', '{"T":"i","S":"A\n","p":1,"t":"2023-04-06T13:15:42Z"}'],
    ['a wrong escape', '{"T":"i","S":"\\x","p":1,"t":"2023-04-06T13:15:42Z"}'],
    ['nesting without end', `{"T":"i","S":"A","p":1,"q":${'['.repeat(200)},"t":"2023-04-06T13:15:42Z"}`],
    ['brackets that do not match', '{"T":"i","S":"A","p":1,"q":[{]},"t":"2023-04-06T13:15:42Z"}'],
    ['a trailing comma', '{"T":"i","S":"A","p":1,"t":"2023-04-06T13:15:42Z",}'],
    ['conditions that are numbers', '{"T":"t","S":"A","p":1,"s":1,"c":[1],"t":"2023-04-06T13:15:42Z"}'],
    ['no object at all', '17'],
  ])('skips an element with %s, and keeps the rest of the frame', (_, element) => {
    const good = '{"T":"q","S":"B","bp":1,"bs":1,"ap":2,"as":1,"t":"2023-04-06T13:15:42Z"}';
    const { rows, damaged, decoder } = decode(`[${good},${element},${good},${good}]`);
    expect(damaged.length).toBeGreaterThanOrEqual(1);
    expect(decoder.counters.damagedElements).toBe(damaged.length);
    expect(rows.filter((row) => row.symbol === 'B')).toHaveLength(3);
    expect(rows.some((row) => row.symbol !== 'B')).toBe(false);
  });

  it.each(['', '   ', '[', '[]', '{}', 'null', '[[[[', '"', '[{"T":"t"', '\u0000', '[{}]', '[{},', ']'])(
    'survives the frame %j',
    (frame) => {
      expect(decode(frame).rows).toEqual([]);
    },
  );
});

// --- random frames ------------------------------------------------------------------------------------------------

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
