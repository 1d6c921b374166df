/** One symbol's synthetic ticks: arrivals, quotes around the price, trades at the quotes, and the odd ones. */
import { type Random, seededRandom, seedFromText } from '../../clock/chance.ts';
import { type EpochMicros, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../../domain/time.ts';
import { minuteOf, roundTo } from './bars.ts';
import type { QuoteEvent, Report, TickEvent, TradeEvent } from './events.ts';
import { type Listing, TEST_SYMBOL, tickOf } from './instruments.ts';
import { PriceProcess } from './price.ts';
import type { SessionSchedule, TradingSession } from './sessions.ts';

const QUOTE_SHARE = 0.7;
/** Of trades at the start of a minute: how many report a trade of the minute before. */
const LATE_SHARE = 1 / 50;
const LATE_WITHIN_MICROS = 12 * MICROS_PER_SECOND;
/** Trades that set no price (average price, contingent), away from the market. */
const PRICELESS_SHARE = 1 / 250;
const CANCEL_SHARE = 1 / 6_000;
const CORRECTION_SHARE = 1 / 12_000;
/** Only what was reported just now is taken back or corrected. */
const AMENDABLE_MICROS = 20 * MICROS_PER_SECOND;
const ODD_LOT_SHARE = 0.45;
const LOCKED_QUOTE_SHARE = 1 / 2_000;
const HALT_SECONDS: readonly [number, number] = [30, 90];
const STOCK_VENUES = ['V', 'Q', 'P', 'N', 'K', 'Z', 'D', 'Y'];

export class SymbolStream {
  readonly listing: Listing;
  readonly price: PriceProcess;
  readonly #random: Random;
  readonly #schedule: SessionSchedule;
  readonly #isCrypto: boolean;
  readonly #isAlwaysOpen: boolean;
  readonly #haltsPerMicro: number;
  #ratePerMicro = 0;
  #sizeScale = 1;
  #next: EpochMicros = 0;
  #last: EpochMicros = 0;
  #session: TradingSession | undefined;
  #tradeId = 0;
  #quote: QuoteEvent | undefined;
  #amendable: TradeEvent | undefined;
  #resumeAt: EpochMicros | undefined;

  constructor(options: {
    listing: Listing;
    seed: number;
    schedule: SessionSchedule;
    liveliness: number;
    haltsPerHour: number;
  }) {
    const { listing } = options;
    this.listing = listing;
    this.#random = seededRandom(seedFromText(`${options.seed}/${listing.symbol}`));
    this.#schedule = options.schedule;
    this.#isCrypto = listing.assetClass === 'crypto';
    this.#isAlwaysOpen = this.#isCrypto || listing.symbol === TEST_SYMBOL;
    this.#haltsPerMicro = this.#isAlwaysOpen ? 0 : options.haltsPerHour / (60 * MICROS_PER_MINUTE);
    this.price = new PriceProcess({
      random: this.#random,
      price: listing.basePrice,
      annualVolatility: listing.annualVolatility,
      temper: listing.temper,
      liveliness: options.liveliness,
    });
  }

  startAt(moment: EpochMicros): void {
    this.#next = moment;
    this.#last = moment;
    this.#enterSession();
  }

  setRate(ratePerSecond: number, sizeScale: number): void {
    this.#ratePerMicro = ratePerSecond / MICROS_PER_SECOND;
    this.#sizeScale = sizeScale;
  }

  skipTo(moment: EpochMicros): void {
    if (moment <= this.#next) return;
    this.#next = moment;
    this.#last = moment;
    this.#enterSession();
  }

  collect(until: EpochMicros, into: Report[]): void {
    while (this.#next <= until) {
      const now = this.#next;
      this.#tick(now, into);
      const wait = -Math.log(1 - this.#random()) / this.#ratePerMicro;
      this.#next = now + Math.max(1, Math.round(wait));
      if (this.#session !== undefined && this.#next >= this.#session.closeMicros) this.#enterSession();
    }
  }

  /** Moves the next tick into a session; a new session opens with a gap in price and with a quote. */
  #enterSession(): void {
    if (this.#isAlwaysOpen) return;
    const running = this.#schedule.running(this.#next);
    const session = running ?? this.#schedule.nextOpen(this.#next);
    if (session.openMicros === this.#session?.openMicros) return;
    if (this.#session !== undefined) this.price.overnight();
    this.#session = session;
    this.#next = Math.max(this.#next, session.openMicros);
    this.#last = this.#next;
    this.#quote = undefined;
    this.#resumeAt = undefined;
  }

  #tick(now: EpochMicros, into: Report[]): void {
    const passed = now - this.#last;
    this.#last = now;
    this.price.step(passed / MICROS_PER_SECOND);
    if (this.#resumeAt !== undefined) {
      if (now < this.#resumeAt) return;
      this.#resumeAt = undefined;
      into.push({ at: now, event: this.#status(now, false) });
      this.#quote = undefined;
    } else if (this.#quote !== undefined && this.#random() < passed * this.#haltsPerMicro) {
      const [low, high] = HALT_SECONDS;
      this.#resumeAt = now + Math.round((low + (high - low) * this.#random()) * MICROS_PER_SECOND);
      into.push({ at: now, event: this.#status(now, true) }, { at: now, event: this.#emptyQuote(now) });
      return;
    }
    if (this.#quote === undefined || this.#random() < QUOTE_SHARE) {
      this.#quote = this.#makeQuote(now);
      into.push({ at: now, event: this.#quote });
      return;
    }
    this.#trade(now, this.#quote, into);
  }

  #makeQuote(now: EpochMicros): QuoteEvent {
    const middle = this.price.price;
    const tick = tickOf(this.listing.symbol, middle);
    // From one tick up; wider for the moment at times, and always in wilder symbols.
    const width = Math.max(
      tick,
      middle * (this.#isCrypto ? 4e-4 : 1.2e-4) * Math.exp(0.6 * this.price.normal()),
    );
    let bid = Math.floor((middle - width / 2) / tick + 0.5);
    let ask = Math.ceil((middle + width / 2) / tick - 0.5);
    if (ask <= bid) {
      if (this.#random() < 0.5) ask = bid + 1;
      else bid = ask - 1;
    }
    if (this.#random() < LOCKED_QUOTE_SHARE) bid = ask;
    return {
      kind: 'quote',
      symbol: this.listing.symbol,
      timeMicros: now,
      nanos: this.#nanos(),
      bidPrice: roundTo(Math.max(bid, 1) * tick, 5),
      bidSize: this.#quoteSize(middle),
      bidExchange: this.#venue(),
      askPrice: roundTo(Math.max(ask, 1) * tick, 5),
      askSize: this.#quoteSize(middle),
      askExchange: this.#venue(),
      conditions: this.#isCrypto ? [] : ['R'],
      tape: this.listing.tape,
    };
  }

  /** While a symbol is halted neither side is active: Alpaca shows 0 and a blank. */
  #emptyQuote(now: EpochMicros): QuoteEvent {
    return {
      kind: 'quote',
      symbol: this.listing.symbol,
      timeMicros: now,
      nanos: this.#nanos(),
      bidPrice: 0,
      bidSize: 0,
      bidExchange: ' ',
      askPrice: 0,
      askSize: 0,
      askExchange: ' ',
      conditions: ['R'],
      tape: this.listing.tape,
    };
  }

  #trade(now: EpochMicros, quote: QuoteEvent, into: Report[]): void {
    const roll = this.#random();
    if (roll < CANCEL_SHARE + CORRECTION_SHARE && this.#amend(now, roll < CANCEL_SHARE, into)) return;
    const taker = this.#random() < 0.5 + 0.15 * this.price.lean ? 'B' : 'S';
    const isAtMiddle = this.#random() < 0.08;
    const tick = tickOf(this.listing.symbol, quote.askPrice);
    const price = isAtMiddle
      ? roundTo((quote.bidPrice + quote.askPrice) / 2, this.#isCrypto ? 5 : tick < 0.01 ? 4 : 2)
      : taker === 'B'
        ? quote.askPrice
        : quote.bidPrice;
    const size = this.#tradeSize(now, price);
    const conditions = this.#conditions(size);
    let time = now;
    const minute = minuteOf(now);
    const isEarly = now - minute < LATE_WITHIN_MICROS && minute > (this.#session?.openMicros ?? 0);
    if (isEarly && this.#random() < LATE_SHARE) {
      time = minute - 1 - Math.floor(this.#random() * LATE_WITHIN_MICROS);
    } else if (!this.#isCrypto && this.#random() < PRICELESS_SHARE) {
      const away = (this.#random() - 0.5) * 0.012;
      const code = this.#random() < 0.5 ? 'W' : '7';
      const offMarket = roundTo(price * (1 + away), 4);
      into.push({
        at: now,
        event: this.#tradeEvent(now, {
          price: offMarket,
          size: size * 3,
          conditions: [this.#regular, code],
          taker,
        }),
      });
      return;
    }
    const event = this.#tradeEvent(time, { price, size, conditions, taker });
    if (conditions.includes('I') && time === now) this.#amendable = event;
    into.push({ at: now, event });
  }

  #tradeEvent(
    timeMicros: EpochMicros,
    what: { price: number; size: number; conditions: readonly string[]; taker: 'B' | 'S' },
  ): TradeEvent {
    this.#tradeId += 1;
    return {
      kind: 'trade',
      symbol: this.listing.symbol,
      timeMicros,
      nanos: this.#nanos(),
      id: this.#tradeId,
      exchange: this.#venue(),
      tape: this.listing.tape,
      ...what,
    };
  }

  /** Takes back or corrects the last odd lot, if it is recent. */
  #amend(now: EpochMicros, isCancel: boolean, into: Report[]): boolean {
    const trade = this.#amendable;
    if (trade === undefined || now - trade.timeMicros > AMENDABLE_MICROS) return false;
    this.#amendable = undefined;
    const { symbol, exchange, tape } = trade;
    const base = { symbol, exchange, tape, timeMicros: now, nanos: this.#nanos() };
    if (isCancel) {
      const { id, price, size } = trade;
      into.push({ at: now, event: { kind: 'cancel', ...base, id, price, size, action: 'C' } });
      return true;
    }
    this.#tradeId += 1;
    into.push({
      at: now,
      event: {
        kind: 'correction',
        ...base,
        original: { id: trade.id, price: trade.price, size: trade.size },
        corrected: { id: this.#tradeId, price: trade.price, size: trade.size + 1 },
        conditions: trade.conditions,
      },
    });
    return true;
  }

  #status(now: EpochMicros, halted: boolean): TickEvent {
    const isUtp = this.listing.tape === 'C';
    const base = {
      kind: 'status' as const,
      symbol: this.listing.symbol,
      timeMicros: now,
      nanos: this.#nanos(),
      halted,
      tape: this.listing.tape,
    };
    if (halted) {
      return isUtp
        ? {
            ...base,
            code: 'H',
            message: 'Trading Halt',
            reasonCode: 'LUDP',
            reason: 'Volatility Trading Pause',
          }
        : { ...base, code: '2', message: 'Trading Halt', reasonCode: 'M', reason: 'LULD pause' };
    }
    return isUtp
      ? {
          ...base,
          code: 'T',
          message: 'Trading Resumption',
          reasonCode: 'C11',
          reason: 'Trade Halt Concluded',
        }
      : { ...base, code: '3', message: 'Resume', reasonCode: ' ', reason: '' };
  }

  get #regular(): string {
    return this.listing.tape === 'C' ? '@' : ' ';
  }

  #conditions(size: number): readonly string[] {
    if (this.#isCrypto) return [];
    const isSweep = this.#random() < 0.25;
    if (size < 100) return isSweep ? [this.#regular, 'F', 'I'] : [this.#regular, 'I'];
    return isSweep ? [this.#regular, 'F'] : [this.#regular];
  }

  /** In shares, as Alpaca sends quote sizes since November 2025. Crypto: in coins. */
  #quoteSize(price: number): number {
    if (this.#isCrypto) return roundTo((3_000 + this.#random() * 40_000) / price, 4);
    return 100 * (1 + Math.floor(-Math.log(1 - this.#random()) * 4));
  }

  #tradeSize(now: EpochMicros, price: number): number {
    const scale = this.#sizeScale * this.#volumeCurve(now);
    if (this.#isCrypto)
      return Math.max(0.0001, roundTo((-Math.log(1 - this.#random()) * 2_500 * scale) / price, 4));
    const oddLot = 1 + Math.floor(this.#random() * 98 * Math.min(1, scale));
    if (this.#random() < ODD_LOT_SHARE) return oddLot;
    const lots = -Math.log(1 - this.#random()) * 2.2 * scale;
    // A scale that leaves less than a lot makes the round lots rarer, not smaller.
    if (lots < 1) return this.#random() < lots ? 100 : oddLot;
    return 100 * Math.floor(lots);
  }

  /** Busy at the open and the close, quiet at noon; 1 on average. */
  #volumeCurve(now: EpochMicros): number {
    const session = this.#session;
    if (session === undefined) return 1;
    const position = (now - session.openMicros) / (session.closeMicros - session.openMicros);
    return 0.65 + 1.05 * (2 * position - 1) ** 2;
  }

  #venue(): string {
    if (this.#isCrypto) return '';
    return STOCK_VENUES[Math.floor(this.#random() * STOCK_VENUES.length)] ?? 'V';
  }

  #nanos(): number {
    return Math.floor(this.#random() * 1_000);
  }
}
