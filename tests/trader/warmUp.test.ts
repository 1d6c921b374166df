import { describe, expect, it } from 'vitest';
import type { Bar } from '../../src/domain/market.ts';
import { MICROS_PER_DAY, MICROS_PER_MINUTE } from '../../src/domain/time.ts';
import type { BarsRequest, HistoryProvider } from '../../src/providers/contract.ts';
import { WarmUp } from '../../src/trader/history/warmUp.ts';

const NOW = 1_763_700_000_000_000;

function bar(symbol: string, timeMicros: number): Bar {
  return { symbol, timeMicros, open: 1, high: 2, low: 1, close: 2, volume: 10, vwap: 1.5, tradeCount: 3 };
}

/** A provider of plain data that answers more bars than it is asked for, as a careless one may. */
function provider(answer: 'bars' | 'failure') {
  const requests: BarsRequest[] = [];
  const history: Pick<HistoryProvider, 'bars'> = {
    async bars(request) {
      requests.push(request);
      if (answer === 'failure') return { ok: false, failure: { kind: 'timeout', message: 'no answer' } };
      const step = request.interval === 'day' ? MICROS_PER_DAY : MICROS_PER_MINUTE;
      const bars = (symbol: string) =>
        Array.from({ length: 500 }, (_, index) => bar(symbol, request.toMicros - (500 - index) * step));
      return { ok: true, value: new Map(request.symbols.map((symbol) => [symbol, bars(symbol)])) };
    },
  };
  return { requests, warmUp: new WarmUp(history as HistoryProvider) };
}

describe('warming up', () => {
  it('asks once for all symbols that want the same, and gives each its newest bars', async () => {
    const { requests, warmUp } = provider('bars');
    const answers = await Promise.all(
      ['AAPL', 'NVDA', 'AMD'].map((symbol) =>
        warmUp.request({ symbol, minuteBars: 60, dailyBars: 20, toMicros: NOW }),
      ),
    );
    expect(requests.map((request) => [request.interval, request.symbols])).toEqual([
      ['minute', ['AAPL', 'NVDA', 'AMD']],
      ['day', ['AAPL', 'NVDA', 'AMD']],
    ]);
    for (const answer of answers) {
      if (!answer.ok) throw new Error(answer.message);
      expect(answer.minuteBars).toHaveLength(60);
      expect(answer.dailyBars).toHaveLength(20);
      expect(answer.minuteBars.at(-1)?.timeMicros).toBe(NOW - MICROS_PER_MINUTE);
    }
  });

  it('does not ask for what nobody wants', async () => {
    const { requests, warmUp } = provider('bars');
    await warmUp.request({ symbol: 'AAPL', minuteBars: 0, dailyBars: 5, toMicros: NOW });
    expect(requests.map((request) => request.interval)).toEqual(['day']);
  });

  it('looks back far enough over weekends and holidays', async () => {
    const { requests, warmUp } = provider('bars');
    await warmUp.request({ symbol: 'AAPL', minuteBars: 390, dailyBars: 250, toMicros: NOW });
    for (const request of requests) {
      const days = (request.toMicros - request.fromMicros) / MICROS_PER_DAY;
      expect(days).toBeGreaterThan(request.interval === 'day' ? 362 : 5);
    }
  });

  it('tells every strategy when history cannot be had, so that none waits for ever', async () => {
    const { warmUp } = provider('failure');
    const answers = await Promise.all(
      ['AAPL', 'NVDA'].map((symbol) =>
        warmUp.request({ symbol, minuteBars: 5, dailyBars: 0, toMicros: NOW }),
      ),
    );
    expect(answers).toEqual([
      { ok: false, message: 'no answer' },
      { ok: false, message: 'no answer' },
    ]);
  });
});
