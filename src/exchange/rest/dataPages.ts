/** Parameters and pages of the data REST: symbols, time range, limit over all symbols, and the token of the next page. */
import type { EpochMicros } from '../../domain/time.ts';
import { NEW_YORK } from '../market/sessions.ts';
import { midnightOf } from '../market/zones.ts';
import { formatMoment, type WireObject } from '../streams/wire.ts';
import { badRequest, type Refusal } from './refusals.ts';
import type { HttpRequest } from './routes.ts';
import { readTime } from './tradingRest.ts';

const LIMIT_DEFAULT = 1_000;
const LIMIT_MAX = 10_000;
const SYMBOLS_MAX = 1_000;
const SYMBOL = /^[A-Z0-9.]{1,12}(\/[A-Z0-9]{1,12})?$/;

export interface DataQuery {
  /** Sorted, each once. */
  readonly symbols: readonly string[];
  /** Both inclusive. */
  readonly from: EpochMicros;
  readonly to: EpochMicros;
  readonly limit: number;
  readonly isAscending: boolean;
  readonly pageToken: string | null;
}

/** One row of an answer, and what tells it from the others of its symbol. */
export interface DataRow {
  readonly timeMicros: EpochMicros;
  readonly nanos: number;
  readonly id: number;
  readonly body: WireObject;
}

export interface DataPage {
  readonly rowsBySymbol: ReadonlyMap<string, WireObject[]>;
  readonly nextPageToken: string | null;
}

export function readSymbols(request: HttpRequest): string[] | Refusal {
  const single = request.params.symbol;
  const text = single ?? request.query.get('symbols') ?? '';
  const symbols = text.split(',').filter((symbol) => symbol !== '');
  if (symbols.length === 0) return badRequest('symbols is required');
  if (symbols.length > SYMBOLS_MAX) return badRequest(`too many symbols: the limit is ${SYMBOLS_MAX}`);
  const invalid = symbols.find((symbol) => !SYMBOL.test(symbol));
  if (invalid !== undefined) return badRequest(`invalid symbol: ${invalid.slice(0, 40)}`);
  return [...new Set(symbols)].sort();
}

export function readDataQuery(request: HttpRequest, now: EpochMicros): DataQuery | Refusal {
  const symbols = readSymbols(request);
  if ('status' in symbols) return symbols;
  const { query } = request;
  const start = readTime(query.get('start'));
  const end = readTime(query.get('end'));
  if (start === undefined) return badRequest('invalid start: it must be RFC-3339 or YYYY-MM-DD');
  if (end === undefined) return badRequest('invalid end: it must be RFC-3339 or YYYY-MM-DD');
  const limit = Number(query.get('limit') ?? LIMIT_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX)
    return badRequest(`invalid limit: it must be from 1 to ${LIMIT_MAX}`);
  const sort = query.get('sort') ?? 'asc';
  if (sort !== 'asc' && sort !== 'desc') return badRequest('invalid sort: it must be asc or desc');
  const from = start ?? midnightOf(NEW_YORK, now);
  const to = end ?? now;
  if (start !== null && end !== null && from > to) return badRequest('end should not be before start');
  return { symbols, from, to, limit, isAscending: sort === 'asc', pageToken: query.get('page_token') };
}

/** Rows sorted by symbol, then time; a page ends after `limit` rows in all, wherever that is. */
export function makePage(
  query: DataQuery,
  rowsOf: (symbol: string) => readonly DataRow[],
): DataPage | Refusal {
  const resume = query.pageToken === null ? null : readToken(query.pageToken);
  if (resume === undefined) return badRequest('invalid page_token');
  const rowsBySymbol = new Map<string, WireObject[]>();
  let left = query.limit;
  let last: { symbol: string; row: DataRow } | undefined;
  for (const symbol of query.symbols) {
    if (resume !== null && symbol < resume.symbol) continue;
    const rows = query.isAscending ? rowsOf(symbol) : rowsOf(symbol).toReversed();
    const from =
      resume !== null && symbol === resume.symbol
        ? rows.findIndex((row) => rowKey(row) === resume.key) + 1
        : 0;
    if (from >= rows.length) continue;
    if (left === 0)
      return { rowsBySymbol, nextPageToken: last === undefined ? null : makeToken(last.symbol, last.row) };
    const taken = rows.slice(from, from + left);
    left -= taken.length;
    rowsBySymbol.set(
      symbol,
      taken.map((row) => row.body),
    );
    last = { symbol, row: taken.at(-1)! };
    if (from + taken.length < rows.length)
      return { rowsBySymbol, nextPageToken: makeToken(symbol, last.row) };
  }
  return { rowsBySymbol, nextPageToken: null };
}

function rowKey(row: DataRow): string {
  return `${formatMoment(row)}|${row.id}`;
}

function makeToken(symbol: string, row: DataRow): string {
  return Buffer.from(`${symbol}|${rowKey(row)}`).toString('base64');
}

/** Undefined when it is none of ours. */
function readToken(token: string): { symbol: string; key: string } | undefined {
  const text = Buffer.from(token, 'base64').toString('utf8');
  const at = text.indexOf('|');
  return at <= 0 || text.split('|').length !== 3
    ? undefined
    : { symbol: text.slice(0, at), key: text.slice(at + 1) };
}
