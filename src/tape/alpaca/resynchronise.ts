/** Finds the next element of a frame after a damaged one. */
import { BACKSLASH, CLOSE_ARRAY, CLOSE_OBJECT, COMMA, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from './bytes.ts';

/** Deeper brackets are not followed; they only come from damage. */
const DEPTH_MAX = 1_024;

/**
 * Position of the `{` of the next element, or -1 when there is none. `from` is where the damaged element starts.
 *
 * Brackets are matched outside strings only, so that text with brackets in it does no harm. Where quotes or brackets
 * themselves are damaged, three things help to get in step again: a closing brace closes what was left open inside it;
 * a string that ends in `},{` and is followed by `T"` tells that the quotes are out of step (inside a string that quote
 * would be escaped); and an object right after a comma inside the element's own braces, where only a key may stand, is
 * the next element.
 */
export function findNextElement(bytes: Uint8Array, from: number, end: number): number {
  const open = new Uint8Array(DEPTH_MAX);
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
      case OPEN_ARRAY:
        if (byte === OPEN_OBJECT && depth <= 1 && previous === COMMA) return at;
        if (depth < DEPTH_MAX) {
          open[depth] = byte;
          depth += 1;
        }
        break;
      case CLOSE_OBJECT:
        while (depth > 0 && open[depth - 1] !== OPEN_OBJECT) depth -= 1;
        if (depth > 0) depth -= 1;
        break;
      case CLOSE_ARRAY:
        if (depth > 0 && open[depth - 1] === OPEN_ARRAY) depth -= 1;
        break;
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
