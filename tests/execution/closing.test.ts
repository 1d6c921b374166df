import { describe, expect, it } from 'vitest';
import { SessionCalendar, usEquityRules } from '../../src/clock/calendar.ts';
import { decimal } from '../../src/domain/decimal.ts';
import { formatMicros } from '../../src/domain/time.ts';
import { readLine, writeLine } from '../../src/execution/books/journal.ts';
import { Recovery } from '../../src/execution/books/recovery.ts';
import type { JournalEntry } from '../../src/execution/contract.ts';
import { BATCH, Bench, ONE_SECOND, SESSION, START } from './harness.ts';

/** The desk that follows one that was killed, by its journal; once more begun anew in between. */
function followerOf(before: Bench, batchId = 'batch-0002', session = SESSION): Bench {
  const header: JournalEntry = { entry: 'batch', atMicros: START, batchId: BATCH, environment: 'PAPER' };
  let entries: readonly JournalEntry[] = [header, ...before.journal()];
  for (let time = 0; time < 2; time += 1) {
    const recovery = recoveryOf(entries);
    entries = recovery.compacted({
      ...{ atMicros: before.nowMicros, memoryMs: 86_400_000, firstLine: 1, holdings: [] },
    });
  }
  const next = new Bench({ isReady: false, config: { batchId, session } });
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

  it('stays halted over restarts and nights, until that person resumes', () => {
    const before = new Bench();
    before.feed({ type: 'command', command: 'halt', reason: 'a doubt', instanceIds: null });
    const next = followerOf(before);
    next.restartedFrom(before);
    next.feed({ type: 'session', session: { ...SESSION, openMicros: SESSION.openMicros + 1 } });
    const third = followerOf(next, 'batch-0003', { ...SESSION, openMicros: SESSION.openMicros + 2 });
    third.restartedFrom(next);
    expect(third.machine.status()).toMatchObject({ riskState: 'halted', riskReason: 'a doubt' });
    expect(third.alerts()).toContain('risk_restored');
    third.feed({ type: 'command', command: 'resume', reason: 'by hand', instanceIds: null });
    expect(third.denial(third.order())).toBeUndefined();
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

describe('intraday positions', () => {
  const calendar = new SessionCalendar(usEquityRules);

  it.each([
    ['an ordinary day', '2026-11-20', '21:00:00'],
    ['the day after Thanksgiving', '2026-11-27', '18:00:00'],
    ['Christmas Eve', '2026-12-24', '18:00:00'],
    ['the first day of summer time', '2026-03-09', '20:00:00'],
    ['the first day of winter time', '2026-11-02', '21:00:00'],
  ])('are closed by the lead before the close of %s (%s)', (_day, date, closeTime) => {
    const session = calendar.nextSession(Date.parse(`${date}T05:00:00Z`) * 1_000);
    expect(formatMicros(session.closeMicros)).toContain(`${date}T${closeTime}`);
    const bench = new Bench({ isReady: false, config: { session } });
    bench.nowMicros = session.openMicros;
    bench.restartedFrom(new Bench());
    bench.buy('10');
    bench.skipTo(session.closeMicros - 901 * ONE_SECOND);
    bench.feed({ type: 'tick' });
    expect(closes(bench)).toEqual([]);
    bench.pass(2);
    expect(closes(bench).map(({ order }) => order.quantity)).toEqual([decimal('10')]);
    const { clientOrderId } = closes(bench)[0]!.order;
    bench.accept(clientOrderId);
    bench.fill(clientOrderId, '10');
    bench.quote(99.99, 100.01);
    expect(bench.denial(bench.order())).toMatchObject({ code: 'outside_window' });
    bench.skipTo(session.closeMicros + ONE_SECOND);
    bench.feed({ type: 'tick' });
    expect(bench.alerts()).not.toContain('not_flat');
  });
});
