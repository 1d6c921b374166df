/** What the account may trade, asked for once a day: the list of all US stocks is several megabytes. */
import type { Broker } from '../brokers/contract.ts';
import type { Clock } from '../clock/clock.ts';
import type { Instrument } from '../domain/market.ts';
import type { Outcome } from '../domain/outcome.ts';

const KEPT_MS = 12 * 3_600_000;

/** A failed answer is not kept: the next call asks again. */
export function cachedInstruments(
  broker: Broker,
  clock: Clock,
): () => Promise<Outcome<readonly Instrument[]>> {
  let answer: Promise<Outcome<readonly Instrument[]>> | null = null;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (answer !== null && clock.monotonicMs() - askedAtMs < KEPT_MS) return answer;
    askedAtMs = clock.monotonicMs();
    const asked = broker.instruments();
    answer = asked;
    void asked.then((outcome) => {
      if (!outcome.ok && answer === asked) answer = null;
    });
    return asked;
  };
}
