import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TradeUpdate } from '../../src/brokers/contract.ts';
import { createBroker } from '../../src/brokers/factory.ts';
import { seededRandom } from '../../src/clock/chance.ts';
import type { Clock } from '../../src/clock/clock.ts';
import { liveClock } from '../../src/clock/live.ts';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { add, decimal, multiply, subtract, ZERO } from '../../src/domain/decimal.ts';
import type { Order } from '../../src/domain/order.ts';
import { silentLog } from '../../src/observability/log.ts';
import { appendQuote, appendTrade } from '../../src/tape/append.ts';
import { Batch } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { order } from './alpaca.ts';
import { brokerContract } from './contract.ts';

const SYMBOL = 'AAPL';
const LATENCY_MS = 5;
const NOON = Date.UTC(2026, 10, 20, 17) * 1_000;

function paper(clock: Clock, startingCash = '100000') {
  const config = { broker: 'paper', startingCash, currency: 'USD', latencyMs: LATENCY_MS } as const;
  const broker = createBroker(config, { clock, random: seededRandom(1), log: silentLog });
  const symbols = new SymbolTable();
  symbols.intern(SYMBOL);
  const show = (write: (batch: Batch) => void) => {
    const batch = Batch.create(undefined, 1, clock.nowMicros());
    write(batch);
    broker.onMarket!(batch, symbols);
  };
  const quote = (bidPrice: number, askPrice: number, size = 100) =>
    show((batch) => {
      const timeMicros = clock.nowMicros();
      const sizes = { bidSize: size, askSize: size };
      appendQuote(batch, { symbol: SYMBOL, timeMicros, bidPrice, askPrice, ...sizes }, { symbols });
    });
  const trade = (price: number, size: number) =>
    show((batch) => {
      const timeMicros = clock.nowMicros();
      const rest = { exchange: 'V', conditions: ['@'], tape: 'C', id: '1' };
      appendTrade(batch, { symbol: SYMBOL, timeMicros, price, size, ...rest }, { symbols });
    });
  return { broker, quote, trade };
}

brokerContract('paper', () => {
  const { broker, quote } = paper(liveClock, '10000000');
  quote(99.99, 100.01, 2);
  const market = liveClock.every(2, () => quote(99.99, 100.01, 2));
  return Promise.resolve({
    broker,
    symbol: SYMBOL,
    price: () => Promise.resolve(decimal('100')),
    now: () => liveClock.nowMicros(),
    close: () => Promise.resolve(market.cancel()),
  });
});

