/** The desk's machine run again from notes, with what stands behind an input left as it is, changed, or left out. */
import { describe, expect, it } from 'vitest';
import { decimal } from '../../src/domain/decimal.ts';
import type { OrderIntent } from '../../src/domain/order.ts';
import { DEFAULT_DESK_POLICY, type DeskInput, type DeskMachineConfig } from '../../src/execution/contract.ts';
import { type DeskDecision, decisionsOf } from '../../src/execution/decisions.ts';
import { DeskMachine } from '../../src/execution/deskMachine.ts';
import type { DeskNote, RecordedPlan } from '../../src/execution/inbox.ts';
import { DeskReplay } from '../../src/replay/desk.ts';
import type { InboxEntry } from '../../src/tape/inbox.ts';
import { ACCOUNT, BATCH, RISK, SESSION, START } from '../execution/harness.ts';

const CONFIG: DeskMachineConfig = {
  batchId: BATCH,
  instances: [{ instanceId: 'alpha', isIntraday: false, runs: [{ consumer: 'A', algoRunId: '1' }] }],
  risk: RISK,
  assetClass: 'us_equity',
  marketHours: 'always',
  liquidateBeforeCloseMs: null,
  submitTimeoutMs: 2_000,
  session: SESSION,
  policy: DEFAULT_DESK_POLICY,
};

const intent = (sequence: number, quantity: string): OrderIntent => ({
  ...{ kind: 'order', clientOrderId: `batch0001.alpha.X.${sequence}`, instanceId: 'alpha', algoRunId: '1' },
  ...{ consumer: 'A', symbol: 'X', side: 'buy', type: 'limit', timeInForce: 'day', extendedHours: false },
  ...{ quantity: decimal(quantity), limitPrice: decimal('100'), stopPrice: null, reduceOnly: false },
  ...{ targetPrice: null, stopLossPrice: null, reason: 'a test', indicators: {} },
  ...{ causedBy: sequence, decidedAtMicros: START },
});

const INPUTS: readonly DeskInput[] = [
  { type: 'restore', orders: [], executionIds: [], holdings: [], risk: null },
  { type: 'account', account: ACCOUNT, askedAtMicros: START },
  { type: 'broker_connection', connected: true, detail: '' },
  { type: 'reconcile', positions: [], openOrders: [], executions: [], askedAtMicros: START },
  { type: 'quote', symbol: 'X', bidPrice: 99.99, askPrice: 100.01, atMicros: START },
  { type: 'intents', consumer: 'A', intents: [intent(1, '10'), intent(2, '100000')] },
  { type: 'tick' },
  { type: 'command', command: 'stop', reason: 'the test is over', instanceIds: null },
];

/** As a desk records it; `change` sees what was decided on each input. */
function tapeOf(change: (decisions: readonly DeskDecision[], input: DeskInput) => readonly DeskDecision[]) {
  const machine = new DeskMachine(CONFIG);
  const notes: DeskNote[] = [{ type: 'start', config: CONFIG, plan: {} as RecordedPlan }];
  for (const input of INPUTS) {
    notes.push({ type: 'input', input });
    const decisions = change(decisionsOf(machine.handle(input, START)), input);
    if (decisions.length > 0) notes.push({ type: 'decided', decisions });
  }
  return notes.map(
    (value, index): InboxEntry => ({ type: 'note', sequence: index + 1, atMicros: START, value }),
  );
}

function replayOf(tape: readonly InboxEntry[]) {
  const desk = new DeskReplay();
  for (const entry of tape) desk.take(entry);
  return { desk, result: desk.end() };
}

describe('a replayed desk', () => {
  it('comes to the same order and denial, and knows what each consumer wanted', () => {
    const { desk, result } = replayOf(tapeOf((decisions) => decisions));
    expect(result).toMatchObject({ equal: 2, difference: null, unconfirmed: 0, rowsLost: 0 });
    expect(desk.intents.get('A')).toHaveLength(2);
  });

  it('names the decision that differs, with the input before it', () => {
    const { difference } = replayOf(
      tapeOf((decisions) =>
        decisions.map((one) =>
          one.kind === 'order' ? { ...one, order: { ...one.order, quantity: decimal('11') } } : one,
        ),
      ),
    ).result;
    expect(difference).toMatchObject({
      index: 1,
      event: 'intents of consumer A: batch0001.alpha.X.1, batch0001.alpha.X.2',
      fields: ['quantity'],
      recorded: { decision: 'order', quantity: '11' },
      replayed: { decision: 'order', quantity: '10' },
    });
  });

  it('names one that only the replay comes to, and one that it does not come to', () => {
    const without = replayOf(tapeOf((decisions) => decisions.filter(({ kind }) => kind === 'order'))).result;
    expect(without.difference).toMatchObject({ index: 2, recorded: null, replayed: { decision: 'denial' } });
    const more = replayOf(
      tapeOf((decisions, { type }) =>
        type === 'tick'
          ? [{ kind: 'cancel', clientOrderId: 'c', instanceId: 'alpha', symbol: 'X' }]
          : decisions,
      ),
    ).result;
    expect(more.difference).toMatchObject({
      event: 'tick',
      recorded: { decision: 'cancel' },
      replayed: null,
    });
  });

  it('counts what a desk that was killed had no time to note', () => {
    const tape = tapeOf((decisions) => decisions);
    const killed = tape.slice(
      0,
      tape.findIndex((entry) => entry.type === 'note' && (entry.value as DeskNote).type === 'decided'),
    );
    expect(replayOf(killed).result).toMatchObject({ equal: 0, difference: null, unconfirmed: 2 });
  });
});
