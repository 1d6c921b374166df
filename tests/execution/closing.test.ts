import { describe, expect, it } from 'vitest';
import { decimal } from '../../src/domain/decimal.ts';
import { readLine, writeLine } from '../../src/execution/books/journal.ts';
import { Recovery } from '../../src/execution/books/recovery.ts';
import type { JournalEntry } from '../../src/execution/contract.ts';
import { BATCH, Bench, SESSION, START } from './harness.ts';

/** The desk that follows one that was killed, by its journal; once more begun anew in between. */
function followerOf(before: Bench, batchId = 'batch-0002'): Bench {
  const header: JournalEntry = { entry: 'batch', atMicros: START, batchId: BATCH, environment: 'PAPER' };
  let entries: readonly JournalEntry[] = [header, ...before.journal()];
  for (let time = 0; time < 2; time += 1) {
    const recovery = recoveryOf(entries);
    entries = recovery.compacted({
      ...{ atMicros: before.nowMicros, memoryMs: 86_400_000, firstLine: 1, holdings: [] },
    });
  }
  const next = new Bench({ isReady: false, config: { batchId, session: SESSION } });
  next.nowMicros = before.nowMicros;
  next.feed(recoveryOf(entries).restored([]));
  return next;
}

function recoveryOf(entries: readonly JournalEntry[]): Recovery {
  const recovery = new Recovery({ batchId: BATCH, environment: 'PAPER', carriesOver: true });
  for (const [index, entry] of entries.entries()) {
    recovery.apply(readLine(writeLine(index + 1, entry).trimEnd())!);
  }
  return recovery;
}

const liquidate = { type: 'command', command: 'liquidate', reason: 'out', instanceIds: null } as const;
const closes = (bench: Bench) => bench.of('submit').filter(({ order }) => order.reduceOnly);

describe('what a person has ordered to be closed', () => {
  it('is closed by the desk that follows a killed one, once it knows what there is', () => {
    const before = new Bench();
    before.buy('10');
    before.feed(liquidate);
    const lost = closes(before)[0]!.order.clientOrderId;
    const next = followerOf(before);
    next.pass(1);
    expect(closes(next)).toEqual([]);
    next.restartedFrom(before);
    next.pass(10);
    // The order of before was on its way: nothing is sold twice while nobody knows what became of it.
    expect(closes(next)).toEqual([]);
    next.feed({ type: 'resolved', clientOrderId: lost, order: null });
    next.pass(30);
    expect(closes(next).map(({ order }) => [order.side, order.quantity])).toEqual([['sell', decimal('10')]]);
    const { clientOrderId } = closes(next)[0]!.order;
    next.accept(clientOrderId);
    next.fill(clientOrderId, '10');
    next.pass(60);
    expect(closes(next)).toHaveLength(1);
    expect(next.journal().findLast(({ entry }) => entry === 'closing')).toMatchObject({ closing: [] });
  });

  it('takes no new risk after a restart either, until that person resumes', () => {
    const before = new Bench();
    before.feed({ ...liquidate, instanceIds: ['alpha'] });
    const next = followerOf(before);
    next.restartedFrom(before);
    expect(next.alerts()).toContain('risk_restored');
    expect(next.denial(next.order())).toMatchObject({ code: 'risk_state', why: 'liquidated: out' });
    expect(next.denial(next.order({ instanceId: 'beta' }))).toBeUndefined();
    next.feed({ type: 'command', command: 'resume', reason: 'by hand', instanceIds: null });
    expect(next.denial(next.order())).toBeUndefined();
    const third = followerOf(next, 'batch-0003');
    third.restartedFrom(next);
    expect(third.denial(third.order())).toBeUndefined();
  });
});
