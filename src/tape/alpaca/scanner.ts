/**
 * Reads one JSON object into slots: numbers as doubles, times as nanoseconds, condition codes packed, of everything
 * else the place of its text. Nothing is allocated for well-formed messages of the usual form.
 */
import { skipNested, skipString, skipWhite } from './bytes.ts';
import type { DamageReason } from './damage.ts';
import * as fields from './fields.ts';
import type { Moments } from './moments.ts';

/** What stands in a slot. */
export const Value = {
  /** In `numbers`. */
  number: 1,
  /** Likewise, but more than 15 digits: the text says more. Ids are not in `numbers`. */
  longNumber: 2,
  /** Bytes between the quotes, none of them escaped. */
  text: 3,
  escapedText: 4,
  /** In the `nanos` of the scanner's {@link Moments}. */
  time: 5,
  /** In `conditions`. */
  conditions: 6,
  nested: 7,
  true: 8,
  false: 9,
  null: 10,
} as const;

// V8 reads an imported constant anew, through a cell, at each use, and folds one of the module's own: these copies made
// the decoder about a third faster when it was tried (on a busy machine).
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;
const SECOND_MASK = fields.SECOND_MASK;
const UNKNOWN_SLOT = fields.UNKNOWN_SLOT;
const SLOT_OF_ONE = fields.SLOT_OF_ONE;
const SLOT_OF_TWO = fields.SLOT_OF_TWO;
const SLOT_TIME = fields.Slot.t;
const SLOT_CONDITIONS = fields.Slot.c;
const SLOT_TAKER = fields.Slot.tks;
const SLOT_ID = fields.Slot.i;
const SLOT_OLD_ID = fields.Slot.oi;
const NUMBER = Value.number;
const LONG_NUMBER = Value.longNumber;
const TEXT = Value.text;
const ESCAPED_TEXT = Value.escapedText;
const TIME = Value.time;
const CONDITIONS = Value.conditions;

/** A double holds every decimal number of this many digits. */
const EXACT_DIGITS = 15;
/** Powers of ten that a double holds exactly: with an exact mantissa one division rounds as `Number` does. */
const EXACT_POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const EXACT_POWER_MAX = 22;

export class ObjectScanner {
  /** Bits of the slots below {@link SECOND_MASK} that hold a value, a number, and a number of over 15 digits. */
  seen = 0;
  numeric = 0;
  long = 0;
  /** Likewise of the slots from there on. */
  seenSecond = 0;
  unknownFields = 0;
  conditions = 0;
  readonly values = new Uint8Array(fields.SLOTS);
  readonly numbers = new Float64Array(fields.SLOTS);
  readonly starts = new Int32Array(fields.SLOTS);
  readonly stops = new Int32Array(fields.SLOTS);
  reason: DamageReason = 'syntax';
  /** Where scanning stopped. */
  stoppedAt = 0;
  readonly #moments: Moments;
  #text: Buffer = Buffer.alloc(0);
  #keyEnd = 0;

  constructor(moments: Moments) {
    this.#moments = moments;
  }

  /** The text that all positions refer to, with its padding. */
  setText(text: Buffer): void {
    this.#text = text;
  }

