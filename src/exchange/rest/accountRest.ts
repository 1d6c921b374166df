/** Trading REST: account, activities, assets, clock and calendar. */

import type { FaultSwitches } from '../faults.ts';
import { assetJson, TEST_SYMBOL } from '../market/instruments.ts';
import type { Market } from '../market/market.ts';
import { NEW_YORK } from '../market/sessions.ts';
import { formatLocal, localParts, shiftDate } from '../market/zones.ts';
import type { Account } from '../trading/account.ts';
import type { Activities } from '../trading/activities.ts';
import { malformed, notFound } from './refusals.ts';
import type { HttpAnswer, HttpRequest, Route } from './routes.ts';
import { readTime } from './tradingRest.ts';

const PAGE_SIZE_MAX = 100;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
/** A calendar without bounds reaches this far around today. */
const CALENDAR_DAYS = 30;
const CALENDAR_DAYS_MAX = 4_000;

export interface AccountRestOptions {
  readonly account: Account;
  readonly activities: Activities;
  readonly faults: FaultSwitches;
  readonly market: Market;
  readonly now: () => number;
}

export function accountRoutes(options: AccountRestOptions): Route[] {
  const { account, market, now } = options;
  const assets = () =>
    [...market.records.values()]
      .map((record) => record.listing)
      .filter((listing) => listing.symbol !== TEST_SYMBOL);
  return [
    { method: 'GET', pattern: '/v2/account', answer: () => accountAnswer(options) },
    { method: 'GET', pattern: '/v2/account/configurations', answer: () => configurations(account) },
    {
      method: 'GET',
      pattern: '/v2/account/activities',
      answer: (request) => activities(request, options, request.query.get('activity_types')),
    },
    {
      method: 'GET',
      pattern: '/v2/account/activities/{type}',
      answer: (request) => activities(request, options, request.params.type ?? ''),
    },
    {
      method: 'GET',
      pattern: '/v2/assets',
      answer: ({ query }) => {
        const isActive = (query.get('status') ?? 'active') === 'active';
        const found = assets().filter(
          (listing) =>
            isActive &&
            (query.get('asset_class') ?? listing.assetClass) === listing.assetClass &&
            (query.get('exchange') || listing.exchange) === listing.exchange,
        );
        return { status: 200, body: found.map((listing) => assetJson(listing, account.shortingEnabled)) };
      },
    },
    {
      method: 'GET',
      pattern: '/v2/assets/{symbol}',
      answer: ({ params }) => {
        const name = params.symbol ?? '';
        const found = assets().find(
          (listing) =>
            listing.symbol === name || listing.assetId === name || listing.symbol.replace('/', '') === name,
        );
        if (found === undefined) return notFound(`asset not found for ${name}`);
        return { status: 200, body: assetJson(found, account.shortingEnabled) };
      },
    },
    { method: 'GET', pattern: '/v2/clock', answer: () => clockAnswer(market, now()) },
    { method: 'GET', pattern: '/v2/calendar', answer: (request) => calendar(request, market, now()) },
  ];
}

function accountAnswer({ account, faults }: AccountRestOptions): HttpAnswer {
  const { tradeSuspended } = faults.current;
  return { status: 200, body: { ...account.json(), trade_suspended_by_user: tradeSuspended } };
}

function configurations(account: Account): HttpAnswer {
  return {
    status: 200,
    body: {
      fractional_trading: true,
      max_margin_multiplier: '2',
      no_shorting: !account.shortingEnabled,
      ptp_no_exception_entry: false,
      suspend_trade: false,
      trade_confirm_email: 'none',
    },
  };
}

function activities(request: HttpRequest, options: AccountRestOptions, types: string | null): HttpAnswer {
  const { query } = request;
  // Executions are the only activity here: whoever asks for other kinds gets none.
  if (types !== null && types !== '' && !types.split(',').includes('FILL')) return { status: 200, body: [] };
  const after = readTime(query.get('after'));
  const until = readTime(query.get('until'));
  if (after === undefined || until === undefined) return malformed('invalid after or until');
  const date = query.get('date');
  if (date !== null && !DATE.test(date)) return malformed('invalid date');
  const pageSize = Number(query.get('page_size') ?? PAGE_SIZE_MAX);
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > PAGE_SIZE_MAX)
    return malformed(`page_size must be from 1 to ${PAGE_SIZE_MAX}`);
  const direction = query.get('direction') === 'asc' ? 'asc' : 'desc';
  const pageToken = query.get('page_token');
  return {
    status: 200,
    body: options.activities.list({ after, until, date, direction, pageSize, pageToken }),
  };
}

function clockAnswer(market: Market, now: number): HttpAnswer {
  const { schedule } = market;
  return {
    status: 200,
    body: {
      timestamp: formatLocal(NEW_YORK, now),
      is_open: schedule.running(now) !== undefined,
      next_open: formatLocal(NEW_YORK, schedule.nextOpen(now).openMicros),
      next_close: formatLocal(NEW_YORK, schedule.nextClose(now).closeMicros),
    },
  };
}

function calendar(request: HttpRequest, market: Market, now: number): HttpAnswer {
  const today = localParts(NEW_YORK, now).date;
  const read = (name: string, fallback: string) => {
    const text = request.query.get(name)?.slice(0, 10) ?? fallback;
    return DATE.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;
  };
  const start = read('start', shiftDate(today, -CALENDAR_DAYS));
  const end = read('end', shiftDate(today, CALENDAR_DAYS));
  if (start === undefined || end === undefined) return malformed('invalid start or end');
  // Sessions lie around today: what is far from it is not listed.
  const earliest = shiftDate(today, -CALENDAR_DAYS_MAX);
  const latest = shiftDate(today, CALENDAR_DAYS_MAX);
  const from = start.localeCompare(earliest) < 0 ? earliest : start;
  const to = end.localeCompare(latest) > 0 ? latest : end;
  return { status: 200, body: from > to ? [] : market.schedule.calendar(from, to, now) };
}
