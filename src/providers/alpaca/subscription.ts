/**
 * What is wanted of a stream, what it has acknowledged, and the requests that lead from one to the other.
 *
 * The two are kept apart: an acknowledgement is the feed's whole state and may lag behind, or fall short of, what we
 * want. One request is under way at a time, because an error names no request.
 */
import { assert } from '../../domain/assert.ts';
import type { Subscription } from '../contract.ts';

/** Channels that a subscription asks for ... */
const CORE_CHANNELS = ['trades', 'quotes', 'bars'] as const;
/** ... and those that come along where the feed has them: halts, price bands, bars changed by late trades. */
const COMPANION_CHANNELS = ['statuses', 'lulds', 'updatedBars'] as const;
const CHANNELS = [...CORE_CHANNELS, ...COMPANION_CHANNELS] as const;
type Channel = (typeof CHANNELS)[number];

export interface SubscriptionRequest {
  readonly action: 'subscribe' | 'unsubscribe';
  readonly entries: readonly Entry[];
}

interface Entry {
  readonly channel: Channel;
  readonly symbol: string;
}

/** Why the feed turned a request down as a whole. */
export type Refusal = 'symbol_limit' | 'invalid_channel' | 'invalid_request';

/** `AAPL`, `BRK.B`, `BTC/USD`, `*`: anything else would make the feed refuse its whole request. */
const SYMBOL_FORM = /^(?:\*|[A-Za-z0-9][A-Za-z0-9./_-]{0,31})$/;
const ALL = '*';
/** So often a symbol may be asked for and given up. */
const TURNS_MAX = 4;

export class SubscriptionState {
  readonly #symbolsMax: number;
  readonly #companions: readonly Channel[];
  #wanted: Subscription = { trades: [], quotes: [], bars: [] };
  #desired = emptyState();
  #acknowledged = emptyState();
  #underWay: SubscriptionRequest | null = null;
  /** Parts of a refused request, to be tried before anything else. */
  #parts: SubscriptionRequest[] = [];
  /** Not asked for again on this connection, and until something else is wanted. */
  #refused = emptyState();
  /** How often each was asked for or given up on this connection, since something else was wanted. */
  #turns = noTurns();
  /** Not asked for again at all: the feed does not understand it. */
  readonly #misunderstood = emptyState();
  readonly #droppedChannels = new Set<Channel>();
  #companionsGivenUp = false;

  constructor(options: { symbolsMax: number; hasStatuses: boolean }) {
    assert(options.symbolsMax > 0, 'a subscription request of no symbols');
    this.#symbolsMax = options.symbolsMax;
    this.#companions = options.hasStatuses ? COMPANION_CHANNELS : ['updatedBars'];
  }

