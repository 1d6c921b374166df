/** One message of a frame, field by field, as the rows need it. */
import type { DamageReason } from './damage.ts';
import { bitsOf, SECOND_MASK, Slot, type SlotName } from './fields.ts';
import { Moments } from './moments.ts';
import { ObjectScanner, Value } from './scanner.ts';
import type { SymbolIndex } from './symbolIndex.ts';

const BIT_S = bitsOf('S');
const TWO_32 = 2 ** 32;
const NO_SYMBOL = -1;
const REFUSED_SYMBOL = 0;

export class Element {
  readonly moments = new Moments();
  readonly scanner = new ObjectScanner(this.moments);
  /** The words of the id that {@link readId} read. */
  idLow = 0;
  idHigh = 0;
  readonly #index: SymbolIndex;
  #text: Buffer = Buffer.alloc(0);

  constructor(index: SymbolIndex) {
    this.#index = index;
  }

  /** The text that all positions refer to, with its padding. */
  setText(text: Buffer): void {
    this.#text = text;
    this.scanner.setText(text);
    this.moments.setBytes(text);
  }

  /** Id of the symbol in `S`; not above zero when the element has none that can be used. */
  symbolId(): number {
    const { scanner } = this;
    if ((scanner.seen & BIT_S) === 0) return NO_SYMBOL;
    if (scanner.values[Slot.S] === Value.text) {
      return this.#index.find(scanner.starts[Slot.S]!, scanner.stops[Slot.S]!);
    }
    const text = scanner.textOf(Slot.S);
    return text === undefined ? NO_SYMBOL : this.#index.findText(text);
  }

  /** Whether `t` holds a time; then it is in {@link moments}. */
  hasTime(): boolean {
    return (this.scanner.seen & (1 << Slot.t)) !== 0 && this.scanner.values[Slot.t] === Value.time;
  }

