import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Router } from '../../src/producer/router.ts';
import { EventKind, GapReason } from '../../src/tape/batch.ts';
import type { FlowCounts, ReceiverCounters } from '../../src/transport/messages.ts';
import { type Event, EventWriter, type Shown, SlowReader, SNAPSHOT, TINY_LIMITS } from './harness.ts';

const SYMBOLS = ['AAPL', 'MSFT', 'BTC/USD', 'GOOG'];
const NAMES = ['A', 'B'];

const event: fc.Arbitrary<Event> = fc.record({
  symbol: fc.constantFrom(...SYMBOLS),
  kind: fc.constantFrom(
    EventKind.trade,
    EventKind.trade,
    EventKind.quote,
    EventKind.quote,
    EventKind.minuteBar,
    EventKind.dailyBar,
    EventKind.status,
    EventKind.orderBook,
    EventKind.correction,
  ),
  flags: fc.constantFrom(0, SNAPSHOT),
  heapBytes: fc.constantFrom(0, 0, 0, 7, 24, 40, 70),
});

type Step =
  | { readonly do: 'feed'; readonly events: readonly Event[] }
  | { readonly do: 'end turn' }
  | { readonly do: 'read' | 'credit' | 'restart' | 'detach'; readonly name: string }
  | { readonly do: 'route'; readonly name: string; readonly symbols: readonly string[] };

const name = fc.constantFrom(...NAMES);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('feed' as const), events: fc.array(event, { maxLength: 9 }) }),
  },
  {
    // Such as may be sent as they are.
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('feed' as const),
      events: fc.array(
        event.map((each) => ({ ...each, heapBytes: 0 })),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end turn' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('credit' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'detach' as const), name }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('route' as const), name, symbols: fc.subarray(SYMBOLS) }),
  },
);

const SPACING_MS = 3;

/** The whole path from a stream's batches to readers of real ports, with every fate written down. */
class Flow {
  readonly writer = new EventWriter();
  readonly router = new Router(this.writer.symbols, TINY_LIMITS);
  readonly readers = new Map<string, SlowReader>();
  readonly routed = new Map<string, Set<string>>();
  /** Events that the test knows were routed to a receiver, by name and serial. */
  readonly received = new Map<string, Map<number, Event>>(NAMES.map((each) => [each, new Map()]));
  /** Batches that were sent as they were, instead of their rows. */
  exchanged = 0;
  nowMs = 0;
  readonly readersClosed: { readonly name: string; readonly reader: SlowReader }[] = [];

  constructor() {
    for (const each of NAMES) {
      this.attach(each);
      this.route(each, SYMBOLS);
    }
  }

  run(step: Step): void {
    switch (step.do) {
      case 'feed': {
        const first = this.writer.serial + 1;
        const batch = this.writer.batch(step.events);
        step.events.forEach((each, index) => {
          for (const [receiver, symbols] of this.routed)
            if (symbols.has(each.symbol)) this.received.get(receiver)!.set(first + index, each);
        });
        const next = this.router.distribute(batch);
        if (next !== batch) {
          this.exchanged += 1;
          expect(batch.buffer.byteLength).toBe(0);
          expect(next.buffer.byteLength).toBeGreaterThan(0);
        }
        break;
      }
      case 'end turn':
        this.nowMs += 1;
        this.router.endTurn(this.nowMs);
        break;
      case 'read':
        this.readers.get(step.name)?.read();
        break;
      case 'credit':
        this.credit(step.name);
        break;
      case 'restart':
        this.detach(step.name);
        this.attach(step.name);
        break;
      case 'detach':
        this.detach(step.name);
        break;
      case 'route':
        this.route(step.name, step.symbols);
        break;
    }
  }

  attach(receiver: string): void {
    const reader = new SlowReader();
    this.readers.set(receiver, reader);
    // One of them is sent small batches in every third turn only.
    this.router.attach(receiver, reader.sink, this.nowMicros(), receiver === NAMES[0] ? SPACING_MS : 0);
  }

  detach(receiver: string): void {
    const reader = this.readers.get(receiver);
    if (reader === undefined) return;
    this.readers.delete(receiver);
    this.readersClosed.push({ name: receiver, reader });
    this.router.detach(receiver, this.nowMicros());
    reader.close();
  }

  route(receiver: string, symbols: readonly string[]): void {
    this.routed.set(receiver, new Set(symbols));
    this.router.route(
      receiver,
      symbols.map((symbol) => ({ symbol, trades: true, quotes: true, bars: true })),
    );
  }

  credit(receiver: string): boolean {
    const buffer = this.readers.get(receiver)?.takeReturned();
    if (buffer !== undefined) this.router.credit(receiver, buffer);
    return buffer !== undefined;
  }

  /** Lets every reader that is still there read all it is owed. */
  settle(): void {
    for (const receiver of this.readers.keys()) {
      do {
        while (this.credit(receiver)) this.endTurnLater();
        this.endTurnLater();
      } while (this.readers.get(receiver)?.read());
    }
  }

  endTurnLater(): void {
    this.nowMs += SPACING_MS;
    expect(this.router.endTurn(this.nowMs)).toBe(0);
  }

  close(): void {
    for (const reader of this.readers.values()) reader.close();
  }

  nowMicros(): number {
    return 1_763_000_000_000_000 + this.writer.serial;
  }
}

