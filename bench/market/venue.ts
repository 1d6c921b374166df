/**
 * Process: the market and the broker of a subject under measurement. The broker is the local exchange; the market is a
 * {@link PacedFeed} with marks in it, and each order request is timed from its mark's frame to its own arrival here. So
 * every subject is measured alike, from outside: both ways over loopback and this process' own delays are in all figures.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { liveClock } from '../../src/clock/live.ts';
import { startExchange } from '../../src/exchange/exchange.ts';
import { MarkedGroup } from './marks.ts';
import { PacedFeed } from './pacedFeed.ts';
import { BLOCK_SIZE, type VenueCommand, type VenueOptions, type VenueReport } from './protocol.ts';

const SILENT = { info: () => {}, warn: () => {}, error: () => {} };
const options = JSON.parse(process.argv[2] ?? '{}') as VenueOptions;
const report = (told: VenueReport) => process.send?.(told);
process.once('disconnect', () => process.exit());

const symbols = Object.values(options.groups).flat();
const exchange = await startExchange({
  port: 0,
  seed: 1,
  symbols,
  ratePerSecond: symbols.length,
  faults: {},
  clock: liveClock,
  log: SILENT,
  startCash: '100000000000',
  latencyMs: [1, 2],
  sessions: { earlierDays: 2, earlierMinuteDays: 1 },
  limits: { requestsPerMinute: 1_000_000, ordersMax: 1_000_000, activitiesMax: 1_000_000 },
});
const feed = new PacedFeed({ symbols, eventsPerSecond: options.eventsPerSecond, seed: 2 });
const groups = Object.fromEntries(
  Object.entries(options.groups).map(([name, members]) => [name, new MarkedGroup(members, feed)]),
);

subscribe('http.server.request.start', (message) => {
  const { request } = message as { request: IncomingMessage };
  if (request.method !== 'POST' || !request.url?.startsWith('/v2/orders')) return;
  const arrivedMs = liveClock.monotonicMs();
  let body = '';
  request.on('data', (part: Buffer) => {
    body += part.toString();
  });
  request.on('end', () => {
    const { symbol, qty } = JSON.parse(body) as { symbol: string; qty: string };
    for (const group of Object.values(groups))
      if (group.has(symbol)) group.order(symbol, Number(qty), arrivedMs);
  });
});

process.on('message', (command: VenueCommand) => {
  switch (command.type) {
    case 'measure':
      for (const group of Object.values(groups)) group.forget();
      break;
    case 'block':
      feed.mark(command.symbol, BLOCK_SIZE + command.turns);
      break;
    case 'figures':
      report({
        type: 'figures',
        groups: Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, group.figures()])),
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
  for (const group of Object.values(groups)) group.mark();
});
