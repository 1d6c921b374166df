import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimal, multiply, ZERO } from '../../src/domain/decimal.ts';
import type { DenialReason, OrderIntent } from '../../src/domain/order.ts';
import { denialText } from '../../src/execution/orders/denials.ts';
import { Bench, type BenchOptions, ONE_SECOND, SESSION } from './harness.ts';

type Prepare = (bench: Bench) => void;
const nothing: Prepare = () => {};
const shares = (count: number) => decimal(String(count));

interface Case {
  readonly name: string;
  readonly code: DenialReason['code'];
  readonly intent: Partial<OrderIntent>;
  readonly options?: BenchOptions;
  readonly prepare?: Prepare;
}

const denied: readonly Case[] = [
  { name: 'an order over the notional', code: 'order_notional', intent: { quantity: shares(100) } },
  { name: 'an order over the quantity', code: 'order_quantity', intent: { quantity: shares(501) } },
  {
    name: 'a position over the notional, counting open orders',
    code: 'position_notional',
    intent: { quantity: shares(90) },
    prepare: (bench) => {
      bench.buy('90');
      bench.order({ quantity: shares(90) });
    },
  },
  {
    name: 'a position over the notional, counting an order of unknown fate',
    code: 'position_notional',
    intent: { quantity: shares(90) },
    prepare: (bench) => {
      bench.buy('90');
      const clientOrderId = bench.order({ quantity: shares(90) });
      bench.feed({ type: 'submitted', clientOrderId, outcome: { type: 'unknown', message: 'reset' } });
    },
  },
  {
    name: 'a position over the notional that another instance holds',
    code: 'position_notional',
    intent: { quantity: shares(90), instanceId: 'beta' },
    prepare: (bench) => {
      bench.buy('90');
      bench.buy('90');
    },
  },
  {
    name: 'one open order too many',
    code: 'open_orders',
    intent: {},
    prepare: (bench) => {
      for (let count = 0; count < 5; count += 1) bench.order();
    },
  },
  {
    name: 'one order too many within a minute',
    code: 'orders_per_minute',
    intent: {},
    options: { risk: { ordersPerMinuteMax: 2 } },
    prepare: (bench) => {
      bench.buy('1');
      bench.buy('1');
    },
  },
  {
    name: 'what buying power does not cover',
    code: 'buying_power',
    intent: { quantity: shares(50) },
    prepare: (bench) => bench.account({ buyingPower: decimal('5000') }),
  },
  {
    name: 'what open orders have left of buying power',
    code: 'buying_power',
    intent: { quantity: shares(50) },
    prepare: (bench) => {
      bench.account({ buyingPower: decimal('9000') });
      bench.order({ quantity: shares(50) });
    },
  },
  { name: 'a symbol without a price', code: 'no_market', intent: { symbol: 'Y' } },
  {
    name: 'a market that is silent',
    code: 'stale_market',
    intent: {},
    prepare: (bench) => {
      bench.nowMicros += 6 * ONE_SECOND;
    },
  },
  {
    name: 'a halted symbol',
    code: 'symbol_halted',
    intent: {},
    prepare: (bench) => bench.feed({ type: 'trading_status', symbol: 'X', status: 'halted' }),
  },
  {
    name: 'a limit far above the market',
    code: 'price_collar',
    intent: { type: 'limit', limitPrice: decimal('106') },
  },
  {
    name: 'a market order into a spread wider than the collar',
    code: 'price_collar',
    intent: {},
    prepare: (bench) => bench.quote(90, 110),
  },
  {
    name: 'a price from a quote without a bid, as there was no trade',
    code: 'no_market',
    intent: { symbol: 'Z' },
    prepare: (bench) => bench.quote(0, 100, 'Z'),
  },
  {
    name: 'a price from a crossed quote, as there was no trade',
    code: 'no_market',
    intent: { symbol: 'Z' },
    prepare: (bench) => bench.quote(101, 100, 'Z'),
  },
  {
    name: 'a price from a locked quote, as there was no trade',
    code: 'no_market',
    intent: { symbol: 'Z' },
    prepare: (bench) => bench.quote(100, 100, 'Z'),
  },
  { name: 'a sale of what is not held', code: 'short_not_allowed', intent: { side: 'sell' } },
  {
    name: 'a short of a fraction, though shorts and fractions are allowed',
    code: 'short_not_allowed',
    intent: { side: 'sell', quantity: decimal('1.5') },
    options: { risk: { shortAllowed: true, fractionAllowed: true } },
  },
  { name: 'a fraction', code: 'fraction_not_allowed', intent: { quantity: decimal('1.5') } },
  { name: 'a reduction of nothing', code: 'not_reducing', intent: { side: 'sell', reduceOnly: true } },
  {
    name: 'new risk on a blocked account',
    code: 'risk_state',
    intent: {},
    prepare: (bench) => bench.account({ blockedReason: 'trading is blocked' }),
  },
  {
    name: 'new risk after a halt',
    code: 'risk_state',
    intent: {},
    prepare: (bench) => bench.feed({ type: 'command', command: 'halt', reason: 'no', instanceIds: null }),
  },
  {
    name: 'new risk while the trade updates are down',
    code: 'risk_state',
    intent: {},
    prepare: (bench) => bench.feed({ type: 'broker_connection', connected: false, detail: 'reset' }),
  },
  {
    name: 'new risk after the loss limit',
    code: 'daily_loss',
    intent: {},
    prepare: (bench) => bench.account({ equity: decimal('99000') }),
  },
  {
    name: 'new risk of an intraday strategy shortly before the close',
    code: 'outside_window',
    intent: {},
    prepare: (bench) => {
      bench.nowMicros = SESSION.closeMicros - 899 * ONE_SECOND;
    },
  },
  {
    name: 'new risk after the close',
    code: 'market_closed',
    intent: { instanceId: 'beta' },
    prepare: (bench) => {
      bench.nowMicros = SESSION.closeMicros;
    },
  },
  { name: 'nothing at all', code: 'invalid', intent: { quantity: ZERO } },
  { name: 'a limit order without a limit', code: 'invalid', intent: { type: 'limit' } },
  {
    name: 'an instrument that does not trade',
    code: 'invalid',
    intent: {},
    prepare: (bench) =>
      bench.feed({
        type: 'instruments',
        instruments: [
          {
            symbol: 'X',
            name: 'X',
            assetClass: 'us_equity',
            exchange: 'NYSE',
            tradable: false,
            shortable: false,
            fractionable: false,
          },
        ],
      }),
  },
];

