/** Finds the next element of a frame after a damaged one. */
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipWhite,
} from './bytes.ts';

/**
 * Position of the `{` of the next element, or -1 when there is none. `from` is where the damaged element starts.
 *
 * Brackets are matched outside strings only, so that text with brackets in it does no harm. Where quotes or brackets
 * themselves are damaged, two things tell that an element has begun although the count says otherwise: a string that
 * ends in `},{` and is followed by `T"` (the quotes are out of step: inside a string that quote would be escaped), and
 * an object right after a comma inside the element's own braces, where only a key may stand.
 */
export function findNextElement(bytes: Uint8Array, from: number, end: number): number {
  let depth = 0;
  let previous = 0;
  for (let at = from; at < end; at += 1) {
    const byte = bytes[at]!;
    switch (byte) {
      case QUOTE: {
        let stop = at + 1;
        while (stop < end && bytes[stop] !== QUOTE) stop += bytes[stop] === BACKSLASH ? 2 : 1;
        if (stop < end && areQuotesOutOfStep(bytes, stop)) return stop - 1;
        at = stop;
        break;
      }
      case OPEN_OBJECT:
        if (byte === OPEN_OBJECT && depth === 1 && previous === COMMA) return at;
        depth += 1;
        break;
      case OPEN_ARRAY:
        depth += 1;
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY: {
        depth -= 1;
        if (depth > 0) break;
        depth = 0;
        const comma = skipWhite(bytes, at + 1);
        if (bytes[comma] !== COMMA) break;
        const next = skipWhite(bytes, comma + 1);
        if (next < end && bytes[next] === OPEN_OBJECT) return next;
        break;
      }
      default:
    }
    if (byte > 0x20) previous = byte;
  }
  return -1;
}

function areQuotesOutOfStep(bytes: Uint8Array, quote: number): boolean {
  return (
    bytes[quote - 1] === OPEN_OBJECT &&
    bytes[quote - 2] === COMMA &&
    bytes[quote - 3] === CLOSE_OBJECT &&
    bytes[quote + 1] === 0x54 &&
    bytes[quote + 2] === QUOTE
  );
}
