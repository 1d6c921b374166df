/**
 * How far our clock is off the broker's. What is asked of the broker by time is asked by its own; a machine whose clock
 * is wrong closes positions at the wrong time and takes fresh prices for old ones, so a person should know.
 */
import type { Broker } from '../brokers/contract.ts';
import type { Clock } from '../clock/clock.ts';
import { type EpochMicros, MICROS_PER_MILLISECOND } from '../domain/time.ts';

export interface SkewOptions {
  readonly broker: Pick<Broker, 'now'>;
  readonly clock: Clock;
  /** Beyond it `onSkewed` is called, once until it is within again. */
  readonly skewMaxMs: number;
  /** @param skewMs positive where the broker's clock is ahead of ours. */
  onSkewed(skewMs: number): void;
}

export class ClockSkew {
  readonly #options: SkewOptions;
  #micros = 0;
  #isSkewed = false;

  constructor(options: SkewOptions) {
    this.#options = options;
  }

  /** The broker's time for a moment of ours, by the last answer. */
  byBroker(moment: EpochMicros): EpochMicros {
    return moment + this.#micros;
  }

  /** Asks the broker. What is known stays where it does not answer, or has no clock of its own. */
  async measure(): Promise<void> {
    const { broker, clock, skewMaxMs } = this.#options;
    if (broker.now === undefined) return;
    const askedAtMicros = clock.nowMicros();
    const answer = await broker.now();
    if (!answer.ok) return;
    // It was read somewhere on the way there and back.
    const wayMicros = clock.nowMicros() - askedAtMicros;
    this.#micros = Math.round(answer.value - askedAtMicros - wayMicros / 2);
    const isSkewed = Math.abs(this.#micros) - wayMicros / 2 > skewMaxMs * MICROS_PER_MILLISECOND;
    if (isSkewed && !this.#isSkewed) this.#options.onSkewed(this.#micros / MICROS_PER_MILLISECOND);
    this.#isSkewed = isSkewed;
  }
}
