/** The forms of the messages that make up nearly all of a stream, for the reader of usual messages. */
import type { AssetClass } from '../../domain/market.ts';
import { EventKind } from '../batch.ts';
import { bitsOf, SECOND_MASK, Slot } from './fields.ts';
import { Letter } from './kinds.ts';

/** Which slots of the first mask hold what, as bits. Every form has a symbol and a time. */
export interface Form {
  readonly kind: EventKind;
  readonly numbers: number;
  readonly neededNumbers: number;
  /** Codes of one character, condition codes and the time. */
  readonly texts: number;
}

const BAR = {
  numbers: bitsOf('o', 'h', 'l', 'c', 'v', 'n', 'vw'),
  neededNumbers: bitsOf('o', 'h', 'l', 'c', 'v'),
  texts: bitsOf('t'),
};
const TRADE = {
  kind: EventKind.trade,
  numbers: bitsOf('i', 'p', 's'),
  neededNumbers: bitsOf('p', 's'),
};
const QUOTE = {
  kind: EventKind.quote,
  numbers: bitsOf('bp', 'bs', 'ap', 'as'),
  neededNumbers: bitsOf('bp', 'bs', 'ap', 'as'),
};

/** The forms of an asset class, by letter. */
export function formsOf(assetClass: AssetClass): readonly (Form | undefined)[] {
  const isCrypto = assetClass === 'crypto';
  const forms: (Form | undefined)[] = Array.from({ length: 256 }, () => undefined);
  forms[Letter.trade] = { ...TRADE, texts: isCrypto ? bitsOf('t', 'tks') : bitsOf('t', 'x', 'c', 'z') };
  forms[Letter.quote] = { ...QUOTE, texts: isCrypto ? bitsOf('t') : bitsOf('t', 'bx', 'ax', 'c', 'z') };
  forms[Letter.minuteBar] = { kind: EventKind.minuteBar, ...BAR };
  forms[Letter.updatedBar] = { kind: EventKind.updatedBar, ...BAR };
  forms[Letter.dailyBar] = { kind: EventKind.dailyBar, ...BAR };
  return forms;
}

export const NO_SLOT = 255;

/**
 * Slots of the first mask by key: of two letters as they stand in a little-endian word, of one letter with the quote
 * behind it. {@link NO_SLOT} where there is none.
 */
export const SLOT_OF_KEY = new Uint8Array(65_536).fill(NO_SLOT);

for (const [key, slot] of Object.entries(Slot)) {
  if (key.length <= 2 && slot < SECOND_MASK) SLOT_OF_KEY[Buffer.from(`${key}"`).readUInt16LE()] = slot;
}

/** Four ASCII characters as the word that `getInt32(at, true)` reads. */
export function wordOf(text: string): number {
  return Buffer.from(text, 'latin1').readInt32LE();
}
