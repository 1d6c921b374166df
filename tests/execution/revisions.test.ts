import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Revision, TradeUpdate } from '../../src/brokers/contract.ts';
import { absolute, add, type Decimal, decimal, multiply, subtract, ZERO } from '../../src/domain/decimal.ts';
import { readLine, writeLine } from '../../src/execution/books/journal.ts';
import { Recovery } from '../../src/execution/books/recovery.ts';
import { BATCH, Bench } from './harness.ts';

type Step = { readonly fill: number } | { readonly bust: number } | { readonly correct: number };

const steps = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 30 }).map((fill): Step => ({ fill })),
    fc.nat(20).map((bust): Step => ({ bust })),
    fc.nat(20).map((correct): Step => ({ correct })),
  ),
  { maxLength: 10 },
);

interface Standing {
  readonly executionId: string;
  readonly quantity: Decimal;
  readonly price: Decimal;
}

/** What a broker says of a purchase of 100, and which executions stand in the end. */
function story(bench: Bench, id: string, plan: readonly Step[]) {
  let standing: Standing[] = [];
  const updates: TradeUpdate[] = [];
  const filled = () => standing.reduce((sum, { quantity }) => add(sum, quantity), ZERO);
  const say = (event: string, execution: Standing | null, revision?: Revision) => {
    bench.nowMicros += 1;
    const isFilled = filled() === decimal('100');
    updates.push({
      event,
      order: bench.described(id, isFilled ? 'filled' : 'partially_filled', filled()),
      execution: execution === null ? null : whole(execution),
      ...(revision === undefined ? {} : { revision }),
      atMicros: bench.nowMicros,
    });
  };
  const whole = (execution: Standing) => ({
    ...bench.execution(id, '1'),
    executionId: execution.executionId,
    quantity: execution.quantity,
    price: execution.price,
  });
  for (const [index, step] of plan.entries()) {
    if ('fill' in step) {
      const quantity = decimal(String(step.fill));
      if (add(filled(), quantity) >= decimal('100')) continue;
      const execution = { executionId: `e${index}`, quantity, price: decimal(String(90 + index)) };
      standing.push(execution);
      say('partial_fill', execution);
      continue;
    }
    const at = 'bust' in step ? step.bust : step.correct;
    const previous = standing[at % Math.max(1, standing.length)];
    if (previous === undefined) continue;
    standing = standing.filter((candidate) => candidate !== previous);
    if ('bust' in step) {
      const { price, quantity } = previous;
      const revoked = { price, quantity };
      say('trade_bust', null, { previousExecutionId: previous.executionId, revoked, corrected: null });
      continue;
    }
    const instead = { ...previous, executionId: `c${index}`, price: add(previous.price, decimal('0.5')) };
    standing.push(instead);
    say('trade_correct', null, {
      previousExecutionId: previous.executionId,
      revoked: null,
      corrected: whole(instead),
    });
  }
  return { updates, standing, filled: filled() };
}

/** Paid in all: what is held at its price, less what was earned on the way. */
function paid({ quantity, averagePrice, realizedPnl }: Held): Decimal {
  return subtract(multiply(quantity, averagePrice), realizedPnl);
}

interface Held {
  readonly quantity: Decimal;
  readonly averagePrice: Decimal;
  readonly realizedPnl: Decimal;
}

const FLAT: Held = { quantity: ZERO, averagePrice: ZERO, realizedPnl: ZERO };

