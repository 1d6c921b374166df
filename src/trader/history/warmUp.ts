/**
 * Answers the consumers' requests for the bars before a moment. Requests of one turn that want the same are asked for
 * together; an answer always comes: a strategy without its history is told so, it never waits for ever.
 */
import type { Bar } from '../../domain/market.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { type EpochMicros, MICROS_PER_DAY, MICROS_PER_MINUTE } from '../../domain/time.ts';
import type { HistoryProvider } from '../../providers/contract.ts';
import type { HistoryAnswer } from '../../transport/messages.ts';

const SYMBOLS_PER_REQUEST_MAX = 100;
/** A US session has 390 minutes; an illiquid symbol trades in few of them, so look back further than that. */
const MINUTE_BARS_PER_DAY_EXPECTED = 300;
/** Five trading days a week, and a few for holidays. */
const CALENDAR_DAYS_PER_TRADING_DAY = 1.5;

export interface WarmUpRequest {
  readonly symbol: string;
  readonly minuteBars: number;
  readonly dailyBars: number;
  /** Bars that start at or after this moment are not wanted. */
  readonly toMicros: EpochMicros;
}

interface Waiting {
  readonly request: WarmUpRequest;
  readonly answer: (answer: HistoryAnswer) => void;
}

type Bars = Outcome<ReadonlyMap<string, readonly Bar[]>>;

export class WarmUp {
  readonly #history: HistoryProvider;
  #waiting: Waiting[] = [];

  constructor(history: HistoryProvider) {
    this.#history = history;
  }

  /** Never rejects. */
  request(request: WarmUpRequest): Promise<HistoryAnswer> {
    return new Promise((answer) => {
      this.#waiting.push({ request, answer });
      if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const groups = new Map<string, Waiting[]>();
    for (const entry of waiting) {
      // Ends within the same minute want the same closed bars.
      const minute = Math.floor(entry.request.toMicros / MICROS_PER_MINUTE);
      const key = `${entry.request.minuteBars}/${entry.request.dailyBars}/${minute}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [entry]);
      else group.push(entry);
    }
    for (const group of groups.values()) {
      for (let at = 0; at < group.length; at += SYMBOLS_PER_REQUEST_MAX) {
        void this.#answer(group.slice(at, at + SYMBOLS_PER_REQUEST_MAX));
      }
    }
  }

  async #answer(group: readonly Waiting[]): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const symbols = [...new Set(group.map((entry) => entry.request.symbol))];
    const { minuteBars, dailyBars, toMicros } = first.request;
    const [minutes, days] = await Promise.all([
      this.#fetch(symbols, 'minute', minuteBars, toMicros),
      this.#fetch(symbols, 'day', dailyBars, toMicros),
    ]);
    for (const { request, answer } of group) {
      if (!minutes.ok) answer({ ok: false, message: minutes.failure.message });
      else if (!days.ok) answer({ ok: false, message: days.failure.message });
      else {
        answer({
          ok: true,
          minuteBars: newest(minutes.value.get(request.symbol), minuteBars),
          dailyBars: newest(days.value.get(request.symbol), dailyBars),
        });
      }
    }
  }

  async #fetch(
    symbols: readonly string[],
    interval: 'minute' | 'day',
    count: number,
    toMicros: EpochMicros,
  ): Promise<Bars> {
    if (count === 0) return { ok: true, value: new Map() };
    const tradingDays = interval === 'day' ? count : count / MINUTE_BARS_PER_DAY_EXPECTED + 1;
    const calendarDays = Math.ceil(tradingDays * CALENDAR_DAYS_PER_TRADING_DAY) + 4;
    return this.#history.bars({
      symbols,
      interval,
      fromMicros: toMicros - calendarDays * MICROS_PER_DAY,
      toMicros,
      limitPerSymbol: count,
    });
  }
}

function newest(bars: readonly Bar[] | undefined, count: number): readonly Bar[] {
  return bars === undefined ? [] : bars.slice(Math.max(0, bars.length - count));
}
