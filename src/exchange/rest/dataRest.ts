/** Data REST: historical and latest bars, trades and quotes, and snapshots, of stocks and crypto. */

import type { QuoteEvent } from '../market/events.ts';
import { TEST_SYMBOL } from '../market/instruments.ts';
import type { Market } from '../market/market.ts';
import type { SymbolRecord } from '../market/record.ts';
import { barBody, quoteBody, tradeBody, type WireObject } from '../streams/wire.ts';
import { type DataPage, type DataRow, makePage, readDataQuery, readSymbols } from './dataPages.ts';
import { badRequest, isRefusal } from './refusals.ts';
import type { HttpAnswer, HttpRequest, Route } from './routes.ts';
import { barsOf, readTimeframe } from './timeframe.ts';

type Kind = 'bars' | 'trades' | 'quotes';
const KINDS: readonly Kind[] = ['bars', 'trades', 'quotes'];
/** `latest/trades` answers `{"trades": ...}`; one symbol `{"trade": ...}`. */
const SINGULAR: Readonly<Record<Kind, string>> = { bars: 'bar', trades: 'trade', quotes: 'quote' };

export interface DataRestOptions {
  readonly market: Market;
  readonly now: () => number;
}

export function dataRoutes(options: DataRestOptions): Route[] {
  const rest = new DataRest(options);
  const routes: Route[] = [];
  for (const kind of KINDS) {
    const history = (request: HttpRequest) => rest.history(kind, request);
    const latest = (request: HttpRequest) => rest.latest(kind, request);
    routes.push(
      { method: 'GET', pattern: `/v2/stocks/${kind}`, answer: history },
      { method: 'GET', pattern: `/v2/stocks/{symbol}/${kind}`, answer: history },
      { method: 'GET', pattern: `/v2/stocks/${kind}/latest`, answer: latest },
      { method: 'GET', pattern: `/v2/stocks/{symbol}/${kind}/latest`, answer: latest },
      { method: 'GET', pattern: `/v1beta3/crypto/{loc}/${kind}`, isPublic: true, answer: history },
      { method: 'GET', pattern: `/v1beta3/crypto/{loc}/latest/${kind}`, isPublic: true, answer: latest },
    );
  }
  routes.push(
    { method: 'GET', pattern: '/v2/stocks/snapshots', answer: (request) => rest.snapshots(request) },
    { method: 'GET', pattern: '/v2/stocks/{symbol}/snapshot', answer: (request) => rest.snapshot(request) },
    {
      method: 'GET',
      pattern: '/v1beta3/crypto/{loc}/snapshots',
      isPublic: true,
      answer: (request) => rest.cryptoSnapshots(request),
    },
  );
  return routes;
}

class DataRest {
  readonly #market: Market;
  readonly #now: () => number;

  constructor(options: DataRestOptions) {
    this.#market = options.market;
    this.#now = options.now;
  }

