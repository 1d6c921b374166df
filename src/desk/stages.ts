/** What the desk measures: its own share of an order's way, and the broker's. */
import type { Clock } from '../clock/clock.ts';
import { type StageReport, StageTimer } from '../observability/stages.ts';
import { type ThreadMeasurements, ThreadMonitor } from '../observability/vitals.ts';

export class DeskStages {
  /** From an intent's arrival to the request's start: risk, and the journal until it is durable. */
  readonly desk: StageTimer;
  /** From there to the broker's answer. */
  readonly broker: StageTimer;
  readonly #monitor: ThreadMonitor;

  constructor(clock: Clock) {
    this.desk = new StageTimer(clock);
    this.broker = new StageTimer(clock);
    this.#monitor = new ThreadMonitor(clock);
  }

  measurements(): ThreadMeasurements {
    const stages: StageReport = { desk: this.desk.figures(), broker: this.broker.figures() };
    return { stages, vitals: this.#monitor.vitals() };
  }
}
