/** Alpaca's adapter over a simulated wire: orders go through its own order path, answers through its own readers. */
import { type Fields, isFields } from '../../../src/brokers/alpaca/fields.ts';
import { AlpacaOrderPath } from '../../../src/brokers/alpaca/orderpath.ts';
import { readOrder } from '../../../src/brokers/alpaca/orders.ts';
import { readAccount, readExecution, readPosition } from '../../../src/brokers/alpaca/rows.ts';
import type {
  Broker,
  BrokerListener,
  BrokerOrder,
  BrokerPosition,
  Execution,
} from '../../../src/brokers/contract.ts';
import type { Account, Order } from '../../../src/domain/order.ts';
import { failed, type Outcome, success } from '../../../src/domain/outcome.ts';
import { type EpochMicros, formatMicros } from '../../../src/domain/time.ts';
import { failureOfAnswer, parseJson } from '../../../src/network/answers.ts';
import type { Wire } from './wire.ts';

const PAGE_SIZE = 100;

export class SimulatedBroker implements Broker {
  readonly name = 'simulated';
  readonly #wire: Wire;
  readonly #orderPath: AlpacaOrderPath;
  readonly #onOpen: (listener: BrokerListener) => void;

  constructor(wire: Wire, onOpen: (listener: BrokerListener) => void) {
    this.#wire = wire;
    this.#orderPath = new AlpacaOrderPath(wire);
    this.#onOpen = onOpen;
  }

  open(listener: BrokerListener): void {
    this.#onOpen(listener);
  }

  async account(): Promise<Outcome<Account>> {
    const answer = await this.#get('/v2/account');
    if (!answer.ok) return answer;
    return success(readAccount(answer.value as Fields, 'us_equity')!);
  }

  positions(): Promise<Outcome<readonly BrokerPosition[]>> {
    return this.#list('/v2/positions', readPosition);
  }

  openOrders(): Promise<Outcome<readonly BrokerOrder[]>> {
    return this.#list('/v2/orders?status=open&limit=500&direction=asc', readOrder);
  }

  orderByClientOrderId(clientOrderId: string): Promise<Outcome<BrokerOrder>> {
    return this.#orderPath.orderByClientOrderId(clientOrderId);
  }

  orderByBrokerId(brokerOrderId: string): Promise<Outcome<BrokerOrder>> {
    return this.#orderPath.orderByBrokerId(brokerOrderId);
  }

  async executionsSince(moment: EpochMicros): Promise<Outcome<readonly Execution[]>> {
    const after = encodeURIComponent(formatMicros(moment - 1_000));
    const all: Execution[] = [];
    for (let token = ''; ; ) {
      const query = `after=${after}&direction=asc&page_size=${PAGE_SIZE}${token && `&page_token=${token}`}`;
      const page = await this.#list(`/v2/account/activities/FILL?${query}`, (fields) => {
        const execution = readExecution(fields, 'us_equity');
        return execution && { execution, id: String(fields.id) };
      });
      if (!page.ok) return page;
      all.push(...page.value.map(({ execution }) => execution));
      if (page.value.length < PAGE_SIZE) return success(all);
      token = encodeURIComponent(page.value.at(-1)!.id);
    }
  }

  instruments(): Promise<Outcome<[]>> {
    return Promise.resolve(success([]));
  }

  sessions(): Promise<Outcome<[]>> {
    return Promise.resolve(success([]));
  }

  submit(order: Order) {
    return this.#orderPath.submit(order);
  }

  cancel(order: Order) {
    return this.#orderPath.cancel(order);
  }

  replace(order: Order, replacement: Order) {
    return this.#orderPath.replace(order, replacement);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #list<T>(path: string, read: (fields: Fields) => T | undefined): Promise<Outcome<readonly T[]>> {
    const answer = await this.#get(path);
    if (!answer.ok) return answer;
    return success((answer.value as Fields[]).map((fields) => read(fields)!));
  }

  async #get(path: string): Promise<Outcome<unknown>> {
    const outcome = await this.#wire.send({ method: 'GET', path, lane: 'read' });
    if (outcome.type !== 'answered') return failed(outcome.failure);
    if (outcome.answer.status !== 200) return failed(failureOfAnswer(path, outcome.answer));
    const value = parseJson(outcome.answer.text);
    if (!isFields(value) && !Array.isArray(value)) throw new Error(`not JSON: ${outcome.answer.text}`);
    return success(value);
  }
}
