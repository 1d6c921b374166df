/**
 * Process: the market and the broker of a subject under measurement. The broker is the local exchange; the market is a
 * {@link PacedFeed} with marks in it, and each order request is timed from its mark's frame to its own arrival here. So
 * every subject is measured alike, from outside: both ways over loopback and this process' own delays are in all figures.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { createHistogram } from 'node:perf_hooks';
import { liveClock } from '../../src/clock/live.ts';
import { startExchange } from '../../src/exchange/exchange.ts';
import { PacedFeed } from './pacedFeed.ts';
import {
  BLOCK_SIZE,
  MARK_SIZE,
  type Percentiles,
  type VenueCommand,
  type VenueOptions,
  type VenueReport,
} from './protocol.ts';

const SILENT = { info: () => {}, warn: () => {}, error: () => {} };
const options = JSON.parse(process.argv[2] ?? '{}') as VenueOptions;
const report = (told: VenueReport) => process.send?.(told);

const exchange = await startExchange({
  port: 0,
  seed: 1,
  symbols: options.symbols,
  ratePerSecond: options.symbols.length,
  faults: {},
  clock: liveClock,
  log: SILENT,
  startCash: '100000000',
  latencyMs: [1, 2],
  sessions: { earlierDays: 2, earlierMinuteDays: 1 },
  limits: { requestsPerMinute: 1_000_000, ordersMax: 1_000_000, activitiesMax: 1_000_000 },
});
const feed = new PacedFeed({ ...options, seed: 2 });

/** When the mark of a symbol that waits for its order was sent. */
const sentMs = new Map<string, number>();
let orders = 0;
let marks = 0;
let next = 0;
const latency = createHistogram();
process.once('disconnect', () => process.exit());

subscribe('http.server.request.start', (message) => {
  const { request } = message as { request: IncomingMessage };
  if (request.method !== 'POST' || !request.url?.startsWith('/v2/orders')) return;
  const arrivedMs = liveClock.monotonicMs();
  let body = '';
  request.on('data', (part: Buffer) => {
    body += part.toString();
  });
  request.on('end', () => {
    const { symbol } = JSON.parse(body) as { symbol: string };
    const markedMs = sentMs.get(symbol);
    if (markedMs === undefined) return;
    sentMs.delete(symbol);
    orders += 1;
    latency.record(Math.max(1, Math.round((arrivedMs - markedMs) * 1_000_000)));
  });
});

process.on('message', (command: VenueCommand) => {
  switch (command.type) {
    case 'measure':
      latency.reset();
      orders = 0;
      marks = 0;
      sentMs.clear();
      break;
    case 'block':
      feed.mark(command.symbol, BLOCK_SIZE);
      break;
    case 'figures':
      report({
        type: 'figures',
        orders,
        marks,
        latencyMs: percentiles(),
        events: feed.events,
        framesHeldBack: feed.framesHeldBack,
      });
      break;
  }
});

report({
  type: 'ready',
  env: { ...exchange.env, APCA_API_STREAM_URL: `ws://127.0.0.1:${await feed.port()}` },
});
await feed.subscribed;
liveClock.every(1_000 / options.marksPerSecond, () => {
  const symbol = options.markedSymbols[next % options.markedSymbols.length]!;
  next += 1;
  // Its last one is still on its way.
  if (sentMs.has(symbol)) return;
  marks += 1;
  feed.mark(symbol, MARK_SIZE, () => sentMs.set(symbol, liveClock.monotonicMs()));
});

function percentiles(): Percentiles {
  const at = (percentile: number) => latency.percentile(percentile) / 1_000_000;
  return { p50: at(50), p99: at(99), p999: at(99.9), max: latency.max / 1_000_000 };
}
