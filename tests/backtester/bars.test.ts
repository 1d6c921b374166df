import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvOf, MINUTE, type OhlcRow, OPEN, runOnBars, runOnFiles, type Step, said } from './harness.ts';

/** Calm minutes at a price. */
function calm(count: number, price = 100): OhlcRow[] {
  return Array.from({ length: count }, (): OhlcRow => [price, price + 0.5, price - 0.5, price]);
}

const buy: Step = { at: 0, do: 'buy', quantity: 10 };

describe('an order on bars', () => {
  it('deals at the open of the bar after the one that gave the signal', async () => {
    const { lines } = await runOnBars({ steps: [buy] }, [
      [100, 101, 99, 100.5],
      [102, 103, 101, 102.5],
      ...calm(2),
    ]);
    const fills = said(lines, 'fill');
    expect(fills).toHaveLength(1);
    expect(fills[0]).toMatchObject({ side: 'buy', quantity: 10, price: 102, time: OPEN + MINUTE });
    // The strategy hears of it when it happened, before it sees how that bar ended.
    expect(fills[0]).toMatchObject({ now: OPEN + MINUTE, isComplete: true });
  });

  it('tells nothing of how the bar ends with the fill at its open', async () => {
    const worlds = [90, 110].map(async (close) => {
      const { lines } = await runOnBars({ steps: [buy] }, [
        [100, 101, 99, 100],
        [100, 111, 89, close],
        ...calm(1),
      ]);
      return said(lines, 'fill')[0]?.equity;
    });
    const [fallen, risen] = await Promise.all(worlds);
    expect(fallen).toBe(risen);
  });

  it('after a gap deals at the first bar there is', async () => {
    const { lines } = await runOnFiles(
      { steps: [buy] },
      { 'a.csv': csvOf([[100, 101, 99, 100]]), 'b.csv': csvOf([[105, 106, 104, 105]], OPEN + 10 * MINUTE) },
    );
    expect(said(lines, 'fill')[0]).toMatchObject({ price: 105, time: OPEN + 10 * MINUTE });
  });

  it('waits for the whole bars that its latency is long', async () => {
    const rows = [100, 101, 102, 103, 104].map((open): OhlcRow => [open, open + 0.5, open - 0.5, open]);
    const { lines } = await runOnBars({ steps: [buy], backtest: { latency: '2m' } }, rows);
    expect(said(lines, 'fill')[0]).toMatchObject({
      price: 103,
      time: OPEN + 3 * MINUTE,
      now: OPEN + 5 * MINUTE,
    });
  });

  it('pays half the spread and the slippage at the market, and the fee on top', async () => {
    const { result, lines } = await runOnBars(
      { steps: [buy], backtest: { spread_bps: 4, slippage_bps: 3, fee_bps: 10, fee_per_share: 0.01 } },
      calm(3),
    );
    expect(said(lines, 'fill')[0]).toMatchObject({ price: 100.05 });
    // 100.05 x 10 x 10 bp + 10 x 0.01
    expect(result.metrics.fees).toBe('1.1005');
  });

  it('gets no more than its share of the volume, bar by bar, in whole shares', async () => {
    const rows: OhlcRow[] = [
      ...calm(1),
      [100, 101, 99, 100, 45],
      [100, 101, 99, 100, 33],
      [100, 101, 99, 100, 900],
    ];
    const { lines } = await runOnBars({ steps: [buy], backtest: { max_volume_percent: 10 } }, rows);
    expect(said(lines, 'fill').map(({ quantity }) => quantity)).toEqual([4, 3, 3]);
  });

  it('shares a bar with the other orders of its symbol', async () => {
    const steps: Step[] = [
      { at: 0, do: 'buy', quantity: 6 },
      { at: 0, do: 'buy', quantity: 6 },
    ];
    const rows: OhlcRow[] = [...calm(1), [100, 101, 99, 100, 100], ...calm(1)];
    const { lines } = await runOnBars({ steps, backtest: { max_volume_percent: 10 } }, rows);
    expect(said(lines, 'fill').map(({ quantity }) => quantity)).toEqual([6, 4, 2]);
  });

  it('at a limit is filled where the bar went through it, and not where it only touched it', async () => {
    const steps: Step[] = [{ at: 0, do: 'buy', quantity: 10, limitPrice: 98 }];
    const rows: OhlcRow[] = [...calm(1), [100, 101, 98, 99], [100, 101, 97.99, 99], ...calm(1)];
    const { lines } = await runOnBars({ steps }, rows);
    expect(said(lines, 'fill')).toHaveLength(1);
    expect(said(lines, 'fill')[0]).toMatchObject({ price: 98, time: OPEN + 3 * MINUTE });
  });

  it('at a limit deals at a better open', async () => {
    const steps: Step[] = [{ at: 0, do: 'buy', quantity: 10, limitPrice: 98 }];
    const { lines } = await runOnBars({ steps }, [...calm(1), [97, 101, 96, 99], ...calm(1)]);
    expect(said(lines, 'fill')[0]).toMatchObject({ price: 97, time: OPEN + MINUTE });
  });

  it('that is a stop deals at its price, or at the open where the bar began beyond it', async () => {
    const steps: Step[] = [
      buy,
      { at: 1, do: 'sell', quantity: 4, stopPrice: 98 },
      { at: 1, do: 'sell', quantity: 6, stopPrice: 95 },
    ];
    const rows: OhlcRow[] = [...calm(2), [100, 100.5, 97, 99], [94, 96, 93, 95], ...calm(1)];
    const { lines } = await runOnBars({ steps }, rows);
    expect(said(lines, 'fill').map(({ side, price }) => [side, price])).toEqual([
      ['buy', 100],
      ['sell', 98],
      ['sell', 94],
    ]);
  });

  it('that is a trailing stop follows the best price, and in a bar is judged before it follows', async () => {
    const steps: Step[] = [buy, { at: 1, do: 'sell', quantity: 10, trailPrice: 2 }];
    const rows: OhlcRow[] = [
      ...calm(2),
      // The low of 98.5 is above 98, where the stop stands; the high draws it to 102.
      [100, 104, 98.5, 103],
      [103, 105, 102.5, 104],
      // 103 by now.
      [104, 104.5, 101, 102],
      ...calm(1),
    ];
    const { lines } = await runOnBars({ steps }, rows);
    expect(
      said(lines, 'fill').map(({ side, price, time }) => [side, price, ((time as number) - OPEN) / MINUTE]),
    ).toEqual([
      ['buy', 100, 1],
      ['sell', 103, 5],
    ]);
  });

  it('in a bar that touches both stop and target is stopped out: nobody knows which came first', async () => {
    const steps: Step[] = [
      buy,
      { at: 1, do: 'sell', quantity: 10, stopPrice: 98 },
      // A short may be opened here, so that nothing but the rule keeps the target from being filled.
      { at: 1, do: 'sell', quantity: 10, limitPrice: 102 },
    ];
    const rows: OhlcRow[] = [...calm(2), [100, 103, 97, 100], ...calm(1)];
    const { lines } = await runOnBars({ steps, risk: { allow_short: true } }, rows);
    expect(said(lines, 'fill').map(({ side, price }) => [side, price])).toEqual([
      ['buy', 100],
      ['sell', 98],
    ]);
  });

  it('that must deal at once is canceled with what it did not get', async () => {
    const steps: Step[] = [{ at: 0, do: 'buy', quantity: 10, limitPrice: 100, timeInForce: 'ioc' }];
    const rows: OhlcRow[] = [...calm(1), [100, 101, 99, 100, 4], ...calm(2)];
    const { lines, result } = await runOnBars({ steps }, rows);
    expect(said(lines, 'fill').map(({ quantity }) => quantity)).toEqual([4]);
    expect(said(lines, 'order').at(-1)).toMatchObject({ status: 'canceled' });
    expect(result.openOrders).toBe(0);
  });

  it('for the day ends with the session', async () => {
    const steps: Step[] = [{ at: 0, do: 'buy', quantity: 10, limitPrice: 50, timeInForce: 'day' }];
    const nextDay = OPEN + 24 * 60 * MINUTE;
    const { lines } = await runOnFiles(
      { steps },
      { 'a.csv': csvOf(calm(2)), 'b.csv': csvOf([[49, 50, 40, 45]], nextDay) },
    );
    expect(said(lines, 'fill')).toEqual([]);
    expect(said(lines, 'order').at(-1)).toMatchObject({ status: 'expired' });
  });

  it('that holds a position over the close is closed before it where the plan says so', async () => {
    const closeIn = 390;
    const { lines, result } = await runOnBars(
      { steps: [buy], intraday: true, plan: { liquidate_before_close: '15m' } },
      calm(closeIn),
    );
    const fills = said(lines, 'fill');
    expect(fills.map(({ side }) => side)).toEqual(['buy', 'sell']);
    expect(fills[1]).toMatchObject({ time: OPEN + (closeIn - 15) * MINUTE });
    expect(result.instances[0]?.qty).toBe('0');
  });

  it('pays for borrowed shares day by day', async () => {
    const steps: Step[] = [{ at: 0, do: 'sell', quantity: 10 }];
    const { result } = await runOnFiles(
      { steps, risk: { allow_short: true }, backtest: { borrow_percent: 36.5 } },
      { 'a.csv': csvOf(calm(2)), 'b.csv': csvOf(calm(2), OPEN + 24 * 60 * MINUTE) },
    );
    // 10 x 100 at 0.1 % a day, for one night.
    expect(result.metrics.borrowCost).toBe('1');
    expect(result.finalEquityExact).toBe('99999');
  });

  it('of one strategy counts for that one alone, on the account of all', async () => {
    const strategy = (id: string, quantity: number) => ({
      path: './scripted.ts',
      id,
      symbols: ['AAPL'],
      intraday: false,
      parameters: { steps: [{ at: 0, do: 'buy', quantity }] },
    });
    const { result } = await runOnBars(
      { plan: { strategies: [strategy('one', 3), strategy('two', 4)] }, backtest: { fee_per_share: 1 } },
      [...calm(2), [100, 111, 99, 110], ...calm(1, 110)],
    );
    expect(
      result.instances.map(({ instanceId, qty, unrealizedPnl, fees }) => [
        instanceId,
        qty,
        unrealizedPnl,
        fees,
      ]),
    ).toEqual([
      ['one', '3', '30.00', '3'],
      ['two', '4', '40.00', '4'],
    ]);
    expect(result.finalEquity).toBe('100063.00');
  });

  it('is refused by risk as it is live', async () => {
    const { lines, result } = await runOnBars({ steps: [buy], risk: { max_order_notional: 500 } }, calm(3));
    expect(said(lines, 'denial')[0]).toMatchObject({ code: 'order_notional' });
    expect(result.metrics.denials).toBe(1);
    expect(result.fills).toBe(0);
  });

  it('never depends on what comes later, whatever comes', async () => {
    const price = fc.double({ min: 90, max: 110, noNaN: true }).map((value) => Math.round(value * 100) / 100);
    const bar = fc
      .tuple(price, price, price, price)
      .map(([a, b, c, d]): OhlcRow => [a, Math.max(a, b, c, d), Math.min(a, b, c, d), d, 500]);
    const step = fc.record({
      at: fc.nat(8),
      do: fc.constantFrom('buy' as const, 'sell' as const),
      quantity: fc.integer({ min: 1, max: 20 }),
      limitPrice: fc.option(price, { nil: undefined }),
      stopPrice: fc.option(price, { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(bar, { minLength: 4, maxLength: 8 }),
        fc.array(bar, { minLength: 1, maxLength: 4 }),
        fc.array(bar, { minLength: 1, maxLength: 4 }),
        fc.array(step, { maxLength: 6 }),
        async (past, oneFuture, otherFuture, steps) => {
          const world = { steps: steps as Step[], sees: true, risk: { allow_short: true } };
          const known = OPEN + past.length * MINUTE;
          const [one, other] = await Promise.all(
            [oneFuture, otherFuture].map(async (future) => {
              const { lines } = await runOnBars(world, [...past, ...future]);
              // What the strategy was told while the future was still to come.
              return lines.filter(({ fields }) => typeof fields.now === 'number' && fields.now < known);
            }),
          );
          const idless = (lines: unknown) => JSON.stringify(lines).replaceAll(/[0-9a-f]{12}\./g, '');
          expect(idless(one)).toBe(idless(other));
        },
      ),
      { numRuns: 15 },
    );
  });

  it('and every other is the same when the run is repeated', async () => {
    const rows = Array.from({ length: 300 }, (_, index): OhlcRow => {
      const price = 100 + 5 * Math.sin(index / 7);
      return [price, price + 1, price - 1, price + 0.3, 40 + (index % 13)];
    });
    const steps = Array.from(
      { length: 60 },
      (_, index): Step => ({
        at: index * 4,
        do: index % 2 === 0 ? 'buy' : 'sell',
        quantity: 7,
      }),
    );
    const world = { steps, sees: true, backtest: { max_volume_percent: 10, latency: '90s' } };
    const [one, other] = await Promise.all([runOnBars(world, rows), runOnBars(world, rows)]);
    expect(one.lines.length).toBeGreaterThan(300);
    expect(other.lines).toEqual(one.lines);
    const timeless = { elapsedSeconds: 0, eventsPerSecond: 0 };
    expect({ ...other.result, ...timeless }).toEqual({ ...one.result, ...timeless });
  });
});
