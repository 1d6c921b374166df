/** The end of a run whose strategy never comes to rest. */
import { EXIT_UNEXPECTED, UserError } from '../domain/exit.ts';
import { type EpochMicros, formatMicros } from '../domain/time.ts';

/** Orders in answer to answers, within one moment. */
export const ROUNDS_MAX = 1_000;

export function restless(nowMicros: EpochMicros): UserError {
  return new UserError({
    exitCode: EXIT_UNEXPECTED,
    cause: `at ${formatMicros(nowMicros)} a strategy answered answers with orders more than ${ROUNDS_MAX} times without a new event`,
    remedy: 'Let it wait for the market, or set backtest.latency above zero.',
  });
}
