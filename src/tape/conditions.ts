/** Sale conditions of trades, packed into a column, and what they forbid as row flags. The rules are `domain/conditions`. */
import { planOf, TRADE_CONDITIONS, type TradeUse } from '../domain/conditions.ts';
import { RowFlag } from './batch.ts';

function flagsOf({ movesLast, movesRange, countsInVolume }: TradeUse): number {
  return (
    (movesLast ? 0 : RowFlag.notLast) |
    (movesRange ? 0 : RowFlag.notRange) |
    (countsInVolume ? 0 : RowFlag.notVolume)
  );
}

function tableOf(conditions: Readonly<Record<string, TradeUse>>): Uint8Array {
  const table = new Uint8Array(256);
  for (const [code, use] of Object.entries(conditions)) table[code.charCodeAt(0)] = flagsOf(use);
  return table;
}

const CTA_FLAGS = tableOf(TRADE_CONDITIONS.cta);
const UTP_FLAGS = tableOf(TRADE_CONDITIONS.utp);
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
  const table = planOf(tape) === 'cta' ? CTA_FLAGS : UTP_FLAGS;
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
