/** Frames shaped like Alpaca's market-data frames, the same for every pipeline. */
import { seededRandom } from '../../src/clock/chance.ts';
import { liveClock } from '../../src/clock/live.ts';
import { type EpochMicros, formatMicros, MICROS_PER_SECOND } from '../../src/domain/time.ts';

const SYMBOL_COUNT = 11_000;
const QUOTE_SHARE = 0.7;
/** 200,000 events a second. */
const NANOS_PER_EVENT = 5_000;
const EXCHANGES = 'ABCDHIJKMNPQVXYZ';
const CONDITIONS = ['["@"]', '["@","I"]', '[" "]', '["@","F","I"]', '[" ","F"]', '["@","T"]'];

export const SYMBOLS: readonly string[] = Array.from({ length: SYMBOL_COUNT }, (_, index) =>
  symbolText(index),
);

/** Trades of this symbol mark where measuring begins and ends, and where the sender waits to hear how far we are. */
export const MARK_SYMBOL = 'ZZMARK';
/** The prices of marks. */
export const Mark = { begin: 1, block: 2, end: 3 } as const;
/** No other frame has this length: whoever does not read frames finds begin and end by it. */
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
  const startMicros = wholeSecond(liveClock.nowMicros());
  const random = seededRandom(seed);
  const pick = (count: number) => Math.floor(random() * count);
  const context: Context = { startMicros, pick, nanos: 0 };
  const frames: Frame[] = [];
  for (let total = 0; total < messages; ) {
    const count = shape.messagesMin + pick(shape.messagesMax - shape.messagesMin + 1);
    const elements = Array.from({ length: count }, () => {
      const symbol = SYMBOLS[pick(SYMBOL_COUNT)];
      return random() < QUOTE_SHARE ? quoteText(symbol, context) : tradeText(symbol, context);
    });
    frames.push({ bytes: Buffer.from(`[${elements.join(',')}]`), messages: count });
    total += count;
  }
  return frames;
}

export function markFrame(mark: (typeof Mark)[keyof typeof Mark]): Buffer {
  const time = formatMicros(wholeSecond(liveClock.nowMicros()));
  const text = `[{"T":"t","S":"${MARK_SYMBOL}","i":1,"x":"V","p":${mark},"s":1,"c":["@"],"z":"C","t":"${time}"}]`;
  return Buffer.from(mark === Mark.block ? text : text.padEnd(MARK_BYTES, ' '));
}

function wholeSecond(moment: EpochMicros): EpochMicros {
  return moment - (moment % MICROS_PER_SECOND);
}

function symbolText(index: number): string {
  let text = '';
  for (let rest = index + 26; rest > 0; rest = Math.floor(rest / 26))
    text = String.fromCharCode(65 + (rest % 26)) + text;
  return text;
}

interface Context {
  readonly startMicros: EpochMicros;
  readonly pick: (count: number) => number;
  nanos: number;
}

/** Times run on as they do in a feed, with the venues' clocks up to a millisecond apart. */
function timeText(context: Context): string {
  context.nanos += NANOS_PER_EVENT;
  const nanos = context.nanos + context.pick(1_000_000);
  const second = formatMicros(context.startMicros + Math.floor(nanos / 1_000_000_000) * MICROS_PER_SECOND);
  const fraction = String(nanos % 1_000_000_000)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${second.slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}${fraction === '' ? '' : `.${fraction}`}Z`;
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
