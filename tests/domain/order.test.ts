import { describe, expect, it } from 'vitest';
import { deriveClientOrderId } from '../../src/domain/order.ts';

const BATCH = '7b0f6a0e-58a6-4f0e-9d54-0f6f3c9f7a11';

describe('a client order id', () => {
  it('is the same whenever it is derived again', () => {
    const derive = () => deriveClientOrderId(BATCH, 'momentum-long', 'AAPL', 7);
    expect(derive()).toBe('7b0f6a0e58a6.momentum-long.AAPL.7');
    expect(derive()).toBe(derive());
  });

  it('holds no slash, so that it can stand in a path', () => {
    expect(deriveClientOrderId(BATCH, 'trend', 'BTC/USD', 1)).toBe('7b0f6a0e58a6.trend.BTC-USD.1');
  });

  it('is refused when the broker would cut it', () => {
    expect(() => deriveClientOrderId(BATCH, 'x'.repeat(128), 'AAPL', 1)).toThrow(RangeError);
  });
});
