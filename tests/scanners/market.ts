/** A market of plain data behind the history provider's interface: what a feed would answer, without a feed. */
import { SessionCalendar, usEquityRules } from '../../src/clock/calendar.ts';
import type { Bar, Instrument, Session, Snapshot } from '../../src/domain/market.ts';
import { type Outcome, success } from '../../src/domain/outcome.ts';
import { type EpochMicros, parseMicros } from '../../src/domain/time.ts';
import type { BarsRequest, HistoryProvider } from '../../src/providers/contract.ts';
import type { ScanMarket } from '../../src/trader/scanning/scanQueries.ts';

/** One symbol's day: yesterday's close and volume, today's open, last price and volume. */
export interface Day {
  readonly symbol: string;
  readonly previousClose: number;
  readonly previousVolume: number;
  readonly open: number;
  readonly last: number;
  readonly volume: number;
  readonly trades?: number;
  /** False: no trade yet today, so that the feed still shows yesterday as the latest day. */
  readonly hasTraded?: boolean;
  readonly quote?: { readonly bid: number; readonly ask: number };
}

export function at(text: string): EpochMicros {
  const moment = parseMicros(text);
  if (moment === undefined) throw new RangeError(text);
  return moment;
}

export function sessionOf(date: string): Session {
  const [session] = new SessionCalendar(usEquityRules).sessions(date, date);
  if (session === undefined) throw new RangeError(`no session on ${date}`);
  return session;
}

/** Midnight in New York, where daily bars of stocks begin (in summer). */
const dayBarTime = (date: string) => at(`${date}T04:00:00Z`);

export function bar(symbol: string, timeMicros: EpochMicros, values: Partial<Bar> = {}): Bar {
  const close = values.close ?? 100;
  const flat = { open: close, high: close, low: close, close, volume: 0, vwap: close, tradeCount: 0 };
  return { symbol, timeMicros, ...flat, ...values };
}

export const TODAY = '2024-07-02';
export const YESTERDAY = '2024-07-01';

export function snapshotOf(day: Day): Snapshot {
  const { symbol, quote } = day;
  const previous = bar(symbol, dayBarTime(YESTERDAY), {
    close: day.previousClose,
    volume: day.previousVolume,
  });
  const hasTraded = day.hasTraded ?? true;
  const latestTrade = {
    ...{ symbol, size: 100, exchange: 'V', conditions: ['@'], tape: 'C', id: '1' },
    price: hasTraded ? day.last : day.previousClose,
    timeMicros: hasTraded ? at(`${TODAY}T15:00:00Z`) : at(`${YESTERDAY}T19:59:59Z`),
  };
  const today = bar(symbol, dayBarTime(TODAY), {
    ...{ open: day.open, close: day.last, volume: day.volume, vwap: day.last, tradeCount: day.trades ?? 0 },
  });
  return {
    symbol,
    latestTrade,
    ...(quote === undefined
      ? {}
      : {
          latestQuote: {
            ...{ symbol, timeMicros: at(`${TODAY}T13:00:00Z`), bidPrice: quote.bid, bidSize: 1 },
            ...{ askPrice: quote.ask, askSize: 1 },
          },
        }),
    ...(hasTraded
      ? { dailyBar: today, previousDailyBar: previous }
      : { dailyBar: previous, previousDailyBar: bar(symbol, dayBarTime('2024-06-28'), { close: 1 }) }),
  };
}

export class PlainHistory implements HistoryProvider {
  readonly #snapshots: ReadonlyMap<string, Snapshot>;
  readonly #bars: Readonly<Record<BarsRequest['interval'], readonly Bar[]>>;
  readonly requests: BarsRequest[] = [];

  constructor(data: {
    readonly days?: readonly Day[];
    readonly minuteBars?: readonly Bar[];
    readonly dailyBars?: readonly Bar[];
  }) {
    this.#snapshots = new Map((data.days ?? []).map((day) => [day.symbol, snapshotOf(day)]));
    this.#bars = { minute: data.minuteBars ?? [], day: data.dailyBars ?? [] };
  }

  /** Those that have a snapshot. */
  get symbols(): readonly string[] {
    return [...this.#snapshots.keys()];
  }

  async bars(request: BarsRequest): Promise<Outcome<ReadonlyMap<string, readonly Bar[]>>> {
    this.requests.push(request);
    const { fromMicros, toMicros, limitPerSymbol = Number.POSITIVE_INFINITY } = request;
    const found = request.symbols.map((symbol): [string, readonly Bar[]] => {
      const all = this.#bars[request.interval].filter(
        (one) => one.symbol === symbol && one.timeMicros >= fromMicros && one.timeMicros < toMicros,
      );
      return [symbol, all.slice(-limitPerSymbol)];
    });
    return success(new Map(found));
  }

  async snapshots(symbols: readonly string[]): Promise<Outcome<ReadonlyMap<string, Snapshot>>> {
    const found = symbols.flatMap((symbol): [string, Snapshot][] => {
      const snapshot = this.#snapshots.get(symbol);
      return snapshot === undefined ? [] : [[symbol, snapshot]];
    });
    return success(new Map(found));
  }

  async trades(): Promise<Outcome<readonly never[]>> {
    return success([]);
  }

  async quotes(): Promise<Outcome<readonly never[]>> {
    return success([]);
  }
}

export function instrument(symbol: string, tradable = true): Instrument {
  return {
    ...{ symbol, name: symbol, assetClass: 'us_equity', exchange: 'NASDAQ', tradable },
    ...{ shortable: true, fractionable: true },
  };
}

export function marketOf(history: HistoryProvider, instruments: readonly Instrument[]): ScanMarket {
  return {
    history,
    calendar: new SessionCalendar(usEquityRules),
    hours: 'regular',
    instruments: async () => success(instruments),
  };
}
