import { describe, expect, it } from 'vitest';
import { decimal, formatDecimal, ZERO } from '../../src/domain/decimal.ts';
import { BATCH, Bench, ONE_SECOND, SESSION } from './harness.ts';

const kinds = (bench: Bench) => bench.actions.map(({ type }) => type);

describe('an order on its way', () => {
  it('stands in the journal before its first byte goes out', () => {
    const bench = new Bench();
    bench.order();
    const order = kinds(bench);
    expect(order.indexOf('journal')).toBeGreaterThanOrEqual(0);
    expect(order.indexOf('journal')).toBeLessThan(order.indexOf('submit'));
    expect(order.indexOf('submit')).toBeLessThan(order.indexOf('record_order'));
  });

  it('is one position though its fill comes before the acknowledgement, and again after', () => {
    const bench = new Bench();
    const id = bench.order();
    const update = bench.fillUpdate(id, '10');
    bench.feed({ type: 'trade_update', update });
    bench.accept(id);
    bench.feed({ type: 'trade_update', update });
    expect(bench.told(id).status).toBe('filled');
    expect(formatDecimal(bench.position())).toBe('10');
    expect(bench.of('record_trade')).toHaveLength(1);
  });

  it('of unknown fate is asked for, later each time, and found', () => {
    const bench = new Bench();
    const clientOrderId = bench.order();
    bench.feed({ type: 'submitted', clientOrderId, outcome: { type: 'unknown', message: 'reset' } });
    expect(bench.told(clientOrderId).status).toBe('unknown');
    const waits: number[] = [];
    for (let question = 0; question < 3; question += 1) {
      const asked = bench.of('resolve').at(-1)!;
      waits.push(asked.atMicros - bench.nowMicros);
      bench.nowMicros = asked.atMicros;
      bench.feed({ type: 'resolved', clientOrderId, order: null });
    }
    expect(waits).toEqual([250_000, 500_000, 1_000_000]);
    bench.feed({ type: 'resolved', clientOrderId, order: bench.described(clientOrderId, 'new') });
    expect(bench.told(clientOrderId).status).toBe('new');
    expect(bench.of('submit')).toHaveLength(1);
  });

  it('that the broker surely does not have is sent again under the same id, once it is old enough to tell', () => {
    const bench = new Bench();
    const clientOrderId = bench.order();
    bench.feed({ type: 'submitted', clientOrderId, outcome: { type: 'unknown', message: 'reset' } });
    bench.nowMicros += 4 * ONE_SECOND;
    bench.feed({ type: 'resolved', clientOrderId, order: null });
    expect(bench.of('submit')).toHaveLength(1);
    bench.nowMicros += 2 * ONE_SECOND;
    bench.feed({ type: 'resolved', clientOrderId, order: null });
    expect(bench.of('submit').map(({ order }) => order.clientOrderId)).toEqual([
      clientOrderId,
      clientOrderId,
    ]);
  });

  it('that is too old to be sent again is given up, and taken back when it turns up all the same', () => {
    const bench = new Bench();
    const clientOrderId = bench.order();
    bench.feed({ type: 'submitted', clientOrderId, outcome: { type: 'unknown', message: 'reset' } });
    bench.nowMicros += 31 * ONE_SECOND;
    bench.feed({ type: 'resolved', clientOrderId, order: null });
    expect(bench.told(clientOrderId).status).toBe('not_sent');
    bench.fill(clientOrderId, '10');
    expect(bench.told(clientOrderId).status).toBe('filled');
    expect(formatDecimal(bench.position())).toBe('10');
  });

  it('whose repetition is refused is asked for, because the first may be there', () => {
    const bench = new Bench();
    const clientOrderId = bench.order();
    bench.feed({ type: 'submitted', clientOrderId, outcome: { type: 'unknown', message: 'reset' } });
    bench.nowMicros += 6 * ONE_SECOND;
    bench.feed({ type: 'resolved', clientOrderId, order: null });
    const refusal = { httpStatus: 422, vendorCode: 40_010_001, message: 'not unique', retryAfterMs: null };
    bench.feed({ type: 'submitted', clientOrderId, outcome: { type: 'refused', ...refusal } });
    expect(bench.told(clientOrderId).status).toBe('unknown');
    expect(bench.of('resolve').length).toBeGreaterThan(1);
  });

  it('that is refused ends, with the reason, and leaves nothing behind', () => {
    const bench = new Bench();
    const clientOrderId = bench.order();
    const refusal = {
      httpStatus: 403,
      vendorCode: null,
      message: 'potential wash trade',
      retryAfterMs: null,
    };
    bench.feed({ type: 'submitted', clientOrderId, outcome: { type: 'refused', ...refusal } });
    expect(bench.told(clientOrderId)).toMatchObject({
      status: 'rejected',
      statusReason: 'potential wash trade',
    });
    expect(bench.machine.openOrderCount()).toBe(0);
    expect(bench.alerts()).toEqual(['order_rejected']);
  });

  it('whose answer never comes is of unknown fate after the plan says so', () => {
    const bench = new Bench();
    const id = bench.order();
    bench.pass(11);
    expect(bench.told(id).status).toBe('unknown');
  });

  it('is canceled as soon as the broker knows it, when the cancel came too early', () => {
    const bench = new Bench();
    const id = bench.order();
    bench.cancel(id);
    expect(bench.of('cancel')).toHaveLength(0);
    bench.accept(id);
    expect(bench.of('cancel')).toHaveLength(1);
    bench.update(id, 'canceled', 'canceled');
    expect(bench.told(id)).toMatchObject({ status: 'canceled', statusReason: 'no longer wanted' });
  });

  it('keeps what was filled when it is canceled, or when the fill crosses the cancel', () => {
    const bench = new Bench();
    const id = bench.order();
    bench.accept(id);
    bench.fill(id, '3');
    bench.cancel(id);
    bench.fill(id, '4');
    bench.update(id, 'canceled', 'canceled', decimal('7'));
    expect(bench.told(id)).toMatchObject({ status: 'canceled', filledQuantity: decimal('7') });
    expect(formatDecimal(bench.position())).toBe('7');
  });

  it('lives on when its cancel is refused', () => {
    const bench = new Bench();
    const id = bench.order({ type: 'limit', limitPrice: decimal('99') });
    bench.accept(id);
    bench.cancel(id);
    bench.update(id, 'pending_cancel', 'pending_cancel');
    bench.update(id, 'order_cancel_rejected', 'new');
    expect(bench.told(id).status).toBe('new');
    expect(bench.alerts()).toContain('cancel_rejected');
    bench.cancel(id);
    expect(bench.of('cancel')).toHaveLength(2);
  });

  it('is asked to be canceled again, and a person told, when the cancel does not end it', () => {
    const bench = new Bench();
    const id = bench.order({ type: 'limit', limitPrice: decimal('99') });
    bench.accept(id);
    bench.cancel(id);
    bench.pass(21);
    expect(bench.of('cancel').length).toBeGreaterThan(1);
    expect(bench.alerts().filter((code) => code === 'cancel_overdue')).toHaveLength(1);
  });

  it('is not touched by the words for an order of somebody else, which is reported once', () => {
    const bench = new Bench();
    const id = bench.order();
    bench.accept(id);
    const order = { ...bench.described(id, 'canceled'), clientOrderId: 'by hand', brokerOrderId: 'another' };
    const update = { event: 'canceled', order, execution: null, atMicros: bench.nowMicros };
    bench.feed({ type: 'trade_update', update });
    bench.feed({ type: 'trade_update', update });
    expect(bench.told(id).status).toBe('new');
    expect(bench.alerts()).toEqual(['foreign_order']);
  });

  it('keeps events that this version does not know in the log, and merges what they say', () => {
    const bench = new Bench();
    const id = bench.order();
    bench.update(id, 'teleported', 'new');
    expect(bench.told(id).status).toBe('new');
    expect(bench.of('log').some(({ fields }) => fields.event === 'teleported')).toBe(true);
  });

  it('writes opening and closing, long and short, with reason and figures', () => {
    const bench = new Bench({ risk: { shortAllowed: true } });
    const figures = { vwap: 99.5, slope: Number.NaN };
    bench.buy('10', '100', {
      indicators: figures,
      targetPrice: decimal('110'),
      stopLossPrice: decimal('95'),
    });
    for (const side of ['sell', 'sell', 'buy'] as const) {
      const id = bench.order({ side });
      bench.accept(id);
      bench.fill(id, '10');
    }
    const rows = bench.of('record_trade').map(({ row }) => row);
    expect(rows.map(({ operation }) => operation)).toEqual(['buy', 'sell', 'sell_short', 'buy_short']);
    expect(rows[0]).toMatchObject({
      batchId: BATCH,
      targetPrice: '110',
      stopPrice: '95',
      indicators: { buy: { reason: 'a test', vwap: 99.5, slope: null } },
    });
  });
});

