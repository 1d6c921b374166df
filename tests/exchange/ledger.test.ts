import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, decimal, formatDecimal, multiply, negate, subtract, ZERO } from '../../src/domain/decimal.ts';
import { Ledger } from '../../src/exchange/trading/ledger.ts';

const fills = fc.array(
  fc.record({
    symbol: fc.constantFrom('AAPL', 'F', 'BTC/USD'),
    side: fc.constantFrom('buy' as const, 'sell' as const),
    quantity: fc.integer({ min: 1, max: 5_000 }).map((lots) => decimal(`${lots}e-1`)),
    price: fc.integer({ min: 1, max: 90_000 }).map((cents) => decimal(`${cents}e-2`)),
  }),
  { maxLength: 60 },
);

describe('the ledger', () => {
  it('keeps cash plus positions equal to equity, and cash to what was paid and got', () => {
    fc.assert(
      fc.property(fills, (entries) => {
        const ledger = new Ledger(decimal('100000'));
        const marks = new Map<string, ReturnType<typeof decimal>>();
        let paid = ZERO;
        for (const entry of entries) {
          const after = ledger.book({ ...entry, atMicros: 0 });
          expect(after).toBe(ledger.quantity(entry.symbol));
          const amount = multiply(entry.quantity, entry.price);
          paid = entry.side === 'buy' ? add(paid, amount) : subtract(paid, amount);
          marks.set(entry.symbol, entry.price);
        }
        expect(ledger.cash).toBe(subtract(ledger.startCash, paid));
        const { equity, longValue, shortValue } = ledger.value((symbol) => marks.get(symbol));
        const worth = ledger.positions.reduce(
          (sum, { symbol, quantity }) => add(sum, multiply(quantity, marks.get(symbol)!)),
          ZERO,
        );
        expect(equity).toBe(add(ledger.cash, worth));
        expect(add(longValue, shortValue)).toBe(worth);
      }),
    );
  });

  it('splits what was earned into realized and unrealized, to the billionth per booking', () => {
    fc.assert(
      fc.property(fills, (entries) => {
        const ledger = new Ledger(ZERO);
        for (const entry of entries) ledger.book({ ...entry, atMicros: 0 });
        const price = decimal('50');
        const unrealized = ledger.positions.reduce(
          (sum, { quantity, averagePrice }) => add(sum, multiply(quantity, subtract(price, averagePrice))),
          ZERO,
        );
        const total = ledger.value(() => price).equity;
        const difference = subtract(total, add(ledger.realized, unrealized));
        // Average prices are rounded at the ninth place, and stand against up to 500 shares each time.
        const bound = multiply(decimal('0.000001'), decimal(String(entries.length + 1)));
        expect(difference <= bound && difference >= negate(bound), formatDecimal(difference)).toBe(true);
      }),
    );
  });

  it('starts a new average when a position turns over', () => {
    const ledger = new Ledger(ZERO);
    const book = (side: 'buy' | 'sell', quantity: string, price: string) =>
      ledger.book({ symbol: 'F', side, quantity: decimal(quantity), price: decimal(price), atMicros: 0 });
    book('buy', '10', '10');
    book('buy', '10', '20');
    expect(ledger.position('F')).toMatchObject({ quantity: decimal('20'), averagePrice: decimal('15') });
    book('sell', '25', '18');
    expect(ledger.position('F')).toMatchObject({ quantity: decimal('-5'), averagePrice: decimal('18') });
    expect(ledger.realized).toBe(decimal('60'));
    book('buy', '5', '17');
    expect(ledger.position('F')).toBeUndefined();
    expect(ledger.realized).toBe(decimal('65'));
  });
});
