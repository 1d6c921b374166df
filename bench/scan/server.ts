/** Answers snapshots of any symbols as Alpaca does, from a process of its own: its time is not the scan's. */
import { createServer } from 'node:http';

const [, , openText = ''] = process.argv;
const open = Date.parse(openText);
const iso = (offsetMs: number) => new Date(open + offsetMs).toISOString();
const DAY_MS = 86_400_000;

const bar = (time: string, close: number, volume: number) =>
  `{"t":"${time}","o":10.1,"h":${close + 0.3},"l":9.8,"c":${close},"v":${volume},"n":812,"vw":${close - 0.05}}`;

function snapshot(symbol: string, index: number): string {
  const close = 10 + (index % 200) / 100;
  return `"${symbol}":{"latestTrade":{"t":"${iso(3_600_000)}","x":"V","p":${close},"s":100,"c":["@"],"i":${index + 1},"z":"C"},"latestQuote":{"t":"${iso(3_600_000)}","ax":"V","ap":${close + 0.01},"as":2,"bx":"V","bp":${close - 0.01},"bs":3,"c":["R"],"z":"C"},"minuteBar":${bar(iso(3_540_000), close, 900)},"dailyBar":${bar(iso(-34_200_000), close, 50_000 + index)},"prevDailyBar":${bar(iso(-34_200_000 - DAY_MS), 10, 90_000)}}`;
}

const server = createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const symbols = (searchParams.get('symbols') ?? '').split(',');
  response.setHeader('content-type', 'application/json');
  response.end(`{${symbols.map(snapshot).join(',')}}`);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`);
});
