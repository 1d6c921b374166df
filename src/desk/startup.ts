/** What a start asks of the outside before anything trades: the account, and what is held when no journal knows. */
import type { Broker } from '../brokers/contract.ts';
import { type Clock, delay } from '../clock/clock.ts';
import { EXIT_UNREACHABLE, UserError } from '../domain/exit.ts';
import type { Account } from '../domain/order.ts';
import { type Failure, isRetrySensible } from '../domain/outcome.ts';
import { type EpochMicros, MICROS_PER_MILLISECOND } from '../domain/time.ts';
import type { Recovery } from '../execution/books/recovery.ts';
import type { Environment, HoldingRow, Stores } from '../models/contract.ts';
import { failureFrom } from '../models/failure.ts';

const RETRY_DELAY_MS = 500;

/** Accounts of these live on between batches; the others begin anew with every batch. */
export function carriesOver(environment: Environment): boolean {
  return environment === 'PAPER' || environment === 'PROD';
}

/** Executions before this moment are known: a margin before the last one, or before the oldest open order. */
export function executionsFrom(
  recovery: Recovery,
  startedMicros: EpochMicros,
  marginMs: number,
): EpochMicros {
  const knownMicros = recovery.lastExecutionMicros ?? startedMicros;
  const oldestOpenMicros = recovery.oldestOpenMicros ?? startedMicros;
  return Math.min(knownMicros, oldestOpenMicros) - marginMs * MICROS_PER_MILLISECOND;
}

/**
 * The broker's account, asked for until it answers.
 * @throws {UserError} exit 3 when the keys are refused, or no answer came in time.
 */
export async function askAccount(broker: Broker, clock: Clock, timeoutMs: number): Promise<Account> {
  const startedMs = clock.monotonicMs();
  for (;;) {
    const outcome = await broker.account();
    if (outcome.ok) return outcome.value;
    const isOverdue = clock.monotonicMs() - startedMs > timeoutMs;
    if (isOverdue || !isRetrySensible(outcome.failure)) throw accountRefused(outcome.failure);
    await delay(clock, outcome.failure.retryAfterMs ?? RETRY_DELAY_MS);
  }
}

/**
 * What the database knows of earlier batches' positions.
 * @throws {UserError} exit 3 when it does not answer in time: without it nobody knows what is held.
 */
export async function askHoldings(
  stores: Pick<Stores, 'holdings'>,
  question: { readonly instanceIds: readonly string[]; readonly environment: Environment },
  context: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<readonly HoldingRow[]> {
  const { clock, timeoutMs } = context;
  const startedMs = clock.monotonicMs();
  for (;;) {
    try {
      return await stores.holdings(question.instanceIds, question.environment);
    } catch (error) {
      const failure = failureFrom(error);
      if (failure.retry && clock.monotonicMs() - startedMs <= timeoutMs) {
        await delay(clock, RETRY_DELAY_MS);
        continue;
      }
      throw new UserError({
        exitCode: EXIT_UNREACHABLE,
        cause: `the database did not say what is held: ${failure.message}`,
        remedy: 'Check DATABASE_URL and that the database answers.',
      });
    }
  }
}

/** The start's last step did not come through in time. */
export function notReconciled(timeoutMs: number): UserError {
  return new UserError({
    exitCode: EXIT_UNREACHABLE,
    cause: `the broker's books could not be compared with ours within ${timeoutMs} ms`,
    remedy:
      'Look into the log for what the broker answered; check that its trade-updates stream can be reached.',
  });
}

function accountRefused(failure: Failure): UserError {
  const isRefusal = failure.kind === 'unauthorized' || failure.kind === 'forbidden';
  return new UserError({
    exitCode: EXIT_UNREACHABLE,
    cause: `the broker ${isRefusal ? 'refused us' : 'did not answer for the account'}: ${failure.message}`,
    remedy: isRefusal
      ? 'Check APCA_API_KEY_ID and APCA_API_SECRET_KEY, and that they belong to this host (paper keys are not live keys).'
      : 'Check APCA_API_BASE_URL and the network, then start again.',
  });
}