  /** Answers whether it is anything else than before: asking again for what was refused needs a reason. */
  want(subscription: Subscription): boolean {
    const isSame = CORE_CHANNELS.every((channel) => hasSame(this.#desired[channel], subscription[channel]));
    if (isSame) return false;
    this.#wanted = subscription;
    this.#startOver();
    return true;
  }

  /** A new connection: nothing is subscribed on it. */
  reset(): void {
    this.#acknowledged = emptyState();
    this.#underWay = null;
    this.#startOver();
  }

  /** The next request to send; null while one is under way or when there is nothing left to ask. */
  next(): SubscriptionRequest | null {
    if (this.#underWay !== null) return null;
    // What is given up first makes room for what comes.
    this.#underWay = this.#unsubscription() ?? this.#parts.pop() ?? this.#subscription();
    return this.#underWay;
  }

  /** The feed's whole state, after the request under way or by itself. */
  acknowledge(state: Readonly<Partial<Record<Channel, readonly string[]>>>): void {
    for (const channel of CHANNELS) this.#acknowledged[channel] = new Set(state[channel] ?? []);
    const request = this.#underWay;
    this.#underWay = null;
    if (request === null) return;
    for (const { channel, symbol } of request.entries) {
      this.#countTurn(channel, symbol);
      const isThere = this.#isAcknowledged(channel, symbol);
      if (isThere !== (request.action === 'subscribe')) this.#refused[channel].add(symbol);
    }
  }

  /** The request under way was turned down and has changed nothing. */
  refuse(refusal: Refusal): void {
    const request = this.#underWay;
    this.#underWay = null;
    if (request === null) return;
    if (refusal === 'invalid_request') {
      for (const { channel, symbol } of request.entries) this.#misunderstood[channel].add(symbol);
      return;
    }
    const channels = [...new Set(request.entries.map((entry) => entry.channel))];
    if (channels.length > 1) {
      const parts = channels.map((channel) => request.entries.filter((entry) => entry.channel === channel));
      this.#parts.push(...parts.reverse().map((entries) => ({ ...request, entries })));
      return;
    }
    const channel = channels[0]!;
    if (refusal === 'invalid_channel') this.#droppedChannels.add(channel);
    else this.#shrink(request, channel);
  }

  /** Core symbols that are wanted and that the feed does not send. */
  missing(): Subscription {
    const of = (channel: 'trades' | 'quotes' | 'bars') =>
      [...new Set(this.#wanted[channel])].filter((symbol) => !this.#isAcknowledged(channel, symbol));
    return { trades: of('trades'), quotes: of('quotes'), bars: of('bars') };
  }

  get isUnderWay(): boolean {
    return this.#underWay !== null;
  }

  /** Acknowledged symbols of the channels that tick by themselves, and of bars. */
  get active(): Subscription {
    const { trades, quotes, bars } = this.#acknowledged;
    return { trades: [...trades], quotes: [...quotes], bars: [...bars] };
  }

  /** What the feed gives and takes back by itself, in turns, is not asked for in turns for ever. */
  #countTurn(channel: Channel, symbol: string): void {
    const turns = (this.#turns[channel].get(symbol) ?? 0) + 1;
    this.#turns[channel].set(symbol, turns);
    if (turns >= TURNS_MAX) this.#refused[channel].add(symbol);
  }

  #startOver(): void {
    this.#parts = [];
    this.#refused = emptyState();
    this.#turns = noTurns();
    this.#companionsGivenUp = false;
    this.#desired = emptyState();
    for (const channel of CORE_CHANNELS) this.#desired[channel] = new Set(this.#wanted[channel]);
    const { trades, quotes, bars } = this.#desired;
    for (const channel of this.#companions) {
      this.#desired[channel] = channel === 'updatedBars' ? bars : new Set([...trades, ...quotes, ...bars]);
    }
    for (const channel of CHANNELS) {
      const known = this.#misunderstood[channel];
      for (const symbol of known) if (!this.#desired[channel].has(symbol)) known.delete(symbol);
    }
  }

  #unsubscription(): SubscriptionRequest | null {
    const entries: Entry[] = [];
    for (const channel of CHANNELS) {
      const isGivenUp = this.#companionsGivenUp && !isCore(channel);
      for (const symbol of this.#acknowledged[channel]) {
        if (this.#desired[channel].has(symbol) && !isGivenUp) continue;
        if (this.#refused[channel].has(symbol)) continue;
        entries.push({ channel, symbol });
        if (entries.length === this.#symbolsMax) return { action: 'unsubscribe', entries };
      }
    }
    return entries.length === 0 ? null : { action: 'unsubscribe', entries };
  }

  /** Companions in requests of their own, so that refusing one costs no price. */
  #subscription(): SubscriptionRequest | null {
    const companions = this.#companionsGivenUp ? [] : this.#companions.map((channel) => [channel]);
    for (const channels of [CORE_CHANNELS, ...companions]) {
      const entries: Entry[] = [];
      for (const channel of channels) {
        for (const symbol of this.#desired[channel]) {
          if (entries.length === this.#symbolsMax) break;
          if (this.#mayAsk(channel, symbol)) entries.push({ channel, symbol });
        }
      }
      if (entries.length > 0) return { action: 'subscribe', entries };
    }
    return null;
  }

  #mayAsk(channel: Channel, symbol: string): boolean {
    return (
      !this.#isAcknowledged(channel, symbol) &&
      !this.#refused[channel].has(symbol) &&
      !this.#misunderstood[channel].has(symbol) &&
      !this.#droppedChannels.has(channel) &&
      SYMBOL_FORM.test(symbol)
    );
  }

  /** Over the plan's limit: halves until one symbol more is one too many; then the channel is full. */
  #shrink(request: SubscriptionRequest, channel: Channel): void {
    const { entries } = request;
    if (isCore(channel) && this.#giveUpCompanions()) {
      this.#parts.push(request);
      return;
    }
    if (entries.length > 1) {
      const half = Math.ceil(entries.length / 2);
      this.#parts.push(
        { ...request, entries: entries.slice(half) },
        { ...request, entries: entries.slice(0, half) },
      );
      return;
    }
    this.#parts = this.#parts.filter((part) => part.entries[0]?.channel !== channel);
    for (const symbol of this.#desired[channel]) {
      if (!this.#acknowledged[channel].has(symbol)) this.#refused[channel].add(symbol);
    }
  }

  /** Frees what companions take of the limit: prices are worth more. False when there was nothing to free. */
  #giveUpCompanions(): boolean {
    if (this.#companionsGivenUp) return false;
    this.#companionsGivenUp = true;
    return COMPANION_CHANNELS.some((channel) => this.#acknowledged[channel].size > 0);
  }

  #isAcknowledged(channel: Channel, symbol: string): boolean {
    return this.#acknowledged[channel].has(symbol) || this.#acknowledged[channel].has(ALL);
  }
}

/** The request as the protocol has it: `{"action":"subscribe","trades":["AAPL"]}`. */
export function requestText(request: SubscriptionRequest): string {
  const channels: Partial<Record<Channel, string[]>> = {};
  for (const { channel, symbol } of request.entries) {
    const symbols = channels[channel] ?? [];
    symbols.push(symbol);
    channels[channel] = symbols;
  }
  return JSON.stringify({ action: request.action, ...channels });
}

function emptyState(): Record<Channel, Set<string>> {
  return {
    trades: new Set(),
    quotes: new Set(),
    bars: new Set(),
    statuses: new Set(),
    lulds: new Set(),
    updatedBars: new Set(),
  };
}

function noTurns(): Record<Channel, Map<string, number>> {
  return {
    trades: new Map(),
    quotes: new Map(),
    bars: new Map(),
    statuses: new Map(),
    lulds: new Map(),
    updatedBars: new Map(),
  };
}

function isCore(channel: Channel): boolean {
  return (CORE_CHANNELS as readonly Channel[]).includes(channel);
}

function hasSame(known: ReadonlySet<string>, symbols: readonly string[]): boolean {
  const distinct = new Set(symbols);
  return distinct.size === known.size && symbols.every((symbol) => known.has(symbol));
}
