import { describe, expect, it } from 'vitest';
import { appendQuote, appendStatus, appendTrade } from '../../src/tape/append.ts';
import type { Batch } from '../../src/tape/batch.ts';
import type { SymbolTable } from '../../src/tape/symbols.ts';
import { OPEN, runOnRows, SECOND, type Step, said } from './harness.ts';

function quote(
  batch: Batch,
  symbols: SymbolTable,
  atSeconds: number,
  sides: readonly [number, number, number, number],
): void {
  const [bidPrice, bidSize, askPrice, askSize] = sides;
  const timeMicros = OPEN + atSeconds * SECOND;
  appendQuote(batch, { symbol: 'AAPL', timeMicros, bidPrice, bidSize, askPrice, askSize }, { symbols });
}

function trade(batch: Batch, symbols: SymbolTable, atSeconds: number, price: number, size: number): void {
  const timeMicros = OPEN + atSeconds * SECOND;
  appendTrade(
    batch,
    { symbol: 'AAPL', timeMicros, price, size, exchange: 'V', conditions: [], tape: 'C', id: '' },
    { symbols },
  );
}

function status(batch: Batch, symbols: SymbolTable, atSeconds: number, statusCode: string): void {
  appendStatus(
    batch,
    {
      symbol: 'AAPL',
      timeMicros: OPEN + atSeconds * SECOND,
      tape: 'C',
      statusCode,
      statusMessage: '',
      reasonCode: '',
      reasonMessage: '',
    },
    { symbols },
  );
}

const onQuotes = { channels: ['quotes'] as const };
const buy: Step = { at: 0, do: 'buy', quantity: 100 };