  /** Scans the object whose `{` stands at `from`. Answers the position behind it, or -1: then `reason` tells why. */
  scan(bytes: Uint8Array, from: number): number {
    const { values, starts, stops } = this;
    let seen = 0;
    let numeric = 0;
    this.seenSecond = 0;
    this.long = 0;
    this.unknownFields = 0;
    let at = from + 1;
    let byte = bytes[at]!;
    if (byte <= SPACE) {
      at = skipWhite(bytes, at);
      byte = bytes[at]!;
    }
    if (byte === CLOSE_OBJECT) {
      this.seen = 0;
      this.numeric = 0;
      return at + 1;
    }
    for (;;) {
      if (byte !== QUOTE) return this.#fail('syntax', at);
      let slot: number;
      const first = bytes[at + 1]!;
      const second = bytes[at + 2]!;
      if (second === QUOTE && first > QUOTE && first !== BACKSLASH) {
        slot = SLOT_OF_ONE[first]!;
        at += 3;
      } else if (bytes[at + 3] === QUOTE && SLOT_OF_TWO[(first << 8) | second] !== UNKNOWN_SLOT) {
        slot = SLOT_OF_TWO[(first << 8) | second]!;
        at += 4;
      } else {
        slot = this.#readKey(bytes, at + 1);
        at = this.#keyEnd;
        if (slot < 0) return this.#fail('syntax', at);
      }
      byte = bytes[at]!;
      if (byte !== COLON) {
        at = skipWhite(bytes, at);
        if (bytes[at] !== COLON) return this.#fail('syntax', at);
      }
      at += 1;
      byte = bytes[at]!;
      if (byte <= SPACE) {
        at = skipWhite(bytes, at);
        byte = bytes[at]!;
      }
      const bit = slot < SECOND_MASK ? 1 << slot : 0;
      if (byte === QUOTE) {
        const start = at + 1;
        starts[slot] = start;
        let end = slot === SLOT_TIME ? this.#moments.read(bytes, start) : -1;
        if (end >= 0 && bytes[end] === QUOTE) {
          values[slot] = TIME;
        } else {
          end = start;
          byte = bytes[end]!;
          while (byte !== QUOTE && byte !== BACKSLASH && byte >= SPACE) {
            end += 1;
            byte = bytes[end]!;
          }
          values[slot] = TEXT;
          if (byte !== QUOTE) {
            end = skipString(bytes, end);
            if (end < 0) return this.#fail('syntax', -1 - end);
            values[slot] = ESCAPED_TEXT;
          }
        }
        stops[slot] = end;
        at = end + 1;
        numeric &= ~bit;
      } else if (byte <= NINE && byte >= MINUS) {
        starts[slot] = at;
        at = this.#readNumber(bytes, at, slot);
        if (at < 0) return -1;
        stops[slot] = at;
        numeric |= bit;
      } else if (byte === OPEN_ARRAY && slot === SLOT_CONDITIONS && this.#readConditions(bytes, at)) {
        values[slot] = CONDITIONS;
        at = this.stoppedAt;
        numeric &= ~bit;
      } else {
        starts[slot] = at;
        at = this.#readOther(bytes, at, slot);
        if (at < 0) return -1;
        stops[slot] = at;
        numeric &= ~bit;
      }
      if (bit !== 0) seen |= bit;
      else if (slot === UNKNOWN_SLOT) this.unknownFields += 1;
      else this.seenSecond |= 1 << (slot - SECOND_MASK);
      byte = bytes[at]!;
      if (byte <= SPACE) {
        at = skipWhite(bytes, at);
        byte = bytes[at]!;
      }
      if (byte === COMMA) {
        at += 1;
        byte = bytes[at]!;
        if (byte <= SPACE) {
          at = skipWhite(bytes, at);
          byte = bytes[at]!;
        }
      } else if (byte === CLOSE_OBJECT) {
        this.seen = seen;
        this.numeric = numeric;
        return at + 1;
      } else {
        return this.#fail('syntax', at);
      }
    }
  }

  /** Bytes of a slot's text, as text; escapes are resolved. `undefined` when it is no string. */
  textOf(slot: number): string | undefined {
    switch (this.values[slot]!) {
      case TEXT:
      case TIME:
        return this.#text.toString('utf8', this.starts[slot]!, this.stops[slot]!);
      case ESCAPED_TEXT:
        return JSON.parse(
          this.#text.toString('utf8', this.starts[slot]! - 1, this.stops[slot]! + 1),
        ) as string;
      default:
        return undefined;
    }
  }

  /** The value's own text, as it stands in the frame. */
  rawOf(slot: number): string {
    return this.#text.toString('utf8', this.starts[slot]!, this.stops[slot]!);
  }

  /** Slot of a key that is long, escaped or unknown. */
  #readKey(bytes: Uint8Array, from: number): number {
    const end = skipString(bytes, from);
    if (end < 0) {
      this.#keyEnd = -1 - end;
      return -1;
    }
    this.#keyEnd = end + 1;
    // The one long key of a frequent message.
    if (end - from === 3 && bytes[from] === 0x74 && bytes[from + 1] === 0x6b && bytes[from + 2] === 0x73)
      return SLOT_TAKER;
    const key = JSON.parse(this.#text.toString('utf8', from - 1, end + 1)) as string;
    return fields.SLOT_OF_TEXT.get(key) ?? UNKNOWN_SLOT;
  }

