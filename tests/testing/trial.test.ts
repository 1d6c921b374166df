import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { minuteBars, tradesOf } from '../../src/testing/market.ts';
import { tryStrategy } from '../../src/testing/trial.ts';

const folder = mkdtempSync(join(tmpdir(), 'openbell-trial-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;

function strategyOf(members: string): string {
  made += 1;
  const path = join(folder, `strategy-${made}.ts`);
  writeFileSync(
    path,
    `import { defineStrategy, z } from 'openbell';
     export default defineStrategy({
       name: 'tried', description: 'd', scope: 'symbol', channels: ['bars', 'trades'],
       parameters: z.strictObject({ quantity: z.number().positive().default(10) }), initialState: () => ({ seen: 0 }),
       ${members}
     });`,
  );
  return path;
}

const buysOnce = `onBar(context) {
  context.state.seen += 1;
  if (context.state.seen === 1) context.buy({ quantity: context.parameters.quantity, reason: 'first' });
},`;

describe('a trial', () => {
  it('fills at the open of the next bar and says what is held and what was gained', async () => {
    const strategy = strategyOf(buysOnce);
    const bars = minuteBars([100, 101, 102, 104]);
    const trial = await tryStrategy({ strategy: pathToFileURL(strategy), bars, parameters: { quantity: 5 } });
    expect(trial.fills).toEqual([{ symbol: 'TEST', side: 'buy', quantity: 5, price: 100 }]);
    expect(trial.positions).toEqual({ TEST: 5 });
    expect(trial.profit).toBeCloseTo(20, 9);
    expect(trial.faults).toEqual([]);
  });

  it('shows trades, builds bars from them, and keeps the first minutes as history', async () => {
    const strategy = strategyOf(`warmUp: () => ({ minuteBars: 2 }),
      onStart(context) { context.log('info', 'start ' + [...context.minuteBars.column('close')].join(' ')); },
      onTrade(context, trade) { context.log('info', 'trade ' + trade.price); },
      onBar(context, bar) { context.log('info', 'bar ' + bar.close); },`);
    const trades = tradesOf(minuteBars([100, 101, 102, 103], { wickPercent: 0 }));
    const { messages } = await tryStrategy({ strategy, trades, historyMinutes: 2 });
    expect(messages).toEqual([
      'start 100 101',
      ...['trade 101', 'trade 101', 'trade 102', 'trade 102', 'bar 102'],
      // Nothing comes after the last minute, so it is not closed.
      ...['trade 102', 'trade 102', 'trade 103', 'trade 103'],
    ]);
  });

  it('tells faults and refusals', async () => {
    const throwing = await tryStrategy({
      strategy: strategyOf(`onBar() { throw new Error('no luck'); },`),
      bars: minuteBars([100, 101]),
    });
    expect(throwing.faults).toEqual([expect.stringContaining('no luck')]);
    const refused = await tryStrategy({
      strategy: strategyOf(buysOnce),
      bars: minuteBars([100, 101, 102]),
      plan: { risk: { max_order_notional: 10 } },
    });
    expect(refused.fills).toEqual([]);
    expect(refused.denials).toHaveLength(1);
  });

  it('refuses what makes no sense, with the place', async () => {
    const strategy = strategyOf('');
    const bars = minuteBars([100]);
    await expect(tryStrategy({ strategy })).rejects.toThrow('either bars or trades');
    await expect(tryStrategy({ strategy, bars, trades: tradesOf(bars) })).rejects.toThrow(
      'either bars or trades',
    );
    await expect(tryStrategy({ strategy, bars: [] })).rejects.toThrow('at least one');
    await expect(tryStrategy({ strategy, bars, parameters: { quantity: -1 } })).rejects.toThrow(
      'strategies[0].parameters.quantity is -1',
    );
    await expect(tryStrategy({ strategy, bars, entry: { windows: [{ start: 'soon' }] } })).rejects.toThrow(
      'strategies[0].windows[0].start',
    );
    expect(() => minuteBars(Array.from({ length: 391 }, () => 1))).toThrow('found 391');
  });

  it('puts an order in the place of another: what was filled before is taken off', async () => {
    const strategy = strategyOf(`onBar(context, bar) {
        context.state.seen += 1;
        if (context.state.seen === 1) context.state.id = context.buy({ quantity: 10, limitPrice: 95, reason: 'patient' });
        if (context.state.seen === 2) context.state.id = context.replace(context.state.id, { limitPrice: 99, quantity: 12, reason: 'nearer' });
        if (context.state.seen === 3) context.replace('not.mine.TEST.9', { limitPrice: 99, reason: 'nothing to replace' });
        if (context.state.seen === 4) context.replace(context.state.id, { reason: 'nothing different' });
        const open = context.openOrders.map(({ type, limitPrice, quantity }) => [type, limitPrice, quantity].join(' '));
        context.log('info', open.join(', '));
      },
      onOrder(context, { clientOrderId, status }) {
        context.log('info', clientOrderId.split('.').at(-1) + ' ' + status);
      },
      onDenial(context, { reason }) { context.log('info', reason.code); },`);
    const { fills, messages, denials, faults } = await tryStrategy({
      strategy,
      bars: minuteBars([100, 100, 100, 98, 98]),
    });
    expect(fills).toEqual([{ symbol: 'TEST', side: 'buy', quantity: 12, price: 99 }]);
    expect(faults).toEqual([]);
    expect(denials).toEqual([]);
    expect(messages).toEqual([
      'limit 95 10',
      ...['1 submitting', '1 new'],
      'limit 95 10, limit 99 12',
      ...['2 submitting', '1 replaced', '2 new'],
      'limit 99 12',
      'unknown_order',
      '',
      'unknown_order',
      '',
    ]);
  });

  const bracketed = (exits: string) => `onBar(context) {
    context.state.seen += 1;
    if (context.state.seen === 1) context.buy({ quantity: 10, ${exits} reason: 'bracketed' });
  },
  onOrder(context, { clientOrderId, status }) { context.log('info', clientOrderId.split('.').at(-1) + ' ' + status); },
  onDenial(context, { reason }) { context.log('info', reason.code + ' ' + reason.detail); },`;
  const both = 'takeProfit: { limitPrice: 103 }, stopLoss: { stopPrice: 98 },';

  it('takes the gain of a bracket, and its other exit is gone', async () => {
    const strategy = strategyOf(bracketed(both));
    const { fills, messages, positions, faults } = await tryStrategy({
      strategy,
      bars: minuteBars([100, 100, 102, 104, 90]),
    });
    expect(fills.map(({ side, price }) => `${side} ${price}`)).toEqual(['buy 100', 'sell 103']);
    expect(positions).toEqual({});
    expect(faults).toEqual([]);
    expect(messages.at(-1)).toBe('stop_loss canceled');
    expect(messages).toContain('take_profit held');
  });

  it('stops the loss of a bracket where a bar reaches both exits', async () => {
    const strategy = strategyOf(bracketed(both));
    const bars = minuteBars([100, 100, 100, 100]);
    const wide = bars.map((bar, index) => (index === 2 ? { ...bar, high: 110, low: 90 } : bar));
    const { fills } = await tryStrategy({ strategy, bars: wide });
    expect(fills.map(({ side, price }) => `${side} ${price}`)).toEqual(['buy 100', 'sell 98']);
    // Inside the bar that fills a patient order nobody knows what came first: its loss counts, its gain does not.
    const patient = strategyOf(bracketed(`limitPrice: 99.5, ${both}`));
    const same = bars.map((bar, index) => (index === 1 ? { ...bar, high: 110, low: 97 } : bar));
    expect((await tryStrategy({ strategy: patient, bars: same })).fills.map(({ price }) => price)).toEqual([
      99.5, 98,
    ]);
    const gain = bars.map((bar, index) => (index === 1 ? { ...bar, high: 110, low: 99 } : bar));
    expect((await tryStrategy({ strategy: patient, bars: gain })).fills.map(({ price }) => price)).toEqual([
      99.5,
    ]);
  });

  it('closes what is held by one of two exits, and moves a stop', async () => {
    const strategy = strategyOf(`onBar(context) {
      context.state.seen += 1;
      if (context.state.seen === 1) context.buy({ quantity: 10, reason: 'in' });
      if (context.state.seen === 2) {
        context.sell({ quantity: 10, orderClass: 'oco', takeProfit: { limitPrice: 110 }, stopLoss: { stopPrice: 95 }, reason: 'either' });
      }
      const stop = context.openOrders.find(({ type }) => type === 'stop');
      if (context.state.seen === 3) context.replace(stop.clientOrderId, { stopPrice: 99, reason: 'closer' });
      context.log('info', context.openOrders.map(({ type, parentId }) => type + ' ' + (parentId === null)).join(', '));
    },
    onDenial(context, { reason }) { context.log('info', reason.code + ' ' + reason.detail); },`);
    const { fills, messages, positions, faults } = await tryStrategy({
      strategy,
      bars: minuteBars([100, 100, 100, 100, 98]),
    });
    expect(fills.map(({ side, price }) => `${side} ${price}`)).toEqual(['buy 100', 'sell 99']);
    expect(positions).toEqual({});
    expect(faults).toEqual([]);
    expect(messages).toEqual([
      'market true',
      'limit true',
      'limit true, stop false, stop false',
      'limit true, stop false',
      '',
    ]);
  });

  it.each([
    ['stopLoss: {},', 'stopLossStopPrice must be a number above zero'],
    [`orderClass: 'oto', ${both}`, 'with two exits the order is bracket'],
    ["orderClass: 'oco',", 'takeProfit and stopLoss are missing'],
    ["orderClass: 'mleg',", 'orderClass must be one of'],
    [`orderClass: 'oco', limitPrice: 101, ${both}`, 'has its limit in takeProfit'],
    ['takeProfit: { limitPrice: 90 },', 'the take-profit must be a cent or more above'],
  ])('denies %s', async (exits, detail) => {
    const { fills, messages } = await tryStrategy({
      strategy: strategyOf(bracketed(exits)),
      bars: minuteBars([100, 100, 100]),
    });
    expect(fills).toEqual([]);
    expect(messages.join()).toContain(detail);
  });

  it('spends an amount, in fractions, and raises one', async () => {
    const strategy = strategyOf(`onBar(context) {
      context.state.seen += 1;
      if (context.state.seen === 1) context.buy({ notional: 500.009, reason: 'an amount' });
      if (context.state.seen === 2) context.sell({ notional: 250, reason: 'half of it' });
      if (context.state.seen === 3) context.buy({ notional: 5, quantity: 5, reason: 'both' });
      if (context.state.seen === 4) context.buy({ notional: 5, limitPrice: 90, reason: 'patient' });
    },
    onFill(context, { quantity, isComplete }) { context.log('info', quantity + ' ' + isComplete); },
    onDenial(context, { reason }) { context.log('info', reason.detail); },`);
    const bars = minuteBars([100, 100, 120, 125, 125]);
    const { fills, messages, positions } = await tryStrategy({ strategy, bars });
    expect(fills.map(({ side, quantity, price }) => `${side} ${quantity} ${price}`)).toEqual([
      'buy 5 100',
      'sell 2.5 100',
    ]);
    expect(positions).toEqual({ TEST: 2.5 });
    expect(messages).toEqual([
      '5 true',
      '2.5 true',
      'an order is of a quantity or of a notional, not of both',
      'an order by amount is a market order, not limit',
    ]);
  });
});