describe('an order on quotes and trades', () => {
  it('takes the ask of a later quote, no more of it than is shown, and the rest of the next one', async () => {
    const { lines } = await runOnRows({ ...onQuotes, steps: [buy] }, (batch, symbols) => {
      quote(batch, symbols, 1, [99, 500, 101, 500]);
      quote(batch, symbols, 2, [99, 500, 102, 60]);
      quote(batch, symbols, 3, [99, 500, 103, 500]);
    });
    expect(said(lines, 'fill').map(({ price, quantity }) => [price, quantity])).toEqual([
      [102, 60],
      [103, 40],
    ]);
  });

  it('is not there before its latency is over, and its fill is heard of as much later', async () => {
    const world = { ...onQuotes, steps: [buy], backtest: { latency: '1500ms' } };
    const { lines } = await runOnRows(world, (batch, symbols) => {
      for (let second = 1; second <= 6; second += 1)
        quote(batch, symbols, second, [99, 500, 100 + second, 500]);
    });
    const [fill] = said(lines, 'fill');
    expect(fill).toMatchObject({ price: 103, time: OPEN + 3 * SECOND, now: OPEN + 4.5 * SECOND });
  });

  it('slips by the plan, but does not pay the spread twice', async () => {
    const world = { ...onQuotes, steps: [buy], backtest: { spread_bps: 100, slippage_bps: 10 } };
    const { lines } = await runOnRows(world, (batch, symbols) => {
      quote(batch, symbols, 1, [99, 500, 100, 500]);
      quote(batch, symbols, 2, [99, 500, 100, 500]);
    });
    expect(said(lines, 'fill')[0]).toMatchObject({ price: 100.1 });
  });

  it('at a limit waits behind those who stood there before it', async () => {
    const steps: Step[] = [{ at: 0, do: 'buy', quantity: 50, limitPrice: 99 }];
    const { lines } = await runOnRows({ channels: ['quotes'], steps }, (batch, symbols) => {
      quote(batch, symbols, 1, [99, 300, 101, 500]);
      quote(batch, symbols, 2, [99, 300, 101, 500]);
      trade(batch, symbols, 3, 99, 200);
      trade(batch, symbols, 4, 99, 120);
      trade(batch, symbols, 5, 99, 500);
    });
    expect(
      said(lines, 'fill').map(({ price, quantity, time }) => [price, quantity, (time as number) - OPEN]),
    ).toEqual([
      [99, 20, 4 * SECOND],
      [99, 30, 5 * SECOND],
    ]);
  });

  it('at a limit is filled at once where the market trades through it', async () => {
    const steps: Step[] = [{ at: 0, do: 'buy', quantity: 50, limitPrice: 99 }];
    const { lines } = await runOnRows({ channels: ['quotes'], steps }, (batch, symbols) => {
      quote(batch, symbols, 1, [99, 300, 101, 500]);
      quote(batch, symbols, 2, [99, 300, 101, 500]);
      trade(batch, symbols, 3, 98.9, 200);
    });
    expect(said(lines, 'fill')).toMatchObject([{ price: 99, quantity: 50 }]);
  });

  it('where there are no quotes deals with the next trade, and gets its share of it', async () => {
    const world = {
      channels: ['trades'] as const,
      steps: [{ at: 0, do: 'buy' as const, quantity: 30 }],
      backtest: { max_volume_percent: 10, spread_bps: 20 },
    };
    const { lines } = await runOnRows(world, (batch, symbols) => {
      trade(batch, symbols, 1, 100, 1_000);
      trade(batch, symbols, 2, 100, 200);
      trade(batch, symbols, 3, 101, 1_000);
    });
    expect(said(lines, 'fill').map(({ price, quantity }) => [price, quantity])).toEqual([
      [100.1, 20],
      [101.101, 10],
    ]);
  });

  it('that is a stop is set off by a trade, and takes the quote of that moment', async () => {
    const steps: Step[] = [buy, { at: 2, do: 'sell', quantity: 100, stopPrice: 98 }];
    const { lines } = await runOnRows({ channels: ['quotes'], steps }, (batch, symbols) => {
      for (const second of [1, 2, 3]) quote(batch, symbols, second, [99, 500, 100, 500]);
      trade(batch, symbols, 4, 98.5, 100);
      quote(batch, symbols, 5, [97.5, 500, 98.5, 500]);
      trade(batch, symbols, 6, 98, 100);
    });
    expect(said(lines, 'fill').map(({ side, price }) => [side, price])).toEqual([
      ['buy', 100],
      ['sell', 97.5],
    ]);
  });

  it('waits while its symbol is halted, and a new one is refused', async () => {
    const steps: Step[] = [buy, { at: 1, do: 'buy', quantity: 1 }];
    const { lines } = await runOnRows({ channels: ['quotes'], steps }, (batch, symbols) => {
      quote(batch, symbols, 1, [99, 500, 100, 500]);
      status(batch, symbols, 2, 'H');
      quote(batch, symbols, 3, [99, 500, 100, 500]);
      status(batch, symbols, 4, 'T');
      quote(batch, symbols, 5, [99, 500, 103, 500]);
    });
    expect(said(lines, 'fill')).toMatchObject([{ price: 103, quantity: 100 }]);
    expect(said(lines, 'denial')).toMatchObject([{ code: 'symbol_halted' }]);
  });

  it('is canceled when its cancel has reached the exchange, unless it was filled on the way', async () => {
    const steps: Step[] = [
      { at: 0, do: 'buy', quantity: 10, limitPrice: 90 },
      { at: 1, do: 'cancel', quantity: 0 },
      { at: 3, do: 'buy', quantity: 10, limitPrice: 98 },
      { at: 4, do: 'cancel', quantity: 1 },
    ];
    const world = { channels: ['quotes'] as const, steps, backtest: { latency: '500ms' } };
    const { lines } = await runOnRows(world, (batch, symbols) => {
      for (let second = 1; second <= 5; second += 1) quote(batch, symbols, second, [97, 500, 100, 500]);
      trade(batch, symbols, 5.2, 97.5, 500);
      quote(batch, symbols, 7, [97, 500, 100, 500]);
    });
    expect(said(lines, 'order').map(({ status: of }) => of)).toContain('canceled');
    expect(said(lines, 'fill')).toMatchObject([{ price: 98, quantity: 10 }]);
  });

  it("that a timer gives goes out at the timer's moment, between two rows", async () => {
    const steps: Step[] = [{ at: 0, do: 'timer', quantity: 10 }];
    const { lines } = await runOnRows({ channels: ['quotes'], steps }, (batch, symbols) => {
      quote(batch, symbols, 1, [99, 500, 100, 500]);
      quote(batch, symbols, 30, [99, 500, 104, 500]);
      quote(batch, symbols, 31, [99, 500, 105, 500]);
    });
    expect(said(lines, 'timer')).toMatchObject([{ now: OPEN + 11 * SECOND }]);
    expect(said(lines, 'fill')).toMatchObject([{ price: 104, now: OPEN + 30 * SECOND }]);
  });
});
