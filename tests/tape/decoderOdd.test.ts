import { describe, expect, it } from 'vitest';
import { RowFlag } from '../../src/tape/batch.ts';
import { decode, nanosOf } from '../support/decoded.ts';

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
