/** Times in files: with a zone, as numbers, or as the wall clock of a place. */
import { Temporal } from 'temporal-polyfill';
import { type EpochMicros, MICROS_PER_SECOND, parseMicros } from '../../domain/time.ts';

export interface ParsedTime {
  readonly micros: EpochMicros;
  /** Nanoseconds beyond the microseconds. */
  readonly nanos: number;
  /** The text names a day only. */
  readonly isDate: boolean;
}

const WALL = /^(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2}):?(\d{2})(?::?(\d{2})(?:\.(\d{1,9}))?)?)?$/;

/** Reads the times of one file. Wall-clock times are those of its zone (IANA name). */
export class TimeReader {
  readonly #zone: string;
  // Offsets by hour: asking the zone costs microseconds, and a file has many lines per hour.
  readonly #hourMicros = new Map<string, EpochMicros>();

  constructor(zone: string) {
    this.#zone = zone;
  }

  /** `undefined` when the text is no time. Numbers are seconds, ms, us or ns since the epoch, told by their size. */
  parse(text: string): ParsedTime | undefined {
    const wall = WALL.exec(text);
    // Eight digits are a day; other numbers count from the epoch.
    if (wall !== null && (text.length === 8 || text.includes('-'))) return this.#parseWall(wall);
    if (/^\d+(\.\d+)?$/.test(text)) return parseNumber(text);
    const micros = parseMicros(text);
    if (micros === undefined) return undefined;
    const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
    return { micros, nanos: Number(fraction.slice(6, 9).padEnd(3, '0')), isDate: false };
  }

  /** Midnight of a day (`YYYY-MM-DD`) on the zone's wall clock. */
  midnight(date: string): EpochMicros {
    return Temporal.PlainDate.from(date).toZonedDateTime(this.#zone).epochMilliseconds * 1_000;
  }

  #parseWall(wall: RegExpExecArray): ParsedTime | undefined {
    const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = ''] = wall;
    const key = `${year}-${month}-${day}T${hour}`;
    let start = this.#hourMicros.get(key);
    if (start === undefined) {
      try {
        start = Temporal.PlainDateTime.from(key).toZonedDateTime(this.#zone).epochMilliseconds * 1_000;
      } catch {
        return undefined;
      }
      if (this.#hourMicros.size > 100_000) this.#hourMicros.clear();
      this.#hourMicros.set(key, start);
    }
    if (Number(minute) > 59 || Number(second) > 59) return undefined;
    const nanos = Number(fraction.padEnd(9, '0'));
    const micros = Math.floor(nanos / 1_000);
    return {
      micros: start + (Number(minute) * 60 + Number(second)) * MICROS_PER_SECOND + micros,
      nanos: nanos - micros * 1_000,
      isDate: wall[4] === undefined,
    };
  }
}

function parseNumber(text: string): ParsedTime {
  const value = Number(text);
  if (value >= 1e17) {
    const nanos = BigInt(text.replace(/\..*$/, ''));
    return { micros: Number(nanos / 1_000n), nanos: Number(nanos % 1_000n), isDate: false };
  }
  const micros = value >= 1e14 ? value : value >= 1e11 ? value * 1e3 : value * 1e6;
  return { micros: Math.round(micros), nanos: 0, isDate: false };
}
