/** The synthetic market: one independent, seeded stream of ticks per symbol, merged in order of time. */
import type { EpochMicros } from '../../domain/time.ts';
import type { Report, TickSource } from './events.ts';
import type { Listing } from './instruments.ts';
import type { SessionSchedule } from './sessions.ts';
import { SymbolStream } from './stream.ts';

export interface SyntheticOptions {
  readonly listings: readonly Listing[];
  readonly seed: number;
  readonly schedule: SessionSchedule;
  readonly liveliness: number;
  readonly haltsPerHour: number;
}

export class SyntheticMarket implements TickSource {
  readonly streams: readonly SymbolStream[];
  readonly #weightTotal: number;

  constructor(options: SyntheticOptions) {
    this.streams = options.listings.map((listing) => new SymbolStream({ ...options, listing }));
    this.#weightTotal = options.listings.reduce((sum, listing) => sum + listing.weight, 0);
  }

  /** Starts ticking at the moment (or at the first open after it); what went before is the history's. */
  startAt(moment: EpochMicros): void {
    for (const stream of this.streams) stream.startAt(moment);
  }

  /**
   * Events a second over all symbols together. `sizeScale` shrinks the trades when there are more of them, so that a
   * minute's volume does not depend on the rate.
   */
  setRate(ratePerSecond: number, sizeScale: number): void {
    for (const stream of this.streams) {
      stream.setRate((ratePerSecond * stream.listing.weight) / this.#weightTotal, sizeScale);
    }
  }

  advanceTo(moment: EpochMicros): Report[] {
    const reports: Report[] = [];
    for (const stream of this.streams) stream.collect(moment, reports);
    // The sort is stable, so what one symbol reports in one microsecond keeps its order.
    return reports.sort((a, b) => a.at - b.at);
  }

  skipTo(moment: EpochMicros): void {
    for (const stream of this.streams) stream.skipTo(moment);
  }
}