describe('busts and corrections', () => {
  it('leave exactly the executions that stand, in whatever order and however often they are told', () => {
    fc.assert(
      fc.property(
        steps,
        fc.array(fc.nat(), { minLength: 30, maxLength: 30 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (plan, ranks, repeats) => {
          const bench = new Bench({ risk: { orderNotionalMax: '100000' } });
          const id = bench.order({ quantity: decimal('100') });
          bench.accept(id);
          const { updates, standing, filled } = story(bench, id, plan);
          const repeated = repeats.flatMap((repeat) => updates[repeat % Math.max(1, updates.length)] ?? []);
          const shuffled = [...updates, ...repeated]
            .map((update, index) => ({ update, rank: ranks[index % ranks.length]! }))
            .sort((a, b) => a.rank - b.rank);
          for (const { update } of shuffled) bench.feed({ type: 'trade_update', update });
          // What came too early is found in the broker's books.
          const whole = { brokerOrderId: `broker-${id}`, symbol: 'X', side: 'buy', fee: ZERO } as const;
          const executedAtMicros = bench.nowMicros;
          const executions = standing.map((execution) => ({ ...whole, ...execution, executedAtMicros }));
          bench.reconcile({ executions });
          const cost = standing.reduce(
            (sum, { price, quantity }) => add(sum, multiply(price, quantity)),
            ZERO,
          );
          const held = bench.machine.status().positions[0] ?? FLAT;
          expect(held.quantity).toBe(filled);
          // Average prices have nine places.
          expect(absolute(subtract(paid(held), cost))).toBeLessThanOrEqual(decimal('0.00001'));
          expect(bench.told(id).filledQuantity).toBe(filled);
          expect(bench.alerts()).not.toContain('revision_unknown');
          bench.pass(5);
          expect(bench.alerts()).not.toContain('fills_missing');
          expect(recovered(bench)).toBe(filled);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('are entries of the other side, told to the strategy and alerted', () => {
    const bench = new Bench();
    const id = bench.buy('10', '100');
    const described = bench.described(id, 'filled', ZERO);
    const previousExecutionId = 'execution-1';
    const revision = { previousExecutionId, revoked: null, corrected: null };
    const update = {
      event: 'trade_bust',
      order: described,
      execution: null,
      revision,
      atMicros: bench.nowMicros,
    };
    bench.feed({ type: 'trade_update', update });
    bench.feed({ type: 'trade_update', update });
    expect(bench.position()).toBe(ZERO);
    const rows = bench.of('record_trade').map(({ row }) => row);
    expect(rows).toHaveLength(2);
    expect(rows[1]).toMatchObject({
      executionId: 'execution-1.revoked',
      operation: 'sell',
      qty: '10',
      price: '100',
      indicators: { sell: { reason: 'revoked: execution-1' } },
    });
    expect(bench.alerts()).toContain('history_changed');
    expect(bench.events().at(-1)).toMatchObject({ type: 'fill', position: { quantity: ZERO } });
  });

  it('of an execution from before a restart are told by what the broker repeats of it', () => {
    const before = new Bench();
    const id = before.buy('10', '100');
    const recovery = recoveryOf(before);
    const after = new Bench();
    after.feed(recovery.restored([]));
    const order = { ...before.described(id, 'filled', ZERO), updatedAtMicros: before.nowMicros + 1 };
    const revoked = { price: decimal('100'), quantity: decimal('10') };
    const revision = { previousExecutionId: 'execution-1', revoked, corrected: null };
    const update = { event: 'trade_bust', order, execution: null, revision, atMicros: before.nowMicros };
    after.feed({ type: 'trade_update', update });
    expect(after.position()).toBe(ZERO);
  });
});

function recoveryOf(bench: Bench): Recovery {
  const recovery = new Recovery({ batchId: BATCH, environment: 'PAPER', carriesOver: true });
  const head = { entry: 'batch', atMicros: 0, batchId: BATCH, environment: 'PAPER' } as const;
  for (const [index, entry] of [head, ...bench.journal()].entries()) {
    recovery.apply(readLine(writeLine(index + 1, entry).trimEnd())!);
  }
  return recovery;
}

/** What a desk that starts now would hold. */
function recovered(bench: Bench): Decimal {
  const { holdings } = recoveryOf(bench).restored([]);
  return holdings.reduce((sum, { qty }) => add(sum, decimal(qty)), ZERO);
}