describe('closing a position', () => {
  it('waits for the cancels that free its shares, and closes what is left then', () => {
    const bench = new Bench();
    bench.buy('10');
    const stop = bench.order({ side: 'sell', type: 'stop', stopPrice: decimal('95') });
    bench.accept(stop);
    bench.cancel(stop);
    const flatten = bench.order({ side: 'sell', reduceOnly: true });
    expect(bench.told(flatten).status).toBe('approved');
    bench.fill(stop, '4', '95');
    bench.update(stop, 'canceled', 'canceled', decimal('4'));
    const sent = bench.of('submit').at(-1)!.order;
    expect(sent).toMatchObject({ clientOrderId: flatten, quantity: decimal('6') });
  });

  it('sends nothing when the canceled order has closed everything after all', () => {
    const bench = new Bench();
    bench.buy('10');
    const stop = bench.order({ side: 'sell', type: 'stop', stopPrice: decimal('95') });
    bench.accept(stop);
    bench.cancel(stop);
    const flatten = bench.order({ side: 'sell', reduceOnly: true });
    bench.fill(stop, '10', '95');
    expect(bench.told(flatten).status).toBe('canceled');
    expect(bench.position()).toBe(ZERO);
  });

  it('never sells a position twice, though cancels hang', () => {
    const bench = new Bench();
    bench.buy('10');
    const stop = bench.order({ side: 'sell', type: 'stop', stopPrice: decimal('95') });
    bench.accept(stop);
    bench.cancel(stop);
    bench.order({ side: 'sell', reduceOnly: true });
    bench.pass(30);
    expect(bench.of('submit').filter(({ order }) => order.side === 'sell')).toHaveLength(1);
  });

  it('of intraday strategies begins by the lead before the close, again and again until it is flat', () => {
    const bench = new Bench();
    bench.buy('10');
    bench.buy('5', '100', { instanceId: 'beta' });
    bench.skipTo(SESSION.closeMicros - 901 * ONE_SECOND);
    bench.feed({ type: 'tick' });
    expect(bench.of('submit').filter(({ order }) => order.side === 'sell')).toHaveLength(0);
    bench.pass(2);
    const first = bench.of('submit').at(-1)!.order;
    expect(first).toMatchObject({
      instanceId: 'alpha',
      side: 'sell',
      quantity: decimal('10'),
      reduceOnly: true,
    });
    const refusal = { httpStatus: 403, vendorCode: null, message: 'no', retryAfterMs: null };
    bench.feed({
      type: 'submitted',
      clientOrderId: first.clientOrderId,
      outcome: { type: 'refused', ...refusal },
    });
    bench.pass(10);
    const second = bench.of('submit').at(-1)!.order;
    expect(second.clientOrderId).not.toBe(first.clientOrderId);
    bench.accept(second.clientOrderId);
    bench.fill(second.clientOrderId, '10');
    expect(bench.position('alpha')).toBe(ZERO);
    expect(formatDecimal(bench.position('beta'))).toBe('5');
    bench.pass(60);
    expect(bench.of('submit').at(-1)!.order).toBe(second);
  });

  it('goes by the rules of a plan that was read again, also for what the plan no longer has', () => {
    const bench = new Bench();
    bench.buy('10');
    bench.buy('5', '100', { instanceId: 'beta' });
    const instances = [{ instanceId: 'beta', isIntraday: true, runs: [] }];
    bench.feed({ type: 'instances', instances, portfolios: [] });
    bench.skipTo(SESSION.closeMicros - 899 * ONE_SECOND);
    bench.feed({ type: 'tick' });
    const closing = bench.of('submit').filter(({ order }) => order.side === 'sell');
    expect(closing.map(({ order }) => order.instanceId).sort()).toEqual(['alpha', 'beta']);
  });

  it('that did not succeed before the close is alerted', () => {
    const bench = new Bench();
    bench.buy('10');
    bench.skipTo(SESSION.closeMicros);
    bench.feed({ type: 'tick' });
    expect(bench.alerts()).toContain('not_flat');
  });

  it('by command cancels and closes everything, also while halted, and new risk waits for resume', () => {
    const bench = new Bench();
    bench.buy('10');
    const resting = bench.order({ type: 'limit', limitPrice: decimal('90') });
    bench.accept(resting);
    bench.feed({ type: 'command', command: 'halt', reason: 'stop it', instanceIds: null });
    expect(bench.of('cancel').map(({ order }) => order.clientOrderId)).toEqual([resting]);
    bench.feed({ type: 'command', command: 'liquidate', reason: 'out', instanceIds: null });
    bench.update(resting, 'canceled', 'canceled');
    const closing = bench.of('submit').at(-1)!.order;
    expect(closing).toMatchObject({ side: 'sell', type: 'market', quantity: decimal('10') });
    bench.accept(closing.clientOrderId);
    bench.fill(closing.clientOrderId, '10');
    expect(bench.position()).toBe(ZERO);
    bench.feed({ type: 'command', command: 'resume', reason: '', instanceIds: null });
    expect(bench.denial(bench.order())).toBeUndefined();
  });
});

