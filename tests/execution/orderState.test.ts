import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BrokerOrder, Execution } from '../../src/brokers/contract.ts';
import { add, type Decimal, decimal, weightedAverage, ZERO } from '../../src/domain/decimal.ts';
import { isTerminal, type Order, type OrderStatus } from '../../src/domain/order.ts';
import { TrackedOrder } from '../../src/execution/orders/orderState.ts';

const QUANTITY = decimal('100');
const ORDER: Order = {
  clientOrderId: 'a.b.X.1',
  brokerOrderId: null,
  instanceId: 'b',
  algoRunId: '1',
  consumer: 'A',
  symbol: 'X',
  side: 'buy',
  type: 'limit',
  timeInForce: 'day',
  extendedHours: false,
  quantity: QUANTITY,
  limitPrice: decimal('10'),
  stopPrice: null,
  reduceOnly: false,
  targetPrice: null,
  stopLossPrice: null,
  reason: '',
  indicators: {},
  status: 'submitting',
  filledQuantity: ZERO,
  averagePrice: null,
  statusReason: null,
  createdAtMicros: 0,
  updatedAtMicros: 0,
};

/** One thing the broker says. */
interface Word {
  readonly event: string;
  readonly described: BrokerOrder;
  readonly execution: Execution | null;
}

/** Every status that an order can have while it lives, and what leaves its status as it was. */
const LIVING = [
  'pending_new',
  'new',
  'held',
  'stopped',
  'suspended',
  'calculated',
  'done_for_day',
  'pending_cancel',
  'pending_replace',
] as const;
const UNCHANGED = ['order_cancel_rejected', 'order_replace_rejected', 'restated'] as const;
/** With a fill these read `partially_filled`. */
const BARE: readonly OrderStatus[] = ['accepted', 'pending_new', 'held', 'new'];

type Step = (typeof LIVING)[number] | (typeof UNCHANGED)[number] | { fill: number };
type End = 'canceled' | 'expired' | 'rejected' | 'replaced' | 'filled' | 'open';

const steps = fc.array(
  fc.oneof(
    fc.constantFrom<Step>(...LIVING, ...UNCHANGED),
    fc.integer({ min: 1, max: 40 }).map((fill): Step => ({ fill })),
  ),
  { maxLength: 12 },
);
const ends = fc.constantFrom<End>('canceled', 'expired', 'rejected', 'replaced', 'filled', 'open');

/** What a broker says of one order's life, in the order in which it happened. */
function story(plan: readonly Step[], end: End): readonly Word[] {
  const words: Word[] = [];
  let filled = 0;
  let resting = 'accepted' as OrderStatus;
  let status = 'accepted' as OrderStatus;
  const say = (event: string, fill: number | null) => {
    const moment = 1_000 + words.length;
    const described: BrokerOrder = {
      brokerOrderId: 'broker-1',
      clientOrderId: ORDER.clientOrderId,
      symbol: 'X',
      side: 'buy',
      quantity: QUANTITY,
      filledQuantity: decimal(String(filled)),
      averagePrice: null,
      status,
      rawStatus: status,
      createdAtMicros: 1_000,
      updatedAtMicros: moment,
    };
    const execution = fill === null ? null : executionOf(words.length, fill, moment);
    words.push({ event, described, execution });
  };
  const fillBy = (shares: number) => {
    filled += shares;
    status = filled === 100 ? 'filled' : 'partially_filled';
    resting = status;
    say(filled === 100 ? 'fill' : 'partial_fill', shares);
  };
  say('accepted', null);
  for (const step of plan) {
    if (status === 'filled') break;
    if (typeof step === 'object') {
      fillBy(Math.min(step.fill, 100 - filled));
    } else if (step === 'restated') {
      say(step, null);
    } else if (step === 'order_cancel_rejected' || step === 'order_replace_rejected') {
      status = resting;
      say(step, null);
    } else {
      if (BARE.includes(step) && filled > 0) continue;
      status = step;
      if (step !== 'pending_cancel' && step !== 'pending_replace') resting = step;
      say(step, null);
    }
  }
  if (status === 'filled' || end === 'open') return words;
  if (end === 'filled') fillBy(100 - filled);
  else {
    status = end;
    say(end, null);
  }
  return words;
}

function executionOf(index: number, shares: number, moment: number): Execution {
  return {
    executionId: `execution-${index}`,
    brokerOrderId: 'broker-1',
    symbol: 'X',
    side: 'buy',
    quantity: decimal(String(shares)),
    price: decimal(String(10 + index)),
    fee: ZERO,
    executedAtMicros: moment,
  };
}

