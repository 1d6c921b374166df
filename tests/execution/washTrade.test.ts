import { describe, expect, it } from 'vitest';
import { decimal } from '../../src/domain/decimal.ts';
import type { OrderIntent } from '../../src/domain/order.ts';
import { Bench } from './harness.ts';

const limit = (side: 'buy' | 'sell', price: string) =>
  ({ side, type: 'limit', limitPrice: decimal(price) }) as const satisfies Partial<OrderIntent>;

/** Beta holds 10 and offers them at 101. */
function withOffer() {
  const bench = new Bench({ risk: { openOrdersMax: 20 } });
  bench.buy('10', '100', { instanceId: 'beta' });
  const offer = bench.order({ instanceId: 'beta', ...limit('sell', '101') });
  bench.accept(offer);
  return { bench, offer };
}

describe('an order that could trade with one of the same account', () => {
  it.each<[string, Partial<OrderIntent>, 'denied' | 'sent']>([
    ['a market order', { side: 'buy' }, 'denied'],
    ['a limit that reaches the offer', limit('buy', '101'), 'denied'],
    ['a limit below the offer', limit('buy', '100.99'), 'sent'],
    ['a stop', { side: 'buy', type: 'stop', stopPrice: decimal('102') }, 'denied'],
    ['an order on the same side', { instanceId: 'beta', ...limit('sell', '103') }, 'sent'],
  ])('%s is judged before it is sent: %s', (_name, changes, expected) => {
    const { bench, offer } = withOffer();
    const before = bench.of('submit').length;
    const id = bench.order({ quantity: decimal('1'), ...changes });
    const isWash = expected === 'denied';
    if (changes.instanceId !== 'beta') {
      expect(bench.denial(id)).toEqual(
        isWash ? { code: 'wash_trade', symbol: 'X', existingClientOrderId: offer } : undefined,
      );
      expect(bench.of('submit').length - before).toBe(isWash ? 0 : 1);
    } else {
      expect(bench.denial(id)?.code).not.toBe('wash_trade');
    }
  });

  it('waits when it reduces a position, and has what stands in its way canceled', () => {
    const bench = new Bench();
    bench.buy('10', '100');
    const bid = bench.order({ instanceId: 'beta', ...limit('buy', '99') });
    bench.accept(bid);
    const sale = bench.order({ side: 'sell', reduceOnly: true });
    expect(bench.of('cancel').map(({ order }) => order.clientOrderId)).toEqual([bid]);
    expect(bench.told(sale).status).toBe('approved');
    bench.update(bid, 'canceled', 'canceled');
    expect(bench.told(bid).statusReason).toContain(`in the way of ${sale}`);
    expect(bench.of('submit').at(-1)?.order.clientOrderId).toBe(sale);
  });

  it('waits for another that closes a position at the market, and does not cancel it', () => {
    const bench = new Bench({ risk: { shortAllowed: true } });
    bench.buy('10', '100');
    const short = bench.order({ instanceId: 'beta', side: 'sell' });
    bench.accept(short);
    bench.fill(short, '10', '100');
    const first = bench.order({ instanceId: 'beta', side: 'buy', reduceOnly: true });
    bench.accept(first);
    const second = bench.order({ side: 'sell', reduceOnly: true });
    expect(bench.of('cancel')).toEqual([]);
    expect(bench.told(second).status).toBe('approved');
    bench.fill(first, '10', '100');
    expect(bench.of('submit').at(-1)?.order.clientOrderId).toBe(second);
  });
});
