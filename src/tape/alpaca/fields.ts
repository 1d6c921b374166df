/**
 * The keys of Alpaca's messages, each with a slot in which the scanner puts its value, whatever the kind of message:
 * the kind (`T`) may come last.
 */

export const Slot = {
  T: 0,
  S: 1,
  t: 2,
  i: 3,
  x: 4,
  p: 5,
  s: 6,
  c: 7,
  z: 8,
  bx: 9,
  bp: 10,
  bs: 11,
  ax: 12,
  ap: 13,
  as: 14,
  o: 15,
  h: 16,
  l: 17,
  v: 18,
  n: 19,
  vw: 20,
  tks: 21,
  r: 22,
  a: 23,
  b: 24,
  u: 25,
  d: 26,
  op: 27,
  os: 28,
  cp: 29,
  cs: 30,
  // From here on bits no longer fit the masks of a small integer: these fields have a mask of their own.
  oi: 31,
  oc: 32,
  ci: 33,
  cc: 34,
  sc: 35,
  sm: 36,
  rc: 37,
  rm: 38,
  id: 39,
  headline: 40,
  summary: 41,
  author: 42,
  created_at: 43,
  updated_at: 44,
  url: 45,
  content: 46,
  symbols: 47,
  source: 48,
} as const;
export type SlotName = keyof typeof Slot;

/** First slot of the second mask. */
export const SECOND_MASK = 31;
export const SLOTS = 64;
/** Where the values of unknown fields go. */
export const UNKNOWN_SLOT = SLOTS - 1;

/** Slots by one-character key, indexed by the byte. {@link UNKNOWN_SLOT} where there is none. */
export const SLOT_OF_ONE = new Uint8Array(256).fill(UNKNOWN_SLOT);
/** Slots by two-character key, indexed by first byte * 256 + second. */
export const SLOT_OF_TWO = new Uint8Array(65_536).fill(UNKNOWN_SLOT);
/** Slots of all keys, by text. */
export const SLOT_OF_TEXT: ReadonlyMap<string, number> = new Map(Object.entries(Slot));

for (const [key, slot] of Object.entries(Slot)) {
  if (key.length === 1) SLOT_OF_ONE[key.charCodeAt(0)] = slot;
  if (key.length === 2) SLOT_OF_TWO[key.charCodeAt(0) * 256 + key.charCodeAt(1)] = slot;
}

/** Bits of the first mask: all of these slots lie below {@link SECOND_MASK}. */
export function bitsOf(...names: readonly SlotName[]): number {
  return names.reduce((bits, name) => (Slot[name] < SECOND_MASK ? bits | (1 << Slot[name]) : bits), 0);
}

/** Bits of the second mask. */
export function secondBitsOf(...names: readonly SlotName[]): number {
  return names.reduce(
    (bits, name) => (Slot[name] < SECOND_MASK ? bits : bits | (1 << (Slot[name] - SECOND_MASK))),
    0,
  );
}

export function countBits(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
