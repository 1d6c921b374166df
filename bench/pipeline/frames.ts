/** Frames shaped like Alpaca's market-data frames, the same for every pipeline. */
import { seededRandom } from '../../src/clock/chance.ts';

export const SYMBOL_COUNT = 11_000;
const QUOTE_SHARE = 0.7;
/** 200,000 events a second. */
const NANOS_PER_EVENT = 5_000;
const EXCHANGES = 'ABCDHIJKMNPQVXYZ';
const CONDITIONS = ['["@"]', '["@","I"]', '[" "]', '["@","F","I"]', '[" ","F"]', '["@","T"]'];

/** Trades of these symbols mark the begin and the end of what is measured. */
export const BEGIN_SYMBOL = 'ZZBEGIN';
export const END_SYMBOL = 'ZZEND';
/** No other frame has this length: whoever does not read frames finds the marks by it. */
export const MARK_BYTES = 65_521;

export interface FrameShape {
  readonly messagesMin: number;
  readonly messagesMax: number;
}

export interface Frame {
  readonly bytes: Buffer;
  readonly messages: number;
}

/** Distinct frames, to be sent round and round: about `messages` messages in all. */
export function createFrames(shape: FrameShape, messages: number, seed: number): readonly Frame[] {
  const random = seededRandom(seed);
  const pick = (count: number) => Math.floor(random() * count);
  const context: Context = { pick, nanos: 0 };
  const symbols = Array.from({ length: SYMBOL_COUNT }, (_, index) => symbolText(index));
  const frames: Frame[] = [];
  for (let total = 0; total < messages; ) {
    const count = shape.messagesMin + pick(shape.messagesMax - shape.messagesMin + 1);
    const elements = Array.from({ length: count }, () => {
      const symbol = symbols[pick(SYMBOL_COUNT)];
      return random() < QUOTE_SHARE ? quoteText(symbol, context) : tradeText(symbol, context);
    });
    frames.push({ bytes: Buffer.from(`[${elements.join(',')}]`), messages: count });
    total += count;
  }
  return frames;
}

export function markFrame(symbol: string): Buffer {
  const text = `[${tradeText(symbol, { pick: () => 0, nanos: 0 })}]`;
  return Buffer.from(text.padEnd(MARK_BYTES, ' '));
}

function symbolText(index: number): string {
  let text = '';
  for (let rest = index + 26; rest > 0; rest = Math.floor(rest / 26))
    text = String.fromCharCode(65 + (rest % 26)) + text;
  return text;
}

interface Context {
  readonly pick: (count: number) => number;
  nanos: number;
}

/** Times run on as they do in a feed, with the venues' clocks up to a millisecond apart. */
function timeText(context: Context): string {
  context.nanos += NANOS_PER_EVENT;
  const nanos = context.nanos + context.pick(1_000_000);
  const seconds = Math.floor(nanos / 1_000_000_000);
  const two = (value: number) => String(value).padStart(2, '0');
  const fraction = String(nanos % 1_000_000_000)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const text = `2026-11-20T15:${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
  return `${text}${fraction === '' ? '' : `.${fraction}`}Z`;
}

function exchange(context: Context): string {
  return EXCHANGES[context.pick(EXCHANGES.length)] ?? 'V';
}

function quoteText(symbol: string | undefined, context: Context): string {
  const { pick } = context;
  const bid = 1_000 + pick(49_000);
  return (
    `{"T":"q","S":"${symbol}","bx":"${exchange(context)}","bp":${bid / 100},"bs":${(1 + pick(20)) * 100},` +
    `"ax":"${exchange(context)}","ap":${(bid + 1 + pick(9)) / 100},"as":${(1 + pick(20)) * 100},` +
    `"c":["R"],"z":"${'ABC'[pick(3)]}","t":"${timeText(context)}"}`
  );
}

function tradeText(symbol: string | undefined, context: Context): string {
  const { pick } = context;
  return (
    `{"T":"t","S":"${symbol}","i":${52_983_525_000_000 + pick(1_000_000)},"x":"${exchange(context)}",` +
    `"p":${(1_000 + pick(49_000)) / 100},"s":${1 + pick(500)},"c":${CONDITIONS[pick(CONDITIONS.length)]},` +
    `"z":"${'ABC'[pick(3)]}","t":"${timeText(context)}"}`
  );
}
