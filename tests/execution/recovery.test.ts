import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimal, formatDecimal } from '../../src/domain/decimal.ts';
import { readLine, writeLine } from '../../src/execution/books/journal.ts';
import { Recovery } from '../../src/execution/books/recovery.ts';
import type { JournalEntry } from '../../src/execution/contract.ts';
import { BATCH, Bench, SESSION, START } from './harness.ts';

const HEADER: JournalEntry = { entry: 'batch', atMicros: START, batchId: BATCH, environment: 'PAPER' };
const MEMORY_MS = 86_400_000;

function recover(lines: readonly string[], batchId = BATCH, environment = 'PAPER'): Recovery {
  const recovery = new Recovery({ batchId, environment, carriesOver: environment === 'PAPER' });
  for (const text of lines) {
    const line = readLine(text);
    if (line !== undefined) recovery.apply(line);
  }
  return recovery;
}

function linesOf(entries: readonly JournalEntry[], first = 1): readonly string[] {
  return entries.map((entry, index) => writeLine(first + index, entry).trimEnd());
}

/** What a session of fills leaves in the journal: each step buys or sells and is filled in two parts. */
function session(steps: readonly number[]): readonly JournalEntry[] {
  const bench = new Bench({ risk: { shortAllowed: true, ordersPerMinuteMax: 10_000 } });
  for (const step of steps) {
    const id = bench.order({
      side: step > 0 ? 'buy' : 'sell',
      quantity: decimal(String(Math.abs(step) + 1)),
    });
    if (bench.denial(id) !== undefined) continue;
    bench.accept(id);
    bench.fill(id, '1', '100');
    bench.fill(id, String(Math.abs(step)), '101');
  }
  bench.order({ type: 'limit', limitPrice: decimal('90') });
  return [HEADER, ...bench.journal()];
}

const steps = fc.array(
  fc.integer({ min: -20, max: 20 }).filter((step) => step !== 0),
  { maxLength: 12 },
);

