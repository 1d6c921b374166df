/** The data REST's requests by the official SDK's raw classes (protocol D), alike for stocks and crypto. */
import { marketData } from '@alpacahq/alpaca-trade-api/rest';
import type { Outcome } from '../../domain/outcome.ts';
import { bodyText } from '../../network/fetch.ts';
import type { ProviderConfig } from '../config.ts';
import type { BarAdjustment } from '../contract.ts';
import { cryptoLocation, historyFeed } from './feed.ts';

export type RowKind = 'bars' | 'trades' | 'quotes';

export interface PageRequest {
  readonly kind: RowKind;
  readonly symbols: readonly string[];
  /** Inclusive, as is the end; Alpaca takes milliseconds. */
  readonly start: Date;
  readonly end: Date;
  readonly limit: number;
  readonly sort: 'asc' | 'desc';
  /** Bars only. */
  readonly interval: 'minute' | 'day';
  readonly adjustment: BarAdjustment;
  readonly pageToken: string | null;
}

export class AlpacaDataRequests {
  readonly #config: ProviderConfig;
  readonly #stocks: marketData.StockApi;
  readonly #crypto: marketData.CryptoApi;

  constructor(config: ProviderConfig, baseUrl: string, fetchApi: marketData.FetchAPI) {
    // Time-outs, retries and pacing are those of `fetchApi`. Its facade knows no URL and would reach Alpaca's hosts.
    const configuration = new marketData.Configuration({ basePath: baseUrl, fetchApi, timeoutMs: 0 });
    this.#config = config;
    this.#stocks = new marketData.StockApi(configuration);
    this.#crypto = new marketData.CryptoApi(configuration);
  }

  /** The text of one page: `{"bars": {symbol: [...]}, "next_page_token": ...}`. */
  page(request: PageRequest, signal: AbortSignal | undefined): Promise<Outcome<string>> {
    const { kind, interval, pageToken } = request;
    const common = {
      symbols: request.symbols.join(','),
      start: request.start,
      end: request.end,
      limit: request.limit,
      sort: request.sort,
      ...(pageToken === null ? {} : { pageToken }),
    };
    const timeframe = interval === 'day' ? '1Day' : '1Min';
    const init = overrides(signal);
    if (this.#config.assetClass === 'crypto') {
      const crypto = { ...common, loc: this.#location() };
      if (kind === 'bars')
        return bodyText(this.#crypto.cryptoBarsRaw({ ...crypto, timeframe }, init), signal);
      if (kind === 'trades') return bodyText(this.#crypto.cryptoTradesRaw(crypto, init), signal);
      return bodyText(this.#crypto.cryptoQuotesRaw(crypto, init), signal);
    }
    const stock = { ...common, feed: historyFeed(this.#config.feed) };
    if (kind === 'bars') {
      return bodyText(
        this.#stocks.stockBarsRaw({ ...stock, timeframe, adjustment: request.adjustment }, init),
        signal,
      );
    }
    if (kind === 'trades') return bodyText(this.#stocks.stockTradesRaw(stock, init), signal);
    return bodyText(this.#stocks.stockQuotesRaw(stock, init), signal);
  }

  /** Stocks answer keyed by symbol, crypto as `{"snapshots": {...}}`. */
  snapshots(symbols: readonly string[], signal: AbortSignal | undefined): Promise<Outcome<string>> {
    const joined = symbols.join(',');
    const init = overrides(signal);
    if (this.#config.assetClass === 'crypto') {
      return bodyText(
        this.#crypto.cryptoSnapshotsRaw({ loc: this.#location(), symbols: joined }, init),
        signal,
      );
    }
    return bodyText(
      this.#stocks.stockSnapshotsRaw({ symbols: joined, feed: this.#latestFeed() }, init),
      signal,
    );
  }

  #location(): marketData.CryptoHistoricalLoc {
    return cryptoLocation(this.#config.feed) as marketData.CryptoHistoricalLoc;
  }

  #latestFeed(): marketData.StockLatestFeed {
    const { feed } = this.#config;
    return feed === 'delayed_sip' || feed === 'overnight' ? feed : historyFeed(feed);
  }
}

function overrides(signal: AbortSignal | undefined): RequestInit {
  return signal === undefined ? {} : { signal };
}
