/**
 * How many messages a second one thread decodes into columns, beside `JSON.parse` of the same frames: 400 frames of 50
 * stock messages (30 quotes, 18 trades, 2 bars, as Alpaca words them). The quickest of many rounds counts, because other programs
 * on the machine only ever slow a round down. Run: `npx tsc -p tsconfig.bench.json && node dist/bench/bench/decode.js`.
 */
import { seededRandom } from '../src/clock/chance.ts';
import { AlpacaDecoder } from '../src/tape/alpaca/decoder.ts';
import { SymbolTable } from '../src/tape/symbols.ts';

const FRAMES = 400;
const MESSAGES = 50;
const SYMBOLS = ['AAPL', 'MSFT', 'SPY', 'QQQ', 'NVDA', 'AMD', 'TSLA', 'F', 'GOOGL', 'BRK.B'];
const NOW_MICROS = Date.UTC(2023, 3, 6, 13, 15, 45) * 1_000;
const random = seededRandom(1);
const below = (limit: number) => Math.floor(random() * limit);

function message(index: number): string {
  const symbol = SYMBOLS[below(SYMBOLS.length)];
  const price = (100 + random() * 100).toFixed(2);
  const time = `2023-04-06T13:15:${42 + below(3)}.${String(below(1e9)).padStart(9, '0')}Z`;
  if (index % 25 === 24) {
    return `{"T":"b","S":"${symbol}","o":388.985,"h":389.13,"l":388.975,"c":389.12,"v":49378,"n":461,"vw":389.062639,"t":"2023-04-06T13:15:00Z"}`;
  }
  return index % 5 < 3
    ? `{"T":"q","S":"${symbol}","bx":"U","bp":${price},"bs":${below(900)},"ax":"Q","ap":${price},"as":${below(900)},"c":["R"],"z":"C","t":"${time}"}`
    : `{"T":"t","S":"${symbol}","i":${below(5e7)},"x":"K","p":${price},"s":${below(900)},"c":["@","F","T","I"],"z":"C","t":"${time}"}`;
}

const frames = Array.from({ length: FRAMES }, () =>
  Buffer.from(`[${Array.from({ length: MESSAGES }, (_, index) => message(index)).join(',')}]`),
);

function bestOf(rounds: number, decode: (frame: Buffer) => void): number {
  let leastNs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const start = process.hrtime.bigint();
    for (const frame of frames) decode(frame);
    leastNs = Math.min(leastNs, Number(process.hrtime.bigint() - start));
  }
  return (FRAMES * MESSAGES * 1e9) / leastNs;
}

let rows = 0;
const decoder = new AlpacaDecoder({
  symbols: new SymbolTable(),
  assetClass: 'us_equity',
  onBatch: (batch) => {
    rows += batch.count;
    return batch;
  },
  onControl: () => undefined,
  onDamaged: (damaged) => {
    throw new Error(`the bench's own frame is damaged: ${damaged.excerpt}`);
  },
});
const decode = (frame: Buffer) => {
  decoder.decode(frame, NOW_MICROS);
  decoder.flush();
};
bestOf(100, decode);
const messagesPerSecond = bestOf(300, decode);
const parsePerSecond = bestOf(60, (frame) => {
  rows += (JSON.parse(frame.toString('latin1')) as unknown[]).length;
});
process.stdout.write(
  `${JSON.stringify({ rows, messagesPerSecond, parsePerSecond, ratio: messagesPerSecond / parsePerSecond })}\n`,
);
