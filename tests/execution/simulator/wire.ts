/**
 * What lies between the desk and the exchange: requests and answers as text, frames of the trade-updates stream, and
 * everything that can happen to them on the way.
 */
import { readFrame, type UpdateFrame } from '../../../src/brokers/alpaca/updates.ts';
import type { BrokerListener } from '../../../src/brokers/contract.ts';
import type { Clock } from '../../../src/clock/clock.ts';
import type { Router } from '../../../src/exchange/rest/routes.ts';
import { jsonText } from '../../../src/exchange/streams/encoding.ts';
import { updateJson } from '../../../src/exchange/streams/tradingStream.ts';
import type { OrderUpdate } from '../../../src/exchange/trading/reports.ts';
import type { HttpOutcome, HttpRequest, RequestSender } from '../../../src/network/http.ts';
import type { Dice } from './dice.ts';

export const REQUEST_TIMEOUT_MS = 3_000;
const GATEWAY_ERROR = '<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>';

/** How likely each mishap is; all zero when a run settles. */
export interface Mishaps {
  notSent: number;
  requestLost: number;
  answerLost: number;
  gatewayError: number;
  rateLimited: number;
  /** The request reaches the exchange twice. */
  repeated: number;
  /** It is on its way for seconds. */
  late: number;
  frameLost: number;
  frameRepeated: number;
  frameLate: number;
}

interface WireOptions {
  readonly world: Clock;
  readonly process: Clock;
  readonly router: Router;
  readonly dice: Dice;
  readonly mishaps: Mishaps;
  readonly isDead: () => boolean;
}

interface UpdateWireOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly mishaps: Mishaps;
  readonly listener: BrokerListener;
}

/** One process's way to the exchange. When the process is dead nothing reaches it any more. */
export class Wire implements RequestSender {
  readonly #options: WireOptions;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  send(request: HttpRequest): Promise<HttpOutcome> {
    const { dice, mishaps, isDead, world, process } = this.#options;
    return new Promise((resolve) => {
      if (isDead()) return;
      const answer = (outcome: HttpOutcome, delayMs: number) => {
        process.after(delayMs, () => resolve(outcome));
      };
      if (dice.chance(mishaps.notSent)) {
        const failure = { kind: 'unreachable', message: 'no connection' } as const;
        answer({ type: 'not_sent', failure }, dice.between(0, 5));
        return;
      }
      const lost: HttpOutcome = { type: 'lost', failure: { kind: 'timeout', message: 'no answer' } };
      const failsMs = dice.chance(0.5) ? dice.between(1, 20) : REQUEST_TIMEOUT_MS;
      if (dice.chance(mishaps.requestLost)) {
        answer(lost, failsMs);
        return;
      }
      const isRefusedBefore = dice.chance(mishaps.gatewayError / 2);
      const isLimited = dice.chance(mishaps.rateLimited);
      if (isRefusedBefore || isLimited) {
        answer(isLimited ? answered(429, '{"code":42910000}') : answered(503, GATEWAY_ERROR), 10);
        return;
      }
      const isAnswerLost = dice.chance(mishaps.answerLost);
      const isReplaced = dice.chance(mishaps.gatewayError / 2);
      const wayMs = dice.chance(mishaps.late) ? dice.between(500, 9_000) : dice.between(0.2, 40);
      if (isAnswerLost || wayMs > REQUEST_TIMEOUT_MS) answer(lost, failsMs);
      world.after(wayMs, () => {
        // Bytes of a process that died may still be in the socket, or not.
        if (isDead() && dice.chance(0.5)) return;
        let text = this.#ask(request);
        if (dice.chance(mishaps.repeated)) text = this.#ask(request);
        if (isAnswerLost) return;
        answer(isReplaced ? answered(503, GATEWAY_ERROR) : text, dice.between(0.2, 40));
      });
    });
  }

  #ask({ method, path, body }: HttpRequest): HttpOutcome {
    const url = new URL(path, 'http://exchange');
    const found = this.#options.router.find(method, url.pathname);
    if (found === undefined) return answered(404, '{}');
    const result = found.route.answer({
      method,
      path: url.pathname,
      query: url.searchParams,
      params: found.params,
      body: body === undefined ? {} : (JSON.parse(body) as Record<string, unknown>),
    });
    if ('status' in result) return answered(result.status, result.body === null ? '' : jsonText(result.body));
    throw new Error('this exchange loses no answers: the wire does');
  }
}

function answered(status: number, text: string): HttpOutcome {
  return { type: 'answered', answer: { status, headers: {}, text, retryAfterMs: undefined } };
}

/** One connection of the trade-updates stream after another. */
export class UpdateWire {
  readonly #options: UpdateWireOptions;
  #connection = 0;
  #isOpen = false;
  #lastDueMs = 0;

  constructor(options: UpdateWireOptions) {
    this.#options = options;
    this.#connect(this.#options.dice.between(1, 200));
  }

  publish(update: OrderUpdate): void {
    if (!this.#isOpen) return;
    const { dice, mishaps } = this.#options;
    const text = jsonText({ stream: 'trade_updates', data: updateJson(update) });
    if (dice.chance(mishaps.frameLost)) return;
    this.#deliver(text);
    if (dice.chance(mishaps.frameRepeated)) this.#deliver(text);
  }

  /** The connection ends; for a while it may have been dead without anybody's notice. */
  cut(unnoticedMs: number): void {
    const { clock, dice, listener } = this.#options;
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#connection += 1;
    clock.after(unnoticedMs, () => {
      listener.onNotice({ type: 'disconnected', detail: 'cut' });
      this.#connect(dice.between(50, 4_000));
    });
  }

  #connect(delayMs: number): void {
    this.#options.clock.after(delayMs, () => {
      this.#isOpen = true;
      this.#options.listener.onNotice({ type: 'connected' });
    });
  }

  /** In order, as a connection brings them, but for those that are held up somewhere behind it. */
  #deliver(text: string): void {
    const { clock, dice, mishaps, listener } = this.#options;
    const connection = this.#connection;
    const isLate = dice.chance(mishaps.frameLate);
    const wayMs = isLate ? dice.between(10, 4_000) : dice.between(0.1, 30);
    const dueMs = isLate
      ? clock.monotonicMs() + wayMs
      : Math.max(this.#lastDueMs, clock.monotonicMs() + wayMs);
    if (!isLate) this.#lastDueMs = dueMs;
    clock.after(dueMs - clock.monotonicMs(), () => {
      if (connection !== this.#connection) return;
      const frame: UpdateFrame = readFrame(Buffer.from(text), clock.nowMicros());
      if (frame.type !== 'update') throw new Error(`not an update: ${text}`);
      listener.onTradeUpdate(frame.update);
    });
  }
}
