import { describe, expect, it } from 'vitest';
import { StrategyHost } from '../../src/engine/host.ts';
import { assignment, BatchWriter, hostConfig, instance, OPEN, Recorder } from './inbox.ts';
import { scripted } from './scripts.ts';

const packed = (codes: string): number =>
  Array.from(codes).reduce((word, code, index) => word | (code.charCodeAt(0) << (8 * index)), 0);

describe('condition codes', () => {
  it('are shown with each quote and trade, with what they mean', async () => {
    const bundle = await scripted(
      'conditions',
      `onQuote(context, quote) { context.log('info', 'quote ' + quote.conditions.join(' ') + ' ' + quote.isEligible); },
       onTrade(context, trade) { context.log('info', 'trade ' + trade.conditions.join(' ')); },`,
    );
    const output = new Recorder();
    const host = new StrategyHost(hostConfig([instance(bundle)]), output);
    host.handleCommand({ type: 'assign', units: [assignment('conditions', 'AAPL')] }, OPEN);
    const writer = new BatchWriter(4, OPEN);
    writer.define('AAPL');
    for (const [tape, codes] of [
      ['C', 'R'],
      ['C', 'N'],
      ['A', 'U'],
      ['C', 'U'],
    ] as const) {
      writer.quote('AAPL', OPEN, { bid: 99, ask: 101 });
      writer.batch.conditions[writer.batch.count - 1] = packed(codes);
      writer.batch.tape[writer.batch.count - 1] = tape.charCodeAt(0);
    }
    writer.trade({ symbol: 'AAPL', atMicros: OPEN, price: 100 });
    writer.batch.conditions[writer.batch.count - 1] = packed('@FTI');
    writer.batch.seal();
    host.handleBatch(writer.batch, OPEN);
    expect(output.said).toEqual([
      'quote R true',
      'quote N false',
      'quote U true',
      'quote U false',
      'trade @ F T I',
    ]);
  });
});
