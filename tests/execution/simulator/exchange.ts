/** The local exchange's own parts without its sockets, on a simulated clock, with a market that chance moves. */
import { newId, seededRandom } from '../../../src/clock/chance.ts';
import type { SimulatedClock } from '../../../src/clock/simulated.ts';
import { decimal } from '../../../src/domain/decimal.ts';
import type { EpochMicros } from '../../../src/domain/time.ts';
import { FaultSwitches } from '../../../src/exchange/faults.ts';
import type { QuoteEvent, Report, TickSource } from '../../../src/exchange/market/events.ts';
import { listingOf } from '../../../src/exchange/market/instruments.ts';
import { Market } from '../../../src/exchange/market/market.ts';
import { SymbolRecord } from '../../../src/exchange/market/record.ts';
import { SessionSchedule } from '../../../src/exchange/market/sessions.ts';
import { DEFAULT_LIMITS, DEFAULT_SESSION_SHAPE, type SessionShape } from '../../../src/exchange/options.ts';
import { accountRoutes } from '../../../src/exchange/rest/accountRest.ts';
import { Router } from '../../../src/exchange/rest/routes.ts';
import { tradingRoutes } from '../../../src/exchange/rest/tradingRest.ts';
import { Account } from '../../../src/exchange/trading/account.ts';
import { Activities } from '../../../src/exchange/trading/activities.ts';
import { Ledger } from '../../../src/exchange/trading/ledger.ts';
import { OrderStore } from '../../../src/exchange/trading/orderStore.ts';
import type { OrderUpdate } from '../../../src/exchange/trading/reports.ts';
import { Venue } from '../../../src/exchange/trading/venue.ts';
import type { Dice } from './dice.ts';

export const SYMBOLS = ['AAPL', 'MSFT'] as const;
const LIMITS = { ...DEFAULT_LIMITS, tradesPerSymbolMax: 64, quotesPerSymbolMax: 64, barsPerSymbolMax: 64 };

/** A quote and sometimes a trade of each symbol at every tick, around a price that walks. */
class Walk implements TickSource {
  readonly #dice: Dice;
  readonly #prices = new Map<string, number>(SYMBOLS.map((symbol) => [symbol, 100]));
  #trades = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  advanceTo(moment: EpochMicros): Report[] {
    return SYMBOLS.flatMap((symbol) => this.#tick(symbol, moment)).map((event) => ({ at: moment, event }));
  }

  skipTo(): void {}

  #tick(symbol: string, timeMicros: EpochMicros): Report['event'][] {
    const price = Math.max(20, (this.#prices.get(symbol) ?? 100) + this.#dice.integer(-5, 5) / 100);
    this.#prices.set(symbol, price);
    const half = this.#dice.integer(1, 4) / 100;
    const moment = { timeMicros, nanos: 0, symbol, tape: 'C' };
    const quote: QuoteEvent = {
      ...moment,
      kind: 'quote',
      bidPrice: cents(price - half),
      bidSize: this.#dice.integer(1, 60),
      bidExchange: 'Q',
      askPrice: cents(price + half),
      askSize: this.#dice.integer(1, 60),
      askExchange: 'Q',
      conditions: ['R'],
    };
    if (!this.#dice.chance(0.4)) return [quote];
    this.#trades += 1;
    const isBuy = this.#dice.chance(0.5);
    return [
      quote,
      {
        ...moment,
        kind: 'trade',
        id: this.#trades,
        price: isBuy ? quote.askPrice : quote.bidPrice,
        size: this.#dice.integer(1, 80),
        exchange: 'Q',
        conditions: ['@'],
        taker: isBuy ? 'B' : 'S',
      },
    ];
  }
}

function cents(price: number): number {
  return Math.round(price * 100) / 100;
}

export class SimulatedExchange {
  readonly market: Market;
  readonly ledger = new Ledger(decimal('10000000'));
  readonly store = new OrderStore(LIMITS);
  readonly activities = new Activities(LIMITS);
  readonly faults = new FaultSwitches({});
  readonly venue: Venue;
  readonly router: Router;

  constructor(options: {
    clock: SimulatedClock;
    dice: Dice;
    seed: number;
    tickMs: number;
    sessions?: SessionShape;
    onQuote(quote: QuoteEvent): void;
    onUpdate(update: OrderUpdate): void;
  }) {
    const { clock, dice, seed } = options;
    const now = () => clock.nowMicros();
    const schedule = new SessionSchedule(now(), options.sessions ?? DEFAULT_SESSION_SHAPE);
    const records = new Map(
      SYMBOLS.map((symbol) => [symbol, new SymbolRecord(listingOf(symbol, 1), LIMITS, () => 0)]),
    );
    const { ledger, store, activities, faults } = this;
    this.market = new Market({ records, schedule, source: new Walk(dice), clock, from: now() });
    const { market } = this;
    const account = new Account({
      accountId: newId(),
      ledger,
      store,
      market,
      shortingEnabled: true,
      createdAtMicros: now(),
    });
    this.venue = new Venue({
      market,
      ledger,
      store,
      activities,
      clock,
      random: seededRandom(seed),
      faults,
      latencyMs: [1, 60],
    });
    const { venue } = this;
    this.router = new Router([
      ...tradingRoutes({ market, ledger, store, account, limits: LIMITS, venue, faults, now }),
      ...accountRoutes({ account, activities, faults, market, now }),
    ]);
    market.listen({
      onTick: (event) => {
        venue.onTick(event);
        if (event.kind === 'quote') options.onQuote(event);
      },
      onEvents: () => {},
      onSessionOpen: (session) => venue.onSessionOpen(session),
      onSessionClose: (session) => venue.onSessionClose(session),
    });
    venue.listen((update) => options.onUpdate(update));
    clock.every(options.tickMs, () => market.pulse());
  }
}
