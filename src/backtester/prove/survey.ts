/** What the data says of itself: how long its bars are, whether their times look like starts, and some of its moments. */
import type { SessionCalendar } from '../../clock/calendar.ts';
import type { Random } from '../../clock/chance.ts';
import type { Session } from '../../domain/market.ts';
import type { EpochMicros } from '../../domain/time.ts';
import { type Batch, EventKind } from '../../tape/batch.ts';

/** Fewer days say nothing about how bars lie in the session. */
const DAYS_MIN = 3;
const DAYS_SHARE = 0.8;
/** Fewer may all happen to be longer than a bar. */
const GAPS_MIN = 30;

interface Day {
  firstMicros: EpochMicros;
  lastMicros: EpochMicros;
  readonly session: Session;
}

export class DataSurvey {
  /** Rows drawn with equal chance each: when they happened. */
  readonly moments: EpochMicros[] = [];
  readonly #lastStart: EpochMicros[] = [];
  readonly #days: Day[] = [];
  readonly #calendar: SessionCalendar;
  readonly #momentsMax: number;
  readonly #random: Random;
  #rows = 0;
  #gaps = 0;
  #commonGap = 0;

  constructor(of: {
    readonly calendar: SessionCalendar;
    readonly momentsMax: number;
    readonly random: Random;
  }) {
    this.#calendar = of.calendar;
    this.#momentsMax = of.momentsMax;
    this.#random = of.random;
  }

  /** Greatest common divisor of the times from one bar to the next: how long a bar is. 0 where there are too few. */
  get barMicros(): number {
    return this.#gaps < GAPS_MIN ? 0 : this.#commonGap;
  }

  look(batch: Batch): void {
    for (let row = 0; row < batch.count; row += 1) {
      const kind = batch.kind[row]!;
      if (kind === EventKind.none) continue;
      const atMicros = batch.timeMicros(row);
      if (kind === EventKind.minuteBar) this.#bar(batch.symbolId[row]!, atMicros);
      this.#rows += 1;
      if (this.moments.length < this.#momentsMax) this.moments.push(atMicros);
      else {
        const place = Math.floor(this.#random() * this.#rows);
        if (place < this.#momentsMax) this.moments[place] = atMicros;
      }
    }
  }

  /**
   * Whether bars begin one bar before the regular open, and none in the session's last: times that are starts were read
   * as ends, and each bar is known one bar too early.
   */
  startsLookLikeEnds(barMicros: number): boolean {
    if (this.#days.length < DAYS_MIN) return false;
    const shifted = this.#days.filter(
      ({ firstMicros, lastMicros, session }) =>
        firstMicros === session.openMicros - barMicros && lastMicros === session.closeMicros - 2 * barMicros,
    );
    return shifted.length >= this.#days.length * DAYS_SHARE;
  }

  #bar(symbolId: number, startMicros: EpochMicros): void {
    const last = this.#lastStart[symbolId];
    this.#lastStart[symbolId] = startMicros;
    if (last !== undefined && startMicros > last) {
      this.#commonGap = commonDivisor(this.#commonGap, startMicros - last);
      this.#gaps += 1;
    }
    let day = this.#days.at(-1);
    // Bars of pre-market and after hours belong to their session's day.
    if (day === undefined || startMicros >= day.session.extendedCloseMicros) {
      const session = this.#calendar.currentOrNext(startMicros, 'extended');
      day = { session, firstMicros: startMicros, lastMicros: startMicros };
      this.#days.push(day);
    }
    day.firstMicros = Math.min(day.firstMicros, startMicros);
    day.lastMicros = Math.max(day.lastMicros, startMicros);
  }
}

function commonDivisor(a: number, b: number): number {
  let [large, small] = [a, b];
  while (small > 0) [large, small] = [small, large % small];
  return large;
}
