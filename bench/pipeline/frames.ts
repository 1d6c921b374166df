/** Frames shaped like Alpaca's market-data frames, the same for every pipeline. */
import { seededRandom } from '../../src/clock/chance.ts';

export const SYMBOL_COUNT = 11_000;
const QUOTE_SHARE = 0.7;
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
  const symbols = Array.from({ length: SYMBOL_COUNT }, (_, index) => symbolText(index));
  const frames: Frame[] = [];
  for (let total = 0; total < messages; ) {
    const count = shape.messagesMin + pick(shape.messagesMax - shape.messagesMin + 1);
    const elements = Array.from({ length: count }, () => {
      const symbol = symbols[pick(SYMBOL_COUNT)];
      return random() < QUOTE_SHARE ? quoteText(symbol, pick) : tradeText(symbol, pick);
    });
    frames.push({ bytes: Buffer.from(`[${elements.join(',')}]`), messages: count });
    total += count;
  }
  return frames;
}

export function markFrame(symbol: string): Buffer {
  const text = `[${tradeText(symbol, () => 0)}]`;
  return Buffer.from(text.padEnd(MARK_BYTES, ' '));
}

function symbolText(index: number): string {
  let text = '';
  for (let rest = index + 26; rest > 0; rest = Math.floor(rest / 26))
    text = String.fromCharCode(65 + (rest % 26)) + text;
  return text;
}

type Pick = (count: number) => number;

function timeText(pick: Pick): string {
  const nanos = String(pick(1_000_000_000)).padStart(9, '0').replace(/0+$/, '');
  return `2026-11-20T15:${10 + pick(50)}:${10 + pick(50)}${nanos === '' ? '' : `.${nanos}`}Z`;
}

function exchange(pick: Pick): string {
  return EXCHANGES[pick(EXCHANGES.length)] ?? 'V';
}

function quoteText(symbol: string | undefined, pick: Pick): string {
  const bid = 1_000 + pick(49_000);
  return (
    `{"T":"q","S":"${symbol}","bx":"${exchange(pick)}","bp":${bid / 100},"bs":${(1 + pick(20)) * 100},` +
    `"ax":"${exchange(pick)}","ap":${(bid + 1 + pick(9)) / 100},"as":${(1 + pick(20)) * 100},` +
    `"c":["R"],"z":"${'ABC'[pick(3)]}","t":"${timeText(pick)}"}`
  );
}

function tradeText(symbol: string | undefined, pick: Pick): string {
  return (
    `{"T":"t","S":"${symbol}","i":${52_983_525_000_000 + pick(1_000_000)},"x":"${exchange(pick)}",` +
    `"p":${(1_000 + pick(49_000)) / 100},"s":${1 + pick(500)},"c":${CONDITIONS[pick(CONDITIONS.length)]},` +
    `"z":"${'ABC'[pick(3)]}","t":"${timeText(pick)}"}`
  );
}
