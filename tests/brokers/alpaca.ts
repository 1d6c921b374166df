/** An Alpaca broker against a scripted server, and orders for it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { alpacaBrokerConfig, type BrokerLimits } from '../../src/brokers/config.ts';
import type { Broker } from '../../src/brokers/contract.ts';
import { createBroker } from '../../src/brokers/factory.ts';
import { seededRandom } from '../../src/clock/chance.ts';
import type { Clock } from '../../src/clock/clock.ts';
import { liveClock } from '../../src/clock/live.ts';
import { decimal } from '../../src/domain/decimal.ts';
import type { AssetClass } from '../../src/domain/market.ts';
import type { Order } from '../../src/domain/order.ts';
import { silentLog } from '../../src/observability/log.ts';
import { type Behaviour, startServer, type TestServer } from '../network/servers.ts';

export function openBroker(
  baseUrl: string,
  options: {
    limits?: Partial<BrokerLimits>;
    clock?: Clock;
    assetClass?: AssetClass;
    keyId?: string;
    secretKey?: string;
  } = {},
): Broker {
  const config = alpacaBrokerConfig({
    baseUrl,
    keyId: options.keyId ?? 'PKTESTKEY',
    secretKey: options.secretKey ?? 'the-secret-of-the-test',
    assetClass: options.assetClass ?? 'us_equity',
    limits: {
      reconnectDelayMs: 1,
      reconnectDelayMaxMs: 20,
      throttledDelayMs: 1,
      throttledDelayMaxMs: 20,
      retryDelayMs: 1,
      closeTimeoutMs: 100,
      ...options.limits,
    },
  });
  return createBroker(config, { clock: options.clock ?? liveClock, random: seededRandom(3), log: silentLog });
}

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface RestServer extends TestServer {
  readonly requests: Request[];
}

export type Respond = (request: Request, response: ServerResponse) => void;

export async function startRest(respond: Respond, behaviour: Behaviour = {}): Promise<RestServer> {
  const requests: Request[] = [];
  const server = await startServer({
    ...behaviour,
    onRequest: (message, body, response) => {
      const url = new URL(message.url ?? '', 'http://test');
      const { method = '', headers } = message;
      const request = { method, path: url.pathname, query: url.searchParams, headers, body };
      requests.push(request);
      respond(request, response);
    },
  });
  return { ...server, requests };
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

export function order(changes: Partial<Order> = {}): Order {
  return {
    clientOrderId: 'batch.momentum-long.AAPL.1',
    brokerOrderId: null,
    instanceId: 'momentum-long',
    algoRunId: '1',
    consumer: 'consumer-1',
    symbol: 'AAPL',
    side: 'buy',
    type: 'limit',
    timeInForce: 'day',
    extendedHours: false,
    quantity: decimal('2'),
    limitPrice: decimal('150.1'),
    stopPrice: null,
    reduceOnly: false,
    targetPrice: null,
    stopLossPrice: null,
    reason: 'test',
    indicators: {},
    status: 'submitting',
    filledQuantity: decimal('0'),
    averagePrice: null,
    statusReason: null,
    createdAtMicros: 0,
    updatedAtMicros: 0,
    ...changes,
  };
}

/** An order as Alpaca answers it: the example of its documents, nulls included. */
export function orderObject(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: '61e69015-8549-4bfd-b9c3-01e75843f47d',
    client_order_id: 'batch.momentum-long.AAPL.1',
    created_at: '2021-03-16T18:38:01.942282Z',
    updated_at: '2021-03-16T18:38:01.942282Z',
    submitted_at: '2021-03-16T18:38:01.937734Z',
    filled_at: null,
    symbol: 'AAPL',
    asset_class: 'us_equity',
    notional: null,
    qty: '2',
    filled_qty: '0',
    filled_avg_price: null,
    order_class: '',
    order_type: 'limit',
    type: 'limit',
    side: 'buy',
    time_in_force: 'day',
    limit_price: '150.1',
    stop_price: null,
    status: 'accepted',
    legs: null,
    ...changes,
  };
}
