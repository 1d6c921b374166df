/** Alpaca's history (protocol D): pages followed to their end, retried where sensible, rows in our words. */
import type { Bar, Quote, Snapshot, Trade } from '../../domain/market.ts';
import { failed, type Outcome, success } from '../../domain/outcome.ts';
import { type EpochMicros, MICROS_PER_MINUTE } from '../../domain/time.ts';
import { fetchThrough } from '../../network/fetch.ts';
import { HttpClient } from '../../network/http.ts';
import { RequestLimiter } from '../../network/limiter.ts';
import { withRetries } from '../../network/retry.ts';
import type { ProviderConfig } from '../config.ts';
import type { BarAdjustment, BarsRequest, HistoryProvider, ProviderContext } from '../contract.ts';
import { AlpacaDataRequests, type RowKind } from './requests.ts';
import {
  isRow,
  isWithdrawn,
  parseRows,
  type Row,
  readBar,
  readQuote,
  readSnapshot,
  readTrade,
} from './rows.ts';

/** The free plan may not ask for the consolidated tape's newest quarter of an hour. */
const DELAYED_FEED_MICROS = 15 * MICROS_PER_MINUTE;
const ANSWER_BYTES_MAX = 64 * 1_024 * 1_024;
/** Prices before a split in today's shares: what a strategy compares with the prices it sees now. */
const DEFAULT_ADJUSTMENT = 'split';
const CONNECT_TIMEOUT_MS = 5_000;

interface Range<T> {
  readonly kind: RowKind;
  readonly symbols: readonly string[];
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  readonly interval: 'minute' | 'day';
  readonly adjustment?: BarAdjustment | undefined;
  readonly limitPerSymbol: number;
  readonly signal: AbortSignal | undefined;
  /** `skip` for a row that is to be left out, undefined for one that is damaged. */
  readonly read: (symbol: string, row: Row) => T | 'skip' | undefined;
}

export class AlpacaHistoryProvider implements HistoryProvider {
  readonly #config: ProviderConfig;
  readonly #context: ProviderContext;
  readonly #requests: AlpacaDataRequests;