describe('reconciliation', () => {
  it('books a fill that was missed once, however often it is told', () => {
    const bench = new Bench();
    const id = bench.order();
    bench.accept(id);
    const execution = bench.execution(id, '10');
    const broker = bench.described(id, 'filled', decimal('10'));
    const position = {
      symbol: 'X',
      quantity: decimal('10'),
      averagePrice: decimal('100'),
      currentPrice: null,
    };
    bench.nowMicros += ONE_SECOND;
    bench.reconcile({ executions: [execution], positions: [position] });
    bench.feed({
      type: 'resolved',
      clientOrderId: id,
      order: { ...broker, updatedAtMicros: bench.nowMicros },
    });
    bench.reconcile({ executions: [execution], positions: [position] });
    const atMicros = bench.nowMicros;
    bench.feed({ type: 'trade_update', update: { event: 'fill', order: broker, execution, atMicros } });
    expect(bench.told(id).status).toBe('filled');
    expect(formatDecimal(bench.position())).toBe('10');
    expect(bench.of('record_trade')).toHaveLength(1);
    expect(bench.alerts()).toEqual([]);
  });

  it('does not count an execution again that the activities know under another id', () => {
    const bench = new Bench();
    const id = bench.order();
    bench.accept(id);
    bench.fill(id, '4');
    const again = { ...bench.execution(id, '4'), executionId: 'another id' };
    bench.reconcile({
      executions: [again],
      openOrders: [bench.described(id, 'partially_filled', decimal('4'))],
    });
    bench.reconcile({
      executions: [again],
      openOrders: [bench.described(id, 'partially_filled', decimal('4'))],
    });
    expect(formatDecimal(bench.position())).toBe('4');
  });

  it('asks for orders that the broker no longer lists', () => {
    const bench = new Bench();
    const id = bench.order();
    bench.accept(id);
    bench.nowMicros += ONE_SECOND;
    bench.reconcile({});
    expect(bench.of('resolve').at(-1)?.clientOrderId).toBe(id);
  });

  it('reports what nobody knows once, and leaves it alone', () => {
    const bench = new Bench();
    const position = { symbol: 'Q', quantity: decimal('7'), averagePrice: decimal('5'), currentPrice: null };
    bench.reconcile({ positions: [position] });
    bench.reconcile({ positions: [position] });
    expect(bench.alerts()).toEqual(['foreign_position']);
    expect(bench.of('submit')).toHaveLength(0);
  });

  it('does not cry over a fill that is on its way', () => {
    const bench = new Bench();
    const id = bench.order();
    bench.accept(id);
    const position = {
      symbol: 'X',
      quantity: decimal('10'),
      averagePrice: decimal('100'),
      currentPrice: null,
    };
    bench.reconcile({ positions: [position], openOrders: [bench.described(id, 'new')] });
    bench.fill(id, '10');
    bench.reconcile({ positions: [position] });
    expect(bench.alerts()).toEqual([]);
  });
});

