/** Writes what a miner found, in calls small enough that others get their turn at the database. */
import { decimalFromNumber, formatDecimal } from '../../domain/decimal.ts';
import { formatMicros } from '../../domain/time.ts';
import type { DayBar, GainRow, MinedRows, PortfolioGainRow, RoundTripRow } from '../../miners/contract.ts';
import type {
  DayRow,
  GainLossRow,
  MiningStores,
  PortfolioGainRow as StoredPortfolioGain,
  TradeAnalysisRow,
} from '../../models/mining.ts';

const ROWS_PER_CALL = 500;

/** Answers how many rows are new or different. The rows are written in their order. */
export async function writeMinedRows(stores: MiningStores, mined: MinedRows): Promise<number> {
  switch (mined.table) {
    case 'stock_ohlc':
      await stores.forgetDays(mined.replaces ?? []);
      return inParts(mined.rows.map(dayRow), (rows) => stores.recordDays(rows));
    case 'ticker_data':
      return inParts(mined.rows, (rows) => stores.recordTickers(rows));
    case 'similar_tickers':
      return inParts(mined.rows, (rows) => stores.recordSimilarTickers(rows));
    case 'constituents':
      return stores.recordIndexMembers(mined.index, mined.rows);
    case 'gain_loss':
      if (mined.whole !== undefined) return stores.recordGains(mined.rows.map(gainRow), mined.whole);
      return inParts(mined.rows.map(gainRow), (rows) => stores.recordGains(rows));
    case 'portfolio_gain_loss':
      return stores.recordPortfolioGains(mined.rows.map(portfolioGainRow));
    case 'trade_analysis':
      if (mined.whole !== undefined) {
        return stores.recordRoundTrips(mined.rows.map(roundTripRow), mined.whole);
      }
      return inParts(mined.rows.map(roundTripRow), (rows) => stores.recordRoundTrips(rows));
  }
}

async function inParts<Row>(
  rows: readonly Row[],
  write: (rows: readonly Row[]) => Promise<number>,
): Promise<number> {
  let written = 0;
  for (let start = 0; start < rows.length; start += ROWS_PER_CALL) {
    written += await write(rows.slice(start, start + ROWS_PER_CALL));
  }
  return written;
}

function dayRow(bar: DayBar): DayRow {
  const { symbol, date, tradeCount } = bar;
  const text = (value: number) => formatDecimal(decimalFromNumber(value));
  return {
    ...{ symbol, date, tradeCount },
    open: text(bar.open),
    high: text(bar.high),
    low: text(bar.low),
    close: text(bar.close),
    volume: text(bar.volume),
    vwap: text(bar.vwap),
  };
}

function gainRow(row: GainRow): GainLossRow {
  const { symbol, algoRunId, gainPercentage, gainValue } = row;
  return {
    symbol,
    algoRunId,
    gainPercentage: formatDecimal(gainPercentage),
    gainValue: formatDecimal(gainValue),
  };
}

function portfolioGainRow({
  gainPercentage,
  gainValue,
  fees,
  ...row
}: PortfolioGainRow): StoredPortfolioGain {
  return {
    ...row,
    gainPercentage: formatDecimal(gainPercentage),
    gainValue: formatDecimal(gainValue),
    fees: formatDecimal(fees),
  };
}

function roundTripRow(row: RoundTripRow): TradeAnalysisRow {
  return {
    ...gainRow(row),
    startedAt: formatMicros(row.startMicros),
    endedAt: formatMicros(row.endMicros),
    rUnits: row.rUnits === null ? null : formatDecimal(row.rUnits),
  };
}
