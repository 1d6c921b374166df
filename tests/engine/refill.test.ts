import { describe, expect, it } from 'vitest';
import { StrategyHost } from '../../src/engine/host.ts';
import { GapReason } from '../../src/tape/batch.ts';
import { assignment, BatchWriter, hostConfig, instance, MINUTE, OPEN, Recorder } from './inbox.ts';
import { scripted } from './scripts.ts';

const NOON = OPEN + 150 * MINUTE;
const END = NOON + 3 * MINUTE;

/** A host whose strategy says what it is shown, after a gap of three minutes and a quote behind it. */
async function afterGap(channels: string) {
  const bundle = await scripted(
    'test',
    `...{ channels: [${channels}] },
     onGap(context, gap) { context.log('info', gap.reason); },
     onQuote(context) { context.log('info', 'quote ' + [...context.minuteBars.column('close')].join(' ')); },`,
  );
  const output = new Recorder();
  const host = new StrategyHost(hostConfig([instance(bundle)]), output);
  host.handleCommand({ type: 'assign', units: [assignment('test', 'AAPL')] }, NOON);
  const show = (write: (writer: BatchWriter) => void) => {
    const writer = new BatchWriter(3, NOON);
    writer.define('AAPL');
    write(writer);
    host.handleBatch(writer.batch, END);
  };
  const gap = () =>
    show((writer) => {
      writer.gap('AAPL', NOON, END, GapReason.overflow);
      writer.quote('AAPL', END, { bid: 9, ask: 10 });
    });
  const quote = () => show((writer) => writer.quote('AAPL', END, { bid: 9, ask: 10 }));
  gap();
  const answer = (requestId: number) => {
    const bar = { symbol: 'AAPL', timeMicros: NOON, open: 7, high: 7, low: 7, close: 7 };
    const minuteBars = [{ ...bar, volume: 1, vwap: 7, tradeCount: 1 }];
    const told = { ok: true, minuteBars, dailyBars: [] } as const;
    host.handleCommand({ type: 'history', requestId, symbol: 'AAPL', answer: told }, END);
  };
  return { output, gap, quote, answer };
}

describe('minutes that a consumer was too far behind to see', () => {
  it('are fetched while a strategy that did not ask for bars goes on', async () => {
    const { output, gap, quote, answer } = await afterGap("'trades', 'quotes'");
    expect(output.said).toEqual(['overflow', 'quote ']);
    // Another gap asks for nothing more as long as no answer has come.
    gap();
    const [request, ...others] = output.of('history_request');
    expect(request).toMatchObject({ symbol: 'AAPL', minuteBars: 3, toMicros: END });
    expect(others).toEqual([]);
    answer(request!.requestId);
    quote();
    expect(output.said.at(-1)).toBe('quote 7');
    gap();
    expect(output.of('history_request')).toHaveLength(2);
  });

  it('are fetched before a strategy that did ask for bars goes on', async () => {
    const { output, quote, answer } = await afterGap("'trades', 'quotes', 'bars'");
    expect(output.said).toEqual(['overflow']);
    answer(output.of('history_request')[0]!.requestId);
    quote();
    expect(output.said).toEqual(['overflow', 'quote 7']);
  });
});