  history(kind: Kind, request: HttpRequest): HttpAnswer {
    const query = readDataQuery(request, this.#now());
    if (isRefusal(query)) return query;
    const timeframe = readTimeframe(request.query.get('timeframe') ?? (kind === 'bars' ? '' : '1Min'));
    if (timeframe === undefined) return badRequest('invalid or missing timeframe');
    const page = makePage(query, (symbol): readonly DataRow[] => {
      const record = this.#record(symbol, request);
      if (record === undefined) return [];
      const rangeTo = Math.min(query.to, this.#now());
      switch (kind) {
        case 'bars':
          return barsOf(record, timeframe, { from: query.from, to: query.to }).map((bar) => ({
            timeMicros: bar.timeMicros,
            nanos: 0,
            id: 0,
            body: barBody(bar),
          }));
        case 'trades':
          return record.trades.between(query.from, rangeTo).map((trade) => ({
            timeMicros: trade.timeMicros,
            nanos: trade.nanos,
            id: trade.id,
            body: tradeBody(trade),
          }));
        case 'quotes':
          return quoteRows(record.quotes.between(query.from, rangeTo));
      }
    });
    if (isRefusal(page)) return page;
    return { status: 200, body: pageBody(kind, page, request.params.symbol) };
  }

  latest(kind: Kind, request: HttpRequest): HttpAnswer {
    const symbols = readSymbols(request);
    if (isRefusal(symbols)) return symbols;
    const found: Record<string, WireObject> = {};
    for (const symbol of symbols) {
      const record = this.#record(symbol, request);
      const body = record === undefined ? undefined : latestBody(kind, record);
      if (body !== undefined) found[symbol] = body;
    }
    const single = request.params.symbol;
    return single === undefined
      ? { status: 200, body: { [kind]: found } }
      : { status: 200, body: { symbol: single, [SINGULAR[kind]]: found[single] ?? null } };
  }

  /** Stocks: keyed by symbol at top level. */
  snapshots(request: HttpRequest): HttpAnswer {
    const symbols = readSymbols(request);
    if (isRefusal(symbols)) return symbols;
    return { status: 200, body: this.#snapshotsOf(symbols, request) };
  }

  snapshot(request: HttpRequest): HttpAnswer {
    const symbol = request.params.symbol ?? '';
    const record = this.#record(symbol, request);
    return { status: 200, body: record === undefined ? { symbol } : { symbol, ...snapshotBody(record) } };
  }

  /** Crypto: one level deeper than stocks. */
  cryptoSnapshots(request: HttpRequest): HttpAnswer {
    const symbols = readSymbols(request);
    if (isRefusal(symbols)) return symbols;
    return { status: 200, body: { snapshots: this.#snapshotsOf(symbols, request) } };
  }

  #snapshotsOf(symbols: readonly string[], request: HttpRequest): Record<string, WireObject> {
    const found: Record<string, WireObject> = {};
    for (const symbol of symbols) {
      const record = this.#record(symbol, request);
      if (record !== undefined) found[symbol] = snapshotBody(record);
    }
    return found;
  }

  /** Stock paths know stocks only, crypto paths crypto only. */
  #record(symbol: string, request: HttpRequest): SymbolRecord | undefined {
    const record = this.#market.record(symbol);
    if (record === undefined || symbol === TEST_SYMBOL) return undefined;
    const isCryptoPath = request.path.startsWith('/v1beta3/crypto/');
    return (record.listing.assetClass === 'crypto') === isCryptoPath ? record : undefined;
  }
}

/** Quotes have no id: those of one nanosecond are told apart by their place among each other. */
function quoteRows(quotes: readonly QuoteEvent[]): DataRow[] {
  let before: QuoteEvent | undefined;
  let place = 0;
  return quotes.map((quote) => {
    place = before?.timeMicros === quote.timeMicros && before.nanos === quote.nanos ? place + 1 : 0;
    before = quote;
    return { timeMicros: quote.timeMicros, nanos: quote.nanos, id: place, body: quoteBody(quote) };
  });
}

function latestBody(kind: Kind, record: SymbolRecord): WireObject | undefined {
  switch (kind) {
    case 'bars':
      return record.lastMinuteBar === undefined ? undefined : barBody(record.lastMinuteBar);
    case 'trades':
      return record.lastTrade === undefined ? undefined : tradeBody(record.lastTrade);
    case 'quotes':
      return record.lastQuote === undefined ? undefined : quoteBody(record.lastQuote);
  }
}

function snapshotBody(record: SymbolRecord): WireObject {
  const day = record.dayBar();
  return {
    latestTrade: latestBody('trades', record) ?? null,
    latestQuote: latestBody('quotes', record) ?? null,
    minuteBar: latestBody('bars', record) ?? null,
    dailyBar: day === undefined ? null : barBody(day),
    prevDailyBar: record.previousDayBar === undefined ? null : barBody(record.previousDayBar),
  };
}

function pageBody(kind: Kind, page: DataPage, single: string | undefined): Record<string, unknown> {
  const { nextPageToken } = page;
  if (single === undefined)
    return { [kind]: Object.fromEntries(page.rowsBySymbol), next_page_token: nextPageToken };
  return { [kind]: page.rowsBySymbol.get(single) ?? [], symbol: single, next_page_token: nextPageToken };
}
