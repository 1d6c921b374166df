/** What scanners picked, and what is known of instruments. */
import { bigint, boolean, date, index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { amount, document, words, written } from './columns.ts';

/** One row per pick of a scanner. */
export const trendingTickers = pgTable(
  'trending_tickers',
  {
    trendingId: bigint('trending_id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
    batchId: text('batch_id').notNull(),
    symbol: text('symbol').notNull(),
    /** When it was picked. */
    createTstamp: written('create_tstamp'),
    scannerName: text('scanner_name').notNull(),
    /** Its place in that scan, from 1. */
    rank: integer('rank').notNull(),
    reason: words('reason').notNull(),
  },
  (table) => [
    uniqueIndex('trending_tickers_pick').on(
      table.batchId,
      table.scannerName,
      table.symbol,
      table.createTstamp,
    ),
    index('trending_tickers_create_tstamp').on(table.createTstamp),
    index('trending_tickers_scanner_name').on(table.scannerName),
  ],
);

/** Daily bars. */
export const stockOhlc = pgTable(
  'stock_ohlc',
  {
    symbolId: bigint('symbol_id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
    symbol: text('symbol').notNull(),
    /** The session's date in the exchange's time zone. */
    symbolDate: date('symbol_date', { mode: 'string' }).notNull(),
    open: amount('open').notNull(),
    high: amount('high').notNull(),
    low: amount('low').notNull(),
    close: amount('close').notNull(),
    volume: amount('volume').notNull(),
    vwap: amount('vwap'),
    tradeCount: bigint('trade_count', { mode: 'number' }),
    indicators: document('indicators'),
    modifyTstamp: written('modify_tstamp'),
    createTstamp: written('create_tstamp'),
  },
  (table) => [uniqueIndex('stock_ohlc_symbol_date').on(table.symbol, table.symbolDate)],
);

/** Company reference data. */
export const tickerData = pgTable(
  'ticker_data',
  {
    symbol: text('symbol').primaryKey(),
    name: text('name').notNull(),
    description: words('description').notNull(),
    tags: text('tags').array(),
    similarTickers: text('similar_tickers').array(),
    industry: text('industry'),
    sector: text('sector'),
    exchange: text('exchange'),
    shortRatio: amount('short_ratio'),
    assetClass: text('asset_class'),
    /** As the broker last said; null where it was never asked. */
    tradable: boolean('tradable'),
    shortable: boolean('shortable'),
    fractionable: boolean('fractionable'),
    createTstamp: written('create_tstamp'),
    modifyTstamp: written('modify_tstamp'),
  },
  (table) => [
    index('ticker_data_sector').on(table.sector),
    index('ticker_data_industry').on(table.industry),
    index('ticker_data_tags').using('gin', table.tags),
    index('ticker_data_similar_tickers').using('gin', table.similarTickers),
  ],
);

/** Keys and values that are nobody's own. */
export const keystore = pgTable('keystore', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
  tstamp: written('tstamp'),
});
