/**
 * Placing, replacing and cancelling orders (protocol C.3): sent once, never again by itself, and every way to fail told apart.
 * What is certainly not at the broker is `not_sent` or `refused`; everything in doubt is `unknown`.
 */
import type { Order } from '../../domain/order.ts';
import { failed, type Outcome, success } from '../../domain/outcome.ts';
import { failureOfAnswer, parseJson, vendorError } from '../../network/answers.ts';
import type { HttpAnswer, HttpOutcome, RequestSender } from '../../network/http.ts';
import type { Lane } from '../../network/limiter.ts';
import type { BrokerOrder, CancelOutcome, SubmitOutcome } from '../contract.ts';
import { isFields } from './fields.ts';
import { lacksExits, orderBody, readOrder, replaceBody } from './orders.ts';

/** HTTP 422 with it, on a POST: the client order id is taken (measured; the code is of the 400 family). */
const DUPLICATE_ID_CODE = 40_010_001;

export class AlpacaOrderPath {
  readonly #client: RequestSender;

  constructor(client: RequestSender) {
    this.#client = client;
  }

  async submit(order: Order): Promise<SubmitOutcome> {
    const lane = laneOf(order);
    const request = { method: 'POST', path: '/v2/orders', lane, body: orderBody(order) } as const;
    const outcome = await this.#client.send(request);
    if (outcome.type !== 'answered') return unanswered(outcome);
    const { answer } = outcome;
    if (isSuccess(answer)) return taken(order, answer, 'POST /v2/orders');
    if (isDuplicate(answer)) return await this.#alreadyThere(order, answer);
    return failure(answer, 'POST /v2/orders');
  }

  async replace(order: Order, replacement: Order): Promise<SubmitOutcome> {
    if (order.brokerOrderId === null)
      return { type: 'not_sent', message: 'the broker does not know the order yet' };
    const path = `/v2/orders/${encodeURIComponent(order.brokerOrderId)}`;
    const body = replaceBody(order, replacement);
    const outcome = await this.#client.send({ method: 'PATCH', path, lane: laneOf(replacement), body });
    if (outcome.type !== 'answered') return unanswered(outcome);
    const { answer } = outcome;
    if (isSuccess(answer)) return taken(replacement, answer, 'PATCH /v2/orders');
    // Refused because it is replaced already: by this very request, should a proxy have sent it twice.
    if (answer.status === 409 || answer.status === 422) {
      const found = await this.#find(replacement.clientOrderId, laneOf(replacement));
      if (found.ok) return { type: 'accepted', order: found.value };
      if (found.failure.kind !== 'not_found') return { type: 'unknown', message: found.failure.message };
    }
    return failure(answer, 'PATCH /v2/orders');
  }

  async cancel(order: Order): Promise<CancelOutcome> {
    let brokerOrderId = order.brokerOrderId;
    if (brokerOrderId === null) {
      const found = await this.#find(order.clientOrderId, 'cancel');
      if (found.ok) brokerOrderId = found.value.brokerOrderId;
      else if (found.failure.kind === 'not_found')
        return { type: 'not_open', message: found.failure.message };
      // Nothing was asked of the broker yet but a question.
      else return { type: 'not_sent', message: found.failure.message };
    }
    const path = `/v2/orders/${encodeURIComponent(brokerOrderId)}`;
    const outcome = await this.#client.send({ method: 'DELETE', path, lane: 'cancel' });
    if (outcome.type === 'not_sent') return { type: 'not_sent', message: outcome.failure.message };
    if (outcome.type === 'lost') return { type: 'unknown', message: outcome.failure.message };
    const { answer } = outcome;
    if (isSuccess(answer)) return { type: 'requested' };
    const { message } = failureOfAnswer('DELETE /v2/orders', answer);
    if (answer.status === 404 || answer.status === 422) return { type: 'not_open', message };
    // Turned away before it was looked at: a cancel may be sent as often as one likes.
    if (answer.status === 429) return { type: 'not_sent', message };
    if (isInDoubt(answer)) return { type: 'unknown', message };
    return { type: 'refused', httpStatus: answer.status, message };
  }

  /** `not_found` when the broker does not know it (yet): a look-up may lag behind the order by seconds. */
  orderByClientOrderId(clientOrderId: string): Promise<Outcome<BrokerOrder>> {
    return this.#find(clientOrderId, 'reducing');
  }

