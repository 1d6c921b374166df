import { describe, expect, it } from 'vitest';
import { formatDecimal } from '../../src/domain/decimal.ts';
import { MarketRows } from '../../src/execution/risk/marketRows.ts';
import { Prices } from '../../src/execution/risk/prices.ts';
import { appendDefinition, appendQuote, appendStatus, appendTrade } from '../../src/tape/append.ts';
import { Batch, RowFlag } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';

const NOW = Date.UTC(2026, 10, 20, 15) * 1_000;

/** One market port: what it names, and the batches that come of it. */
class Port {
  readonly #symbols = new SymbolTable();
  readonly #rows: MarketRows;
  #batch = Batch.create({ rows: 64, heapBytes: 8_192 }, 0, NOW);

  constructor(prices: Prices) {
    this.#rows = new MarketRows(prices);
  }

  name(symbol: string): this {
    appendDefinition(this.#batch, this.#symbols.intern(symbol), symbol);
    return this;
  }

  quote(symbol: string, bidPrice: number, askPrice: number, timeMicros = NOW): this {
    const quote = { symbol, timeMicros, bidPrice, bidSize: 1, askPrice, askSize: 1 };
    appendQuote(this.#batch, quote, { symbols: this.#symbols });
    return this;
  }

  trade(symbol: string, price: number, flags = 0, timeMicros = NOW): this {
    const trade = { symbol, timeMicros, price, size: 1, id: '1', exchange: 'V', tape: 'C', conditions: [] };
    appendTrade(this.#batch, trade, { symbols: this.#symbols, flags });
    return this;
  }

  status(symbol: string, statusCode: string): this {
    const words = { statusMessage: '', reasonCode: '', reasonMessage: '', tape: 'C' };
    appendStatus(this.#batch, { symbol, timeMicros: NOW, statusCode, ...words }, { symbols: this.#symbols });
    return this;
  }

  take(): void {
    this.#rows.take(this.#batch);
    this.#batch.reset(0, NOW);
  }
}

const referenceOf = (prices: Prices, symbol: string) => {
  const reference = prices.reference(symbol, 'buy', { nowMicros: NOW, ageMaxMs: 60_000 });
  return reference && [formatDecimal(reference.middle), formatDecimal(reference.opposite), reference.ageMs];
};

describe('the market as the desk takes it', () => {
  it('keeps the newest quote and trade of each symbol', () => {
    const prices = new Prices();
    new Port(prices)
      .name('AAPL')
      .name('MSFT')
      .quote('AAPL', 99, 101)
      .quote('AAPL', 100, 102)
      .trade('MSFT', 7)
      .take();
    expect(referenceOf(prices, 'AAPL')).toEqual(['101', '102', 0]);
    expect(referenceOf(prices, 'MSFT')).toEqual(['7', '7', 0]);
    expect(referenceOf(prices, 'F')).toBeUndefined();
  });

  it('takes no price from a trade that does not move the last one, and does not call the market fresh for it', () => {
    const prices = new Prices();
    const port = new Port(prices);
    port
      .name('AAPL')
      .trade('AAPL', 10, 0, NOW - 2_000_000)
      .trade('AAPL', 50, RowFlag.notLast)
      .take();
    expect(referenceOf(prices, 'AAPL')).toEqual(['10', '10', 2_000]);
  });

  it('knows halts and their end, and leaves a status that says nothing of trading aside', () => {
    const prices = new Prices();
    const port = new Port(prices).name('AAPL');
    port.status('AAPL', 'H').status('AAPL', 'X').take();
    expect(prices.status('AAPL')).toBe('halted');
    port.status('AAPL', 'T').take();
    expect(prices.status('AAPL')).toBe('trading');
  });

  it('goes by the names of each port, whose ids are its own', () => {
    const prices = new Prices();
    new Port(prices).name('AAPL').quote('AAPL', 1, 3).take();
    new Port(prices).name('MSFT').quote('MSFT', 5, 7).take();
    expect(referenceOf(prices, 'AAPL')?.[0]).toBe('2');
    expect(referenceOf(prices, 'MSFT')?.[0]).toBe('6');
  });
});
