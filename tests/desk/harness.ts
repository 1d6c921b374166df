/** A desk as it runs in the daemon, on this thread: real ports, a real journal, the local exchange, a real database. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { type AlpacaBrokerConfig, alpacaBrokerConfig } from '../../src/brokers/config.ts';
import type { Broker } from '../../src/brokers/contract.ts';
import { createBroker } from '../../src/brokers/factory.ts';
import { seededRandom } from '../../src/clock/chance.ts';
import type { Clock } from '../../src/clock/clock.ts';
import { liveClock } from '../../src/clock/live.ts';
import { DEFAULT_DESK_LIMITS, type DeskConfig, type DeskLimits } from '../../src/desk/config.ts';
import { Desk } from '../../src/desk/desk.ts';
import { decimal } from '../../src/domain/decimal.ts';
import { deriveClientOrderId, type Intent, type Order, type OrderIntent } from '../../src/domain/order.ts';
import type { RunningExchange } from '../../src/exchange/exchange.ts';
import { DEFAULT_DESK_POLICY } from '../../src/execution/contract.ts';
import type { Environment, Stores } from '../../src/models/contract.ts';
import { createStoresServer } from '../../src/models/server.ts';
import { silentLog } from '../../src/observability/log.ts';
import { appendDefinition, appendQuote } from '../../src/tape/append.ts';
import { Batch } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import type { RiskPlan, Tradeplan } from '../../src/tradeplan/plan.ts';
import type { DeskCommand, DeskEvent, DeskReport } from '../../src/transport/messages.ts';
import { ConsumerOrders } from '../../src/transport/orders.ts';
import { until } from '../support/until.ts';

export const INSTANCE = 'momentum-long';
const RISK: RiskPlan = {
  orderNotionalMax: '1000000',
  orderQuantityMax: null,
  positionNotionalMax: '1000000',
  positionQuantityMax: null,
  grossNotionalMax: null,
  openOrdersMax: 50,
  ordersPerMinuteMax: 1_000,
  dailyLossMax: '100000',
  drawdownMax: null,
  priceCollarPercent: 50,
  marketAgeMaxMs: 60_000,
  shortAllowed: false,
  fractionAllowed: false,
  symbolOpenOrdersMax: null,
  symbolOrdersPerMinuteMax: null,
  symbols: {},
};

export interface HarnessOptions {
  readonly exchange?: RunningExchange;
  /** Of the desk's machine; the exchange has its own. */
  readonly clock?: Clock;
  readonly broker?: Broker;
  readonly stores?: Partial<Stores>;
  readonly directory?: string;
  readonly batchId?: string;
  readonly algoRunId?: string;
  readonly environment?: Environment;
  readonly journalMode?: 'written' | 'synced';
  readonly risk?: Partial<RiskPlan>;
  readonly unknownHoldings?: 'leave' | 'adopt' | 'flatten';
  readonly broken?: Partial<AlpacaBrokerConfig>;
  readonly limits?: Partial<DeskLimits>;
}

export class Harness {
  readonly directory: string;
  readonly config: DeskConfig;
  readonly events: DeskEvent[] = [];
  readonly reports: DeskReport[] = [];
  readonly #control: MessagePort;
  readonly #market: MessagePort;
  readonly #symbols = new SymbolTable();
  readonly #database: MessagePort;
  #orders: ConsumerOrders;
  readonly #broker: Broker;
  readonly #clock: Clock;
  #sequence = 0;
  #requests = 0;

