/** The report as plain data: what `--json` prints and the page shows. */
import { seededRandom } from '../clock/chance.ts';
import { type Decimal, formatDecimal, formatFixed, numberFromDecimal, subtract } from '../domain/decimal.ts';
import { type EpochMicros, formatMicros, MICROS_PER_DAY } from '../domain/time.ts';
import { RESAMPLE_SEED, type Resampled, resample } from '../fincalcs/bootstrap.ts';
import { type Comparison, compare } from './comparison.ts';
import { type Figures, figuresOf } from './figures.ts';
import type { Marker, ReportMarket } from './market.ts';
import type { Span } from './series.ts';
import type { InstanceSettings } from './settings.ts';
import type { Trip } from './trip.ts';
import type { BatchWalk } from './walk.ts';

const MONEY_PLACES = 2;
/** Price charts: of the symbols that were traded most. */
export const CHARTS_MAX = 12;
const PRICE_PLACES = 6;

export interface ReportSpan {
  readonly at: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

export interface MonthRow {
  /** `2026-11`. */
  readonly month: string;
  readonly returnPercent: number;
}

export interface TripRow {
  readonly instanceId: string;
  readonly symbol: string;
  readonly side: 'long' | 'short';
  readonly from: string;
  readonly to: string;
  readonly qty: string;
  readonly entryPrice: string;
  readonly exitPrice: string;
  readonly fees: string;
  readonly gain: string;
  readonly returnPercent: number;
  readonly maxAdverse: number | null;
  readonly maxFavourable: number | null;
  readonly rUnits: number | null;
  readonly entryReason: string;
  readonly exitReason: string;
  /** Numbers of {@link ReportDocument.settings}: with what entry and exit were decided; null = not known. */
  readonly entrySettings: number | null;
  readonly exitSettings: number | null;
}

export interface PriceChart {
  readonly symbol: string;
  /** Empty where the prices of the market are not known. */
  readonly prices: readonly ReportSpan[];
  readonly fills: number;
  /** All of them, or an even selection when they are many. */
  readonly markers: readonly (Omit<Marker, 'atMicros'> & { readonly at: string })[];
  /** What strategies have plotted. */
  readonly series: readonly { readonly name: string; readonly points: readonly ReportSpan[] }[];
}

export interface ReportDocument {
  readonly batchId: string;
  readonly environment: string;
  readonly strategies: readonly string[];
  /** Code and parameters of each strategy, from when on. */
  readonly settings: readonly InstanceSettings[];
  readonly from: string | null;
  readonly to: string | null;
  readonly startEquity: string;
  readonly finalEquity: string;
  readonly profit: string;
  readonly fees: string;
  /** Borrowing. */
  readonly costs: string;
  readonly fills: number;
  readonly figures: Figures;
  /** What these round trips could have come to, drawn again by chance; null where they are too few. */
  readonly resampled: Resampled | null;
  readonly comparisons: readonly Comparison[];
  readonly months: readonly MonthRow[];
  readonly days: readonly { readonly date: string; readonly equity: number }[];
  readonly equity: readonly ReportSpan[];
  /** Shares of the peak. */
  readonly drawdown: readonly ReportSpan[];
  readonly charts: readonly PriceChart[];
  /** Symbols that were traded and have no chart. */
  readonly withoutChart: number;
  readonly trips: readonly TripRow[];
  readonly openPositions: readonly {
    readonly instanceId: string;
    readonly symbol: string;
    readonly qty: string;
    readonly avgPrice: string;
    readonly price: number;
  }[];
  /** What a reader must know before trusting the figures. */
  readonly notes: readonly string[];
}

export interface ReportSubject {
  readonly batchId: string;
  readonly environment: string;
  readonly strategies: readonly string[];
  /** Left out, not known. */
  readonly settings?: readonly InstanceSettings[];
  /** Days with prices of a year: 252 on US exchanges, 365 where the market never closes. */
  readonly daysPerYear: number;
  /** A symbol to compare with; left out, none. */
  readonly benchmark?: string;
  readonly notes: readonly string[];
}

export function documentOf(walk: BatchWalk, subject: ReportSubject): ReportDocument {
  const traded = [...walk.markets.values()].filter((market) => market.fills > 0);
  traded.sort((a, b) => b.fills - a.fills || (a.symbol < b.symbol ? -1 : 1));
  const final = walk.finalEquity();
  const benchmark = subject.benchmark === undefined ? undefined : walk.markets.get(subject.benchmark);
  const { daysPerYear } = subject;
  const comparisons = [
    compare(walk, { name: 'buy and hold', markets: traded, daysPerYear }),
    ...(benchmark === undefined
      ? []
      : [compare(walk, { name: benchmark.symbol, markets: [benchmark], daysPerYear })]),
  ].filter((comparison) => comparison !== null);
  return {
    batchId: subject.batchId,
    environment: subject.environment,
    strategies: subject.strategies,
    settings: subject.settings ?? [],
    from: walk.firstMicros === null ? null : formatMicros(walk.firstMicros),
    to: walk.lastMicros === null ? null : formatMicros(walk.lastMicros),
    startEquity: money(walk.startEquity),
    finalEquity: money(final),
    profit: money(subtract(final, walk.startEquity)),
    fees: formatDecimal(walk.fees),
    costs: formatDecimal(walk.costs),
    fills: walk.fills,
    figures: figuresOf(walk, daysPerYear),
    resampled: resample(
      walk.trips.map(({ gain }) => numberFromDecimal(gain)),
      {
        count: walk.sums.count,
        startEquity: numberFromDecimal(walk.startEquity),
        random: seededRandom(RESAMPLE_SEED),
      },
    ),
    comparisons,
    months: monthsOf(walk),
    days: walk.days.map(({ day, equity }) => ({ date: dateOf(day), equity: rounded(equity, MONEY_PLACES) })),
    equity: spans(walk.equity.spans, MONEY_PLACES),
    drawdown: spans(walk.drawdowns.spans, PRICE_PLACES),
    charts: traded.slice(0, CHARTS_MAX).map(chartOf),
    withoutChart: Math.max(0, traded.length - CHARTS_MAX),
    trips: walk.trips.map(tripRow),
    openPositions: [...walk.openTrips.values()].map(({ instanceId, symbol, trip }) => ({
      instanceId,
      symbol,
      qty: `${trip.isLong ? '' : '-'}${formatDecimal(trip.held)}`,
      avgPrice: formatDecimal(trip.entryPrice),
      price: rounded(walk.market(symbol).worth(), PRICE_PLACES),
    })),
    notes: [...subject.notes, ...notesOf(walk, subject, benchmark)],
  };
}

function notesOf(
  walk: BatchWalk,
  subject: ReportSubject,
  benchmark: ReportMarket | undefined,
): readonly string[] {
  const notes: string[] = [];
  if (subject.benchmark !== undefined && benchmark?.hasPrices !== true)
    notes.push(`There are no prices of ${subject.benchmark}: nothing is compared with it.`);
  if (walk.moments === 0 && walk.fills > 0)
    notes.push(
      'The prices of the market are not known: what is held is valued at its last fill, and exposure, MAE, MFE and buy-and-hold cannot be said.',
    );
  const missing = walk.sums.count - walk.trips.length;
  if (missing > 0) notes.push(`${missing} later round trips are in the figures and not in the list.`);
  return notes;
}

/** Each month's return from the end of the month before, by the days' ends in UTC. */
function monthsOf(walk: BatchWalk): readonly MonthRow[] {
  const ends = new Map<string, number>();
  for (const { day, equity } of walk.days) ends.set(dateOf(day).slice(0, 7), equity);
  let before = numberFromDecimal(walk.startEquity);
  return [...ends].map(([month, equity]) => {
    const returnPercent = before > 0 ? rounded((equity / before - 1) * 100, PRICE_PLACES) : 0;
    before = equity;
    return { month, returnPercent };
  });
}

function chartOf(market: ReportMarket): PriceChart {
  return {
    symbol: market.symbol,
    prices: spans(market.prices.spans, PRICE_PLACES),
    fills: market.fills,
    markers: market.markers.map(({ atMicros, ...marker }) => ({ at: formatMicros(atMicros), ...marker })),
    series: [...market.plots].map(([name, plot]) => ({ name, points: spans(plot.spans, PRICE_PLACES) })),
  };
}

function tripRow(trip: Trip): TripRow {
  const numberOrNull = (value: number | null) => (value === null ? null : rounded(value, PRICE_PLACES));
  return {
    instanceId: trip.instanceId,
    symbol: trip.symbol,
    side: trip.isLong ? 'long' : 'short',
    from: formatMicros(trip.fromMicros),
    to: formatMicros(trip.toMicros),
    qty: formatDecimal(trip.quantity),
    entryPrice: formatDecimal(trip.entryPrice),
    exitPrice: formatDecimal(trip.exitPrice),
    fees: formatDecimal(trip.fees),
    gain: formatDecimal(trip.gain),
    returnPercent: rounded(trip.returnPercent, PRICE_PLACES),
    maxAdverse: numberOrNull(trip.adverse),
    maxFavourable: numberOrNull(trip.favourable),
    rUnits: numberOrNull(trip.rUnits),
    entryReason: trip.entryReason,
    exitReason: trip.exitReason,
    entrySettings: trip.entrySettings,
    exitSettings: trip.exitSettings,
  };
}

function spans(of: readonly Span[], places: number): readonly ReportSpan[] {
  return of.map(({ atMicros, open, high, low, close }) => ({
    at: formatMicros(atMicros),
    open: rounded(open, places),
    high: rounded(high, places),
    low: rounded(low, places),
    close: rounded(close, places),
  }));
}

function dateOf(day: number): string {
  return formatMicros((day * MICROS_PER_DAY) as EpochMicros).slice(0, 10);
}

function money(amount: Decimal): string {
  return formatFixed(amount, MONEY_PLACES);
}

function rounded(value: number, places: number): number {
  return Number(value.toFixed(places));
}
