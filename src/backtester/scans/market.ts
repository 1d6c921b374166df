/** The market as a run has seen it so far, in the form in which scanners ask a provider for it live. */
import type { SessionCalendar } from '../../clock/calendar.ts';
import type { Bar, Quote, Snapshot, Trade } from '../../domain/market.ts';
import { type Outcome, success } from '../../domain/outcome.ts';
import { type EpochMicros, MICROS_PER_DAY } from '../../domain/time.ts';
import type { BarsRequest, HistoryProvider } from '../../providers/contract.ts';
import { type Batch, EventKind, RowFlag } from '../../tape/batch.ts';
import type { SymbolTable } from '../../tape/symbols.ts';
import { PastBars, type RecalledBars } from '../history.ts';

/** Thirty sessions of minutes and a year and a half of days; 64 bytes each, of each symbol of the data. */
export const SCANNED_BARS_MAX = { minuteBars: 12_000, dailyBars: 400 } as const;
/** Holidays and weekends lie between two days. */
const PREVIOUS_DAYS = 14;

interface Last {
  trade: Trade | null;
  quote: Quote | null;
}

export class SeenMarket implements HistoryProvider {
  readonly #symbols: SymbolTable;
  readonly #past: PastBars;
  readonly #lastById: (Last | undefined)[] = [];
  nowMicros: EpochMicros = 0;

  constructor(symbols: SymbolTable, calendar: SessionCalendar, recalled?: RecalledBars) {
    this.#symbols = symbols;
    this.#past = new PastBars(SCANNED_BARS_MAX, calendar, recalled);
  }

  /** Takes rows that have become known. */
  see(batch: Batch, from: number, to: number): void {
    for (let row = from; row < to; row += 1) {
      const kind = batch.kind[row]!;
      if (kind === EventKind.quote) this.#quote(batch, row);
      else if (kind === EventKind.trade) this.#trade(batch, row);
      else if (kind === EventKind.minuteBar) this.#past.bar(this.#nameOf(batch, row), batch, row);
      else if (kind === EventKind.dailyBar) this.#past.dailyBar(this.#nameOf(batch, row), batch, row);
    }
  }

  async bars(request: BarsRequest): Promise<Outcome<ReadonlyMap<string, readonly Bar[]>>> {
    const { symbols, interval, limitPerSymbol = Number.POSITIVE_INFINITY } = request;
    const range = { ...request, nowMicros: this.nowMicros };
    const found = symbols.map((symbol): [string, readonly Bar[]] => {
      const bars = this.#past.between(symbol, interval, range);
      return [symbol, bars.slice(Math.max(0, bars.length - limitPerSymbol))];
    });
    return success(new Map(found.filter(([, bars]) => bars.length > 0)));
  }

  async snapshots(symbols: readonly string[]): Promise<Outcome<ReadonlyMap<string, Snapshot>>> {
    return success(new Map(symbols.flatMap((symbol) => this.#snapshot(symbol))));
  }

  /** Scanners do not ask for single events. */
  async trades(): Promise<Outcome<readonly Trade[]>> {
    return success([]);
  }

  async quotes(): Promise<Outcome<readonly Quote[]>> {
    return success([]);
  }

  #snapshot(symbol: string): [string, Snapshot][] {
    const { nowMicros } = this;
    const last = this.#lastById[this.#symbols.idOf(symbol) ?? -1];
    const day = { fromMicros: nowMicros - PREVIOUS_DAYS * MICROS_PER_DAY, toMicros: nowMicros, nowMicros };
    const today = this.#past.dayUnderWay(symbol, nowMicros);
    const previous = this.#past.between(symbol, 'day', day).at(-1);
    const minute = this.#past
      .between(symbol, 'minute', { ...day, fromMicros: nowMicros - MICROS_PER_DAY })
      .at(-1);
    if (last === undefined && today === null && previous === undefined) return [];
    // As the provider has it: before a symbol's first trade of a day the day's bar is still that of the day before.
    const days = today === null ? { dailyBar: previous } : { dailyBar: today, previousDailyBar: previous };
    const snapshot = {
      symbol,
      latestTrade: last?.trade ?? undefined,
      latestQuote: last?.quote ?? undefined,
      minuteBar: minute,
      ...days,
    };
    return [[symbol, withoutNothing(snapshot)]];
  }

  #trade(batch: Batch, row: number): void {
    const symbol = this.#nameOf(batch, row);
    this.#past.trade(symbol, batch, row);
    if ((batch.flags[row]! & RowFlag.notLast) !== 0) return;
    this.#lastOf(batch, row).trade = {
      symbol,
      timeMicros: batch.timeMicros(row),
      price: batch.n0[row]!,
      size: batch.n1[row]!,
      exchange: '',
      conditions: [],
      tape: '',
      id: '',
    };
  }

  #quote(batch: Batch, row: number): void {
    this.#lastOf(batch, row).quote = {
      symbol: this.#nameOf(batch, row),
      timeMicros: batch.timeMicros(row),
      bidPrice: batch.n0[row]!,
      bidSize: batch.n1[row]!,
      askPrice: batch.n2[row]!,
      askSize: batch.n3[row]!,
    };
  }

  #lastOf(batch: Batch, row: number): Last {
    const id = batch.symbolId[row]!;
    const known = this.#lastById[id] ?? { trade: null, quote: null };
    this.#lastById[id] = known;
    return known;
  }

  #nameOf(batch: Batch, row: number): string {
    return this.#symbols.textOf(batch.symbolId[row]!);
  }
}

/** Without the keys whose value is undefined. */
function withoutNothing(snapshot: { readonly [Key in keyof Snapshot]: Snapshot[Key] | undefined }): Snapshot {
  return Object.fromEntries(
    Object.entries(snapshot).filter(([, value]) => value !== undefined),
  ) as unknown as Snapshot;
}
