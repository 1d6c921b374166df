/** The figures of a report, each with how much it rests on. Definitions: docs/REPORT.md. */
import { add, type Decimal, decimal, divide, numberFromDecimal } from '../domain/decimal.ts';
import { MICROS_PER_DAY } from '../domain/time.ts';
import {
  annualReturn,
  calmarRatio,
  profitFactor,
  returnsOf,
  sharpeRatio,
  sortinoRatio,
} from '../fincalcs/performance.ts';
import type { BatchWalk } from './walk.ts';

const DAYS_PER_YEAR = 365.25;
/** Fewer daily returns, or round trips, say little: the error of a ratio is then as large as most ratios are. */
export const DAYS_MIN = 30;
export const TRIPS_MIN = 30;
/** What is scaled up to a year needs a good part of one. */
export const YEARLY_DAYS_MIN = 90;

/** Days with prices of a year: of US exchanges, and of a market that never closes. */
export function daysPerYearOf(assetClass: 'us_equity' | 'crypto'): number {
  return assetClass === 'crypto' ? 365 : 252;
}

/** A statistic and what it was made of. */
export interface Figure {
  /** Null where it cannot be said. */
  readonly value: number | null;
  readonly sample: number;
  readonly sampleOf: 'days' | 'trips' | 'moments';
  /** False when the sample is thinner than the definition asks for. */
  readonly isMeaningful: boolean;
}

export interface Figures {
  readonly returnPercent: number;
  readonly annualReturnPercent: Figure;
  readonly sharpe: Figure;
  readonly sortino: Figure;
  readonly calmar: Figure;
  readonly maxDrawdown: number;
  readonly maxDrawdownPercent: number;
  readonly longestDrawdownDays: number;
  readonly trips: number;
  readonly winRatePercent: Figure;
  readonly profitFactor: Figure;
  readonly averageTrip: Figure;
  readonly averageRUnits: Figure;
  readonly averageAdverse: Figure;
  readonly averageFavourable: Figure;
  readonly exposurePercent: Figure;
  /** Value of all fills by average equity. */
  readonly turnover: number | null;
  readonly traded: number;
}

/** Growth of one unit of money from day to day, and the figures that need nothing else. */
export interface Growth {
  readonly returnPercent: number;
  readonly annualReturnPercent: Figure;
  readonly sharpe: Figure;
  readonly sortino: Figure;
}

/** @param equities at the beginning, and at the end of each day. */
export function growthOf(equities: readonly number[], years: number, daysPerYear: number): Growth {
  const returns = returnsOf(equities);
  const start = equities[0] ?? 0;
  const end = equities.at(-1) ?? 0;
  const ofDays = (value: number | null, least: number): Figure => ({
    value: rounded(value),
    sample: returns.length,
    sampleOf: 'days',
    isMeaningful: value !== null && returns.length >= least,
  });
  const yearly = annualReturn(start, end, years);
  return {
    returnPercent: start > 0 ? rounded((end / start - 1) * 100)! : 0,
    annualReturnPercent: ofDays(yearly === null ? null : yearly * 100, YEARLY_DAYS_MIN),
    sharpe: ofDays(sharpeRatio(returns, daysPerYear), DAYS_MIN),
    sortino: ofDays(sortinoRatio(returns, daysPerYear), DAYS_MIN),
  };
}

export function figuresOf(walk: BatchWalk, daysPerYear: number): Figures {
  const { sums, drawdown } = walk;
  const start = numberFromDecimal(walk.startEquity);
  const equities = [start, ...walk.days.map(({ equity }) => equity)];
  const years = yearsOf(walk);
  const growth = growthOf(equities, years, daysPerYear);
  const ofTrips = (value: number | null, sample: number): Figure => ({
    value: rounded(value),
    sample,
    sampleOf: 'trips',
    isMeaningful: value !== null && sample >= TRIPS_MIN,
  });
  const mean = (sum: number, count: number) => ofTrips(count === 0 ? null : sum / count, count);
  const calmar = calmarRatio(annualReturn(start, equities.at(-1)!, years), drawdown.share);
  const averageEquity = equities.reduce((sum, equity) => sum + equity, 0) / equities.length;
  const traded = numberFromDecimal(walk.traded);
  const exposure = walk.moments === 0 ? null : (walk.exposedMoments / walk.moments) * 100;
  return {
    ...growth,
    calmar: {
      ...growth.annualReturnPercent,
      value: rounded(calmar),
      isMeaningful: calmar !== null && growth.annualReturnPercent.isMeaningful,
    },
    maxDrawdown: rounded(drawdown.amount)!,
    maxDrawdownPercent: rounded(drawdown.share * 100)!,
    longestDrawdownDays: rounded(drawdown.longest / MICROS_PER_DAY)!,
    trips: sums.count,
    winRatePercent: ofTrips(sums.count === 0 ? null : (sums.wins / sums.count) * 100, sums.count),
    profitFactor: ofTrips(
      profitFactor(numberFromDecimal(sums.grossProfit), numberFromDecimal(sums.grossLoss)),
      sums.count,
    ),
    averageTrip: ofTrips(averageTrip(add(sums.grossProfit, sums.grossLoss), sums.count), sums.count),
    averageRUnits: mean(sums.rSum, sums.rCount),
    averageAdverse: mean(sums.adverse, sums.excursions),
    averageFavourable: mean(sums.favourable, sums.excursions),
    exposurePercent: {
      value: rounded(exposure),
      sample: walk.moments,
      sampleOf: 'moments',
      isMeaningful: exposure !== null,
    },
    turnover: averageEquity > 0 ? rounded(traded / averageEquity) : null,
    traded: rounded(traded)!,
  };
}

export function yearsOf({ firstMicros, lastMicros }: BatchWalk): number {
  if (firstMicros === null || lastMicros === null) return 0;
  return (lastMicros - firstMicros) / MICROS_PER_DAY / DAYS_PER_YEAR;
}

function averageTrip(total: Decimal, count: number): number | null {
  return count === 0 ? null : numberFromDecimal(divide(total, decimal(String(count))));
}

/** Enough places for any reader, and none of the noise of floating point. */
function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toFixed(6));
}
