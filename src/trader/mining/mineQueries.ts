/** What a miner may ask: of the market by a broker and a history provider, and of what is stored. */
import { resolve } from 'node:path';
import type { SessionCalendar } from '../../clock/calendar.ts';
import { decimal } from '../../domain/decimal.ts';
import type { AssetClass, Instrument } from '../../domain/market.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { type EpochMicros, MICROS_PER_DAY, parseMicros } from '../../domain/time.ts';
import type { MinedFill, MinerContext, StoredCloses } from '../../miners/contract.ts';
import { type CloseRow, FILLS_PER_PAGE, type FillRow, type MiningStores } from '../../models/mining.ts';
import type { HistoryProvider } from '../../providers/contract.ts';
import { compareColumns } from './compareColumns.ts';
import { readTable } from './tableFile.ts';

/** Symbols of one question to the stores or for last prices. */
const SYMBOLS_PER_QUESTION = 1_000;

export type MineQueries = Omit<MinerContext<unknown>, 'parameters' | 'log' | 'progress'>;

export interface MineMarket {
  readonly history: HistoryProvider;
  readonly calendar: SessionCalendar;
  readonly assetClass: AssetClass;
  /** Of the plan: relative paths count from it. */
  readonly folder: string;
  instruments(): Promise<Outcome<readonly Instrument[]>>;
}

/** @param moment at which the run began: the days and dates of one run are the same from beginning to end. */
export function openMineQueries(
  market: MineMarket,
  stores: MiningStores,
  moment: { readonly nowMicros: EpochMicros; readonly signal: AbortSignal },
): MineQueries {
  const { history, calendar, assetClass } = market;
  const { nowMicros, signal } = moment;
  return {
    nowMicros,
    assetClass,
    signal,
    lastSessionDate: calendar.lastClosedDate(nowMicros),
    async instruments() {
      const instruments = need(await market.instruments(), 'instruments');
      return [...instruments].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
    },
    async lastPrices(symbols) {
      const prices = new Map<string, number>();
      for (const part of parts(symbols)) {
        for (const [symbol, snapshot] of need(await history.snapshots(part, signal), 'snapshots')) {
          const price = snapshot.latestTrade?.price ?? snapshot.dailyBar?.close;
          if (price !== undefined) prices.set(symbol, price);
        }
      }
      return prices;
    },
    async dayBars(symbols, fromDate, toDate) {
      const fromMicros = calendar.startOf(fromDate);
      // A day may have 25 hours; what is found of the next one is left out.
      const toMicros = calendar.startOf(toDate) + 2 * MICROS_PER_DAY;
      const answer = await history.bars({ symbols, interval: 'day', fromMicros, toMicros }, signal);
      return new Map(
        [...need(answer, 'daily bars')].map(([symbol, bars]) => {
          const days = bars.map((bar) => ({ ...bar, date: calendar.dateAt(bar.timeMicros).toString() }));
          return [symbol, days.filter(({ date }) => date >= fromDate && date <= toDate)];
        }),
      );
    },
    async storedDays(symbols) {
      const days = new Map<string, { symbol: string; date: string; close: number }>();
      for (const part of parts(symbols)) {
        for (const day of await stores.newestDays(part)) {
          days.set(day.symbol, { ...day, close: Number(day.close) });
        }
      }
      return days;
    },
    async storedCloses(symbols, calendarDays) {
      const from = calendar.dateAt(nowMicros - calendarDays * MICROS_PER_DAY).toString();
      return closesBySymbol(await stores.closesSince(symbols, from));
    },
    similarColumns: (columns, options) => compareColumns({ columns, options }, signal),
    table: (path) => readTable(resolve(market.folder, path)),
    storedTickers: () => stores.listTickers(assetClass),
    takenBack: () => stores.takenBack(),
    async *fills() {
      let after: FillRow | null = null;
      for (;;) {
        const page: readonly FillRow[] = await stores.fillsAfter(after);
        yield* page.map(fillOf);
        after = page.at(-1) ?? null;
        if (page.length < FILLS_PER_PAGE) return;
      }
    },
  };
}

/** @param rows by symbol and date. */
function closesBySymbol(rows: readonly CloseRow[]): readonly StoredCloses[] {
  const symbols = new Map<string, { dates: string[]; closes: number[]; volumes: number[] }>();
  for (const { symbol, date, close, volume } of rows) {
    const known = symbols.get(symbol) ?? { dates: [], closes: [], volumes: [] };
    known.dates.push(date);
    known.closes.push(Number(close));
    known.volumes.push(Number(volume));
    symbols.set(symbol, known);
  }
  return [...symbols].map(([symbol, columns]) => ({ symbol, ...columns }));
}

function fillOf(row: FillRow): MinedFill {
  const { tradeId, qty, price, fee, stopPrice, executedAt, ...fill } = row;
  return {
    ...fill,
    fillId: tradeId,
    quantity: decimal(qty),
    price: decimal(price),
    fee: decimal(fee),
    stopPrice: stopPrice === null ? null : decimal(stopPrice),
    executedAtMicros: parseMicros(executedAt) ?? 0,
  };
}

function* parts(symbols: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < symbols.length; start += SYMBOLS_PER_QUESTION) {
    yield symbols.slice(start, start + SYMBOLS_PER_QUESTION);
  }
}

function need<T>(outcome: Outcome<T>, what: string): T {
  if (outcome.ok) return outcome.value;
  throw new Error(`${what}: ${outcome.failure.message}`);
}
