/** Alpaca as a broker: reads by its SDK, orders by our own client, and its trade-updates stream. */
import type { Instrument, Session } from '../../domain/market.ts';
import type { Account, Order } from '../../domain/order.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { EpochMicros } from '../../domain/time.ts';
import { HttpClient } from '../../network/http.ts';
import { RequestLimiter } from '../../network/limiter.ts';
import type { AlpacaBrokerConfig } from '../config.ts';
import type {
  Broker,
  BrokerContext,
  BrokerListener,
  BrokerOrder,
  BrokerPosition,
  CancelOutcome,
  Execution,
  SubmitOutcome,
} from '../contract.ts';
import { AlpacaOrderPath } from './orderpath.ts';
import { AlpacaReads } from './reads.ts';
import { AlpacaUpdateStream } from './updatestream.ts';

export class AlpacaBroker implements Broker {
  readonly name = 'alpaca';
  readonly #config: AlpacaBrokerConfig;
  readonly #limiter: RequestLimiter;
  readonly #client: HttpClient;
  readonly #reads: AlpacaReads;
  readonly #orderPath: AlpacaOrderPath;
  readonly #updates: AlpacaUpdateStream;

  constructor(config: AlpacaBrokerConfig, context: BrokerContext) {
    const { limits } = config;
    const { clock } = context;
    // Many write the address with the version that the paths have already.
    const baseUrl = config.baseUrl.replace(/\/+$/, '').replace(/\/v2$/, '');
    this.#config = config;
    this.#limiter = new RequestLimiter({
      clock,
      requestsPerMinuteMax: limits.requestsPerMinuteMax,
      requestsReserved: limits.requestsReserved,
      concurrentMax: limits.connectionsMax,
      queueDepthMax: limits.queueDepthMax,
    });
    this.#client = new HttpClient({
      ...limits,
      baseUrl,
      headers: { 'APCA-API-KEY-ID': config.keyId, 'APCA-API-SECRET-KEY': config.secretKey },
      clock,
      limiter: this.#limiter,
    });
    this.#reads = new AlpacaReads({ config, context, client: this.#client, baseUrl });
    this.#orderPath = new AlpacaOrderPath(this.#client);
    this.#updates = new AlpacaUpdateStream(config, context, baseUrl);
  }

  open(listener: BrokerListener): void {
    this.#updates.open(listener);
  }

  account(): Promise<Outcome<Account>> {
    return this.#reads.account();
  }

  positions(): Promise<Outcome<readonly BrokerPosition[]>> {
    return this.#reads.positions();
  }

  openOrders(): Promise<Outcome<readonly BrokerOrder[]>> {
    return this.#reads.openOrders();
  }

  orderByClientOrderId(clientOrderId: string): Promise<Outcome<BrokerOrder>> {
    return this.#orderPath.orderByClientOrderId(clientOrderId);
  }

  orderByBrokerId(brokerOrderId: string): Promise<Outcome<BrokerOrder>> {
    return this.#orderPath.orderByBrokerId(brokerOrderId);
  }

  executionsSince(moment: EpochMicros): Promise<Outcome<readonly Execution[]>> {
    return this.#reads.executionsSince(moment);
  }

  instruments(): Promise<Outcome<readonly Instrument[]>> {
    return this.#reads.instruments();
  }

  sessions(fromDate: string, toDate: string): Promise<Outcome<readonly Session[]>> {
    return this.#reads.sessions(fromDate, toDate);
  }

  now(): Promise<Outcome<EpochMicros>> {
    return this.#reads.now();
  }

  submit(order: Order): Promise<SubmitOutcome> {
    return this.#orderPath.submit(order);
  }

  cancel(order: Order): Promise<CancelOutcome> {
    return this.#orderPath.cancel(order);
  }

  replace(order: Order, replacement: Order): Promise<SubmitOutcome> {
    return this.#orderPath.replace(order, replacement);
  }

  async close(): Promise<void> {
    this.#limiter.close();
    await Promise.all([this.#updates.close(), this.#client.close(this.#config.limits.closeTimeoutMs)]);
  }
}
