/** What came of a run: exact amounts as text, statistics as numbers. */
import { seededRandom } from '../clock/chance.ts';
import {
  decimal,
  divide,
  formatDecimal,
  formatFixed,
  numberFromDecimal,
  subtract,
  ZERO,
} from '../domain/decimal.ts';
import { type EpochMicros, formatMicros } from '../domain/time.ts';
import { RESAMPLE_SEED, type Resampled, resample } from '../fincalcs/bootstrap.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import type { DataReport } from './data/inspect.ts';
import type { BacktestRun } from './run.ts';
import type { RunNote } from './runOptions.ts';
import type { ScannerResult } from './scans/contract.ts';

/** Trading days of a year: of US exchanges, and of a market that never closes. */
const STOCK_SESSIONS = 252;
const CRYPTO_SESSIONS = 365;
const MONEY_PLACES = 2;

export interface InstanceResult {
  readonly instanceId: string;
  readonly symbol: string;
  readonly qty: string;
  readonly avgPrice: string;
  readonly realizedPnl: string;
  readonly unrealizedPnl: string;
  readonly fees: string;
}

export interface BacktestMetrics {
  /** Of the starting equity. */
  readonly returnPercent: number;
  readonly maxDrawdown: number;
  readonly maxDrawdownPercent: number;
  /** Null where there are too few sessions to say. */
  readonly sharpe: number | null;
  readonly sortino: number | null;
  readonly sessions: number;
  readonly fees: string;
  readonly borrowCost: string;
  /** Received, less what was owed for shorts. */
  readonly dividends: string;
  readonly orders: number;
  readonly denials: number;
  /** Round trips from flat to flat. */
  readonly trades: number;
  readonly winRatePercent: number | null;
  /** Sum of gains by sum of losses; null without losses. */
  readonly profitFactor: number | null;
  readonly averageTrade: string | null;
  readonly largestWin: string;
  readonly largestLoss: string;
  /** What these round trips could have come to, drawn again by chance; null where they are too few. */
  readonly resampled: Resampled | null;
}

export interface BacktestResult {
  readonly batchId: string;
  readonly from: string;
  readonly to: string;
  readonly bars: number;
  readonly events: number;
  readonly fills: number;
  readonly startEquity: string;
  /** To the cent. */
  readonly finalEquity: string;
  readonly finalEquityExact: string;
  readonly metrics: BacktestMetrics;
  readonly instances: readonly InstanceResult[];
  readonly equityCurve: readonly { readonly at: string; readonly equity: number }[];
  readonly openOrders: number;
  readonly data: DataReport;
  /** Symbols of the plan that the data lacks. */
  readonly missingSymbols: readonly string[];
  /** Histories that were shorter than a strategy wanted before its first decision. */
  readonly shortWarmUps: readonly {
    readonly symbol: string;
    readonly wanted: number;
    readonly found: number;
  }[];
  /** Left out where the strategies take no picks. */
  readonly scanners?: readonly ScannerResult[];
  /** Strategies that failed, and the desk's alerts. */
  readonly faults: number;
  readonly notes: readonly RunNote[];
  /** Reading included. */
  readonly elapsedSeconds: number;
  readonly eventsPerSecond: number;
}

export function resultOf(
  run: BacktestRun,
  of: {
    readonly plan: Tradeplan;
    readonly missing: readonly string[];
    readonly data: DataReport;
    readonly elapsedMs: number;
    readonly runMs: number;
    readonly fromMicros: EpochMicros;
    readonly scanners?: readonly ScannerResult[];
  },
): BacktestResult {
  const status = run.machine.status();
  const equity = run.account.equity();
  return {
    batchId: run.batchId,
    from: formatMicros(of.fromMicros),
    to: formatMicros(run.nowMicros),
    bars: run.bars,
    events: run.events,
    fills: run.fills,
    startEquity: formatFixed(run.account.startingCash, MONEY_PLACES),
    finalEquity: formatFixed(equity, MONEY_PLACES),
    finalEquityExact: formatDecimal(equity),
    metrics: metricsOf(run, of.plan, { orders: status.ordersSubmitted, denials: status.denials }),
    instances: status.positions.map((position) => ({
      instanceId: position.instanceId,
      symbol: position.symbol,
      qty: formatDecimal(position.quantity),
      avgPrice: formatDecimal(position.averagePrice),
      realizedPnl: formatDecimal(position.realizedPnl),
      unrealizedPnl: (position.unrealizedPnl ?? 0).toFixed(MONEY_PLACES),
      fees: formatDecimal(position.fees),
    })),
    equityCurve: run.curve.points.map(({ atMicros, equity: value }) => ({
      at: formatMicros(atMicros),
      equity: roundTo(value, MONEY_PLACES),
    })),
    openOrders: status.openOrders.length,
    data: of.data,
    missingSymbols: of.missing,
    shortWarmUps: run.warmUps,
    ...(of.scanners === undefined ? {} : { scanners: of.scanners }),
    faults: run.faults,
    notes: run.notes,
    elapsedSeconds: roundTo(of.elapsedMs / 1_000, 3),
    eventsPerSecond: Math.round((run.events / Math.max(of.runMs, 0.001)) * 1_000),
  };
}

function metricsOf(
  run: BacktestRun,
  plan: Tradeplan,
  desk: { readonly orders: number; readonly denials: number },
): BacktestMetrics {
  const { account, curve } = run;
  const start = account.startingCash;
  const trips = run.trips.counts();
  const net = subtract(account.equity(), start);
  const sum = (trips.grossProfit + trips.grossLoss) as typeof ZERO;
  const { sharpe, sortino } = curve.ratios(plan.assetClass === 'crypto' ? CRYPTO_SESSIONS : STOCK_SESSIONS);
  return {
    returnPercent: roundTo(numberFromDecimal(divide(net, start)) * 100, 4),
    maxDrawdown: roundTo(curve.drawdown.amount, MONEY_PLACES),
    maxDrawdownPercent: roundTo(curve.drawdown.share * 100, 4),
    sharpe: sharpe === null ? null : roundTo(sharpe, 4),
    sortino: sortino === null ? null : roundTo(sortino, 4),
    sessions: curve.sessions,
    fees: formatDecimal(account.fees),
    borrowCost: formatDecimal(account.borrowCost),
    dividends: formatDecimal(account.dividends),
    orders: desk.orders,
    denials: desk.denials,
    trades: trips.count,
    winRatePercent: trips.count === 0 ? null : roundTo((trips.wins / trips.count) * 100, 2),
    profitFactor:
      trips.grossLoss === ZERO
        ? null
        : roundTo(numberFromDecimal(trips.grossProfit) / -numberFromDecimal(trips.grossLoss), 4),
    averageTrade: trips.count === 0 ? null : formatFixed(divide(sum, decimal(String(trips.count))), 4),
    largestWin: formatDecimal(trips.largestWin),
    largestLoss: formatDecimal(trips.largestLoss),
    resampled: resample(run.trips.gains, {
      count: trips.count,
      startEquity: numberFromDecimal(start),
      random: seededRandom(RESAMPLE_SEED),
    }),
  };
}

function roundTo(value: number, places: number): number {
  return Number(value.toFixed(places));
}