  constructor(options: HarnessOptions) {
    this.#clock = options.clock ?? liveClock;
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), 'openbell-desk-'));
    const alpaca = alpacaBrokerConfig({
      baseUrl: options.exchange?.env.APCA_API_BASE_URL ?? 'http://127.0.0.1:1',
      keyId: options.exchange?.env.APCA_API_KEY_ID ?? '',
      secretKey: options.exchange?.env.APCA_API_SECRET_KEY ?? '',
      assetClass: 'us_equity',
      limits: {
        requestTimeoutMs: 1_000,
        reconnectDelayMs: 10,
        reconnectDelayMaxMs: 50,
        requestsPerMinuteMax: 100_000,
      },
    });
    const brokerConfig = { ...alpaca, ...options.broken };
    const algoRunId = options.algoRunId ?? '1';
    this.config = {
      batchId: options.batchId ?? 'batch-0001',
      environment: options.environment ?? 'PAPER',
      plan: {
        assetClass: 'us_equity',
        marketHours: 'always',
        liquidateBeforeCloseMs: null,
        unknownHoldings: options.unknownHoldings ?? 'leave',
        risk: { ...RISK, ...options.risk },
        limits: { submitTimeoutMs: 2_000 },
      } as Tradeplan,
      broker: brokerConfig,
      instances: [{ instanceId: INSTANCE, isIntraday: true, runs: [{ consumer: 'A', algoRunId }] }],
      session: null,
      dataDirectory: this.directory,
      journalMode: options.journalMode ?? 'written',
      log: { level: 'silent', file: null, isPretty: false },
      limits: {
        ...DEFAULT_DESK_LIMITS,
        tickPeriodMs: 20,
        reconcileSpacingMs: 50,
        reconcileRetryMs: 20,
        accountAfterFillMs: 10,
        databaseRetryMs: 10,
        databaseRetryMaxMs: 50,
        startTimeoutMs: 5_000,
        ...options.limits,
      },
    };
    this.#broker =
      options.broker ??
      createBroker(brokerConfig, { clock: this.#clock, random: seededRandom(1), log: silentLog });
    const control = new MessageChannel();
    const market = new MessageChannel();
    const database = new MessageChannel();
    this.#control = control.port2;
    this.#market = market.port2;
    this.#database = database.port2;
    this.#control.on('message', (report: DeskReport) => this.reports.push(report));
    // The producer's end: buffers come back as credits, which a test does not count.
    this.#market.on('message', () => {});
    if (options.stores !== undefined) this.serve(options.stores);
    const desk = new Desk({
      config: this.config,
      clock: this.#clock,
      log: silentLog,
      broker: this.#broker,
      control: control.port1,
      market: market.port1,
      database: database.port1,
      policy: {
        ...DEFAULT_DESK_POLICY,
        resolveDelayMs: 20,
        missingFillsDelayMs: 30,
        absentAfterMs: 400,
        cancelOverdueMs: 300,
      },
    });
    this.#orders = this.#attach();
    void desk.start();
  }

  /** Starts answering the desk's database calls. */
  serve(stores: Partial<Stores>): void {
    createStoresServer(stores as Stores, silentLog).attach('desk', this.#database);
  }

  command(command: DeskCommand): void {
    this.#control.postMessage(command);
  }

  async ready(): Promise<void> {
    await until(() => this.reports.some(({ type }) => type === 'ready' || type === 'failed'), {
      what: 'the start',
    });
    const failure = this.reports.find((report) => report.type === 'failed');
    if (failure !== undefined) throw new Error(failure.error.cause);
  }

  async stop(): Promise<Extract<DeskReport, { type: 'stopped' }>> {
    this.command({ type: 'stop', reason: 'test' });
    await until(() => this.reports.some(({ type }) => type === 'stopped'), { what: 'stopped' });
    this.dispose();
    return this.reports.find((report) => report.type === 'stopped')!;
  }

  /** Ends the desk as a killed process ends: nothing is said to it, its broker is cut off. */
  async kill(): Promise<void> {
    await this.#broker.close();
    this.dispose();
  }

  dispose(): void {
    for (const port of [this.#control, this.#market, this.#database]) port.close();
    this.#orders.close();
  }

  /** Shows the desk a quote of now; resolves when it has seen it, and the buffer has come back. */
  async quote(symbol: string, bid: number, ask: number, size = 1_000): Promise<void> {
    const batch = Batch.create(undefined, 1, this.#clock.nowMicros());
    if (this.#symbols.idOf(symbol) === undefined)
      appendDefinition(batch, this.#symbols.intern(symbol), symbol);
    const quote = { symbol, timeMicros: this.#clock.nowMicros(), bidPrice: bid, askPrice: ask };
    appendQuote(batch, { ...quote, bidSize: size, askSize: size }, { symbols: this.#symbols });
    const buffer = batch.seal();
    const seen = new Promise((resolve) => this.#market.once('message', resolve));
    this.#market.postMessage(buffer, [buffer]);
    await seen;
  }

  /** Proposes an order and answers its id. */
  order(changes: Partial<OrderIntent> & Pick<OrderIntent, 'symbol' | 'side'>): string {
    this.#sequence += 1;
    const { batchId, instances } = this.config;
    const clientOrderId = deriveClientOrderId(batchId, INSTANCE, changes.symbol, this.#sequence);
    this.send({
      kind: 'order',
      clientOrderId,
      instanceId: INSTANCE,
      algoRunId: instances[0]!.runs[0]!.algoRunId,
      consumer: 'A',
      type: 'market',
      timeInForce: 'day',
      extendedHours: false,
      quantity: decimal('10'),
      limitPrice: null,
      stopPrice: null,
      reduceOnly: false,
      targetPrice: null,
      stopLossPrice: null,
      reason: 'a test',
      indicators: { vwap: 1.5 },
      causedBy: 1,
      decidedAtMicros: 0,
      ...changes,
    });
    return clientOrderId;
  }

  cancel(clientOrderId: string, symbol: string): void {
    const reason = 'no longer wanted';
    this.send({
      kind: 'cancel',
      clientOrderId,
      instanceId: INSTANCE,
      symbol,
      reason,
      causedBy: 1,
      decidedAtMicros: 0,
    });
  }

  send(intent: Intent): void {
    this.#orders.send(intent);
    this.#orders.flush();
  }

  /** The newest that the consumer was told of an order. */
  told(clientOrderId: string): Order | undefined {
    const orders = this.events.flatMap((event) => ('order' in event ? [event.order] : []));
    return orders.filter((order) => order.clientOrderId === clientOrderId).at(-1);
  }

  fills(clientOrderId: string) {
    return this.events.flatMap((event) =>
      event.type === 'fill' && event.fill.clientOrderId === clientOrderId ? [event] : [],
    );
  }

  alerts(): readonly string[] {
    return this.reports.flatMap((report) => (report.type === 'alert' ? [report.code] : []));
  }

  async settled(clientOrderId: string, status: Order['status']): Promise<Order> {
    await until(() => this.told(clientOrderId)?.status === status, {
      what: `${clientOrderId} to be ${status}`,
      timeoutMs: 30_000,
    }).catch((error: Error) => {
      const events = JSON.stringify(this.events.slice(-5), (_key, value) =>
        typeof value === 'bigint' ? `${value}` : value,
      );
      throw new Error(`${error.message}; last told: ${events}`);
    });
    return this.told(clientOrderId)!;
  }

  async status() {
    this.#requests += 1;
    const requestId = this.#requests;
    this.command({ type: 'status', requestId });
    const find = () =>
      this.reports.find((report) => report.type === 'status' && report.requestId === requestId);
    await until(() => find() !== undefined, { what: 'the status' });
    return (find() as Extract<DeskReport, { type: 'status' }>).status;
  }

  #attach(): ConsumerOrders {
    const { port1, port2 } = new MessageChannel();
    this.#control.postMessage({ type: 'attach', consumer: 'A', port: port1 }, [port1]);
    return new ConsumerOrders(port2, { onDeskEvents: (events) => this.events.push(...events) });
  }
}
