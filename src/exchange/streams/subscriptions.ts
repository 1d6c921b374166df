/** What a market-data connection has subscribed to, channel by channel. */
import type { MarketEvent } from '../market/events.ts';

export type FeedKind = 'stocks' | 'crypto' | 'test';

const CHANNELS: Readonly<Record<FeedKind, readonly string[]>> = {
  stocks: ['trades', 'quotes', 'bars', 'updatedBars', 'dailyBars', 'statuses', 'lulds'],
  crypto: ['trades', 'quotes', 'bars', 'updatedBars', 'dailyBars', 'orderbooks'],
  test: ['trades', 'quotes', 'bars', 'updatedBars', 'dailyBars', 'statuses', 'lulds'],
};
/** They follow `trades` by themselves and cannot be asked for. */
const FOLLOWING = ['corrections', 'cancelErrors'];
const EVERY_CHANNEL = new Set([...Object.values(CHANNELS).flat(), 'imbalances', 'news', ...FOLLOWING]);
/** Channels that the plan's symbol limit counts. */
const COUNTED = ['trades', 'quotes'];
const SYMBOL = /^(\*|[A-Z0-9.]{1,12}(\/[A-Z0-9]{1,12})?)$/;

export type SubscribeProblem = 'invalid_syntax' | 'symbol_limit' | 'wrong_channel';

export class Subscriptions {
  readonly #feed: FeedKind;
  #symbolsByChannel: Map<string, Set<string>>;

  constructor(feed: FeedKind) {
    this.#feed = feed;
    this.#symbolsByChannel = new Map(CHANNELS[feed].map((channel) => [channel, new Set<string>()]));
  }

  /** Adds to (or takes from) what is subscribed; on a problem nothing of the request takes effect. */
  change(
    action: 'subscribe' | 'unsubscribe',
    message: Readonly<Record<string, unknown>>,
    symbolsMax: number,
  ): SubscribeProblem | null {
    const changed = new Map(
      [...this.#symbolsByChannel].map(([channel, symbols]) => [channel, new Set(symbols)]),
    );
    for (const [channel, asked] of Object.entries(message)) {
      if (channel === 'action' || asked === null) continue;
      if (!EVERY_CHANNEL.has(channel)) return 'invalid_syntax';
      if (
        !Array.isArray(asked) ||
        !asked.every((symbol) => typeof symbol === 'string' && SYMBOL.test(symbol))
      )
        return 'invalid_syntax';
      if (asked.length === 0 || FOLLOWING.includes(channel)) continue;
      const symbols = changed.get(channel);
      if (symbols === undefined) return 'wrong_channel';
      for (const symbol of asked as string[]) {
        if (action === 'subscribe') symbols.add(symbol);
        else symbols.delete(symbol);
      }
    }
    const counted = COUNTED.reduce((sum, channel) => sum + (changed.get(channel)?.size ?? 0), 0);
    if (action === 'subscribe' && counted > symbolsMax) return 'symbol_limit';
    this.#symbolsByChannel = changed;
    return null;
  }

  has(channel: string, symbol: string): boolean {
    const symbols = this.#symbolsByChannel.get(channel);
    return symbols !== undefined && (symbols.has(symbol) || symbols.has('*'));
  }

  wants(event: MarketEvent): boolean {
    return this.has(channelOf(event), event.symbol);
  }

  /** The whole state, as an acknowledgement shows it. */
  state(options: { omitEmpty: boolean; leftOut: readonly string[] }): Record<string, string[]> {
    const state: Record<string, string[]> = {};
    const channels = this.#feed === 'crypto' ? CHANNELS.crypto : [...CHANNELS[this.#feed], ...FOLLOWING];
    for (const channel of channels) {
      const source = FOLLOWING.includes(channel) ? 'trades' : channel;
      const symbols = [...(this.#symbolsByChannel.get(source) ?? [])].filter(
        (symbol) => !options.leftOut.includes(symbol),
      );
      if (symbols.length > 0 || !options.omitEmpty) state[channel] = symbols;
    }
    return state;
  }
}

const BAR_CHANNELS = { b: 'bars', u: 'updatedBars', d: 'dailyBars' } as const;

function channelOf(event: MarketEvent): string {
  switch (event.kind) {
    case 'trade':
    case 'cancel':
    case 'correction':
      return 'trades';
    case 'quote':
      return 'quotes';
    case 'bar':
      return BAR_CHANNELS[event.channel];
    case 'status':
      return 'statuses';
    case 'luld':
      return 'lulds';
  }
}