  constructor(config: ProviderConfig, context: ProviderContext) {
    const { history } = config;
    const { clock } = context;
    const baseUrl = config.dataUrl.replace(/\/+$/, '');
    const client = new HttpClient({
      baseUrl,
      headers: { 'APCA-API-KEY-ID': config.keyId, 'APCA-API-SECRET-KEY': config.secretKey },
      clock,
      limiter: new RequestLimiter({
        clock,
        requestsPerMinuteMax: history.requestsPerMinuteMax,
        requestsReserved: 0,
        // The limiter keeps two places free for orders, of which there are none here.
        concurrentMax: history.concurrentRequestsMax + 2,
        queueDepthMax: history.queueDepthMax,
      }),
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      requestTimeoutMs: history.requestTimeoutMs,
      queueTimeoutMs: history.queueTimeoutMs,
      answerBytesMax: ANSWER_BYTES_MAX,
      connectionsMax: history.concurrentRequestsMax,
    });
    this.#config = config;
    this.#context = context;
    this.#requests = new AlpacaDataRequests(
      config,
      baseUrl,
      fetchThrough({ client, baseUrl, lane: 'read', queueTimeoutMs: history.queueTimeoutMs }),
    );
  }

  async bars(
    request: BarsRequest,
    signal?: AbortSignal,
  ): Promise<Outcome<ReadonlyMap<string, readonly Bar[]>>> {
    const { interval, fromMicros, toMicros, limitPerSymbol = Number.POSITIVE_INFINITY } = request;
    return await this.#rows<Bar>({
      kind: 'bars',
      symbols: request.symbols,
      fromMicros,
      toMicros,
      interval,
      adjustment: request.adjustment,
      limitPerSymbol,
      signal,
      read: readBar,
    });
  }

  async trades(
    symbol: string,
    fromMicros: EpochMicros,
    toMicros: EpochMicros,
    signal?: AbortSignal,
  ): Promise<Outcome<readonly Trade[]>> {
    const read = (of: string, row: Row) => (isWithdrawn(row) ? 'skip' : readTrade(of, row));
    return await this.#rowsOfOne<Trade>({ kind: 'trades', symbol, fromMicros, toMicros, signal, read });
  }

  async quotes(
    symbol: string,
    fromMicros: EpochMicros,
    toMicros: EpochMicros,
    signal?: AbortSignal,
  ): Promise<Outcome<readonly Quote[]>> {
    return await this.#rowsOfOne<Quote>({
      kind: 'quotes',
      symbol,
      fromMicros,
      toMicros,
      signal,
      read: readQuote,
    });
  }

  async snapshots(
    symbols: readonly string[],
    signal?: AbortSignal,
  ): Promise<Outcome<ReadonlyMap<string, Snapshot>>> {
    const answers = await Promise.all(
      chunks(symbols, this.#config.history.snapshotSymbolsPerRequest).map((chunk) =>
        this.#retrying(() => this.#requests.snapshots(chunk, signal), signal),
      ),
    );
    const snapshots = new Map<string, Snapshot>();
    for (const answer of answers) {
      if (!answer.ok) return answer;
      const parsed = parseRows(answer.value);
      if (parsed === undefined) return damaged('snapshots');
      for (const [symbol, row] of Object.entries(isRow(parsed.snapshots) ? parsed.snapshots : parsed)) {
        if (isRow(row)) snapshots.set(symbol, readSnapshot(symbol, row));
      }
    }
    return success(snapshots);
  }

  async #rowsOfOne<T extends { readonly timeMicros: EpochMicros }>(
    range: Omit<Range<T>, 'symbols' | 'interval' | 'limitPerSymbol'> & { readonly symbol: string },
  ): Promise<Outcome<readonly T[]>> {
    const { symbol, ...rest } = range;
    const outcome = await this.#rows<T>({
      ...rest,
      symbols: [symbol],
      interval: 'minute',
      limitPerSymbol: Number.POSITIVE_INFINITY,
    });
    return outcome.ok ? success(outcome.value.get(symbol) ?? []) : outcome;
  }

  /** Every symbol asked for stands in the answer, with no rows where there are none. */
  async #rows<T extends { readonly timeMicros: EpochMicros }>(
    range: Range<T>,
  ): Promise<Outcome<ReadonlyMap<string, readonly T[]>>> {
    const isDelayed = this.#config.feed === 'delayed_sip';
    const latestMicros = isDelayed
      ? this.#context.clock.nowMicros() - DELAYED_FEED_MICROS
      : Number.POSITIVE_INFINITY;
    const toMicros = Math.min(range.toMicros, latestMicros);
    const rows = new Map<string, T[]>(range.symbols.map((symbol) => [symbol, []]));
    if (range.fromMicros >= toMicros || range.limitPerSymbol <= 0) return success(rows);
    // The newest rows of one symbol stand on the first pages when they come newest first. Several symbols stand one
    // after another, so all their pages must be read.
    const newestFirst = range.symbols.length === 1 && Number.isFinite(range.limitPerSymbol);
    const outcomes = await Promise.all(
      chunks(range.symbols, this.#config.history.symbolsPerRequest).map((chunk) =>
        this.#pages({ ...range, toMicros, symbols: chunk }, rows, newestFirst ? 'desc' : 'asc'),
      ),
    );
    const failure = outcomes.find((outcome) => !outcome.ok);
    if (failure !== undefined && !failure.ok) return failure;
    for (const [symbol, list] of rows) {
      if (newestFirst) list.reverse();
      if (list.length > range.limitPerSymbol) rows.set(symbol, list.slice(-range.limitPerSymbol));
    }
    return success(rows);
  }

  async #pages<T extends { readonly timeMicros: EpochMicros }>(
    range: Range<T>,
    rows: ReadonlyMap<string, T[]>,
    sort: 'asc' | 'desc',
  ): Promise<Outcome<null>> {
    const { kind, symbols, interval, fromMicros, toMicros, signal } = range;
    const { pageRows, pagesMax } = this.#config.history;
    const page = {
      kind,
      symbols,
      interval,
      adjustment: range.adjustment ?? DEFAULT_ADJUSTMENT,
      sort,
      start: new Date(Math.floor(fromMicros / 1_000)),
      end: new Date(Math.ceil(toMicros / 1_000)),
      limit: sort === 'desc' ? Math.min(pageRows, range.limitPerSymbol + 1) : pageRows,
    };
    let pageToken: string | null = null;
    for (let pages = 1; pages <= pagesMax; pages += 1) {
      const token: string | null = pageToken;
      const answer = await this.#retrying(
        () => this.#requests.page({ ...page, pageToken: token }, signal),
        signal,
      );
      if (!answer.ok) return answer;
      const parsed = parseRows(answer.value);
      if (parsed === undefined) return damaged(kind);
      // Null or missing where nothing was found.
      const found = isRow(parsed[kind]) ? parsed[kind] : {};
      for (const [symbol, list] of Object.entries(found)) {
        const into = rows.get(symbol);
        if (into === undefined || !Array.isArray(list)) continue;
        for (const entry of list) {
          const row = isRow(entry) ? range.read(symbol, entry) : undefined;
          if (row === undefined) return damaged(kind);
          // The end of a request is inclusive, and its times have milliseconds.
          if (row !== 'skip' && row.timeMicros >= fromMicros && row.timeMicros < toMicros) into.push(row);
        }
      }
      pageToken = typeof parsed.next_page_token === 'string' ? parsed.next_page_token : null;
      if (pageToken === null) return success(null);
      if (pageToken === token) return damaged(kind);
      if (sort === 'desc' && rows.get(symbols[0]!)!.length >= range.limitPerSymbol) return success(null);
    }
    return failed({
      kind: 'invalid',
      message: `more than ${pagesMax} pages of ${kind} for ${symbols.length} symbols; ask for a shorter time`,
    });
  }

  #retrying<T>(ask: () => Promise<Outcome<T>>, signal: AbortSignal | undefined): Promise<Outcome<T>> {
    const { clock, random } = this.#context;
    const { attemptsMax, retryDelayMs, retryDelayMaxMs } = this.#config.history;
    return withRetries(
      { clock, random, attemptsMax, retryDelayMs, retryDelayMaxMs, signal: signal ?? null },
      ask,
    );
  }
}

function chunks(symbols: readonly string[], size: number): string[][] {
  const distinct = [...new Set(symbols)];
  return Array.from({ length: Math.ceil(distinct.length / size) }, (_, index) =>
    distinct.slice(index * size, (index + 1) * size),
  );
}

function damaged(kind: string): Outcome<never> {
  return failed({
    kind: 'malformed_answer',
    message: `the answer with ${kind} is not of the form it should have`,
  });
}
