import { describe, expect, it } from 'vitest';
import { decimal } from '../../src/domain/decimal.ts';
import { StrategyHost } from '../../src/engine/host.ts';
import { EventKind, GapReason, RowFlag } from '../../src/tape/batch.ts';
import {
  ACCOUNT,
  assignment,
  BatchWriter,
  filled,
  hostConfig,
  instance,
  MINUTE,
  OPEN,
  orderOf,
  positionOf,
  Recorder,
  SECOND,
  tradesBatch,
} from './inbox.ts';
import { scripted } from './scripts.ts';

const NOON = OPEN + 60 * MINUTE;

async function hostOf(members: string, changes: Parameters<typeof hostConfig>[1] = {}, before = '') {
  const bundle = await scripted('test', members, before);
  const output = new Recorder();
  const host = new StrategyHost(hostConfig([instance(bundle)], changes), output);
  return { host, output, bundle };
}

function assign(host: StrategyHost, ...symbols: string[]): void {
  host.handleCommand({ type: 'assign', units: symbols.map((symbol) => assignment('test', symbol)) }, NOON);
}

function trade(host: StrategyHost, symbol: string, atMicros: number, price = 100): void {
  host.handleBatch(tradesBatch([{ symbol, atMicros, price }]), atMicros);
}

describe('the strategy host', () => {
  it('shows trades as the tape has them and turns a proposal into an exact intent', async () => {
    const { host, output } = await hostOf(`
      onTrade(context, trade) {
        context.buy({ quantity: 0.1 + 0.2, limitPrice: trade.price + 0.017, stopLossPrice: 98.5, reason: 'why',
          indicators: { price: trade.price, size: trade.size, exchange: trade.exchange, last: trade.movesLast,
            bad: NaN, time: trade.timeMicros } });
      },`);
    assign(host, 'AAPL');
    const flags = RowFlag.notLast;
    host.handleBatch(
      tradesBatch([{ symbol: 'AAPL', atMicros: NOON + 5, price: 100.25, size: 7, flags }]),
      NOON + 9,
    );
    expect(output.orders).toMatchObject([
      {
        clientOrderId: '0b1c2d3e0000.test.AAPL.1',
        algoRunId: '7',
        consumer: 'A',
        side: 'buy',
        type: 'limit',
        timeInForce: 'day',
        quantity: decimal('0.3'),
        limitPrice: decimal('100.26'),
        stopLossPrice: decimal('98.5'),
        reduceOnly: false,
        reason: 'why',
        indicators: { price: 100.25, size: 7, exchange: 'V', last: false, bad: null, time: NOON + 5 },
        causedBy: 2,
        decidedAtMicros: NOON + 5,
      },
    ]);
  });

  it('does the same for the same inbox, chance included', async () => {
    const members = `
      onTrade(context) {
        const draw = context.random() + Math.random();
        if (draw > 1.2) context.buy({ quantity: 1 + Math.floor(draw * 10), reason: 'draw ' + draw + ' ' + Date.now() });
      },`;
    const bundle = await scripted('test', members);
    const run = () => {
      const output = new Recorder();
      const host = new StrategyHost(hostConfig([instance(bundle)]), output);
      assign(host, 'AAPL', 'MSFT');
      for (let index = 0; index < 200; index += 1) {
        trade(host, index % 3 === 0 ? 'AAPL' : 'MSFT', NOON + index * SECOND);
      }
      return output;
    };
    const [first, second] = [run(), run()];
    expect(first.orders.length).toBeGreaterThan(20);
    expect(second.intents).toEqual(first.intents);
    expect(second.reports).toEqual(first.reports);
  });

  it('calls the handlers for one event in the order of the plan', async () => {
    const bundle = await scripted(
      'test',
      `onTrade(context) { context.log('info', context.parameters.name); },
      parameters: z.strictObject({ name: z.string() }),`,
    );
    const output = new Recorder();
    const names = ['c', 'a', 'b'];
    const instances = names.map((name) => instance(bundle, { instanceId: name, parameters: { name } }));
    const host = new StrategyHost(hostConfig(instances), output);
    const units = ['b', 'c', 'a'].map((name) => assignment(name, 'AAPL'));
    host.handleCommand({ type: 'assign', units }, NOON);
    trade(host, 'AAPL', NOON);
    expect(output.said).toEqual(names);
  });

  it('gives quotes, last price, session and portfolio', async () => {
    const { host, output } = await hostOf(`
      onQuote(context, quote) {
        context.log('info', [quote.symbol, quote.bidPrice, quote.askSize, quote.mid, context.lastPrice,
          context.quote.mid, context.minutesSinceOpen, context.session.date, context.portfolio.buyingPower].join(' '));
      },`);
    assign(host, 'AAPL');
    host.handleDesk([{ type: 'account', account: ACCOUNT, riskState: 'active' }], NOON);
    const writer = new BatchWriter(4, NOON);
    writer.define('AAPL');
    writer.trade({ symbol: 'AAPL', atMicros: NOON, price: 100.1 });
    writer.trade({ symbol: 'AAPL', atMicros: NOON, price: 500, flags: RowFlag.notLast });
    writer.quote('AAPL', NOON, { bid: 100, ask: 101 });
    host.handleBatch(writer.batch, NOON);
    expect(output.said).toEqual(['AAPL 100 3 100.5 100.1 100.5 60 2026-11-20 200000']);
  });

  it('shows a strategy of a portfolio that portfolio, and the others the account', async () => {
    const bundle = await scripted(
      'test',
      `onTrade(context) { const { equity, cash, buyingPower } = context.portfolio; context.log('info', [equity, cash, buyingPower].join(' ')); },
      parameters: z.strictObject({}),`,
    );
    const output = new Recorder();
    const instances = ['saver', 'free'].map((name) => instance(bundle, { instanceId: name }));
    const host = new StrategyHost(hostConfig(instances), output);
    const units = ['saver', 'free'].map((name) => assignment(name, 'AAPL'));
    host.handleCommand({ type: 'assign', units }, NOON);
    const [equity, cash, buyingPower] = ['3050', '2000', '1500.5'].map(decimal);
    const share = { instanceIds: ['saver'], equity: equity!, cash: cash!, buyingPower: buyingPower! };
    const event = { type: 'account', account: ACCOUNT, riskState: 'active', portfolios: [share] } as const;
    host.handleDesk([event], NOON);
    trade(host, 'AAPL', NOON);
    expect(output.said).toEqual(['3050 2000 1500.5', expect.stringMatching(/ 200000$/)]);
  });

  it('stops a strategy that throws for that symbol only, names the line, and cancels its orders', async () => {
    const { host, output, bundle } = await hostOf(`
      onTrade(context, trade) {
        if (context.symbol === 'MSFT') { context.log('info', 'fine'); return; }
        if (trade.price === 100) { context.buy({ quantity: 1, reason: 'r' }); return; }
        throw new RangeError('no such level');
      },`);
    assign(host, 'AAPL', 'MSFT');
    trade(host, 'AAPL', NOON);
    trade(host, 'AAPL', NOON + 1, 101);
    trade(host, 'AAPL', NOON + 2);
    trade(host, 'MSFT', NOON + 3);
    const [fault, ...others] = output.of('fault');
    expect(others).toEqual([]);
    expect(fault).toMatchObject({
      unit: { instanceId: 'test', symbol: 'AAPL' },
      symbol: 'AAPL',
      handler: 'onTrade',
      message: 'RangeError: no such level',
    });
    expect(fault?.stack).toMatch(new RegExp(`at .*${bundle.path}:10:\\d+`));
    expect(output.intents.map(({ kind }) => kind)).toEqual(['order', 'cancel']);
    expect(output.said).toEqual(['fine']);
  });

  it('refuses a handler that returns a promise', async () => {
    const { host, output } = await hostOf(`async onTrade() { throw new Error('later'); },`);
    assign(host, 'AAPL');
    trade(host, 'AAPL', NOON);
    expect(output.of('fault')).toMatchObject([
      { handler: 'onTrade', message: expect.stringContaining('promise') },
    ]);
  });

  it('denies what is invalid and tells the strategy why', async () => {
    const { host, output } = await hostOf(`
      onTrade(context) {
        for (const quantity of [NaN, 0, -1, '5', 1e-12]) context.buy({ quantity, reason: 'r' } as never);
        context.buy({ quantity: 1, limitPrice: Infinity, reason: 'r' });
        context.buy({ quantity: 1, reason: '' });
      },
      onDenial(context, denial) { context.log('info', denial.reason.code + ' ' + denial.reason.detail); },`);
    assign(host, 'AAPL');
    trade(host, 'AAPL', NOON);
    expect(output.intents).toEqual([]);
    expect(output.said).toHaveLength(7);
    expect(output.said[0]).toBe('invalid quantity must be a number above zero, not NaN');
    expect(output.said[6]).toBe('invalid reason must be a text');
  });

  it('ends a strategy that answers every denial with the next denied order', async () => {
    const { host, output } = await hostOf(`
      onTrade(context) { context.buy({ quantity: -1, reason: 'r' }); },
      onDenial(context) { context.buy({ quantity: -1, reason: 'r' }); },`);
    assign(host, 'AAPL');
    trade(host, 'AAPL', NOON);
    expect(output.of('fault')).toMatchObject([{ handler: 'onDenial' }]);
  });

  it('denies new risk outside of the windows and the market hours, and lets reducing orders pass', async () => {
    const bundle = await scripted(
      'test',
      `
      onTrade(context, trade) {
        context.log('info', String(context.isWindowOpen));
        if (trade.price > 0) context[trade.price === 1 ? 'sell' : 'buy']({ quantity: trade.size, reason: 'r' });
      },
      onDenial(context, denial) { context.log('info', denial.reason.code); },`,
    );
    const output = new Recorder();
    const windows = [{ startMs: 30 * 60_000, durationMs: 60 * 60_000 }];
    const host = new StrategyHost(
      hostConfig([instance(bundle, { windows })], { liquidateBeforeCloseMs: 15 * 60_000 }),
      output,
    );
    assign(host, 'AAPL');
    const at = (minute: number, price: number, size = 10) =>
      host.handleBatch(
        tradesBatch([{ symbol: 'AAPL', atMicros: OPEN + minute * MINUTE, price, size }]),
        OPEN + minute * MINUTE,
      );
    at(61, 2);
    host.handleDesk([filled(output.orders[0]!, '10', '2')], OPEN + 62 * MINUTE);
    at(95, 2);
    at(95, 1, 4);
    at(95, 1, 6);
    at(95, 1, 1);
    at(400, 2);
    expect(output.said).toEqual([
      'true',
      'false',
      'outside_window',
      'false',
      'false',
      'false',
      'outside_window',
      'false',
      'market_closed',
    ]);
    expect(output.orders.map(({ side, reduceOnly }) => [side, reduceOnly])).toEqual([
      ['buy', false],
      ['sell', true],
      ['sell', true],
    ]);
  });

  it('does not show what is too old or too late, says so once a second, and tells of the gap', async () => {
    const { host, output } = await hostOf(`
      onTrade(context, trade) { context.log('info', 'trade ' + trade.price); },
      onGap(context, gap) { context.log('info', 'gap ' + gap.reason + ' ' + gap.count + ' ' + (gap.toMicros - gap.fromMicros)); },`);
    assign(host, 'AAPL');
    const old = [0, 1, 2].map((index) => ({ symbol: 'AAPL', atMicros: NOON + index, price: 10 + index }));
    host.handleBatch(tradesBatch(old), NOON + 7_200_000);
    const late = { symbol: 'AAPL', atMicros: NOON + 3, receivedMicros: NOON + 6 * SECOND, price: 20 };
    host.handleBatch(tradesBatch([late]), NOON + 7_300_000);
    host.handleBatch(
      tradesBatch([{ symbol: 'AAPL', atMicros: NOON + 8 * SECOND, price: 30 }]),
      NOON + 8 * SECOND,
    );
    expect(output.said).toEqual(['gap stale 4 3', 'trade 30']);
    expect(output.lines.map(({ message }) => message)).toEqual(['consumer A AAPL out of sync w 7.2s']);
    expect(host.counters).toMatchObject({ eventsShown: 1, eventsStale: 4, lagMs: 0 });
  });

  it('counts a late report, and puts it into its bar, without calling it lag', async () => {
    const { host, output } = await hostOf(`
      onTrade(context, trade) { context.log('info', 'trade ' + trade.price); },
      onBar(context, bar) { context.log('info', [bar.close, bar.volume].join(' ')); },
      onGap(context, gap) { context.log('info', 'gap'); },`);
    assign(host, 'AAPL');
    const at = (offset: number, receivedMicros: number, flags = 0) => ({
      symbol: 'AAPL',
      atMicros: NOON + offset * SECOND,
      receivedMicros,
      price: 10 + offset,
      size: 5,
      flags,
    });
    const now = NOON + 20 * SECOND;
    host.handleBatch(
      tradesBatch([
        at(0, NOON),
        at(19, now),
        at(1, now, RowFlag.notLast),
        at(2, now, RowFlag.notLast | RowFlag.notVolume),
        at(20, now),
      ]),
      NOON + SECOND,
    );
    expect(host.counters).toMatchObject({ eventsShown: 3, eventsStale: 2, lagMs: 0 });
    host.advanceTo(NOON + MINUTE + SECOND);
    expect(output.said).toEqual(['trade 10', 'trade 29', 'trade 30', '30 20']);
    expect(output.lines).toEqual([]);
  });

  it('calls a late report lag when it was we who were late', async () => {
    const { host, output } = await hostOf(`onTrade(context, trade) { context.log('info', 'trade'); },`);
    assign(host, 'AAPL');
    const report = { symbol: 'AAPL', atMicros: NOON, price: 10, flags: RowFlag.notLast };
    host.handleBatch(tradesBatch([report]), NOON + 6 * SECOND);
    expect(output.said).toEqual([]);
    expect(output.lines.map(({ message }) => message)).toEqual(['consumer A AAPL out of sync w 6.0s']);
  });

  it('builds bars from trades, stale ones included, and closes them in time', async () => {
    const { host, output } = await hostOf(`
      onTrade() {},
      onBar(context, bar) {
        context.log('info', [bar.open, bar.high, bar.low, bar.close, bar.volume, bar.incomplete].join(' '));
        if (context.minuteBars.at(-1) !== bar) throw new Error('not the same bar');
      },`);
    assign(host, 'AAPL');
    const at = (offset: number, price: number, flags = 0) => ({
      symbol: 'AAPL',
      atMicros: NOON + offset,
      price,
      size: 5,
      flags,
    });
    host.handleBatch(
      tradesBatch([at(0, 100), at(10, 105, RowFlag.notRange | RowFlag.notLast), at(20, 99), at(MINUTE, 101)]),
      NOON + MINUTE + 30 * SECOND,
    );
    expect(output.said).toEqual(['100 100 99 99 15 false']);
    host.advanceTo(NOON + 2 * MINUTE + SECOND);
    expect(output.said[1]).toBe('101 101 101 101 5 false');
  });

  it("takes the feed's bars, replaces one that is corrected, and calls nobody for that", async () => {
    const { host, output } = await hostOf(
      `onBar(context) { context.log('info', [...context.minuteBars.column('close')].join(' ')); },
       onTimer(context) { context.log('info', 'now ' + [...context.minuteBars.column('close')].join(' ')); },
       onStart(context) { context.setTimer('look', context.nowMicros + 600e6); },`,
      { feedHasBars: true },
    );
    assign(host, 'AAPL');
    const writer = new BatchWriter(8, NOON);
    writer.define('AAPL');
    writer.bar('AAPL', NOON, 100);
    writer.bar('AAPL', NOON + MINUTE, 101);
    writer.bar('AAPL', NOON, 99, EventKind.updatedBar);
    host.handleBatch(writer.batch, NOON + MINUTE);
    host.advanceTo(NOON + 11 * MINUTE);
    expect(output.said).toEqual(['100', '100 101', 'now 99 101']);
  });

  it('asks for history, shows nothing before it is there, and keeps bars that closed meanwhile', async () => {
    const { host, output } = await hostOf(
      `warmUp: () => ({ minuteBars: 3, dailyBars: 1 }),
       onStart(context) { context.log('info', 'start ' + [...context.minuteBars.column('close')].join(' ') + ' / ' + context.dailyBars.length); },
       onTrade(context, trade) { context.log('info', 'trade ' + trade.price); },`,
      { feedHasBars: true },
    );
    assign(host, 'AAPL');
    const [request] = output.of('history_request');
    expect(request).toMatchObject({ symbol: 'AAPL', minuteBars: 3, dailyBars: 1, toMicros: NOON });
    const writer = new BatchWriter(3, NOON);
    writer.define('AAPL');
    writer.trade({ symbol: 'AAPL', atMicros: NOON + 1, price: 50 });
    writer.bar('AAPL', NOON, 104);
    host.handleBatch(writer.batch, NOON + MINUTE);
    const bar = (minute: number, close: number) => ({
      symbol: 'AAPL',
      timeMicros: NOON + minute * MINUTE,
      open: close,
      high: close,
      low: close,
      close,
      volume: 1,
      vwap: close,
      tradeCount: 1,
    });
    const minuteBars = [bar(-3, 101), bar(-2, 102), bar(-1, 103)];
    host.handleCommand(
      {
        type: 'history',
        requestId: request!.requestId,
        symbol: 'AAPL',
        answer: { ok: true, minuteBars, dailyBars: [bar(-600, 90)] },
      },
      NOON + MINUTE,
    );
    trade(host, 'AAPL', NOON + MINUTE, 51);
    expect(output.said).toEqual(['start 101 102 103 104 / 1', 'trade 51']);
  });

  it('starts without history when there is none to be had, and says so', async () => {
    const { host, output } = await hostOf(
      `warmUp: () => ({ minuteBars: 3 }), onStart(context) { context.log('info', 'start'); },`,
    );
    assign(host, 'AAPL');
    const answer = { ok: false, message: 'the provider does not answer' } as const;
    host.handleCommand({ type: 'history', requestId: 1, symbol: 'AAPL', answer }, NOON);
    expect(output.said).toEqual(['start']);
    expect(output.lines[0]?.message).toBe('no history of AAPL: the provider does not answer');
  });

  it('fetches the minutes that a lost connection cost before the strategy goes on', async () => {
    const { host, output } = await hostOf(
      `onGap(context, gap) { context.log('info', gap.reason); }, onTrade(context) { context.log('info', 'trade'); },`,
    );
    assign(host, 'AAPL');
    const writer = new BatchWriter(3, NOON);
    writer.define('AAPL');
    writer.gap(null, NOON, NOON + 3 * MINUTE, GapReason.disconnected);
    writer.trade({ symbol: 'AAPL', atMicros: NOON + 3 * MINUTE, price: 50 });
    host.handleBatch(writer.batch, NOON + 3 * MINUTE);
    const [request] = output.of('history_request');
    expect(request).toMatchObject({ minuteBars: 3, toMicros: NOON + 3 * MINUTE });
    const answer = { ok: true, minuteBars: [], dailyBars: [] } as const;
    host.handleCommand(
      { type: 'history', requestId: request!.requestId, symbol: 'AAPL', answer },
      NOON + 3 * MINUTE,
    );
    trade(host, 'AAPL', NOON + 3 * MINUTE + 1);
    expect(output.said).toEqual(['disconnected', 'trade']);
  });

  it('closes a position after its open orders have ended, and never opens one by it', async () => {
    const { host, output } = await hostOf(`
      onTrade(context, trade) {
        if (trade.price === 1) context.buy({ quantity: 10, reason: 'in' });
        if (trade.price === 2) context.sell({ quantity: 10, limitPrice: 9, reason: 'target' });
        if (trade.price === 3) context.flatten('out');
        if (trade.price === 4) context.buy({ quantity: 1, reason: 'too early' });
      },
      onDenial(context, denial) { context.log('info', denial.reason.detail); },`);
    assign(host, 'AAPL');
    trade(host, 'AAPL', NOON, 1);
    host.handleDesk([filled(output.orders[0]!, '10', '1')], NOON);
    trade(host, 'AAPL', NOON, 2);
    trade(host, 'AAPL', NOON, 3);
    trade(host, 'AAPL', NOON, 3);
    expect(output.intents.map(({ kind }) => kind)).toEqual(['order', 'order', 'cancel']);
    trade(host, 'AAPL', NOON, 4);
    expect(output.said).toEqual(['the position is being closed']);
    const partly = orderOf(output.orders[1]!, { status: 'canceled', filledQuantity: decimal('4') });
    host.handleDesk(
      [
        { type: 'position', position: positionOf(output.orders[1]!, '6') },
        { type: 'order', order: partly },
      ],
      NOON,
    );
    const closing = output.orders[2]!;
    expect(closing).toMatchObject({
      side: 'sell',
      type: 'market',
      quantity: decimal('6'),
      reduceOnly: true,
      reason: 'out',
    });
    host.handleDesk([filled(closing, '0', '1')], NOON);
    trade(host, 'AAPL', NOON, 1);
    expect(output.orders).toHaveLength(4);
  });

  it('tries again to close when the closing order is refused', async () => {
    const { host, output } = await hostOf(`onTrade(context, trade) {
      if (trade.price === 1) context.buy({ quantity: 10, reason: 'in' }); else context.flatten('out'); },`);
    assign(host, 'AAPL');
    trade(host, 'AAPL', NOON, 1);
    host.handleDesk([filled(output.orders[0]!, '10', '1')], NOON);
    trade(host, 'AAPL', NOON, 2);
    const refused = orderOf(output.orders[1]!, { status: 'rejected', statusReason: 'halted' });
    host.handleDesk([{ type: 'order', order: refused }], NOON);
    expect(output.orders).toHaveLength(2);
    host.advanceTo(NOON + SECOND);
    expect(output.orders).toHaveLength(3);
    expect(output.orders[2]).toMatchObject({ quantity: decimal('10'), reduceOnly: true });
  });

  it('comes back after a crash with its state, timers, position, orders and the next sequence', async () => {
    const members = `initialState: () => ({ seen: 0 }),
      onStart(context) { context.log('info', ['start', context.state.seen, context.position.quantity,
        context.openOrders.map((order) => order.clientOrderId + ' ' + order.status).join()].join(' ')); },
      onTrade(context) { context.state.seen += 1; context.setTimer('later', 1e6 * Math.ceil(context.nowMicros / 1e6) + 60e6);
        context.buy({ quantity: 1, reason: 'r' }); },
      onTimer(context, name) { context.log('info', name + ' ' + context.state.seen); },`;
    const bundle = await scripted('test', members);
    const output = new Recorder();
    const host = new StrategyHost(hostConfig([instance(bundle)]), output);
    assign(host, 'AAPL');
    trade(host, 'AAPL', NOON);
    trade(host, 'AAPL', NOON + 1);
    const saved = output.of('states').at(-1)!.states[0]!;
    expect(saved).toMatchObject({ instanceId: 'test', symbol: 'AAPL' });
    const [first, second] = output.orders;

    const output2 = new Recorder();
    const host2 = new StrategyHost(hostConfig([instance(bundle)]), output2);
    const restored = assignment('test', 'AAPL', {
      state: saved.state,
      orderSequence: 2,
      positions: [positionOf(first!, '1')],
      openOrders: [orderOf(second!)],
    });
    host2.handleCommand({ type: 'assign', units: [restored] }, NOON + 2 * SECOND);
    host2.advanceTo(NOON + 2 * MINUTE);
    expect(output2.said).toEqual(['start 2 1 0b1c2d3e0000.test.AAPL.2 new', 'later 2']);
    trade(host2, 'AAPL', NOON + 2 * MINUTE);
    expect(output2.orders[0]?.clientOrderId).toBe('0b1c2d3e0000.test.AAPL.3');
  });

  it('saves states after an intent, and from time to time when they have changed', async () => {
    const { host, output } = await hostOf(
      `initialState: () => ({ seen: 0 }), onTrade(context) { context.state.seen += 1; },`,
    );
    assign(host, 'AAPL');
    trade(host, 'AAPL', NOON + 1);
    host.advanceTo(NOON + 10 * SECOND);
    host.advanceTo(NOON + 20 * SECOND);
    expect(output.of('states')).toHaveLength(1);
    expect(output.of('states')[0]?.states[0]?.state).toContain('"seen":1');
    trade(host, 'AAPL', NOON + 21 * SECOND);
    host.handleCommand({ type: 'stop' }, NOON + 22 * SECOND);
    expect(output.of('states')).toHaveLength(2);
    expect(output.of('stopped')).toHaveLength(1);
  });

  it('stops a unit whose state grows beyond its limit or is no plain data', async () => {
    const grown = await hostOf(
      `onTrade(context) { context.state = 'x'.repeat(3e5); context.buy({ quantity: 1, reason: 'r' }); },`,
    );
    assign(grown.host, 'AAPL');
    trade(grown.host, 'AAPL', NOON);
    expect(grown.output.of('fault')).toMatchObject([{ handler: 'state' }]);
    const cyclic = await hostOf(
      `onTrade(context) { context.state.self = context.state; context.buy({ quantity: 1, reason: 'r' }); },`,
    );
    assign(cyclic.host, 'AAPL');
    trade(cyclic.host, 'AAPL', NOON);
    expect(cyclic.output.of('fault')).toMatchObject([{ handler: 'state' }]);
  });

  it('gives a strategy over many symbols each event with its symbol and a view of the others', async () => {
    const bundle = await scripted(
      'test',
      `scope: 'universe',
      onTrade(context, trade) {
        const other = context.view(context.symbol === 'KO' ? 'PEP' : 'KO');
        context.log('info', [context.symbol, context.symbols.join('+'), other.lastPrice].join(' '));
        if (context.symbol === 'PEP') context.sell({ symbol: 'KO', quantity: 2, reason: 'pair' });
      },`,
    );
    const output = new Recorder();
    const host = new StrategyHost(hostConfig([instance(bundle)]), output);
    host.handleCommand(
      { type: 'assign', units: [assignment('test', '*', { symbols: ['KO', 'PEP'] })] },
      NOON,
    );
    trade(host, 'KO', NOON, 60);
    trade(host, 'PEP', NOON, 160);
    const symbols = ['PEP', 'MNST'];
    host.handleCommand({ type: 'symbols', unit: { instanceId: 'test', symbol: '*' }, symbols }, NOON);
    expect(output.said).toEqual(['KO KO+PEP NaN', 'PEP KO+PEP 60']);
    expect(output.of('symbols')).toMatchObject([{ symbols: ['KO', 'PEP', 'MNST'] }]);
    expect(output.orders).toMatchObject([
      { symbol: 'KO', side: 'sell', clientOrderId: '0b1c2d3e0000.test.KO.1' },
    ]);
  });

  it('denies everything once it was told to stop', async () => {
    const { host, output } = await hostOf(`onTrade(context) { context.buy({ quantity: 1, reason: 'r' }); },`);
    assign(host, 'AAPL');
    host.handleCommand({ type: 'stop' }, NOON);
    trade(host, 'AAPL', NOON);
    expect(output.intents).toEqual([]);
  });

  it('lets a symbol leave that is flat, with its last state, and keeps one with an order or a position', async () => {
    const { host, output } = await hostOf(
      `onTrade(context, trade) { if (trade.price > 100) context.buy({ quantity: 1, reason: 'r' }); },`,
    );
    assign(host, 'AAPL', 'MSFT', 'KO');
    trade(host, 'MSFT', NOON, 101);
    for (const symbol of ['AAPL', 'MSFT', 'NONE']) {
      host.handleCommand({ type: 'symbols', unit: { instanceId: 'test', symbol }, symbols: [] }, NOON);
    }
    expect(output.of('symbols')).toEqual([
      { type: 'symbols', unit: { instanceId: 'test', symbol: 'AAPL' }, symbols: [] },
      { type: 'symbols', unit: { instanceId: 'test', symbol: 'MSFT' }, symbols: ['MSFT'] },
    ]);
    expect(output.of('states').at(-1)?.states).toMatchObject([{ instanceId: 'test', symbol: 'AAPL' }]);
    expect(host.counters.units).toBe(2);
  });

  it('lets go of a unit with its last state', async () => {
    const { host, output } = await hostOf(`onTrade(context) { context.log('info', 'trade'); },`);
    assign(host, 'AAPL', 'MSFT');
    host.handleCommand({ type: 'unassign', units: [{ instanceId: 'test', symbol: 'AAPL' }] }, NOON);
    trade(host, 'AAPL', NOON);
    trade(host, 'MSFT', NOON);
    expect(output.said).toEqual(['trade']);
    expect(output.of('states')[0]?.states).toMatchObject([{ instanceId: 'test', symbol: 'AAPL' }]);
    expect(host.counters.units).toBe(1);
  });
});
