/** What is only read from Alpaca, by the official SDK's raw classes; the answers' text is read here, exactly. */
import { trading } from '@alpacahq/alpaca-trade-api/rest';
import type { Instrument, Session } from '../../domain/market.ts';
import type { Account } from '../../domain/order.ts';
import { failed, type Outcome, success } from '../../domain/outcome.ts';
import type { EpochMicros } from '../../domain/time.ts';
import { parseJson } from '../../network/answers.ts';
import { bodyText, fetchThrough } from '../../network/fetch.ts';
import type { HttpClient } from '../../network/http.ts';
import { withRetries } from '../../network/retry.ts';
import type { AlpacaBrokerConfig } from '../config.ts';
import type { BrokerContext, BrokerOrder, BrokerPosition, Execution } from '../contract.ts';
import { type Fields, isFields, momentOf } from './fields.ts';
import { readOrder } from './orders.ts';
import { readAccount, readExecution, readInstrument, readPosition, readSession } from './rows.ts';

/** Alpaca's most for one answer. */
const ORDERS_PER_PAGE = 500;
const ACTIVITIES_PER_PAGE = 100;
/** 50,000 executions: far more than an account makes between two connections. */
const PAGES_MAX = 500;

type Raw = Promise<{ readonly raw: Response }>;

export class AlpacaReads {
  readonly #config: AlpacaBrokerConfig;
  readonly #context: BrokerContext;
  readonly #accounts: trading.AccountsApi;
  readonly #activities: trading.AccountActivitiesApi;
  readonly #assets: trading.AssetsApi;
  readonly #calendar: trading.CalendarApi;
  readonly #clock: trading.ClockApi;
  readonly #orders: trading.OrdersApi;
  readonly #positions: trading.PositionsApi;

  constructor(options: {
    config: AlpacaBrokerConfig;
    context: BrokerContext;
    client: HttpClient;
    baseUrl: string;
  }) {
    const { client, baseUrl } = options;
    const queueTimeoutMs = options.config.limits.readQueueTimeoutMs;
    // Time-outs, retries and pacing are ours. The SDK's facade knows no URL and would reach Alpaca's hosts.
    const configuration = new trading.Configuration({
      basePath: baseUrl,
      fetchApi: fetchThrough({ client, baseUrl, lane: 'read', queueTimeoutMs }),
      timeoutMs: 0,
    });
    this.#config = options.config;
    this.#context = options.context;
    this.#accounts = new trading.AccountsApi(configuration);
    this.#activities = new trading.AccountActivitiesApi(configuration);
    this.#assets = new trading.AssetsApi(configuration);
    this.#calendar = new trading.CalendarApi(configuration);
    this.#clock = new trading.ClockApi(configuration);
    this.#orders = new trading.OrdersApi(configuration);
    this.#positions = new trading.PositionsApi(configuration);
  }

  async account(): Promise<Outcome<Account>> {
    const answer = await this.#ask('account', () => this.#accounts.getAccountRaw());
    if (!answer.ok) return answer;
    const fields = answer.value;
    const account = isFields(fields) ? readAccount(fields, this.#config.assetClass) : undefined;
    return account === undefined ? malformed('account') : success(account);
  }

  positions(): Promise<Outcome<readonly BrokerPosition[]>> {
    return this.#list('positions', () => this.#positions.getAllOpenPositionsRaw(), readPosition);
  }

  instruments(): Promise<Outcome<readonly Instrument[]>> {
    const request = { status: 'active', assetClass: this.#config.assetClass };
    return this.#list('assets', () => this.#assets.getV2AssetsRaw(request), readInstrument);
  }

  sessions(fromDate: string, toDate: string): Promise<Outcome<readonly Session[]>> {
    const request = { start: new Date(`${fromDate}T00:00:00Z`), end: new Date(`${toDate}T00:00:00Z`) };
    return this.#list('calendar', () => this.#calendar.legacyCalendarRaw(request), readSession);
  }

  async now(): Promise<Outcome<EpochMicros>> {
    const answer = await this.#ask('clock', () => this.#clock.legacyClockRaw());
    if (!answer.ok) return answer;
    const moment = isFields(answer.value) ? momentOf(answer.value.timestamp) : undefined;
    return moment === undefined ? malformed('clock') : success(moment);
  }

  async openOrders(): Promise<Outcome<readonly BrokerOrder[]>> {
    const orders = new Map<string, BrokerOrder>();
    let afterOrderId: string | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const request: trading.GetAllOrdersRequest = {
        status: 'open',
        limit: ORDERS_PER_PAGE,
        direction: 'asc',
        ...(afterOrderId === undefined ? {} : { afterOrderId }),
      };
      const page = await this.#list('orders', () => this.#orders.getAllOrdersRaw(request), readOrder);
      if (!page.ok) return page;
      const before = orders.size;
      for (const order of page.value) orders.set(order.brokerOrderId, order);
      if (page.value.length < ORDERS_PER_PAGE || orders.size === before) return success([...orders.values()]);
      afterOrderId = page.value.at(-1)!.brokerOrderId;
    }
    return malformed('orders');
  }

  /** Oldest first, with those of the moment's own millisecond: that is as fine as Alpaca takes and tells them. */
  async executionsSince(moment: EpochMicros): Promise<Outcome<readonly Execution[]>> {
    const executions: Execution[] = [];
    let pageToken: string | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const request: trading.GetAccountActivitiesByActivityTypeRequest = {
        activityType: 'FILL',
        // The bound itself is left out by Alpaca.
        after: new Date(Math.floor(moment / 1_000) - 1),
        direction: 'asc',
        pageSize: ACTIVITIES_PER_PAGE,
        ...(pageToken === undefined ? {} : { pageToken }),
      };
      const page = await this.#list(
        'activities',
        () => this.#activities.getAccountActivitiesByActivityTypeRaw(request),
        (fields) => {
          const execution = readExecution(fields, this.#config.assetClass);
          return execution && { execution, activityId: String(fields.id) };
        },
      );
      if (!page.ok) return page;
      executions.push(...page.value.map((entry) => entry.execution));
      // The end is a short page.
      if (page.value.length < ACTIVITIES_PER_PAGE) return success(executions);
      pageToken = page.value.at(-1)!.activityId;
    }
    return malformed('activities');
  }

  async #list<T>(
    what: string,
    call: () => Raw,
    read: (fields: Fields) => T | undefined,
  ): Promise<Outcome<readonly T[]>> {
    const answer = await this.#ask(what, call);
    if (!answer.ok) return answer;
    if (!Array.isArray(answer.value)) return malformed(what);
    const list: T[] = [];
    for (const entry of answer.value) {
      const value = isFields(entry) ? read(entry) : undefined;
      if (value === undefined) return malformed(what);
      list.push(value);
    }
    return success(list);
  }

  async #ask(what: string, call: () => Raw): Promise<Outcome<unknown>> {
    const { clock, random } = this.#context;
    const { readAttemptsMax, retryDelayMs, retryDelayMaxMs } = this.#config.limits;
    const answer = await withRetries(
      { clock, random, attemptsMax: readAttemptsMax, retryDelayMs, retryDelayMaxMs },
      () => bodyText(call()),
    );
    if (!answer.ok) return answer;
    const parsed = parseJson(answer.value);
    return parsed === undefined ? malformed(what) : success(parsed);
  }
}

function malformed(what: string): Outcome<never> {
  return failed({
    kind: 'malformed_answer',
    message: `Alpaca's answer on ${what} is not of the form it should have`,
  });
}