describe('a journal', () => {
  it('gives back every entry as it was written, amounts to the last place', () => {
    for (const entry of session([3, -5])) {
      expect(readLine(writeLine(7, entry).trimEnd())).toEqual({ line: 7, entry });
    }
  });

  it('tells a torn or damaged line from a good one', () => {
    const text = writeLine(1, session([3]).at(-1)!).trimEnd();
    expect(readLine(text.slice(0, -1))).toBeUndefined();
    expect(readLine(text.replace('limit', 'limiT'))).toBeUndefined();
    expect(readLine('')).toBeUndefined();
    expect(readLine('\0'.repeat(64))).toBeUndefined();
  });

  it('cut off anywhere, knows exactly the trades in it, and the orders agree with them', () => {
    fc.assert(
      fc.property(steps, fc.nat(), (plan, cut) => {
        const entries = session(plan);
        const kept = entries.slice(0, 1 + (cut % entries.length));
        const { orders, holdings } = recover(linesOf(kept)).restored([]);
        const trades = kept.filter((entry) => entry.entry === 'trade');
        const sum = trades.reduce(
          (total, { row }) => total + (row.side === 'buy' ? 1n : -1n) * decimal(row.qty),
          0n,
        );
        expect(decimal(holdings[0]?.qty ?? '0')).toBe(sum);
        for (const { order } of orders) {
          const filled = trades
            .filter(({ row }) => row.clientOrderId === order.clientOrderId)
            .reduce((total, { row }) => total + decimal(row.qty), 0n);
          expect(order.filledQuantity).toBe(filled);
        }
      }),
    );
  });

  it('begun anew says the same as before, once and again', () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (plan, isConfirmed) => {
        const entries = [...session(plan)];
        if (isConfirmed) entries.push({ entry: 'flushed', atMicros: START, throughLine: entries.length });
        const first = recover(linesOf(entries));
        const options = { atMicros: START, memoryMs: MEMORY_MS, holdings: [] };
        const again = recover(
          linesOf(first.compacted({ ...options, firstLine: first.lastLine + 1 }), first.lastLine + 1),
        );
        const third = recover(
          linesOf(again.compacted({ ...options, firstLine: again.lastLine + 1 }), again.lastLine + 1),
        );
        for (const later of [again, third]) {
          expect(later.restored([])).toEqual(first.restored([]));
          const byId = (rows: ReturnType<Recovery['unconfirmed']>) => ({
            trades: rows.trades.map(({ executionId }) => executionId).sort(),
            orders: rows.orders.map(({ clientOrderId }) => clientOrderId).sort(),
          });
          expect(byId(later.unconfirmed())).toEqual(byId(first.unconfirmed()));
        }
        if (isConfirmed) expect(first.unconfirmed()).toEqual({ orders: [], trades: [] });
      }),
    );
  });

  it('knows an open order by all that it was filled with, however long ago, and books none of it again', () => {
    const before = new Bench();
    const id = before.order({ type: 'limit', limitPrice: decimal('100'), timeInForce: 'gtc' });
    before.accept(id);
    before.fill(id, '3', '100');
    const [old] = before.of('record_trade').map(({ row }) => row);
    const entries = [HEADER, ...before.journal()];
    entries.push({ entry: 'flushed', atMicros: START, throughLine: entries.length });
    const options = { atMicros: START + 5 * 86_400_000_000, memoryMs: MEMORY_MS, holdings: [] };
    const once = recover(linesOf(entries));
    const twice = recover(linesOf(once.compacted({ ...options, firstLine: 1 })));
    const after = new Bench({ isReady: false, config: { batchId: 'batch-0002' } });
    after.nowMicros = options.atMicros;
    after.feed(recover(linesOf(twice.compacted({ ...options, firstLine: 1 }))).restored([]));
    after.restartedFrom(before);
    const known = { ...before.execution(id, '3', '100'), executionId: old!.executionId };
    const openOrders = [before.described(id, 'partially_filled', decimal('3'))];
    after.reconcile({ executions: [known], openOrders });
    // The broker counts more before it has told by which execution.
    const order = before.described(id, 'partially_filled', decimal('9'));
    after.feed({ type: 'resolved', clientOrderId: id, order });
    expect(after.of('record_trade')).toEqual([]);
    const newer = { ...before.execution(id, '6', '99') };
    after.reconcile({ executions: [known, newer], openOrders: [order] });
    expect(after.of('record_trade').map(({ row }) => row.executionId)).toEqual([newer.executionId]);
    expect(formatDecimal(after.position())).toBe('9');
  });

  it('of another environment, or of an earlier simulated batch, gives rows and no positions', () => {
    const lines = linesOf(session([4]));
    const live = recover(lines, BATCH, 'PROD');
    expect(live.hasHistory).toBe(false);
    expect(live.restored([])).toMatchObject({ orders: [], holdings: [], executionIds: [] });
    expect(live.unconfirmed().trades).toHaveLength(2);
    const options = { atMicros: START, memoryMs: MEMORY_MS, firstLine: 100, holdings: [] };
    const begun = recover(linesOf(live.compacted(options), 100), BATCH, 'PROD');
    expect(begun.restored([])).toMatchObject({ orders: [], holdings: [] });
    expect(begun.unconfirmed().trades).toHaveLength(2);
  });

  it('brings a machine back: positions, open orders in doubt, a loss limit that was reached', () => {
    const before = new Bench();
    before.buy('10');
    const open = before.order();
    before.account({ equity: decimal('98000') });
    const restored = recover(linesOf([HEADER, ...before.journal()])).restored([]);
    const after = new Bench({ isReady: false, config: { batchId: 'batch-0002', session: SESSION } });
    after.feed(restored);
    after.account({ equity: decimal('98000') });
    after.feed({ type: 'broker_connection', connected: true, detail: '' });
    after.reconcile({});
    after.quote(99.99, 100.01);
    expect(formatDecimal(after.position())).toBe('10');
    expect(after.told(open).status).toBe('unknown');
    expect(after.of('resolve').map(({ clientOrderId }) => clientOrderId)).toContain(open);
    expect(['daily_loss', 'risk_state']).toContain(after.denial(after.order({ instanceId: 'beta' }))?.code);
    after.nowMicros += 10_000_000;
    after.feed({ type: 'resolved', clientOrderId: open, order: null });
    expect(after.told(open).status).toBe('not_sent');
    expect(after.of('submit')).toHaveLength(0);
  });
});
