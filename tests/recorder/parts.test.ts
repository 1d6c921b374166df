import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import type { Intent } from '../../src/domain/order.ts';
import { StrategyHost } from '../../src/engine/host.ts';
import { HostInbox } from '../../src/engine/inbox.ts';
import { MarketRecording } from '../../src/producer/recording.ts';
import type { StrategyBundle } from '../../src/strategies/bundle.ts';
import { Batch, EventKind } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { INBOX_RECORDING_LIMITS, RecordingPort } from '../../src/transport/recording.ts';
import { assignment, hostConfig, instance, OPEN, SECOND } from '../engine/inbox.ts';
import { scripted } from '../engine/scripts.ts';
import { rerunHost } from './rerun.ts';
import { openSource, tapesIn } from './source.ts';

const NOON = OPEN + 3_600 * SECOND;
const SYMBOLS = ['AAPL', 'MSFT'] as const;
const PRICES_MAX = 200;

/** What it does depends on all that it was shown, on chance, and on what lies between two parts of a batch. */
const STRATEGY = `
  initialState: () => ({ seen: 0, timers: 0 }),
  onTrade(context, trade) {
    context.state.seen += trade.price;
    if (context.random() < 0.5) context.setTimer('soon', context.nowMicros + 700_000);
    if (context.state.seen % 3 < 1) context.buy({ quantity: 1, limitPrice: trade.price, reason: 'seen ' + context.state.seen });
  },
  onQuote(context, quote) { context.state.seen += quote.bidPrice; },
  onTimer(context) {
    context.state.timers += 1;
    context.buy({ quantity: context.state.timers, limitPrice: 50, reason: 'timer ' + context.state.seen });
  },`;

const batches = fc.array(
  fc.record({
    rows: fc.array(
      fc.record({
        symbol: fc.constantFrom(...SYMBOLS),
        kind: fc.constantFrom(EventKind.trade, EventKind.quote),
        price: fc.integer({ min: 1, max: PRICES_MAX }),
      }),
      { maxLength: 12 },
    ),
    /** Where the host does something else, as shares of the batch. */
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
  }),
  { minLength: 4, maxLength: 20 },
);
type Batches = typeof batches extends fc.Arbitrary<infer Value> ? Value : never;

/** Runs and records a host that takes its batches in parts, with its timers in between; answers what it decided. */
function trade(bundle: StrategyBundle, given: Batches, directory: string): readonly Intent[] {
  const [market, inbox] = (['market', 'inbox'] as const).map((name) => openSource(name, directory));
  const options = { clock: liveClock, limits: INBOX_RECORDING_LIMITS };
  const symbols = new SymbolTable();
  const feed = new MarketRecording(
    new RecordingPort(market!.port, { ...options, isMarketRecorded: false }),
    symbols,
  );
  const recording = new RecordingPort(inbox!.port, { ...options, isMarketRecorded: true });
  const notes = new HostInbox(recording);
  const intents: Intent[] = [];
  const config = hostConfig([instance(bundle)]);
  const host = new StrategyHost(config, {
    intent: (intent) => intents.push(intent),
    report: (report) => {
      if (report.type === 'fault') throw new Error(report.message);
    },
    log: () => undefined,
  });
  notes.start(config, NOON);
  const assign = {
    type: 'assign',
    units: SYMBOLS.map((symbol) => assignment(bundle.name, symbol)),
  } as const;
  notes.command(assign, NOON);
  host.handleCommand(assign, NOON);
  let nowMicros = NOON;
  for (const [index, { rows, cuts }] of given.entries()) {
    nowMicros += SECOND;
    const batch = batchOf(rows, { symbols, nowMicros, isFirst: index === 0, feed });
    const ends = [...cuts.map((share) => Math.floor(share * batch.count)), batch.count];
    let from = 0;
    for (const to of ends.toSorted((a, b) => a - b)) {
      nowMicros += SECOND / 10;
      recording.taken(batch, nowMicros, from, to);
      host.handleBatch(batch, nowMicros, from, to);
      from = to;
      nowMicros += SECOND / 10;
      notes.advance(nowMicros);
      host.advanceTo(nowMicros);
    }
  }
  recording.close();
  feed.close();
  for (const { source } of [market!, inbox!]) {
    source.drain();
    source.detach();
    source.rotate();
  }
  return intents;
}

function batchOf(
  rows: Batches[number]['rows'],
  how: {
    readonly symbols: SymbolTable;
    readonly nowMicros: number;
    readonly isFirst: boolean;
    readonly feed: MarketRecording;
  },
): Batch {
  const sent = Batch.create({ rows: 16, heapBytes: 0 }, 0, how.nowMicros);
  for (const { symbol, kind, price } of rows) {
    const row = sent.count;
    sent.clearRow(row, kind, how.symbols.intern(symbol));
    sent.n0[row] = price;
    sent.n1[row] = sent.n3[row] = 1;
    sent.n2[row] = price + 1;
    sent.count += 1;
  }
  how.feed.take(sent);
  const batch = Batch.create({ rows: 32, heapBytes: 64 }, 0, how.nowMicros);
  for (const symbol of how.isFirst ? SYMBOLS : []) {
    batch.clearRow(batch.count, EventKind.definition, how.symbols.intern(symbol));
    batch.setHeapText(batch.count, symbol);
    batch.count += 1;
  }
  for (let row = 0; row < sent.count; row += 1) batch.appendRow(sent, row);
  return batch;
}

it('a host that took its batches in parts decides the same when it is run again from its tapes', async () => {
  const bundle = await scripted('test', STRATEGY);
  let decided = 0;
  await fc.assert(
    fc.asyncProperty(batches, async (given) => {
      const directory = mkdtempSync(join(tmpdir(), 'openbell-parts-'));
      try {
        const intents = trade(bundle, given, directory);
        const again = await rerunHost({
          inbox: tapesIn(directory, 'inbox'),
          market: tapesIn(directory, 'market'),
        });
        expect(again).toMatchObject({ lost: 0, faults: [] });
        expect(again.intents).toEqual(intents);
        decided += intents.length;
      } finally {
        rmSync(directory, { recursive: true });
      }
    }),
    { numRuns: 25 },
  );
  expect(decided).toBeGreaterThan(25);
}, 60_000);