describe('a consumer that starts again', () => {
  it('gets back its positions, its open orders and the sequence to go on behind', () => {
    const bench = new Bench();
    bench.buy('10');
    const open = bench.order({ type: 'limit', limitPrice: decimal('90') });
    bench.order({ quantity: decimal('9999') });
    const [unit, universe, other] = bench.machine.unitStates([
      { instanceId: 'alpha', symbol: 'X' },
      { instanceId: 'alpha', symbol: '*' },
      { instanceId: 'beta', symbol: 'X' },
    ]);
    expect(unit).toMatchObject({ orderSequence: 3, openOrders: [{ clientOrderId: open }] });
    expect(unit?.positions[0]?.quantity).toBe(decimal('10'));
    expect(universe?.orderSequence).toBe(3);
    expect(other).toMatchObject({ orderSequence: 0, openOrders: [], positions: [] });
  });
});

describe('a unit that has moved to another consumer', () => {
  const handover = {
    moveId: 7,
    unit: { instanceId: 'alpha', symbol: 'X' },
    from: 'A',
    to: 'B',
  };
  const toldTo = (bench: Bench) => bench.of('tell').map(({ consumer, event }) => `${consumer} ${event.type}`);

  it('is told of its orders there, from a moment on that both are told of', () => {
    const bench = new Bench();
    const id = bench.order();
    bench.accept(id);
    const before = toldTo(bench);
    expect(new Set(before)).toEqual(new Set(['A order']));
    bench.feed({ type: 'handover', handover });
    expect(toldTo(bench).slice(before.length)).toEqual(['A handover', 'B handover']);
    bench.fill(id, '10');
    const after = toldTo(bench).slice(before.length + 2);
    expect(after).toContain('B fill');
    expect(after.every((line) => line.startsWith('B '))).toBe(true);
  });

  it('though it has never ordered; and a universe with all its symbols', () => {
    const bench = new Bench();
    const id = bench.order();
    bench.accept(id);
    const universe = { ...handover, unit: { instanceId: 'alpha', symbol: '*' } };
    bench.feed({ type: 'handover', handover: universe });
    const before = toldTo(bench).length;
    bench.fill(id, '10');
    expect(
      toldTo(bench)
        .slice(before)
        .every((line) => line.startsWith('B ')),
    ).toBe(true);
  });
});
