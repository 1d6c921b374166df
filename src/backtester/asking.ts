/** What strategies ask of the past, answered with what the run has shown them or could have. */
import type { EpochMicros } from '../domain/time.ts';
import type { HostCommand } from '../engine/host.ts';
import type { ConsumerReport } from '../transport/messages.ts';
import type { PastBars } from './history.ts';

type HistoryRequest = Extract<ConsumerReport, { type: 'history_request' }>;

export interface ShortHistory {
  readonly symbol: string;
  readonly wanted: number;
  readonly found: number;
}

export class Asking {
  /** Histories that were shorter than asked for before the first decision. */
  readonly short: ShortHistory[] = [];
  readonly #past: PastBars;
  readonly #startMicros: EpochMicros;
  readonly #factor: number;
  #requests: HistoryRequest[] = [];

  /** @param factor how many times as long as asked for answers are: see `RunOptions.warmUpFactor`. */
  constructor(past: PastBars, { startMicros, factor }: { startMicros: EpochMicros; factor: number }) {
    this.#past = past;
    this.#startMicros = startMicros;
    this.#factor = factor;
  }

  take(request: HistoryRequest): void {
    this.#requests.push(request);
  }

  get isWaiting(): boolean {
    return this.#requests.length > 0;
  }

  /** The answers to everything that was asked since the last call, as a host takes them. */
  answers(nowMicros: EpochMicros): readonly HostCommand[] {
    const requests = this.#requests;
    this.#requests = [];
    return requests.map(({ requestId, symbol, minuteBars, dailyBars, toMicros }) => {
      const answer = this.#past.answer(symbol, {
        minuteBars: minuteBars * this.#factor,
        dailyBars: dailyBars * this.#factor,
        toMicros,
      });
      if (answer.ok && nowMicros <= this.#startMicros) {
        const wanted = minuteBars + dailyBars;
        const found = answer.minuteBars.length + answer.dailyBars.length;
        if (found < wanted) this.short.push({ symbol, wanted, found });
      }
      return { type: 'history', requestId, symbol, answer };
    });
  }
}
