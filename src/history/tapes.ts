/** The tapes of the past: one for each symbol, day and kind. A day that is there whole is never fetched again. */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../domain/exit.ts';
import type { Bar, Quote, Trade } from '../domain/market.ts';
import { MICROS_PER_MINUTE } from '../domain/time.ts';
import type { BarAdjustment } from '../providers/contract.ts';
import { appendBar, appendQuote, appendTrade } from '../tape/append.ts';
import { Batch } from '../tape/batch.ts';
import { TapeReader } from '../tape/reader.ts';
import { SymbolTable } from '../tape/symbols.ts';
import { TapeWriter } from '../tape/writer.ts';
import type { HistoryKind } from './contract.ts';

/** A tape under way; a process that was killed leaves it behind, and the next one replaces it. */
const UNFINISHED = '.fetching';
const BATCH = { rows: 4_096, heapBytes: 256 * 1_024 };
/** What the label `over` says of a day that was under way when it was fetched. */
const NOT_OVER = 'no';

export interface HistoryDay {
  readonly symbol: string;
  readonly kind: HistoryKind;
  readonly date: string;
}

export type HistoryRows =
  | { readonly kind: 'bars'; readonly rows: readonly Bar[] }
  | { readonly kind: 'trades'; readonly rows: readonly Trade[] }
  | { readonly kind: 'quotes'; readonly rows: readonly Quote[] };

export class HistoryTapes {
  readonly directory: string;
  readonly #feed: string;
  readonly #adjustment: BarAdjustment;

  /** @param directory tapes lie below it by feed and symbol. */
  constructor(directory: string, of: { readonly feed: string; readonly adjustment: BarAdjustment }) {
    this.directory = join(directory, of.feed);
    this.#feed = of.feed;
    this.#adjustment = of.adjustment;
  }

  /** `iex/AAPL/2026-11-20-bars-split.tape`, `crypto/BTC-USD/2026-11-20-trades.tape`. */
  pathOf({ symbol, kind, date }: HistoryDay): string {
    const what = kind === 'bars' ? `bars-${this.#adjustment}` : kind;
    return join(this.directory, symbol.replaceAll('/', '-'), `${date}-${what}.tape`);
  }

  /** Whether the day is there, and was over when it was fetched. */
  async isKept(day: HistoryDay): Promise<boolean> {
    const path = this.pathOf(day);
    if (!existsSync(path)) return false;
    try {
      const reader = await TapeReader.open({ path });
      await reader.close();
      return reader.metadata.labels?.over !== NOT_OVER;
    } catch (error) {
      if (error instanceof UserError) return false;
      throw error;
    }
  }

  /** Writes the day's tape in place of any other; it is there whole or not at all. */
  async keep(
    day: HistoryDay,
    rows: HistoryRows,
    of: { readonly isOver: boolean; readonly createdAt: string },
  ): Promise<void> {
    const path = this.pathOf(day);
    const unfinished = `${path}${UNFINISHED}`;
    await rm(unfinished, { force: true });
    const symbols = new SymbolTable();
    const { symbol, kind, date } = day;
    const labels = {
      ...{ symbol, date, what: kind, over: of.isOver ? 'yes' : NOT_OVER },
      ...(kind === 'bars' ? { adjustment: this.#adjustment } : {}),
    };
    const metadata = {
      kind: 'market',
      feed: this.#feed,
      createdAt: of.createdAt,
      source: 'history',
      labels,
    } as const;
    const writer = await TapeWriter.open({ path: unfinished, symbols, metadata, compression: 'deflate' });
    try {
      await writeRows(writer, rows, symbols);
    } finally {
      await writer.close();
    }
    await rename(unfinished, path);
  }
}

async function writeRows(writer: TapeWriter, rows: HistoryRows, symbols: SymbolTable): Promise<void> {
  const batch = Batch.create(BATCH);
  const append = (index: number): boolean => {
    switch (rows.kind) {
      case 'bars': {
        const bar = rows.rows[index]!;
        return appendBar(batch, bar, { symbols, receivedMicros: bar.timeMicros + MICROS_PER_MINUTE });
      }
      case 'trades':
        return appendTrade(batch, rows.rows[index]!, { symbols });
      case 'quotes':
        return appendQuote(batch, rows.rows[index]!, { symbols });
    }
  };
  for (let index = 0; index < rows.rows.length; ) {
    if (batch.count === 0) batch.reset(0, rows.rows[index]!.timeMicros);
    if (append(index)) {
      index += 1;
      continue;
    }
    if (!writer.append(batch)) await writer.drained();
    batch.reset(0, 0);
  }
  if (batch.count > 0) writer.append(batch);
}
