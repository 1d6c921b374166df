import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_HOST_LIMITS } from '../../src/engine/config.ts';
import { StrategyHost } from '../../src/engine/host.ts';
import type { StrategyBundle } from '../../src/strategies/bundle.ts';
import type { Batch } from '../../src/tape/batch.ts';
import { assignment, BatchWriter, hostConfig, instance, MINUTE, OPEN, Recorder } from './inbox.ts';
import { scripted } from './scripts.ts';

const NOON = OPEN + 60 * MINUTE;

/** Does at each bar what its close says, so that what is said stands anywhere in a run of bars. */
const SAYS = `
  onStart(context) { context.state.bars = 0; },
  onBar(context, bar) {
    const { state } = context;
    state.bars += 1;
    context.log('info', [context.symbol, state.bars, context.nowMicros, context.lastPrice, bar.close,
      context.minuteBars.length, context.openOrders.length].join(' '));
    const what = Math.round(bar.close) % 16;
    if (what === 1) context.buy({ quantity: 1, reason: 'a buy' });
    else if (what === 2) context.buy({ quantity: -1, reason: 'is denied' });
    else if (what === 3) context.setTimer('soon', context.nowMicros + 30e6);
    else if (what === 4) context.setTimer('later', context.nowMicros + 150e6);
    else if (what === 5) context.cancelTimer('later');
    else if (what === 6) for (const order of context.openOrders) context.cancel(order.clientOrderId, 'enough');
    else if (what === 7) context.flatten('flat');
    else if (what === 8) context.plot('close', bar.close);
    else if (what === 9 && state.bars % 5 === 0) context.reject('no more of it');
    else if (what === 10 && state.bars % 7 === 0) throw new Error('broken');
  },
  onDenial(context, denial) { context.log('info', 'denied ' + denial.reason.code + ' ' + context.nowMicros); },
  onTimer(context, name) { context.log('info', name + ' ' + context.nowMicros + ' ' + context.state.bars); },
  onTrade(context, trade) { context.log('info', 'trade ' + trade.price); },`;

/** Minutes between rows, the symbol, and whether a trade comes before the bar. */
const ROWS = fc.array(
  fc.record({
    minutes: fc.constantFrom(0, 1, 1, 1, 1, 1, 5),
    symbol: fc.constantFrom('AAPL', 'AAPL', 'AAPL', 'AAPL', 'MSFT'),
    close: fc.integer({ min: 16, max: 160 }),
    isTraded: fc.constantFrom(false, false, false, false, false, true),
  }),
  { minLength: 1, maxLength: 120 },
);

describe('bars of one symbol that follow each other', () => {
  let bundle: StrategyBundle;
  beforeAll(async () => {
    bundle = await scripted('test', SAYS);
  });

  /** What a host says of a batch that is shown in such pieces. */
  function said(batch: Batch, show: (host: StrategyHost) => void): unknown {
    const output = new Recorder();
    // As in a backtest: where a timer is due before the next bar, bars are shown one by one.
    const limits = { ...DEFAULT_HOST_LIMITS, checkpointPeriodMs: 86_400_000 };
    const ages = { eventAgeMaxMs: Number.POSITIVE_INFINITY, feedLagMaxMs: 1e12 };
    const changes = { feedHasBars: true, ...ages, limits };
    const host = new StrategyHost(hostConfig([instance(bundle)], changes), output);
    const units = ['AAPL', 'MSFT'].map((symbol) => assignment('test', symbol));
    host.handleCommand({ type: 'assign', units }, NOON);
    show(host);
    host.advanceTo(batch.receivedMicros(batch.count - 1) + 10 * MINUTE);
    const { intents, reports, lines } = output;
    const { eventsShown, units: running } = host.counters;
    return { intents, reports, lines, eventsShown, running, sequence: host.inboxSequence };
  }

  it('are shown in one call as they are one by one, and in steps', () => {
    fc.assert(
      fc.property(ROWS, (rows) => {
        const writer = new BatchWriter(rows.length * 2, NOON);
        for (const symbol of ['AAPL', 'MSFT']) writer.define(symbol);
        let atMicros = NOON;
        for (const { minutes, symbol, close, isTraded } of rows) {
          atMicros += minutes * MINUTE;
          if (isTraded) writer.trade({ symbol, atMicros: atMicros + MINUTE, price: close });
          writer.bar(symbol, atMicros, close);
        }
        const { batch } = writer;
        const oneByOne = said(batch, (host) => {
          for (let row = 0; row < batch.count; row += 1) host.handleBatch(batch, NOON, row, row + 1);
        });
        expect(said(batch, (host) => host.handleBatch(batch, NOON))).toEqual(oneByOne);
        const inSteps = said(batch, (host) => {
          for (let row = 0; row < batch.count; ) row = host.handleMoments(batch, NOON, row, batch.count);
        });
        expect(inSteps).toEqual(oneByOne);
      }),
      { numRuns: 50 },
    );
  });
});
