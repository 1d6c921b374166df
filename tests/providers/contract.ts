/** What every provider must do, whoever is behind it. Each adapter's test file runs these on real sockets. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/domain/outcome.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE } from '../../src/domain/time.ts';
import type {
  HistoryProvider,
  MarketStream,
  StreamNotice,
  Subscription,
} from '../../src/providers/contract.ts';
import { EventKind } from '../../src/tape/batch.ts';
import { eventually } from '../network/eventually.ts';

export interface ProviderStage {
  /** Two symbols that trade all the time. */
  readonly symbols: readonly [string, string];
  readonly now: () => number;
  readonly openStream: (keys: 'right' | 'wrong') => MarketStream;
  readonly openHistory: (keys: 'right' | 'wrong') => HistoryProvider;
  /** Cuts the stream's connection from outside. */
  readonly cut: () => void;
}

interface Seen {
  readonly symbol: string;
  readonly kind: number;
  readonly timeMicros: number;
  readonly receivedMicros: number;
}

function record(stream: MarketStream) {
  const seen: Seen[] = [];
  const notices: StreamNotice[] = [];
  stream.open({
    onPending: () => stream.flush(),
    onBatch: (batch) => {
      for (let row = 0; row < batch.count; row += 1) {
        const kind = batch.kind[row]!;
        if (kind === EventKind.definition) continue;
        const symbol = stream.symbols.textOf(batch.symbolId[row]!);
        seen.push({
          symbol,
          kind,
          timeMicros: batch.timeMicros(row),
          receivedMicros: batch.receivedMicros(row),
        });
      }
      return batch;
    },
    onNotice: (notice) => notices.push(notice),
  });
  const state = () => notices.findLast((notice) => notice.type === 'state')?.state;
  return { seen, notices, state };
}

const wanted = (changes: Partial<Subscription>): Subscription => ({
  trades: [],
  quotes: [],
  bars: [],
  ...changes,
});

export function unwrap<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.failure.message);
  return outcome.value;
}

