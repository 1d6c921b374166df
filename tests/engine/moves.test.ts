import { describe, expect, it } from 'vitest';
import { StrategyHost } from '../../src/engine/host.ts';
import { Batch, EventKind } from '../../src/tape/batch.ts';
import type { ConsumerReport, DeskEvent, MovedUnit } from '../../src/transport/messages.ts';
import {
  assignment,
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
const UNIT = { instanceId: 'test', symbol: 'AAPL' };

function barrier(moveId: number, atMicros: number): Batch {
  const batch = Batch.create({ rows: 1, heapBytes: 0 }, 1, atMicros);
  batch.clearRow(0, EventKind.barrier, 0);
  batch.n0[0] = moveId;
  batch.count = 1;
  return batch;
}

function handover(from: string, to: string): DeskEvent {
  return { type: 'handover', moveId: 1, unit: UNIT, from, to };
}

/** Two hosts with the same strategy, and a unit that moves from A to B. */
async function pair(members: string, changes: Parameters<typeof hostConfig>[1] = {}) {
  const bundle = await scripted('test', members);
  const side = (consumer: string) => {
    const output = new Recorder();
    return {
      output,
      host: new StrategyHost(hostConfig([instance(bundle)], { consumer, ...changes }), output),
    };
  };
  const a = side('A');
  const b = side('B');
  a.host.handleCommand({ type: 'assign', units: [assignment('test', 'AAPL')] }, NOON);
  const trade = (host: StrategyHost, atMicros: number, price: number) =>
    host.handleBatch(tradesBatch([{ symbol: 'AAPL', atMicros, price }]), atMicros);
  const left = () => a.output.of('left')[0]?.moved ?? null;
  return {
    a,
    b,
    trade,
    prepare: (nowMicros: number) => {
      a.host.handleCommand({ type: 'leave', moveId: 1, unit: UNIT, to: 'B' }, nowMicros);
      b.host.handleCommand({ type: 'expect', moveId: 1, unit: UNIT, symbols: ['AAPL'] }, nowMicros);
    },
    left,
    /** The unit arrives at B with what A has given away and what the desk knows. */
    arrive: (
      nowMicros: number,
      known: Parameters<typeof assignment>[2] = {},
      moved: MovedUnit | null = left(),
    ) => {
      const arrival = { moveId: 1, moved };
      const units = [assignment('test', 'AAPL', { state: moved?.state ?? null, ...known, arrival })];
      b.host.handleCommand({ type: 'assign', units }, nowMicros);
    },
  };
}

const logs = (reports: readonly ConsumerReport[]) =>
  reports.flatMap((report) => (report.type === 'log' ? [{ said: report.message, ...report.fields }] : []));

describe('a unit that moves', () => {
  it('takes along its closed bars, the bar under way, its last prices and its timers', async () => {
    const { a, b, trade, prepare, arrive } = await pair(`
      onStart(context) { context.setTimer('later', context.nowMicros + 90_000_000); },
      onBar(context, bar) {
        context.log('info', 'bar', { bars: context.minuteBars.length, open: bar.open, close: bar.close,
          volume: bar.volume, incomplete: bar.incomplete });
      },
      onTimer(context, name) { context.log('info', name, { last: context.lastPrice }); },`);
    // The first minute was not seen from its begin; the second was.
    trade(a.host, NOON + SECOND, 100);
    trade(a.host, NOON + MINUTE + SECOND, 101);
    trade(a.host, NOON + MINUTE + 2 * SECOND, 103);
    prepare(NOON + MINUTE + 3 * SECOND);
    a.host.handleBatch(barrier(1, NOON + MINUTE + 3 * SECOND), NOON + MINUTE + 3 * SECOND);
    b.host.handleBatch(barrier(1, NOON + MINUTE + 3 * SECOND), NOON + MINUTE + 3 * SECOND);
    trade(b.host, NOON + MINUTE + 10 * SECOND, 102);
    a.host.handleDesk([handover('A', 'B')], NOON + MINUTE + 4 * SECOND);
    arrive(NOON + MINUTE + 11 * SECOND);
    b.host.advanceTo(NOON + 3 * MINUTE);
    expect(logs(a.output.reports)).toMatchObject([{ said: 'bar', bars: 1, close: 100 }]);
    expect(logs(b.output.reports)).toMatchObject([
      { said: 'later', last: 102 },
      { said: 'bar', bars: 2, open: 101, close: 102, volume: 300, incomplete: false },
    ]);
    expect(a.host.nextTimerMicros).toBeGreaterThan(NOON + MINUTE);
  });

  it('is told the fills that came after it had left, and orders go on where they were', async () => {
    const { a, b, trade, prepare, left, arrive } = await pair(`
      initialState: () => ({ orders: 0 }),
      onTrade(context) {
        context.state.orders += 1;
        context.buy({ quantity: 1, reason: 'why' });
      },
      onFill(context, fill) {
        context.log('info', 'fill', { id: fill.clientOrderId, held: context.position.quantity,
          open: context.openOrders.length });
      },`);
    trade(a.host, NOON + SECOND, 100);
    trade(a.host, NOON + 2 * SECOND, 100);
    const [first, second] = a.output.orders;
    prepare(NOON + 3 * SECOND);
    a.host.handleBatch(barrier(1, NOON + 4 * SECOND), NOON + 4 * SECOND);
    b.host.handleBatch(barrier(1, NOON + 4 * SECOND), NOON + 4 * SECOND);
    expect(a.output.of('leaving')).toMatchObject([{ handover: { moveId: 1, from: 'A', to: 'B' } }]);
    // The desk has not heard of the move: it still tells A.
    a.host.handleDesk([filled(first!, '1', '100')], NOON + 5 * SECOND);
    expect(left()).toBeNull();
    a.host.handleDesk([handover('A', 'B')], NOON + 6 * SECOND);
    expect(left()).toMatchObject({ isRunning: true, deskEvents: [{ type: 'fill' }] });
    // Now it tells B, which has nothing but the word that the unit comes.
    b.host.handleDesk([handover('A', 'B'), filled(second!, '2', '100')], NOON + 7 * SECOND);
    arrive(NOON + 8 * SECOND, {
      orderSequence: 2,
      positions: [positionOf(second!, '2')],
      openOrders: [orderOf(second!)],
    });
    expect(logs(a.output.reports)).toEqual([]);
    expect(logs(b.output.reports)).toEqual([
      { said: 'fill', id: first!.clientOrderId, held: 1, open: 1 },
      { said: 'fill', id: second!.clientOrderId, held: 2, open: 0 },
    ]);
    trade(b.host, NOON + 9 * SECOND, 100);
    expect(b.output.orders).toMatchObject([
      { clientOrderId: second!.clientOrderId.replace(/2$/, '3'), consumer: 'B' },
    ]);
  });

  it('goes on closing what it was about to close', async () => {
    const { a, b, trade, prepare, arrive } = await pair(`
      onTrade(context, trade) {
        if (trade.price === 100) context.buy({ quantity: 1, reason: 'in' });
        else context.flatten('out');
      },`);
    trade(a.host, NOON + SECOND, 100);
    const [buy] = a.output.orders;
    trade(a.host, NOON + 2 * SECOND, 99);
    expect(a.output.intents.at(-1)).toMatchObject({ kind: 'cancel', clientOrderId: buy!.clientOrderId });
    prepare(NOON + 3 * SECOND);
    for (const { host } of [a, b]) host.handleBatch(barrier(1, NOON + 4 * SECOND), NOON + 4 * SECOND);
    a.host.handleDesk([handover('A', 'B')], NOON + 5 * SECOND);
    b.host.handleDesk([handover('A', 'B')], NOON + 5 * SECOND);
    arrive(NOON + 6 * SECOND, { orderSequence: 1, openOrders: [orderOf(buy!)] });
    expect(b.output.intents).toEqual([]);
    // The cancel came too late: it was filled, and is sold.
    b.host.handleDesk([filled(buy!, '1', '100')], NOON + 7 * SECOND);
    expect(b.output.orders).toMatchObject([{ side: 'sell', reason: 'out', reduceOnly: true }]);
  });

  it('that comes before its barrier is shown nothing of what stands before that', async () => {
    const { a, b, trade, prepare, arrive } = await pair(`
      onTrade(context, trade) { context.log('info', String(trade.price)); },`);
    prepare(NOON);
    trade(a.host, NOON + SECOND, 101);
    a.host.handleBatch(barrier(1, NOON + 2 * SECOND), NOON + 2 * SECOND);
    a.host.handleDesk([handover('A', 'B')], NOON + 2 * SECOND);
    arrive(NOON + 3 * SECOND);
    trade(b.host, NOON + SECOND, 101);
    b.host.handleBatch(barrier(1, NOON + 2 * SECOND), NOON + 3 * SECOND);
    trade(b.host, NOON + 4 * SECOND, 102);
    expect(a.output.said).toEqual(['101']);
    expect(b.output.said).toEqual(['102']);
    expect(b.output.of('arrived')).toHaveLength(1);
  });

  it('is told of what was too old to be shown where it was, and where it came to', async () => {
    const { a, b, prepare, arrive } = await pair(
      `
      onTrade(context, trade) { context.log('info', String(trade.price)); },
      onGap(context, gap) { context.log('info', gap.reason, { count: gap.count }); },`,
      { eventAgeMaxMs: 1_000 },
    );
    const late = (host: StrategyHost, price: number) =>
      host.handleBatch(tradesBatch([{ symbol: 'AAPL', atMicros: NOON, price }]), NOON + 5 * SECOND);
    late(a.host, 101);
    prepare(NOON + 5 * SECOND);
    for (const { host } of [a, b]) host.handleBatch(barrier(1, NOON + 5 * SECOND), NOON + 5 * SECOND);
    late(b.host, 102);
    a.host.handleDesk([handover('A', 'B')], NOON + 6 * SECOND);
    arrive(NOON + 6 * SECOND);
    b.host.handleBatch(
      tradesBatch([{ symbol: 'AAPL', atMicros: NOON + 7 * SECOND, price: 103 }]),
      NOON + 7 * SECOND,
    );
    expect(logs(b.output.reports)).toEqual([
      { said: 'stale', count: 1 },
      { said: 'stale', count: 1 },
      { said: '103' },
    ]);
  });

  it('begins again from its saved state where it was lost on the way, and is told so', async () => {
    const { b, prepare, arrive } = await pair(`
      initialState: () => ({ starts: 0 }),
      onStart(context) { context.state.starts += 1; context.log('info', 'start', { starts: context.state.starts }); },
      onGap(context, gap) { context.log('info', gap.reason); },`);
    prepare(NOON);
    b.host.handleBatch(barrier(1, NOON + SECOND), NOON + SECOND);
    arrive(NOON + 2 * SECOND, { state: '{"version":1,"state":{"starts":1},"timers":{}}' }, null);
    expect(logs(b.output.reports)).toEqual([{ said: 'start', starts: 2 }, { said: 'consumer_restarted' }]);
  });

  it('that has failed meanwhile does not arrive', async () => {
    const { a, trade, prepare } = await pair(`onTrade() { throw new Error('a bug'); },`);
    prepare(NOON);
    trade(a.host, NOON + SECOND, 101);
    a.host.handleBatch(barrier(1, NOON + 2 * SECOND), NOON + 2 * SECOND);
    expect(a.output.of('fault')).toHaveLength(1);
    expect(a.output.of('left')).toEqual([{ type: 'left', moveId: 1, moved: null }]);
  });

  it('stays where it is when the move is called off', async () => {
    const { a, b, trade, prepare } = await pair(`
      onTrade(context, trade) { context.log('info', String(trade.price)); },`);
    prepare(NOON);
    for (const { host } of [a, b]) host.handleCommand({ type: 'abandon', moveId: 1 }, NOON + SECOND);
    for (const { host } of [a, b]) host.handleBatch(barrier(1, NOON + 2 * SECOND), NOON + 2 * SECOND);
    trade(a.host, NOON + 3 * SECOND, 101);
    expect(a.output.said).toEqual(['101']);
    expect(a.output.of('left')).toEqual([]);
  });
});