describe('risk', () => {
  it.each(denied)('denies $name: $code', ({ code, intent, options, prepare = nothing }) => {
    const bench = new Bench(options);
    prepare(bench);
    const submitted = bench.of('submit').length;
    const id = bench.order(intent);
    const reason = bench.denial(id);
    expect(reason?.code).toBe(code);
    expect(denialText(reason!)).toContain(code);
    expect(bench.of('submit')).toHaveLength(submitted);
    expect(bench.of('record_order').at(-1)?.row).toMatchObject({ clientOrderId: id, status: 'denied' });
  });

  it('denies an id that was used', () => {
    const bench = new Bench();
    const intent = bench.intent();
    bench.feed({ type: 'intents', consumer: 'A', intents: [intent, intent] });
    expect(bench.denial(intent.clientOrderId)?.code).toBe('duplicate');
    expect(bench.of('submit')).toHaveLength(1);
  });

  it('denies everything before the first reconciliation', () => {
    const bench = new Bench({ isReady: false });
    bench.account({});
    bench.feed({ type: 'broker_connection', connected: true, detail: '' });
    bench.quote(99.99, 100.01);
    expect(bench.denial(bench.order())?.code).toBe('risk_state');
  });

  it.each<[string, Prepare]>([
    [
      'the account is halted',
      (b) => b.feed({ type: 'command', command: 'halt', reason: 'no', instanceIds: null }),
    ],
    ['the loss limit is reached', (b) => b.account({ equity: decimal('90000') })],
    [
      'the trade updates are down',
      (b) => b.feed({ type: 'broker_connection', connected: false, detail: '' }),
    ],
    ['the market is silent', (b) => b.skipTo(b.nowMicros + 60 * ONE_SECOND)],
    ['the symbol is halted', (b) => b.feed({ type: 'trading_status', symbol: 'X', status: 'halted' })],
    ['the market is closed', (b) => b.skipTo(SESSION.closeMicros + 1)],
    ['buying power is gone', (b) => b.account({ buyingPower: ZERO })],
  ])('lets a position be closed and orders be canceled though %s', (_name, prepare) => {
    const bench = new Bench();
    bench.buy('10');
    const resting = bench.order({ type: 'limit', limitPrice: decimal('90') });
    bench.accept(resting);
    prepare(bench);
    bench.actions.length = 0;
    bench.cancel(resting);
    // After a halt the cancel is under way already.
    const id = bench.order({ side: 'sell', quantity: shares(10), instanceId: 'alpha' });
    expect(bench.denial(id)).toBeUndefined();
  });

  it('judges by the last trade when the quote is no price', () => {
    const bench = new Bench();
    bench.feed({ type: 'trade', symbol: 'X', price: 100, atMicros: bench.nowMicros });
    bench.quote(0, 100);
    expect(bench.denial(bench.order())).toBeUndefined();
    expect(bench.denial(bench.order({ type: 'limit', limitPrice: decimal('105.01') }))?.code).toBe(
      'price_collar',
    );
  });

  it('calls a trade as old as it is, however fresh the quotes are that are no price', () => {
    const bench = new Bench();
    bench.feed({ type: 'trade', symbol: 'X', price: 100, atMicros: bench.nowMicros });
    bench.nowMicros += 6 * ONE_SECOND;
    bench.quote(0, 100);
    expect(bench.denial(bench.order())).toMatchObject({ code: 'stale_market', ageMs: 6_000 });
  });

  it('judges by the last trade when the quotes have stopped', () => {
    const bench = new Bench();
    bench.nowMicros += 6 * ONE_SECOND;
    bench.feed({ type: 'trade', symbol: 'X', price: 90, atMicros: bench.nowMicros });
    const dear = bench.order({ type: 'limit', limitPrice: decimal('95') });
    expect(bench.denial(dear)).toMatchObject({ code: 'price_collar', reference: decimal('90') });
    bench.nowMicros += 7 * ONE_SECOND;
    expect(bench.denial(bench.order())).toMatchObject({ code: 'stale_market', ageMs: 7_000 });
  });

  it('lets a patient limit lie as far from the market as it likes', () => {
    const bench = new Bench();
    expect(bench.denial(bench.order({ type: 'limit', limitPrice: decimal('50') }))).toBeUndefined();
  });

  it('cuts a reducing order down to what is left to close', () => {
    const bench = new Bench();
    bench.buy('10');
    bench.order({ side: 'sell', quantity: shares(4) });
    const id = bench.order({ side: 'sell', quantity: shares(10), reduceOnly: true });
    expect(bench.told(id).quantity).toBe(shares(6));
  });

  it('gives buying power back when the broker has counted the order, or it ended unfilled', () => {
    const bench = new Bench();
    bench.account({ buyingPower: decimal('9000') });
    const id = bench.order({ quantity: shares(80), type: 'limit', limitPrice: decimal('100') });
    expect(bench.denial(bench.order({ quantity: shares(80) }))?.code).toBe('buying_power');
    bench.accept(id);
    bench.update(id, 'canceled', 'canceled');
    expect(bench.denial(bench.order({ quantity: shares(80) }))).toBeUndefined();
  });

  it('never lets positions and open orders together exceed the limits, whatever the sequence', () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('order' as const),
        side: fc.constantFrom('buy' as const, 'sell' as const),
        quantity: fc.integer({ min: 1, max: 120 }),
        instanceId: fc.constantFrom('alpha', 'beta'),
        reduceOnly: fc.boolean(),
      }),
      fc.record({
        do: fc.constantFrom('accept', 'fill', 'cancel', 'canceled', 'lose', 'reject'),
        pick: fc.nat(),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const bench = new Bench({
          risk: { shortAllowed: true, openOrdersMax: 8, ordersPerMinuteMax: 10_000 },
        });
        bench.quote(99.999, 100);
        for (const one of steps) {
          act(bench, one);
          checkLimits(bench);
        }
      }),
      { numRuns: 300 },
    );
  });
});

