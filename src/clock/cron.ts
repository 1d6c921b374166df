/**
 * When a cron expression runs next. node-cron reads the expression and decides which days match (names, ranges,
 * steps, `L`, `W`, `#`); its timers and its clock are never used.
 */
import nodeCron, { type ScheduledTask } from 'node-cron';
import { Temporal } from 'temporal-polyfill';
import type { EpochMicros } from '../domain/time.ts';

/** February 29 on a given weekday comes again after 28 years, after 40 across a year such as 2100. */
const SEARCH_YEARS_MAX = 41;

/** Whether it is five fields, or six with seconds first, that node-cron accepts. Nicknames such as `@daily` too. */
export function isCronExpression(expression: string): boolean {
  return nodeCron.validate(expression);
}

/**
 * A cron expression in a time zone. Day of month and day of week must both match. A time that the change to summer
 * time skips runs an hour later; one that the change back repeats runs once, the first time.
 */
export class Cron {
  readonly expression: string;
  readonly timeZone: string;
  readonly #seconds: readonly number[];
  readonly #minutes: readonly number[];
  readonly #hours: readonly number[];
  readonly #months: ReadonlySet<number>;
  readonly #days: ScheduledTask;

  /** @throws {RangeError} when the expression is not one; ask {@link isCronExpression} before. */
  constructor(expression: string, timeZone: string) {
    if (!isCronExpression(expression)) throw new RangeError(`not a cron expression: ${expression}`);
    this.expression = expression;
    this.timeZone = timeZone;
    const fields = nodeCron.parse(expression);
    this.#seconds = ascending(fields.second);
    this.#minutes = ascending(fields.minute);
    this.#hours = ascending(fields.hour);
    this.#months = new Set(fields.month);
    this.#days = dayMatcher(fields.dayOfMonth, fields.dayOfWeek);
  }

  /** The first run strictly after the moment, or undefined when there is none (such as on February 30). */
  nextAfter(moment: EpochMicros): EpochMicros | undefined {
    const start = Temporal.Instant.fromEpochMilliseconds(Math.floor(moment / 1_000)).toZonedDateTimeISO(
      this.timeZone,
    );
    let date = start.toPlainDate();
    const last = date.add({ years: SEARCH_YEARS_MAX });
    let from = start.hour * 3_600 + start.minute * 60 + start.second;
    while (Temporal.PlainDate.compare(date, last) <= 0) {
      if (this.#matchesDay(date)) {
        for (const second of this.#secondsOfDay(from)) {
          const time = new Temporal.PlainTime(
            Math.floor(second / 3_600),
            Math.floor(second / 60) % 60,
            second % 60,
          );
          const run =
            date.toZonedDateTime({ timeZone: this.timeZone, plainTime: time }).epochMilliseconds * 1_000;
          if (run > moment) return run;
        }
      }
      date = this.#months.has(date.month) ? date.add({ days: 1 }) : date.with({ day: 1 }).add({ months: 1 });
      from = 0;
    }
    return undefined;
  }

  #matchesDay(date: Temporal.PlainDate): boolean {
    if (!this.#months.has(date.month)) return false;
    const noon = date.toZonedDateTime({ timeZone: 'UTC', plainTime: '12:00' });
    return this.#days.match(new Date(noon.epochMilliseconds));
  }

  *#secondsOfDay(from: number): Generator<number> {
    for (const hour of this.#hours) {
      if (hour * 3_600 + 3_599 < from) continue;
      for (const minute of this.#minutes) {
        if (hour * 3_600 + minute * 60 + 59 < from) continue;
        for (const second of this.#seconds) yield hour * 3_600 + minute * 60 + second;
      }
    }
  }
}

/** A task that never runs: node-cron's own answer whether noon of a day matches. */
function dayMatcher(
  days: readonly (number | string)[],
  weekdays: readonly (number | string)[],
): ScheduledTask {
  const task = nodeCron.createTask(`0 0 12 ${days.join(',')} * ${weekdays.join(',')}`, () => undefined, {
    timezone: 'UTC',
  });
  // Out of node-cron's list of tasks again; matching needs no entry there.
  void task.destroy();
  return task;
}

function ascending(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
