/** What is told of an element of a frame that could not be decoded. */

export type DamageReason =
  /** Not JSON: a bracket, quote, literal or byte where none may stand. */
  | 'syntax'
  /** The frame ends inside the element. */
  | 'truncated'
  /** A number that is not one, or that no double can hold. */
  | 'number'
  /** Not an RFC 3339 time, or over 100 days away from the time of receipt. */
  | 'time'
  /** A field that the kind cannot do without is missing, null, or of another type. */
  | 'field'
  /** Symbol text too long, or more different symbols than the limit. */
  | 'symbol';

export interface DamagedElement {
  readonly reason: DamageReason;
  /** Where the element starts in the frame, in bytes. */
  readonly offset: number;
  /** The beginning of the element, at most 160 characters; what is not printable ASCII shown as `?`. */
  readonly excerpt: string;
}

const EXCERPT_BYTES = 160;

export function describeDamage(
  reason: DamageReason,
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
): DamagedElement {
  let excerpt = '';
  const end = Math.min(range.end, range.start + EXCERPT_BYTES, bytes.length);
  for (let at = range.start; at < end; at += 1) {
    const byte = bytes[at]!;
    excerpt += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '?';
  }
  return { reason, offset: range.start, excerpt };
}