type Step =
  | {
      readonly do: 'order';
      readonly side: 'buy' | 'sell';
      readonly quantity: number;
      readonly instanceId: string;
      readonly reduceOnly: boolean;
    }
  | { readonly do: string; readonly pick: number };

function act(bench: Bench, step: Step): void {
  if ('side' in step) {
    bench.order({ ...step, quantity: shares(step.quantity) });
    return;
  }
  const open = bench.machine.status().openOrders.filter(({ status }) => status !== 'approved');
  const order = open[step.pick % Math.max(1, open.length)];
  if (order === undefined) return;
  const { clientOrderId } = order;
  const rest = order.quantity - order.filledQuantity;
  switch (step.do) {
    case 'accept':
      bench.accept(clientOrderId);
      return;
    case 'fill': {
      const part = 1 + (step.pick % Number(rest / 10n ** 9n));
      bench.fill(clientOrderId, String(part));
      return;
    }
    case 'cancel':
      bench.cancel(clientOrderId, order.instanceId);
      return;
    case 'canceled':
      bench.update(clientOrderId, 'canceled', 'canceled');
      return;
    case 'lose':
      bench.feed({ type: 'submitted', clientOrderId, outcome: { type: 'unknown', message: 'reset' } });
      return;
    case 'reject':
      bench.update(clientOrderId, 'rejected', 'rejected');
      return;
    default:
      return;
  }
}

/** At a price of 100 and at most 20,000 a side: 200 shares, each instance's long and short counted apart. */
function checkLimits(bench: Bench): void {
  const { openOrders } = bench.machine.status();
  let long = 0n;
  let short = 0n;
  for (const instanceId of ['alpha', 'beta']) {
    const held = bench.position(instanceId);
    const pending = (side: 'buy' | 'sell') =>
      openOrders
        .filter(
          (order) => order.instanceId === instanceId && order.side === side && order.status !== 'approved',
        )
        .reduce((sum, order) => sum + (order.quantity - order.filledQuantity), 0n);
    const mostLong = held + pending('buy');
    const mostShort = pending('sell') - held;
    long += mostLong > 0n ? mostLong : 0n;
    short += mostShort > 0n ? mostShort : 0n;
  }
  const limit = decimal('20000');
  expect(multiply(decimal('100'), long as typeof limit)).toBeLessThanOrEqual(limit);
  expect(multiply(decimal('99.999'), short as typeof limit)).toBeLessThanOrEqual(limit);
}