export function providerContract(name: string, start: () => ProviderStage): void {
  describe(`the provider ${name}`, () => {
    let stage: ProviderStage;
    beforeAll(() => {
      stage = start();
    });

    it('sends the events of what is wanted and of nothing else', async () => {
      const [first] = stage.symbols;
      const stream = stage.openStream('right');
      stream.want(wanted({ trades: [first], quotes: [first] }));
      const { seen, state } = record(stream);
      await eventually(() => {
        expect(seen.some(({ kind }) => kind === EventKind.trade)).toBe(true);
        expect(seen.some(({ kind }) => kind === EventKind.quote)).toBe(true);
      });
      await eventually(() => expect(state()).toBe('live'));
      expect(new Set(seen.map(({ symbol }) => symbol))).toEqual(new Set([first]));
      for (const { timeMicros, receivedMicros } of seen) {
        expect(Math.abs(receivedMicros - timeMicros)).toBeLessThan(MICROS_PER_MINUTE);
      }
      expect(stream.counters.events).toBeGreaterThanOrEqual(seen.length);
      await stream.close();
    });

    it('follows what is wanted while it runs', async () => {
      const [first, second] = stage.symbols;
      const stream = stage.openStream('right');
      const { seen, state } = record(stream);
      await eventually(() => expect(state()).toBe('live'));
      stream.want(wanted({ quotes: [first] }));
      await eventually(() => expect(seen.some(({ symbol }) => symbol === first)).toBe(true));
      stream.want(wanted({ quotes: [second] }));
      // Events of the first may still be on their way for a while, and then end.
      await eventually(() => {
        const newest = seen.slice(-20);
        expect(newest.length === 20 && newest.every(({ symbol }) => symbol === second)).toBe(true);
      });
      await stream.close();
    });

    it('comes back after a cut, says from when to when events are missing, and goes on', async () => {
      const [first] = stage.symbols;
      const stream = stage.openStream('right');
      stream.want(wanted({ quotes: [first] }));
      const { seen, notices, state } = record(stream);
      await eventually(() => expect(seen.length).toBeGreaterThan(0));
      stage.cut();
      await eventually(() => expect(notices.some(({ type }) => type === 'gap')).toBe(true));
      const gap = notices.find((notice) => notice.type === 'gap')!;
      expect(gap.fromMicros).toBeLessThanOrEqual(gap.toMicros);
      expect(gap.reason).toBe('disconnected');
      const before = seen.length;
      await eventually(() => expect(seen.length).toBeGreaterThan(before));
      await eventually(() => expect(state()).toBe('live'));
      expect(stream.counters.reconnects).toBeGreaterThan(0);
      await stream.close();
    });

    it('stops on wrong keys and says what to do', async () => {
      const stream = stage.openStream('wrong');
      const { notices, state } = record(stream);
      await eventually(() => expect(notices.some(({ type }) => type === 'fatal')).toBe(true));
      expect(state()).toBe('failed');
      await stream.close();
    });

    it('is silent after it was closed', async () => {
      const stream = stage.openStream('right');
      stream.want(wanted({ quotes: [...stage.symbols] }));
      const { seen, state } = record(stream);
      await eventually(() => expect(seen.length).toBeGreaterThan(0));
      await stream.close();
      const count = seen.length;
      expect(state()).toBe('closed');
      // Another connection sees events meanwhile, so there were some to be silent about.
      const other = stage.openStream('right');
      other.want(wanted({ quotes: [...stage.symbols] }));
      const { seen: seenByOther } = record(other);
      await eventually(() => expect(seenByOther.length).toBeGreaterThan(5));
      expect(seen).toHaveLength(count);
      await other.close();
    });

    it('knows the bars of the past, in order, within the time asked for', async () => {
      const toMicros = stage.now();
      const fromMicros = toMicros - 3 * MICROS_PER_HOUR;
      const history = stage.openHistory('right');
      const symbols = [...stage.symbols, 'NOSUCH'];
      const bars = unwrap(await history.bars({ symbols, interval: 'minute', fromMicros, toMicros }));
      expect(bars.get('NOSUCH') ?? []).toEqual([]);
      for (const symbol of stage.symbols) {
        const times = bars.get(symbol)!.map(({ timeMicros }) => timeMicros);
        expect(times.length).toBeGreaterThan(10);
        expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
        expect(times[0]).toBeGreaterThanOrEqual(fromMicros);
        expect(times.at(-1)).toBeLessThan(toMicros);
        for (const bar of bars.get(symbol)!) {
          expect(bar.low).toBeLessThanOrEqual(Math.min(bar.open, bar.close));
          expect(bar.high).toBeGreaterThanOrEqual(Math.max(bar.open, bar.close));
        }
      }
    });

    it('answers the newest bars when only so many are wanted', async () => {
      const [first, second] = stage.symbols;
      const toMicros = Math.floor(stage.now() / MICROS_PER_MINUTE) * MICROS_PER_MINUTE;
      const range = { interval: 'minute', fromMicros: toMicros - 2 * MICROS_PER_HOUR, toMicros } as const;
      const history = stage.openHistory('right');
      const all = unwrap(await history.bars({ ...range, symbols: [first] })).get(first)!;
      for (const symbols of [[first], [first, second]]) {
        const some = unwrap(await history.bars({ ...range, symbols, limitPerSymbol: 3 })).get(first)!;
        expect(some).toEqual(all.slice(-3));
      }
    });

    it('knows daily bars', async () => {
      const [first] = stage.symbols;
      const toMicros = stage.now();
      const request = {
        symbols: [first],
        interval: 'day',
        fromMicros: toMicros - 30 * MICROS_PER_DAY,
        toMicros,
      } as const;
      const bars = unwrap(await stage.openHistory('right').bars(request)).get(first)!;
      expect(bars.length).toBeGreaterThan(3);
    });

    it('knows trades and quotes, in order, within the time asked for', async () => {
      const [first] = stage.symbols;
      const toMicros = stage.now();
      const fromMicros = toMicros - 2 * MICROS_PER_MINUTE;
      const history = stage.openHistory('right');
      for (const rows of [
        unwrap(await history.trades(first, fromMicros, toMicros)),
        unwrap(await history.quotes(first, fromMicros, toMicros)),
      ]) {
        const times = rows.map(({ timeMicros }) => timeMicros);
        expect(times.length).toBeGreaterThan(0);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(times[0]).toBeGreaterThanOrEqual(fromMicros);
        expect(times.at(-1)).toBeLessThan(toMicros);
      }
    });

    it('knows how symbols stand now', async () => {
      const snapshots = unwrap(await stage.openHistory('right').snapshots(stage.symbols));
      for (const symbol of stage.symbols) {
        expect(snapshots.get(symbol)?.latestTrade?.price).toBeGreaterThan(0);
        expect(snapshots.get(symbol)?.latestQuote).toBeDefined();
      }
    });

    it('fails on history with wrong keys as something that a retry does not mend', async () => {
      const outcome = await stage.openHistory('wrong').snapshots(stage.symbols);
      expect(outcome).toMatchObject({ ok: false });
      expect(['unauthorized', 'forbidden']).toContain(outcome.ok ? '' : outcome.failure.kind);
    });
  });
}
