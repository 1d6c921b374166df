/** The bytes of JSON's grammar, and steps over white space, strings and nested values. */

export const QUOTE = 0x22;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const ZERO = 0x30;
export const NINE = 0x39;
export const COLON = 0x3a;
export const OPEN_ARRAY = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
export const SPACE = 0x20;

/** Deeper nesting in a field is taken for damage: no message of a market nests like this. */
export const NESTING_LIMIT = 32;

/**
 * Zero bytes that must stand behind the text. No JSON text holds a zero byte, so every loop ends there without
 * comparing positions.
 */
export const PADDING_BYTES = 64;

export function skipWhite(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at]!;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
}

/**
 * Steps over the rest of a string. `from` is behind its opening quote; answers the position of its closing quote,
 * or `-1 - position` of the byte that may not stand there.
 */
export function skipString(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at;
    if (byte < SPACE) return -1 - at;
    at += 1;
    if (byte === BACKSLASH) {
      const escaped = bytes[at]!;
      if (!ESCAPES.has(escaped)) return -1 - at;
      at += 1;
      if (escaped === 0x75) {
        for (let digit = 0; digit < 4; digit += 1, at += 1) if (!isHex(bytes[at]!)) return -1 - at;
      }
    }
  }
}

/** `"` `\` `/` b f n r t u */
const ESCAPES: ReadonlySet<number> = new Set([0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74, 0x75]);

function isHex(byte: number): boolean {
  return (byte >= ZERO && byte <= NINE) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

const closers = new Uint8Array(NESTING_LIMIT);

/**
 * Steps over an array or object that starts at `from`, looking at strings and brackets only. Answers the position
 * behind it, or `-1 - position` where it breaks off.
 */
export function skipNested(bytes: Uint8Array, from: number): number {
  let depth = 0;
  let at = from;
  for (;;) {
    const byte = bytes[at]!;
    switch (byte) {
      case QUOTE: {
        const end = skipString(bytes, at + 1);
        if (end < 0) return end;
        at = end;
        break;
      }
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        if (depth === NESTING_LIMIT) return -1 - at;
        closers[depth] = byte + 2; // `]` and `}` lie two behind their openers
        depth += 1;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth -= 1;
        if (closers[depth] !== byte) return -1 - at;
        if (depth === 0) return at + 1;
        break;
      default:
        if (byte < SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return -1 - at;
    }
    at += 1;
  }
}
