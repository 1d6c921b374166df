/** Points of a strategy's own series. */
import { describe, expect, it } from 'vitest';
import { StrategyHost } from '../../src/engine/host.ts';
import { assignment, hostConfig, instance, MINUTE, OPEN, Recorder, SECOND, tradesBatch } from './inbox.ts';
import { scripted } from './scripts.ts';

const NOON = OPEN + 60 * MINUTE;

async function shown(members: string, secondsOfTrades: readonly number[]): Promise<Recorder> {
  const output = new Recorder();
  const host = new StrategyHost(hostConfig([instance(await scripted('test', members))]), output);
  host.handleCommand({ type: 'assign', units: [assignment('test', 'AAPL')] }, NOON);
  for (const seconds of secondsOfTrades) {
    const atMicros = NOON + seconds * SECOND;
    host.handleBatch(tradesBatch([{ symbol: 'AAPL', atMicros, price: 100 + seconds }]), atMicros);
  }
  return output;
}

describe('what a strategy plots', () => {
  it('is told with its moment, the first point of each minute and series', async () => {
    const output = await shown(
      `onTrade(context, trade) {
        context.plot('price', trade.price);
        if (trade.price > 110) context.plot('double', 2 * trade.price);
        context.plot('nothing', NaN);
      },`,
      [1, 20, 61, 62, 130],
    );
    expect(output.of('plot').map(({ series, value, atMicros }) => [series, value, atMicros - NOON])).toEqual([
      ['price', 101, 1 * SECOND],
      ['double', 240, 20 * SECOND],
      ['price', 161, 61 * SECOND],
      ['double', 322, 61 * SECOND],
      ['price', 230, 130 * SECOND],
      ['double', 460, 130 * SECOND],
    ]);
    expect(output.of('plot')[0]).toMatchObject({ instanceId: 'test', symbol: 'AAPL' });
    expect(output.orders).toEqual([]);
  });

  it('is of a few series: more end the strategy for the symbol, with the reason', async () => {
    const output = await shown(
      `onTrade(context, trade) { for (let index = 0; index < 17; index += 1) context.plot('s' + index, 1); },`,
      [1],
    );
    expect(output.of('plot')).toHaveLength(16);
    expect(output.of('fault')[0]?.message).toContain('at most 16 series');
  });
});
