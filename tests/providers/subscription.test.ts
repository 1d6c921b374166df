import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestText, SubscriptionState } from '../../src/providers/alpaca/subscription.ts';

/** A feed that takes so many trades and quotes, and whatever else it is asked for. */
class LimitedFeed {
  readonly state = new Map<string, Set<string>>();
  requests = 0;
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get counted(): number {
    return (this.state.get('trades')?.size ?? 0) + (this.state.get('quotes')?.size ?? 0);
  }

  /** Asks until there is nothing left to ask. */
  settle(subscriptions: SubscriptionState): void {
    for (;;) {
      const request = subscriptions.next();
      if (request === null) return;
      this.requests += 1;
      if (this.requests > 10_000) throw new Error('the subscription never settles');
      const { action, ...channels } = JSON.parse(requestText(request)) as Record<string, string[]>;
      const before = new Map([...this.state].map(([channel, set]) => [channel, new Set(set)]));
      for (const [channel, symbols] of Object.entries(channels)) {
        const set = this.state.get(channel) ?? new Set();
        for (const symbol of symbols) {
          if (String(action) === 'subscribe') set.add(symbol);
          else set.delete(symbol);
        }
        this.state.set(channel, set);
      }
      if (this.counted > this.limit) {
        this.state.clear();
        for (const [channel, set] of before) this.state.set(channel, set);
        subscriptions.refuse('symbol_limit');
      } else {
        subscriptions.acknowledge(Object.fromEntries([...this.state].map(([name, set]) => [name, [...set]])));
      }
    }
  }
}

const symbols = fc.uniqueArray(fc.stringMatching(/^[A-Z]{1,3}$/), { maxLength: 40 });

describe('a subscription', () => {
  it('settles on as much as the feed allows, whatever is wanted in which order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ trades: symbols, quotes: symbols, bars: symbols }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (wants, limit, symbolsMax) => {
          const subscriptions = new SubscriptionState({ symbolsMax, hasStatuses: true });
          const feed = new LimitedFeed(limit);
          for (const want of wants) {
            subscriptions.want(want);
            feed.settle(subscriptions);
          }
          const want = wants.at(-1)!;
          const missing = subscriptions.missing();
          expect(feed.counted).toBe(Math.min(limit, want.trades.length + want.quotes.length));
          expect(missing.bars).toEqual([]);
          for (const channel of ['trades', 'quotes'] as const) {
            const got = feed.state.get(channel) ?? new Set();
            expect([...got, ...missing[channel]].sort()).toEqual([...want[channel]].sort());
          }
        },
      ),
    );
  });

  it('comes to an end whatever the feed acknowledges: it is not asked the same for ever', () => {
    const channels = ['trades', 'quotes', 'bars', 'statuses', 'lulds', 'updatedBars'] as const;
    const few = fc.subarray(['*', 'A', 'B', 'C', 'D', 'NEVER_ASKED']);
    const answer = fc.oneof(
      fc.constantFrom('symbol_limit' as const, 'invalid_channel' as const, 'invalid_request' as const),
      fc.record(Object.fromEntries(channels.map((channel) => [channel, few]))),
    );
    const wanted = fc.subarray(['A', 'B', 'C', 'D']);
    fc.assert(
      fc.property(
        fc.record({ trades: wanted, quotes: wanted, bars: wanted }),
        fc.array(answer, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 4 }),
        (want, answers, symbolsMax) => {
          const subscriptions = new SubscriptionState({ symbolsMax, hasStatuses: true });
          subscriptions.want(want);
          let requests = 0;
          for (; subscriptions.next() !== null; requests += 1) {
            // Each of 36 may be asked for and given up a few times, and asked for in parts.
            if (requests > 300) throw new Error('the subscription never settles');
            const told = answers[requests % answers.length]!;
            if (typeof told === 'string') subscriptions.refuse(told);
            else subscriptions.acknowledge(told);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('asks again for what it gave up and wants again before the feed has answered', () => {
    const subscriptions = new SubscriptionState({ symbolsMax: 10, hasStatuses: false });
    const one = { trades: ['A'], quotes: [], bars: [] };
    subscriptions.want(one);
    subscriptions.next();
    subscriptions.acknowledge({ trades: ['A'] });
    subscriptions.want({ ...one, trades: [] });
    expect(subscriptions.next()?.action).toBe('unsubscribe');
    subscriptions.want(one);
    subscriptions.acknowledge({ trades: [] });
    expect(requestText(subscriptions.next()!)).toBe('{"action":"subscribe","trades":["A"]}');
  });

  it('counts every symbol of a channel as acknowledged where all are', () => {
    const subscriptions = new SubscriptionState({ symbolsMax: 10, hasStatuses: false });
    subscriptions.want({ trades: [], quotes: [], bars: ['*', 'AAPL'] });
    subscriptions.next();
    subscriptions.acknowledge({ bars: ['*'] });
    expect(subscriptions.missing().bars).toEqual([]);
  });

  it('does not ask again for what was refused because the same is wanted once more', () => {
    const subscriptions = new SubscriptionState({ symbolsMax: 10, hasStatuses: false });
    subscriptions.want({ trades: ['A'], quotes: [], bars: [] });
    subscriptions.next();
    subscriptions.refuse('symbol_limit');
    expect(subscriptions.want({ trades: ['A', 'A'], quotes: [], bars: [] })).toBe(false);
    expect(subscriptions.next()).toBeNull();
    expect(subscriptions.want({ trades: ['B'], quotes: [], bars: [] })).toBe(true);
    expect(subscriptions.next()?.entries).toEqual([{ channel: 'trades', symbol: 'B' }]);
  });

  it('gives up halts and price bands before prices where they take of the limit', () => {
    const subscriptions = new SubscriptionState({ symbolsMax: 10, hasStatuses: true });
    subscriptions.want({ trades: ['A'], quotes: [], bars: [] });
    for (let request = subscriptions.next(); request !== null; request = subscriptions.next()) {
      subscriptions.acknowledge({ trades: ['A'], statuses: ['A'], lulds: ['A'] });
    }
    subscriptions.want({ trades: ['A', 'B'], quotes: [], bars: [] });
    expect(requestText(subscriptions.next()!)).toBe('{"action":"subscribe","trades":["B"]}');
    subscriptions.refuse('symbol_limit');
    expect(requestText(subscriptions.next()!)).toBe(
      '{"action":"unsubscribe","statuses":["A"],"lulds":["A"]}',
    );
    subscriptions.acknowledge({ trades: ['A'] });
    expect(requestText(subscriptions.next()!)).toBe('{"action":"subscribe","trades":["B"]}');
    subscriptions.acknowledge({ trades: ['A', 'B'] });
    expect(subscriptions.next()).toBeNull();
    expect(subscriptions.missing().trades).toEqual([]);
  });
});