  /** The same by the broker's own id. */
  orderByBrokerId(brokerOrderId: string): Promise<Outcome<BrokerOrder>> {
    const path = `/v2/orders/${encodeURIComponent(brokerOrderId)}?nested=true`;
    return this.#lookUp(path, brokerOrderId, 'reducing');
  }

  #find(clientOrderId: string, lane: Lane): Promise<Outcome<BrokerOrder>> {
    const path = `/v2/orders:by_client_order_id?client_order_id=${encodeURIComponent(clientOrderId)}&nested=true`;
    return this.#lookUp(path, clientOrderId, lane);
  }

  async #lookUp(path: string, id: string, lane: Lane): Promise<Outcome<BrokerOrder>> {
    const outcome = await this.#client.send({ method: 'GET', path, lane });
    if (outcome.type !== 'answered') return failed(outcome.failure);
    const { answer } = outcome;
    if (!isSuccess(answer)) return failed(failureOfAnswer(`the look-up of order ${id}`, answer));
    const fields = parseJson(answer.text);
    const order = isFields(fields) ? readOrder(fields) : undefined;
    // Only the look-up by the broker's own id is sure to tell them.
    const isShort = isFields(fields) && lacksExits(fields) && id !== order?.brokerOrderId;
    if (order !== undefined && isShort) return this.orderByBrokerId(order.brokerOrderId);
    if (order !== undefined) return success(order);
    return failed({
      kind: 'malformed_answer',
      message: `the look-up of order ${id} was answered with something else`,
    });
  }

  /** The id is taken: by this very order, sent before. */
  async #alreadyThere(order: Order, answer: HttpAnswer): Promise<SubmitOutcome> {
    const found = await this.#find(order.clientOrderId, laneOf(order));
    if (found.ok) return { type: 'accepted', order: found.value };
    const { code, message } = vendorError(answer);
    // The code stands for other mistakes too, and only the wording tells them apart. It decides nothing but whether
    // an order that the look-up does not show is kept in doubt.
    const isSurelyInvalid = found.failure.kind === 'not_found' && !/unique/i.test(message);
    if (isSurelyInvalid) return refusal(answer.status, code, message, null);
    return { type: 'unknown', message: `${message}; ${found.failure.message}` };
  }
}

function laneOf(order: Order): Lane {
  return order.reduceOnly ? 'reducing' : 'new';
}

function unanswered(outcome: Exclude<HttpOutcome, { type: 'answered' }>): SubmitOutcome {
  const { message } = outcome.failure;
  return { type: outcome.type === 'not_sent' ? 'not_sent' : 'unknown', message };
}

function isDuplicate(answer: HttpAnswer): boolean {
  const { code } = vendorError(answer);
  return answer.status === 409 || (answer.status === 422 && code === DUPLICATE_ID_CODE);
}

function failure(answer: HttpAnswer, what: string): SubmitOutcome {
  if (isInDoubt(answer)) return { type: 'unknown', message: failureOfAnswer(what, answer).message };
  const { code, message } = vendorError(answer);
  return refusal(answer.status, code, message, answer.retryAfterMs ?? null);
}

function taken(order: Order, answer: HttpAnswer, what: string): SubmitOutcome {
  const accepted = orderIn(answer);
  if (accepted?.clientOrderId === order.clientOrderId) return { type: 'accepted', order: accepted };
  return {
    type: 'unknown',
    message: `${what} was answered ${answer.status}, but not with the order ${order.clientOrderId}`,
  };
}

function orderIn(answer: HttpAnswer): BrokerOrder | undefined {
  const parsed = parseJson(answer.text);
  return isFields(parsed) ? readOrder(parsed) : undefined;
}

function isSuccess(answer: HttpAnswer): boolean {
  return answer.status >= 200 && answer.status < 300;
}

/** A proxy that gave up waiting, a redirect, a server that broke: the order may have got through. */
function isInDoubt(answer: HttpAnswer): boolean {
  return answer.status < 400 || answer.status === 408 || answer.status >= 500;
}

function refusal(
  httpStatus: number,
  vendorCode: number | null,
  message: string,
  retryAfterMs: number | null,
): SubmitOutcome {
  return { type: 'refused', httpStatus, vendorCode, message, retryAfterMs };
}
