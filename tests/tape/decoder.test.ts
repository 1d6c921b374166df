import { describe, expect, it } from 'vitest';
import { EventKind, RowFlag } from '../../src/tape/batch.ts';
import { decode, nanosOf, RECEIVED } from '../support/decoded.ts';

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