  /** Reads a number by JSON's grammar into its slot. Answers the position behind it, or -1. */
  #readNumber(bytes: Uint8Array, from: number, slot: number): number {
    let at = from;
    let byte = bytes[at]!;
    if (byte === MINUS) {
      at += 1;
      byte = bytes[at]!;
    }
    // Up to nine digits are gathered in an integer, which is quicker than a double.
    const start = at;
    let integer = 0;
    while (byte >= ZERO && byte <= NINE) {
      integer = (Math.imul(integer, 10) + byte - ZERO) | 0;
      at += 1;
      byte = bytes[at]!;
    }
    let digits = at - start;
    if (digits === 0 || (digits > 1 && bytes[start] === ZERO)) return this.#fail('number', at);
    let scale = 0;
    if (byte === DOT) {
      at += 1;
      const point = at;
      byte = bytes[at]!;
      while (byte >= ZERO && byte <= NINE) {
        integer = (Math.imul(integer, 10) + byte - ZERO) | 0;
        at += 1;
        byte = bytes[at]!;
      }
      scale = at - point;
      if (scale === 0) return this.#fail('number', at);
      digits += scale;
    }
    if (digits > 9 || (byte | 0x20) === 0x65) return this.#readLongNumber(bytes, from, slot);
    const value = scale === 0 ? integer : integer / EXACT_POWERS[scale]!;
    this.numbers[slot] = bytes[from] === MINUS ? -value : value;
    this.values[slot] = NUMBER;
    return at;
  }

  /** A number with an exponent, or of over nine digits: its grammar is checked up to there. */
  #readLongNumber(bytes: Uint8Array, from: number, slot: number): number {
    let at = bytes[from] === MINUS ? from + 1 : from;
    let mantissa = 0;
    let significant = 0;
    let trailingZeros = 0;
    let scale = 0;
    let hasPoint = false;
    for (; ; at += 1) {
      const byte = bytes[at]!;
      if (byte === DOT) {
        hasPoint = true;
        continue;
      }
      if (byte < ZERO || byte > NINE) break;
      if (hasPoint) scale += 1;
      if (significant === 0 && byte === ZERO) continue;
      significant += 1;
      trailingZeros = byte === ZERO ? trailingZeros + 1 : 0;
      if (significant <= EXACT_DIGITS) mantissa = mantissa * 10 + byte - ZERO;
    }
    let exponent = 0;
    if ((bytes[at]! | 0x20) === 0x65) {
      at += 1;
      const sign = bytes[at]!;
      if (sign === MINUS || sign === 0x2b) at += 1;
      const start = at;
      for (let byte = bytes[at]!; byte >= ZERO && byte <= NINE; at += 1, byte = bytes[at]!) {
        // Far beyond what a double reaches it no longer matters how far.
        if (exponent < 100_000) exponent = exponent * 10 + byte - ZERO;
      }
      if (at === start) return this.#fail('number', at);
      if (sign === MINUS) exponent = -exponent;
    }
    exponent -= scale;
    const isLong = significant - trailingZeros > EXACT_DIGITS;
    this.values[slot] = isLong ? LONG_NUMBER : NUMBER;
    if (isLong && slot < SECOND_MASK) this.long |= 1 << slot;
    if (isLong && (slot === SLOT_ID || slot === SLOT_OLD_ID)) return at;
    let value: number;
    if (significant <= EXACT_DIGITS && exponent <= EXACT_POWER_MAX && exponent >= -EXACT_POWER_MAX) {
      value = exponent >= 0 ? mantissa * EXACT_POWERS[exponent]! : mantissa / EXACT_POWERS[-exponent]!;
      if (bytes[from] === MINUS) value = -value;
    } else {
      value = Number(this.#text.toString('latin1', from, at));
      if (!Number.isFinite(value)) return this.#fail('number', from);
    }
    this.numbers[slot] = value;
    return at;
  }

  /** Packs `["@","F"]`, up to four codes of one character. Answers whether it is of that form. */
  #readConditions(bytes: Uint8Array, from: number): boolean {
    let packed = 0;
    let shift = 0;
    let at = from + 1;
    if (bytes[at] !== CLOSE_ARRAY) {
      for (;;) {
        const code = bytes[at + 1]!;
        if (bytes[at] !== QUOTE || bytes[at + 2] !== QUOTE || shift === 32) return false;
        if (code < SPACE || code > 0x7e || code === QUOTE || code === BACKSLASH) return false;
        packed |= code << shift;
        shift += 8;
        at += 3;
        if (bytes[at] === CLOSE_ARRAY) break;
        if (bytes[at] !== COMMA) return false;
        at += 1;
      }
    }
    this.conditions = packed >>> 0;
    this.stoppedAt = at + 1;
    return true;
  }

  /** Arrays, objects and literals. */
  #readOther(bytes: Uint8Array, from: number, slot: number): number {
    const byte = bytes[from]!;
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      this.values[slot] = Value.nested;
      const end = skipNested(bytes, from);
      return end < 0 ? this.#fail('syntax', -1 - end) : end;
    }
    for (const [value, word] of LITERALS) {
      if (byte !== word[0]) continue;
      for (let index = 1; index < word.length; index += 1) {
        if (bytes[from + index] !== word[index]) return this.#fail('syntax', from + index);
      }
      this.values[slot] = value;
      return from + word.length;
    }
    return this.#fail('syntax', from);
  }

  #fail(reason: DamageReason, at: number): -1 {
    this.reason = reason;
    this.stoppedAt = at;
    return -1;
  }
}

const LITERALS: readonly (readonly [number, Uint8Array])[] = [
  [Value.null, new TextEncoder().encode('null')],
  [Value.true, new TextEncoder().encode('true')],
  [Value.false, new TextEncoder().encode('false')],
];
