import { describe, expect, it } from 'vitest';
import type { Execution } from '../../src/brokers/contract.ts';
import { decimal, formatDecimal, ZERO } from '../../src/domain/decimal.ts';
import { Bench, ONE_SECOND, START } from './harness.ts';

/** A desk that has bought 10 and 5 by one order, a while ago, and what the broker would list of it. */
function bought() {
  const bench = new Bench();
  const id = bench.order({ quantity: decimal('15') });
  bench.accept(id);
  const updates = [bench.fillUpdate(id, '10', '100')];
  bench.feed({ type: 'trade_update', update: updates[0]! });
  updates.push(bench.fillUpdate(id, '5', '101'));
  bench.feed({ type: 'trade_update', update: updates[1]! });
  const executions = updates.map(({ execution }) => execution!);
  bench.nowMicros += 120 * ONE_SECOND;
  const list = (listed: readonly Execution[], held: string) =>
    bench.reconcile({
      executions: listed,
      executionsFromMicros: START - 60 * ONE_SECOND,
      positions: [
        { symbol: 'X', quantity: decimal(held), averagePrice: decimal('100'), currentPrice: null },
      ].filter(({ quantity }) => quantity !== ZERO),
    });
  /** The broker answers what it was asked. */
  const answer = (filled: string) => {
    const asked = bench.of('resolve').map(({ clientOrderId }) => clientOrderId);
    if (!asked.includes(id)) return false;
    bench.nowMicros += ONE_SECOND;
    const order = bench.described(id, 'filled', decimal(filled));
    bench.feed({ type: 'resolved', clientOrderId: id, order });
    return true;
  };
  const rows = () =>
    bench.of('record_trade').map(({ row }) => [row.executionId, row.side, row.qty, row.price]);
  return { bench, id, executions, list, answer, rows };
}

describe('a revision whose message was lost', () => {
  it("as a bust is found by the broker's list and count, and booked once", () => {
    const { bench, executions, list, answer, rows } = bought();
    list([executions[1]!], '5');
    expect(answer('5')).toBe(false);
    list([executions[1]!], '5');
    expect(answer('5')).toBe(true);
    expect(formatDecimal(bench.position())).toBe('5');
    expect(rows().slice(2)).toEqual([['execution-1.revoked', 'sell', '10', '100']]);
    expect(bench.alerts()).toContain('history_changed');
    list([executions[1]!], '5');
    list([executions[1]!], '5');
    expect(rows()).toHaveLength(3);
    expect(formatDecimal(bench.position())).toBe('5');
  });

  it('as a correction books what stands in its place', () => {
    const { bench, executions, list, answer, rows } = bought();
    const corrected = { ...executions[0]!, executionId: 'corrected', price: decimal('99.5') };
    const listed = [corrected, executions[1]!];
    list(listed, '15');
    list(listed, '15');
    expect(answer('15')).toBe(true);
    expect(rows().slice(2)).toEqual([
      ['execution-1.revoked', 'sell', '10', '100'],
      ['corrected', 'buy', '10', '99.5'],
    ]);
    expect(formatDecimal(bench.position())).toBe('15');
    expect(bench.alerts()).not.toContain('position_break');
  });

  it('is not thought of while the list may be behind, nor beyond the time that was asked for', () => {
    const young = bought();
    young.bench.nowMicros -= 100 * ONE_SECOND;
    young.list([], '15');
    young.list([], '15');
    expect(young.answer('0')).toBe(false);
    const { bench, answer } = bought();
    bench.reconcile({ executions: [], executionsFromMicros: bench.nowMicros });
    bench.reconcile({ executions: [], executionsFromMicros: bench.nowMicros });
    expect(answer('0')).toBe(false);
    expect(formatDecimal(bench.position())).toBe('15');
  });

  it("that the broker's count does not bear out changes nothing", () => {
    const { bench, executions, list, answer, rows } = bought();
    const listed = [{ ...executions[0]!, executionId: 'renamed' }, executions[1]!];
    list(listed, '15');
    list(listed, '15');
    // The list has lost it, but the order counts it as filled, and what it lists instead is the same by another id.
    expect(answer('15')).toBe(true);
    expect(rows()).toHaveLength(2);
    expect(formatDecimal(bench.position())).toBe('15');
  });
});