describe('the paper broker', () => {
  function stage(startingCash?: string) {
    const clock = new SimulatedClock(NOON);
    const market = paper(clock, startingCash);
    const updates: TradeUpdate[] = [];
    market.broker.open({ onTradeUpdate: (update) => updates.push(update), onNotice: () => {} });
    let sequence = 0;
    const submit = async (changes: Partial<Order>) => {
      sequence += 1;
      const plain = { type: 'market', limitPrice: null, symbol: SYMBOL } as const;
      const proposed = order({ ...plain, clientOrderId: `paper.${sequence}`, ...changes });
      return { proposed, outcome: await market.broker.submit(proposed) };
    };
    const told = async (proposed: Order) => {
      await new Promise((resolve) => setImmediate(resolve));
      return updates.filter((update) => update.order.clientOrderId === proposed.clientOrderId);
    };
    const later = () => clock.advanceBy(LATENCY_MS + 1);
    return { ...market, clock, submit, told, later };
  }

  it('deals with no event that came before the latency was over', async () => {
    const { quote, submit, told, clock, later } = stage();
    quote(99, 101);
    const { proposed } = await submit({ quantity: decimal('10') });
    quote(98, 100);
    clock.advanceBy(LATENCY_MS - 1);
    quote(97, 99);
    expect((await told(proposed)).map(({ event }) => event)).toEqual(['new']);
    later();
    quote(101, 103);
    expect((await told(proposed)).at(-1)).toMatchObject({
      event: 'fill',
      execution: { price: decimal('103') },
    });
  });

  it('takes no more than is displayed, and the rest from the next quote', async () => {
    const { quote, submit, told, later } = stage();
    quote(99, 101);
    const { proposed } = await submit({ quantity: decimal('150') });
    later();
    quote(99, 101, 100);
    quote(99, 102, 100);
    const updates = await told(proposed);
    expect(updates.map(({ event }) => event)).toEqual(['new', 'partial_fill', 'fill']);
    expect(updates.at(-1)?.order.averagePrice).toBe(decimal('101.333333333'));
  });

  it('lets a limit rest until a trade goes through it, and deals at the limit', async () => {
    const { quote, trade, submit, told, later } = stage();
    quote(99, 101);
    const { proposed } = await submit({ type: 'limit', limitPrice: decimal('100'), quantity: decimal('10') });
    later();
    quote(99, 101);
    trade(100, 50);
    expect(await told(proposed)).toHaveLength(1);
    trade(99.5, 4);
    expect((await told(proposed)).at(-1)).toMatchObject({
      event: 'partial_fill',
      execution: { price: decimal('100'), quantity: decimal('4') },
    });
  });

  it('sets a stop off by a trade and not by a quote', async () => {
    const { quote, trade, submit, told, later } = stage();
    quote(99, 101);
    const { proposed } = await submit({
      side: 'sell',
      type: 'stop',
      stopPrice: decimal('98'),
      quantity: decimal('5'),
    });
    later();
    quote(96, 97);
    expect(await told(proposed)).toHaveLength(1);
    trade(97.5, 1);
    expect((await told(proposed)).at(-1)).toMatchObject({
      event: 'fill',
      execution: { price: decimal('96') },
    });
  });

  it('cancels what an immediate order does not get, and fills or kills whole', async () => {
    const { quote, submit, told, later } = stage();
    quote(99, 101);
    const ioc = await submit({ timeInForce: 'ioc', quantity: decimal('150') });
    const fok = await submit({ timeInForce: 'fok', quantity: decimal('150') });
    later();
    quote(99, 101, 100);
    expect((await told(ioc.proposed)).at(-1)?.order).toMatchObject({
      status: 'canceled',
      filledQuantity: decimal('100'),
    });
    expect((await told(fok.proposed)).at(-1)?.order).toMatchObject({
      status: 'canceled',
      filledQuantity: ZERO,
    });
  });

  it('ends a day order with its day', async () => {
    const { quote, submit, told, clock } = stage();
    quote(99, 101);
    const { proposed } = await submit({ type: 'limit', limitPrice: decimal('90'), quantity: decimal('1') });
    clock.advanceBy(12 * 3_600_000);
    quote(80, 81);
    expect((await told(proposed)).at(-1)?.event).toBe('expired');
  });

  it('deals at no price of a crossed or one-sided quote', async () => {
    const { quote, submit, told, later } = stage();
    quote(99, 101);
    const { proposed } = await submit({ quantity: decimal('1') });
    later();
    quote(102, 101);
    quote(99, 0);
    expect(await told(proposed)).toHaveLength(1);
  });

  it('keeps cash, shares and executions in balance, whatever is traded', async () => {
    const trades = fc.array(
      fc.record({
        side: fc.constantFrom('buy' as const, 'sell' as const),
        shares: fc.integer({ min: 1, max: 300 }),
        cents: fc.integer({ min: 9_000, max: 11_000 }),
      }),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(trades, async (plan) => {
        const { broker, quote, submit, later } = stage();
        quote(99, 101);
        for (const { side, shares, cents } of plan) {
          await submit({ side, quantity: decimal(String(shares)) });
          later();
          quote(cents / 100, (cents + 2) / 100);
          expect(await account(broker)).toMatchObject({ blockedReason: null });
        }
        const executions = await broker.executionsSince(0);
        if (!executions.ok) throw new Error(executions.failure.message);
        let cash = decimal('100000');
        let shares = ZERO;
        for (const { side, quantity, price } of executions.value) {
          const value = multiply(price, quantity);
          cash = side === 'buy' ? subtract(cash, value) : add(cash, value);
          shares = side === 'buy' ? add(shares, quantity) : subtract(shares, quantity);
        }
        expect((await account(broker)).cash).toBe(cash);
        const positions = await broker.positions();
        expect(positions.ok && (positions.value[0]?.quantity ?? ZERO)).toBe(shares);
      }),
      { numRuns: 50 },
    );
  });
});

async function account(broker: ReturnType<typeof paper>['broker']) {
  const outcome = await broker.account();
  if (!outcome.ok) throw new Error(outcome.failure.message);
  return outcome.value;
}
