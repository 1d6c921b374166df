/**
 * Sale conditions of US equity trades: the one-character codes, packed, and what a trade with them may move.
 *
 * Sources: the sale-condition matrices of the CTS output specification (tapes A and B) and the UTP trade data feed
 * specification (tape C), consolidated columns, as bar builders apply them to *minute* bars. Where a matrix says
 * "only if it is the first trade of the day" (G, P, Z, 4) the trade does not move the last price here. Two codes
 * are taken otherwise than the matrices, which are written for daily bars:
 * - `T` (extended hours): every trade outside regular hours carries it, so its minute bars are built from such trades.
 *   Who builds a daily bar of the regular session leaves these trades out by their time.
 * - `9` (corrected consolidated close): tells of an earlier trade, long after it, so it moves nothing.
 */
import { RowFlag } from './batch.ts';

const NO_PRICE = RowFlag.notLast | RowFlag.notRange;
const NOTHING = NO_PRICE | RowFlag.notVolume;

/** Codes that mean the same on both tapes' plans. Codes that are not named move everything. */
const COMMON: Readonly<Record<string, number>> = {
  C: NO_PRICE, // cash sale
  G: RowFlag.notLast, // bunched sold trade
  H: NO_PRICE, // price variation trade
  I: NO_PRICE, // odd lot
  M: NOTHING, // market center official close
  N: NO_PRICE, // next day
  P: RowFlag.notLast, // prior reference price
  Q: NOTHING, // market center official open
  R: NO_PRICE, // seller
  U: NO_PRICE, // extended hours, out of sequence
  V: NO_PRICE, // contingent trade
  W: NO_PRICE, // average price trade
  Z: RowFlag.notLast, // sold, out of sequence
  '4': RowFlag.notLast, // derivatively priced
  '7': NO_PRICE, // qualified contingent trade
  '9': NOTHING, // corrected consolidated close
};

/** `B` is an average price trade on tapes A and B, but an ordinary bunched trade on tape C. */
const CTA_ONLY: Readonly<Record<string, number>> = { B: NO_PRICE };

function tableOf(...sources: Readonly<Record<string, number>>[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const source of sources) {
    for (const [code, flags] of Object.entries(source)) table[code.charCodeAt(0)] = flags;
  }
  return table;
}

const CTA_FLAGS = tableOf(COMMON, CTA_ONLY);
const UTP_FLAGS = tableOf(COMMON);
const TAPE_A = 65;
const TAPE_B = 66;

/** {@link RowFlag} bits of a trade with these packed conditions. `tape` is ASCII, as in the batch's column. */
export function packedConditionFlags(tape: number, conditions: number): number {
  if (conditions === 0) return 0;
  const table = tape === TAPE_A || tape === TAPE_B ? CTA_FLAGS : UTP_FLAGS;
  return (
    table[conditions & 0xff]! |
    table[(conditions >>> 8) & 0xff]! |
    table[(conditions >>> 16) & 0xff]! |
    table[conditions >>> 24]!
  );
}

/** {@link RowFlag} bits of a trade with these condition codes. `tape` is `A`, `B`, `C`, `N`, `O` or empty. */
export function conditionFlags(tape: string, conditions: readonly string[]): number {
  const table = tape === 'A' || tape === 'B' ? CTA_FLAGS : UTP_FLAGS;
  let flags = 0;
  for (const code of conditions) if (code.length === 1) flags |= table[code.charCodeAt(0) & 0xff]!;
  return flags;
}

/** Up to four one-character ASCII codes in one word, the first in the lowest byte. `undefined` when they do not fit. */
export function packConditions(conditions: readonly string[]): number | undefined {
  if (conditions.length > 4) return undefined;
  let packed = 0;
  for (const [index, code] of conditions.entries()) {
    const byte = code.length === 1 ? code.charCodeAt(0) : 0;
    if (byte === 0 || byte > 0x7f) return undefined;
    packed |= byte << (index * 8);
  }
  return packed >>> 0;
}

export function unpackConditions(packed: number): readonly string[] {
  const codes: string[] = [];
  for (let rest = packed; rest !== 0; rest >>>= 8) codes.push(String.fromCharCode(rest & 0xff));
  return codes;
}