/** The same by the plainest means: everything in the order in which it happened, each execution once. */
function naive(words: readonly Word[]): { status: OrderStatus; filled: Decimal; average: Decimal | null } {
  let filled = ZERO;
  const executions = words.flatMap(({ execution }) => (execution === null ? [] : [execution]));
  for (const { quantity } of executions) filled = add(filled, quantity);
  const last = words.at(-1)!.described.status;
  const isBare = BARE.includes(last);
  const status = filled > ZERO && isBare ? 'partially_filled' : last;
  return { status, filled, average: filled === ZERO ? null : weightedAverage(executions) };
}

function hear(tracked: TrackedOrder, { event, described, execution }: Word): void {
  tracked.noteReported(described.filledQuantity, described.updatedAtMicros);
  if (execution !== null) tracked.applyExecution(execution, described.updatedAtMicros);
  tracked.mergeBroker(described, event, described.updatedAtMicros);
}

describe('one order', () => {
  it('comes to the same state in whatever order, and however often, the broker tells its story', () => {
    const disorder = fc.array(fc.nat(), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(
        steps,
        ends,
        disorder,
        fc.array(fc.nat(), { maxLength: 20 }),
        (plan, end, ranks, repeats) => {
          const words = story(plan, end);
          const repeated = repeats.map((repeat) => words[repeat % words.length]!);
          const shuffled = [...words, ...repeated]
            .map((word, index) => ({ word, rank: ranks[index % ranks.length]! }))
            .sort((a, b) => a.rank - b.rank);
          const tracked = new TrackedOrder(ORDER, 'batch');
          for (const { word } of shuffled) hear(tracked, word);
          const expected = naive(words);
          expect(tracked.order.status).toBe(expected.status);
          expect(tracked.order.filledQuantity).toBe(expected.filled);
          expect(tracked.order.averagePrice).toBe(expected.average);
          expect(tracked.missing).toBe(ZERO);
          expect(tracked.isEnded).toBe(isTerminal(expected.status));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('never fills further than ordered, and never falls back, on the way there', () => {
    fc.assert(
      fc.property(steps, ends, fc.array(fc.nat(), { maxLength: 40 }), (plan, end, picks) => {
        const words = story(plan, end);
        const tracked = new TrackedOrder(ORDER, 'batch');
        let before = ZERO;
        for (const pick of picks) {
          hear(tracked, words[pick % words.length]!);
          const { filledQuantity } = tracked.order;
          expect(filledQuantity).toBeGreaterThanOrEqual(before);
          expect(filledQuantity).toBeLessThanOrEqual(tracked.reportedFilled);
          expect(tracked.reportedFilled).toBeLessThanOrEqual(QUANTITY);
          before = filledQuantity;
        }
      }),
    );
  });

  it('does not book an execution again that comes under another id', () => {
    const tracked = new TrackedOrder(ORDER, 'batch');
    const [first] = story([{ fill: 30 }], 'open').slice(-1);
    hear(tracked, first!);
    const again = { ...first!.execution!, executionId: 'from-the-activities' };
    expect(tracked.applyExecution(again, 1)).toBe('surplus');
    expect(tracked.order.filledQuantity).toBe(decimal('30'));
  });

  it('is alive again when the broker tells of it after we gave it up', () => {
    const tracked = new TrackedOrder(ORDER, 'batch');
    tracked.setLocal('not_sent', 'the broker does not know it', 1);
    expect(tracked.isEnded).toBe(true);
    hear(tracked, story(['new'], 'open').at(-1)!);
    expect(tracked.order.status).toBe('new');
    expect(tracked.order.brokerOrderId).toBe('broker-1');
  });

  it('takes a status that this version does not know as a sign of life, and no more', () => {
    const tracked = new TrackedOrder(ORDER, 'batch');
    const [, fresh] = story(['new'], 'open');
    const odd = { ...fresh!.described, status: 'unknown', rawStatus: 'pending_review' } as const;
    tracked.mergeBroker({ ...odd, updatedAtMicros: 9_999 }, 'pending_review', 1);
    expect(tracked.order.status).toBe('accepted');
    hear(tracked, fresh!);
    expect(tracked.order.status).toBe('new');
    tracked.mergeBroker({ ...odd, updatedAtMicros: 9_999 }, 'pending_review', 1);
    expect(tracked.order.status).toBe('new');
  });
});
