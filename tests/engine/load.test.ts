import { describe, expect, it } from 'vitest';
import { StrategyHost } from '../../src/engine/host.ts';
import { UNITS_TOLD_MAX } from '../../src/engine/load.ts';
import { assignment, hostConfig, instance, MINUTE, OPEN, Recorder, tradesBatch } from './inbox.ts';
import { scripted } from './scripts.ts';

const NOON = OPEN + 60 * MINUTE;
const MILLISECOND = 1_000;

/** A host whose stopwatch goes on by so many microseconds each time it is looked at. */
async function measured(symbols: readonly string[], stepMicros: number) {
  const bundle = await scripted('test', 'onTrade() {},');
  let micros = 0;
  const stopwatch = () => {
    micros += stepMicros;
    return micros;
  };
  const host = new StrategyHost(hostConfig([instance(bundle)]), new Recorder(), undefined, stopwatch);
  host.handleCommand({ type: 'assign', units: symbols.map((symbol) => assignment('test', symbol)) }, NOON);
  const trades = (rows: readonly string[], atMicros: number) =>
    host.handleBatch(tradesBatch(rows.map((symbol) => ({ symbol, atMicros, price: 100 }))), atMicros);
  return { host, trades };
}

describe('what units cost', () => {
  it('is sampled: a batch is timed now and then and stands for those between', async () => {
    const { host, trades } = await measured(['AAPL', 'MSFT'], 10);
    // Each batch names its symbols first: as many rows that belong to nobody.
    trades(['AAPL', 'AAPL', 'AAPL', 'MSFT'], NOON);
    expect(host.takeLoad(1_000)).toMatchObject({
      periodMs: 1_000,
      units: [
        { symbol: 'AAPL', events: 4, micros: 40 },
        { symbol: 'MSFT', events: 2, micros: 20 },
      ],
      rest: { units: 0, events: 0, micros: 0 },
    });
    for (let batch = 1; batch <= 3; batch += 1) trades(['AAPL', 'AAPL'], NOON + batch * MILLISECOND);
    expect(host.takeLoad(1_000).units.map(({ events }) => events)).toEqual([0, 0]);
    // The one that is timed next stands for the three before it as well.
    trades(['AAPL', 'AAPL'], NOON + 30 * MILLISECOND);
    const [first] = host.takeLoad(1_000).units;
    expect(first).toMatchObject({ symbol: 'AAPL', events: 12, micros: 120 });
  });

  it('is told by name for the costliest only, and for the others together', async () => {
    const symbols = Array.from({ length: UNITS_TOLD_MAX + 10 }, (_, index) => `S${index}`);
    const { host, trades } = await measured(symbols, 10);
    trades([...symbols.slice(0, 40), 'S3', 'S3'], NOON);
    trades(symbols.slice(40), NOON + 30 * MILLISECOND);
    const { units, rest } = host.takeLoad(1_000);
    expect(units).toHaveLength(UNITS_TOLD_MAX);
    expect(units[0]).toMatchObject({ instanceId: 'test', symbol: 'S3', events: 4 });
    const micros = units.map((unit) => unit.micros);
    expect(micros).toEqual(micros.toSorted((a, b) => b - a));
    expect(rest).toEqual({ units: 10, events: 20, micros: 200 });
  });

  it('is not measured without a stopwatch, as in a backtest', async () => {
    const bundle = await scripted('test', 'onTrade() {},');
    const host = new StrategyHost(hostConfig([instance(bundle)]), new Recorder());
    host.handleCommand({ type: 'assign', units: [assignment('test', 'AAPL')] }, NOON);
    host.handleBatch(tradesBatch([{ symbol: 'AAPL', atMicros: NOON, price: 100 }]), NOON);
    expect(host.takeLoad(1_000).units).toEqual([
      { instanceId: 'test', symbol: 'AAPL', events: 0, micros: 0 },
    ]);
  });
});
