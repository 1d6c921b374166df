import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Decimal, decimal, multiply, ONE } from '../../src/domain/decimal.ts';
import type { StrategyLimits } from '../../src/domain/limits.ts';
import type { Order } from '../../src/domain/order.ts';
import { type Bench, NO_LIMITS } from './harness.ts';
import { benchOf, OPEN } from './limited.ts';

describe('whatever limits are drawn', () => {
  it('no order that passes breaks one, of the account, the symbol or the strategy', () => {
    const amount = (least: number, most: number) =>
      fc.option(fc.integer({ min: least, max: most }).map(String));
    const count = fc.option(fc.integer({ min: 1, max: 6 }));
    const orderLimits = fc.record({
      orderNotionalMax: amount(500, 9_000),
      orderQuantityMax: amount(5, 90),
      positionNotionalMax: amount(500, 18_000),
      positionQuantityMax: amount(5, 180),
      openOrdersMax: count,
      ordersPerMinuteMax: fc.option(fc.integer({ min: 3, max: 12 })),
      priceCollarPercent: fc.option(fc.constantFrom(1, 2, 4)),
      shortAllowed: fc.option(fc.boolean()),
      fractionAllowed: fc.option(fc.boolean()),
    });
    const step = fc.record({
      kind: fc.constantFrom('order' as const, 'order' as const, 'fill' as const, 'cancel' as const),
      instanceId: fc.constantFrom('alpha', 'beta'),
      symbol: fc.constantFrom('X', 'Y'),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      quantity: fc.integer({ min: 1, max: 200 }).map((half) => decimal(String(half / 2))),
      price: fc.integer({ min: 94, max: 106 }),
    });
    const strategyLimits = orderLimits.chain((limits) =>
      amount(500, 20_000).map((notionalMax) => ({ ...limits, notionalMax })),
    );
    const symbolCounts = fc.record({ symbolOpenOrdersMax: count, symbolOrdersPerMinuteMax: count });
    fc.assert(
      fc.property(
        ...[symbolCounts, orderLimits, strategyLimits, fc.array(step, { maxLength: 40 })],
        (counts, symbol, strategy, steps) => {
          const account = { ...OPEN, ...counts, ordersPerMinuteMax: 10_000 };
          const bench = benchOf({ account, symbol, strategy });
          const sent: Order[] = [];
          for (const { kind, ...asked } of steps) {
            bench.nowMicros += 1_000_000;
            for (const name of ['X', 'Y']) bench.quote(99.99, 100.01, name);
            if (kind === 'order') {
              const { price, ...terms } = asked;
              const openBefore = bench.machine.status().openOrders;
              const heldBefore = bench.position(terms.instanceId, terms.symbol);
              const id = bench.order({ ...terms, type: 'limit', limitPrice: decimal(String(price)) });
              if (bench.denial(id) !== undefined || bench.told(id).status !== 'submitting') continue;
              const order = bench.told(id);
              const isReducing = heldBefore * (asked.side === 'buy' ? -1n : 1n) >= order.quantity;
              if (!isReducing) {
                checkOrder({ order, bench, openBefore, sent }, [
                  { limits: symbol, isCounted: (other) => other.symbol === 'X', isOf: order.symbol === 'X' },
                  {
                    limits: strategy,
                    isCounted: (other) => other.instanceId === 'alpha',
                    isOf: order.instanceId === 'alpha',
                  },
                  {
                    limits: {
                      ...NO_LIMITS,
                      openOrdersMax: counts.symbolOpenOrdersMax,
                      ordersPerMinuteMax: counts.symbolOrdersPerMinuteMax,
                    },
                    isCounted: (other) => other.symbol === order.symbol,
                    isOf: true,
                  },
                ]);
              }
              sent.push(order);
              bench.accept(id);
            } else {
              const open = bench.machine.status().openOrders;
              const order = open.find(({ status }) => status === 'new');
              if (order === undefined) continue;
              if (kind === 'fill') bench.fill(order.clientOrderId, String(Number(order.quantity) / 1e9));
              else bench.update(order.clientOrderId, 'canceled', 'canceled');
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

interface Scope {
  readonly limits: Partial<StrategyLimits>;
  /** Orders of the scope. */
  readonly isCounted: (order: Order) => boolean;
  /** Whether the order at hand is of the scope. */
  readonly isOf: boolean;
}

interface Passed {
  readonly order: Order;
  readonly bench: Bench;
  readonly openBefore: readonly Order[];
  readonly sent: readonly Order[];
}

/** Counts by itself, in the plainest way, what each limit is about. */
function checkOrder({ order, bench, openBefore, sent }: Passed, scopes: readonly Scope[]): void {
  const atMost = (value: Decimal, limit: string | null | undefined) => {
    if (limit != null) expect(value).toBeLessThanOrEqual(decimal(limit));
  };
  const price = order.limitPrice!;
  for (const { limits, isCounted, isOf } of scopes) {
    if (!isOf) continue;
    // A sale may bring as much as the market pays.
    const worst = order.side === 'sell' && price < decimal('99.99') ? decimal('99.99') : price;
    atMost(order.quantity, limits.orderQuantityMax);
    atMost(multiply(worst, order.quantity), limits.orderNotionalMax);
    const held = mostHeld(bench, order, isCounted);
    atMost(held, limits.positionQuantityMax);
    atMost(multiply(worst, held), limits.positionNotionalMax);
    const { openOrdersMax, ordersPerMinuteMax, priceCollarPercent } = limits;
    if (openOrdersMax != null) expect(openBefore.filter(isCounted).length).toBeLessThan(openOrdersMax);
    const recent = sent.filter(
      (other) => isCounted(other) && other.createdAtMicros > order.createdAtMicros - 60_000_000,
    );
    if (ordersPerMinuteMax != null) expect(recent.length).toBeLessThan(ordersPerMinuteMax);
    const worse = order.side === 'buy' ? price - decimal('100') : decimal('100') - price;
    if (priceCollarPercent != null) expect(worse).toBeLessThanOrEqual(decimal(String(priceCollarPercent)));
    if (limits.fractionAllowed === false) expect(order.quantity % ONE).toBe(0n);
    if (limits.shortAllowed === false) {
      const sells = openOf(bench, order.instanceId, order.symbol, 'sell');
      if (order.side === 'sell')
        expect(sells).toBeLessThanOrEqual(bench.position(order.instanceId, order.symbol));
    }
    if (limits.notionalMax != null) {
      const gross = ['X', 'Y'].reduce((sum, symbol) => sum + grossOf(bench, 'alpha', symbol), 0n) as Decimal;
      // Counted at the market's middle of 100, but the order's symbol at its own price where that is higher.
      atMost(multiply(decimal('100'), gross), limits.notionalMax);
    }
  }
}

function openOf(bench: Bench, instanceId: string, symbol: string, side: 'buy' | 'sell'): bigint {
  return bench.machine
    .status()
    .openOrders.filter(
      (order) => order.instanceId === instanceId && order.symbol === symbol && order.side === side,
    )
    .reduce((sum, order) => sum + (order.quantity - order.filledQuantity), 0n);
}

/** With every open order of that side filled: the scope's position in the order's symbol. */
function mostHeld(bench: Bench, order: Order, isCounted: (order: Order) => boolean): Decimal {
  let sum = 0n;
  for (const instanceId of ['alpha', 'beta']) {
    if (!isCounted({ ...order, instanceId })) continue;
    const held = bench.position(instanceId, order.symbol);
    const open = openOf(bench, instanceId, order.symbol, order.side);
    const most = order.side === 'buy' ? held + open : open - held;
    if (most > 0n) sum += most;
  }
  return sum as Decimal;
}

function grossOf(bench: Bench, instanceId: string, symbol: string): bigint {
  const held = bench.position(instanceId, symbol);
  const long = held + openOf(bench, instanceId, symbol, 'buy');
  const short = openOf(bench, instanceId, symbol, 'sell') - held;
  return (long > 0n ? long : 0n) + (short > 0n ? short : 0n);
}
