/**
 * Market events in Alpaca's words, for the stream and for the data REST.
 * Keys stand in the order of the documentation; on the stream `T` comes first, as Go's msgpack decoder needs.
 */
import type { EpochMicros } from '../../domain/time.ts';
import { formatMicros } from '../../domain/time.ts';
import type { BarRow, MarketEvent, Moment, QuoteEvent, TradeEvent } from '../market/events.ts';
import { isCrypto, wireTradeId } from '../market/events.ts';
import { TradeFate } from '../market/rings.ts';

/** A time on its way to the wire: text in JSON, extension -1 in msgpack. */
export class WireTime {
  readonly timeMicros: EpochMicros;
  readonly nanos: number;

  constructor(timeMicros: EpochMicros, nanos: number) {
    this.timeMicros = timeMicros;
    this.nanos = nanos;
  }

  toJSON(): string {
    return formatMoment(this);
  }
}

export type WireValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | WireTime
  | readonly WireValue[]
  | WireObject;
export interface WireObject {
  readonly [key: string]: WireValue;
}

let cachedSecond = Number.NaN;
let cachedPrefix = '';

/** RFC 3339 in UTC with up to nine decimals, trailing zeros trimmed. */
export function formatMoment(moment: Moment): string {
  const second = Math.floor(moment.timeMicros / 1_000_000);
  if (second !== cachedSecond) {
    cachedSecond = second;
    cachedPrefix = new Date(second * 1_000).toISOString().slice(0, 19);
  }
  const fraction = (moment.timeMicros - second * 1_000_000) * 1_000 + moment.nanos;
  if (fraction === 0) return `${cachedPrefix}Z`;
  return `${cachedPrefix}.${String(fraction).padStart(9, '0').replace(/0+$/, '')}Z`;
}

/** RFC 3339 in UTC with trailing zeros trimmed, of a moment in microseconds. */
export function formatTime(timeMicros: EpochMicros): string {
  return formatMicros(timeMicros).replace(/\.?0+Z$/, 'Z');
}

/** The message as the stream sends it. */
export function streamMessage(event: MarketEvent): WireObject {
  switch (event.kind) {
    case 'trade':
      return { T: 't', S: event.symbol, ...tradeBody(event) };
    case 'quote':
      return { T: 'q', S: event.symbol, ...quoteBody(event) };
    case 'bar':
      return { T: event.channel, S: event.symbol, ...barBody(event.bar) };
    case 'status':
      return {
        T: 's',
        S: event.symbol,
        sc: event.code,
        sm: event.message,
        rc: event.reasonCode,
        rm: event.reason,
        t: timeOf(event),
        z: event.tape,
      };
    case 'luld':
      return {
        T: 'l',
        S: event.symbol,
        u: event.up,
        d: event.down,
        i: event.indicator,
        t: timeOf(event),
        z: event.tape,
      };
    case 'cancel':
      return {
        T: 'x',
        S: event.symbol,
        i: event.id,
        x: event.exchange,
        p: event.price,
        s: event.size,
        a: event.action,
        z: event.tape,
        t: timeOf(event),
      };
    case 'correction':
      return {
        T: 'c',
        S: event.symbol,
        x: event.exchange,
        oi: event.original.id,
        op: event.original.price,
        os: event.original.size,
        oc: event.conditions,
        ci: event.corrected.id,
        cp: event.corrected.price,
        cs: event.corrected.size,
        cc: event.conditions,
        z: event.tape,
        t: timeOf(event),
      };
  }
}

export function tradeBody(trade: TradeEvent & { readonly fate?: number }): WireObject {
  const id = wireTradeId(trade.symbol, trade.id);
  if (isCrypto(trade.symbol)) {
    return { i: id, p: trade.price, s: trade.size, t: timeOf(trade), tks: trade.taker };
  }
  const body = {
    i: id,
    x: trade.exchange,
    p: trade.price,
    s: trade.size,
    c: trade.conditions,
    z: trade.tape,
    t: timeOf(trade),
  };
  const fate = FATE_TEXT[trade.fate ?? TradeFate.stands];
  return fate === undefined ? body : { ...body, u: fate };
}

const FATE_TEXT: Readonly<Record<number, string>> = {
  [TradeFate.canceled]: 'canceled',
  [TradeFate.incorrect]: 'incorrect',
  [TradeFate.corrected]: 'corrected',
};

export function quoteBody(quote: QuoteEvent): WireObject {
  const prices = { bp: quote.bidPrice, bs: quote.bidSize, ap: quote.askPrice, as: quote.askSize };
  if (isCrypto(quote.symbol)) return { ...prices, t: timeOf(quote) };
  return {
    bx: quote.bidExchange,
    bp: quote.bidPrice,
    bs: quote.bidSize,
    ax: quote.askExchange,
    ap: quote.askPrice,
    as: quote.askSize,
    c: quote.conditions,
    z: quote.tape,
    t: timeOf(quote),
  };
}

export function barBody(bar: BarRow): WireObject {
  return {
    o: bar.open,
    h: bar.high,
    l: bar.low,
    c: bar.close,
    v: bar.volume,
    n: bar.tradeCount,
    vw: bar.vwap,
    t: new WireTime(bar.timeMicros, 0),
  };
}

function timeOf(moment: Moment): WireTime {
  return new WireTime(moment.timeMicros, moment.nanos);
}
