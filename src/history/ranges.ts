/** Asks a provider for a range, in parts where it is too long for one answer. */
import type { Bar, Quote, Trade } from '../domain/market.ts';
import type { Outcome } from '../domain/outcome.ts';
import { success } from '../domain/outcome.ts';
import { type EpochMicros, MICROS_PER_MINUTE } from '../domain/time.ts';
import type { BarAdjustment, HistoryProvider } from '../providers/contract.ts';
import type { HistoryKind } from './contract.ts';

export interface RangeRequest {
  readonly symbol: string;
  readonly kind: HistoryKind;
  /** Inclusive. */
  readonly fromMicros: EpochMicros;
  /** Exclusive. */
  readonly toMicros: EpochMicros;
  readonly adjustment: BarAdjustment;
  readonly signal: AbortSignal;
}

type Row = Bar | Trade | Quote;

/** Rows by time, oldest first. */
export async function rowsOf(
  history: HistoryProvider,
  request: RangeRequest,
): Promise<Outcome<readonly Row[]>> {
  const { fromMicros, toMicros } = request;
  const answer = await ask(history, request);
  const isTooLong =
    !answer.ok && answer.failure.kind === 'invalid' && answer.failure.httpStatus === undefined;
  if (!isTooLong || toMicros - fromMicros < 2 * MICROS_PER_MINUTE) return answer;
  const middle = Math.floor((fromMicros + toMicros) / 2);
  const first = await rowsOf(history, { ...request, toMicros: middle });
  if (!first.ok) return first;
  const second = await rowsOf(history, { ...request, fromMicros: middle });
  return second.ok ? success([...first.value, ...second.value]) : second;
}

async function ask(history: HistoryProvider, request: RangeRequest): Promise<Outcome<readonly Row[]>> {
  const { symbol, kind, fromMicros, toMicros, adjustment, signal } = request;
  if (kind === 'trades') return history.trades(symbol, fromMicros, toMicros, signal);
  if (kind === 'quotes') return history.quotes(symbol, fromMicros, toMicros, signal);
  const bars = { symbols: [symbol], interval: 'minute' as const, fromMicros, toMicros, adjustment };
  const answer = await history.bars(bars, signal);
  return answer.ok ? success(answer.value.get(symbol) ?? []) : answer;
}