  /** Reads the time in another field into {@link moments}. Answers whether there is one. */
  readTime(name: SlotName): boolean {
    const slot = Slot[name];
    if (!this.has(name) || this.scanner.values[slot] !== Value.text) return false;
    return this.moments.read(this.#text, this.scanner.starts[slot]!) === this.scanner.stops[slot];
  }

  /** Why the element has no symbol or time. */
  whyNot(symbolId: number): DamageReason {
    if (symbolId === REFUSED_SYMBOL) return 'symbol';
    if (symbolId < 0) return 'field';
    return this.has('t') && this.scanner.textOf(Slot.t) !== undefined ? 'time' : 'field';
  }

  has(name: SlotName): boolean {
    const slot = Slot[name];
    if (slot < SECOND_MASK) return (this.scanner.seen & (1 << slot)) !== 0;
    return (this.scanner.seenSecond & (1 << (slot - SECOND_MASK))) !== 0;
  }

  /** Whether every number in these bits of the first mask is a number or null; null counts as zero. */
  zeroNulls(bits: number): boolean {
    const { scanner } = this;
    for (let slot = 0; slot < SECOND_MASK; slot += 1) {
      const bit = 1 << slot;
      if ((bits & bit) === 0 || (scanner.numeric & bit) !== 0) continue;
      if ((scanner.seen & bit) === 0 || scanner.values[slot] !== Value.null) return false;
      scanner.numbers[slot] = 0;
    }
    return true;
  }

  /** The number in a slot of the first mask, or `otherwise`. */
  numberOr(slot: number, otherwise: number): number {
    return (this.scanner.numeric & (1 << slot)) === 0 ? otherwise : this.scanner.numbers[slot]!;
  }

  /** A code of one character, as ASCII; the first character of a longer one, 0 when there is none. */
  code(slot: number): number {
    const { scanner } = this;
    if ((scanner.seen & (1 << slot)) === 0) return 0;
    return this.firstByte(slot);
  }

  /** Likewise for a slot that is known to be there. */
  firstByte(slot: number): number {
    const { scanner } = this;
    if (scanner.values[slot] === Value.text) {
      const at = scanner.starts[slot]!;
      const byte = scanner.stops[slot] === at ? 0 : this.#text[at]!;
      return byte < 0x80 ? byte : 0;
    }
    const code = scanner.textOf(slot)?.charCodeAt(0) ?? 0;
    return code < 0x80 ? code : 0;
  }

  /**
   * Reads the whole number in the slot into {@link idLow} and {@link idHigh}; zero when there is none. Answers false
   * when it has a value that does not fit: then {@link idText} has it.
   */
  readId(name: 'i' | 'oi' | 'id'): boolean {
    const { scanner } = this;
    const slot = Slot[name];
    this.idLow = 0;
    this.idHigh = 0;
    if (!this.has(name)) return true;
    switch (scanner.values[slot]!) {
      case Value.number: {
        const id = scanner.numbers[slot]!;
        if (!Number.isSafeInteger(id) || id < 0) return false;
        this.idLow = id >>> 0;
        this.idHigh = Math.floor(id / TWO_32);
        return true;
      }
      case Value.longNumber:
        return this.#readLongId(scanner.starts[slot]!, scanner.stops[slot]!);
      case Value.null:
        return true;
      default:
        return false;
    }
  }

  /** The id as text, as it stands in the frame; the text inside, if it is a string. */
  idText(name: 'i' | 'oi' | 'id'): string {
    return this.scanner.textOf(Slot[name]) ?? this.scanner.rawOf(Slot[name]);
  }

  /** Condition codes packed; -1 when they are there but not of the usual form. */
  packedConditions(): number {
    const { scanner } = this;
    if ((scanner.seen & (1 << Slot.c)) === 0) return 0;
    if (scanner.values[Slot.c] === Value.conditions) return scanner.conditions;
    return scanner.values[Slot.c] === Value.null ? 0 : -1;
  }

  /** Condition codes of an unusual form; `undefined` when they are no list of strings. */
  conditionTexts(): readonly string[] | undefined {
    if (this.scanner.values[Slot.c] !== Value.nested) return undefined;
    const list = parsedJson(this.scanner.rawOf(Slot.c));
    return Array.isArray(list) && list.every((code) => typeof code === 'string') ? list : undefined;
  }

  /** The texts of those of these numbers that have more than 15 digits, by name. */
  longTexts(names: readonly SlotName[]): Record<string, string> {
    const texts: Record<string, string> = {};
    for (const name of names) {
      if ((this.scanner.long & (1 << Slot[name])) !== 0) texts[name] = this.scanner.rawOf(Slot[name]);
    }
    return texts;
  }

  #readLongId(start: number, stop: number): boolean {
    if (stop - start > 20) return false;
    // Two limbs of base 10^10: both, and the steps below, stay exact in doubles.
    let upper = 0;
    let lower = 0;
    const split = stop - 10;
    for (let at = start; at < stop; at += 1) {
      const digit = this.#text[at]! - 0x30;
      if (digit < 0 || digit > 9) return false;
      if (at < split) upper = upper * 10 + digit;
      else lower = lower * 10 + digit;
    }
    // upper * 10^10 + lower, by 16 bits of the upper limb at a time.
    let low = lower;
    let high = 0;
    const tenBillionLow = 1_410_065_408; // 10^10 = 2 * 2^32 + 1410065408
    const upperLow = upper % 65_536;
    const upperHigh = Math.floor(upper / 65_536);
    low += upperLow * tenBillionLow;
    high += upperLow * 2;
    const shifted = upperHigh * tenBillionLow;
    // shifted * 2^16: its lowest 16 bits stay in the low word.
    low += (shifted % 65_536) * 65_536;
    high += Math.floor(shifted / 65_536) + upperHigh * 2 * 65_536;
    high += Math.floor(low / TWO_32);
    if (high >= TWO_32) return false;
    this.idLow = low % TWO_32;
    this.idHigh = high;
    return true;
  }
}

export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