function sumOfFates(counts: FlowCounts): number {
  return (
    counts.sent +
    counts.conflated +
    counts.droppedOverflow +
    counts.droppedDetached +
    counts.waiting +
    counts.inFlight
  );
}

function expectBalanced(counters: ReceiverCounters): void {
  for (const counts of [counters, ...Object.values(counters.kinds)]) {
    expect(sumOfFates(counts)).toBe(counts.received);
    for (const fate of Object.values(counts))
      if (typeof fate === 'number') expect(fate).toBeGreaterThanOrEqual(0);
  }
}

/** Every event that was not shown was replaced by a newer one, or told of by a gap before the symbol went on. */
function expectHonest(shown: readonly Shown[], received: ReadonlyMap<number, Event>): void {
  const told = new Map<string, number>();
  const seen = new Set<number>();
  let last = 0;
  for (const row of shown) {
    if (row.kind === EventKind.gap) {
      if (row.reason === GapReason.overflow) told.set(row.symbol, (told.get(row.symbol) ?? 0) + row.count);
      continue;
    }
    expect(row.serial).toBeGreaterThan(last);
    last = row.serial;
    seen.add(row.serial);
    const original = received.get(row.serial);
    expect(original).toMatchObject({ symbol: row.symbol, kind: row.kind });
    expect(row.heap).toEqual(new Array(original?.heapBytes ?? 0).fill(row.serial & 0xff));
    const missing = [...received].filter(
      ([serial, each]) =>
        serial < row.serial && each.symbol === row.symbol && !seen.has(serial) && !isConflated(each),
    );
    expect(missing.length).toBeLessThanOrEqual(told.get(row.symbol) ?? 0);
  }
}

function isConflated(each: Event): boolean {
  return (
    each.kind === EventKind.quote || each.kind === EventKind.dailyBar || each.kind === EventKind.orderBook
  );
}

describe('the flow from a stream to receivers of any speed', () => {
  it('accounts for every event at every moment, by kind', () => {
    let exchanged = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const flow = new Flow();
        for (const each of steps) {
          flow.run(each);
          for (const counters of flow.router.counters()) expectBalanced(counters);
        }
        flow.settle();
        for (const counters of flow.router.counters()) {
          expectBalanced(counters);
          expect(counters.received).toBe(flow.received.get(counters.receiver)!.size);
          if (!flow.readers.has(counters.receiver)) continue;
          expect(counters).toMatchObject({
            waiting: 0,
            inFlight: 0,
            credits: TINY_LIMITS.creditsPerReceiver,
          });
        }
        exchanged += flow.exchanged;
        flow.close();
      }),
      { numRuns: 200 },
    );
    expect(exchanged).toBeGreaterThan(0);
  });

  it('shows events once, whole, in order, named before their use, and tells what is missing before a symbol goes on', () => {
    const steps = fc.array(
      step.filter((each) => !['restart', 'detach', 'route'].includes(each.do)),
      { maxLength: 120 },
    );
    fc.assert(
      fc.property(steps, (each) => {
        const flow = new Flow();
        for (const one of each) flow.run(one);
        flow.settle();
        for (const [receiver, reader] of flow.readers) {
          expectHonest(reader.shown, flow.received.get(receiver)!);
          expect(reader.undefinedSymbols).toEqual([]);
        }
        flow.close();
      }),
      { numRuns: 200 },
    );
  });

  it('agrees, symbol by symbol and kind by kind, with what was shown and told', () => {
    const steps = fc.array(
      step.filter((each) => !['restart', 'detach', 'route'].includes(each.do)),
      { maxLength: 120 },
    );
    fc.assert(
      fc.property(steps, (each) => {
        const flow = new Flow();
        for (const one of each) flow.run(one);
        flow.settle();
        for (const counters of flow.router.counters()) {
          const { shown } = flow.readers.get(counters.receiver)!;
          const received = [...flow.received.get(counters.receiver)!.values()];
          for (const symbol of SYMBOLS) {
            const count = (kinds: (kind: number) => boolean) => ({
              received: received.filter((one) => one.symbol === symbol && kinds(one.kind)).length,
              shown: shown.filter((one) => one.symbol === symbol && kinds(one.kind)).length,
            });
            const told = shown
              .filter((one) => one.symbol === symbol && one.kind === EventKind.gap)
              .reduce((sum, one) => sum + one.count, 0);
            const never = count((kind) => kind < 32 && !isConflated({ symbol, kind: kind as EventKind }));
            const latest = count((kind) => kind < 32 && isConflated({ symbol, kind: kind as EventKind }));
            // What is never conflated is shown or told; the newest of what is conflated was shown or told.
            expect(never.received - never.shown).toBeLessThanOrEqual(told);
            if (latest.received > 0) expect(latest.shown + told).toBeGreaterThan(0);
          }
          const gaps = shown.filter((one) => one.kind === EventKind.gap);
          expect(gaps.reduce((sum, one) => sum + one.count, 0)).toBe(counters.droppedOverflow);
          for (const [kind, counts] of Object.entries(counters.kinds))
            expect(counts.sent).toBe(
              shown.filter((one) => one.kind === EventKind[kind as keyof typeof EventKind]).length,
            );
        }
        flow.close();
      }),
      { numRuns: 100 },
    );
  });
});
