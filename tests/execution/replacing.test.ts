import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BrokerOrder } from '../../src/brokers/contract.ts';
import { add, type Decimal, decimal, maximum, subtract, ZERO } from '../../src/domain/decimal.ts';
import type { OrderChanges, OrderStatus } from '../../src/domain/order.ts';
import { readLine, writeLine } from '../../src/execution/books/journal.ts';
import { Recovery } from '../../src/execution/books/recovery.ts';
import { BATCH, Bench, type BenchOptions, ONE_SECOND } from './harness.ts';

const TEN = decimal('10');
const resting = { type: 'limit', limitPrice: decimal('99'), quantity: TEN } as const;

/** A limit order that rests at the broker, and what is asked for in its place. */
function replacing(changes: OrderChanges, options: BenchOptions = {}) {
  const bench = new Bench(options);
  const old = bench.order(resting);
  bench.accept(old);
  return { bench, old, next: bench.replace(old, changes) };
}

function accepted(bench: Bench, old: string, next: string): void {
  bench.nowMicros += 1;
  bench.feed({
    type: 'submitted',
    clientOrderId: next,
    outcome: { type: 'accepted', order: bench.described(next, 'pending_new') },
  });
  bench.update(old, 'pending_replace', 'pending_replace');
}

/** The broker has put the one in the other's place. */
function carriedOut(bench: Bench, old: string, next: string): void {
  bench.update(old, 'replaced', 'replaced');
  bench.update(next, 'new', 'new');
}

const limit = (price: string) => ({ limitPrice: decimal(price) });

describe('an order in the place of another', () => {
  it('is in the journal before its request leaves, under an id of its own', () => {
    const { bench, old, next } = replacing(limit('98'));
    const at = bench.actions.findIndex(({ type }) => type === 'replace');
    const before = bench.actions
      .slice(0, at)
      .flatMap((action) => (action.type === 'journal' ? [action.entry] : []));
    expect(before.at(-1)).toMatchObject({ entry: 'order', kept: { order: { clientOrderId: next } } });
    const [{ order, replaced }] = bench.of('replace') as [ReturnType<typeof bench.of<'replace'>>[number]];
    expect(order).toMatchObject({
      clientOrderId: next,
      replaces: old,
      quantity: TEN,
      limitPrice: decimal('98'),
    });
    expect(replaced.clientOrderId).toBe(old);
    const entry = bench.journal().findLast((line) => line.entry === 'order')!;
    expect(readLine(writeLine(1, entry).trimEnd())?.entry).toEqual(entry);
  });

  it('works when the broker has put it there, and only its fills count from then on', () => {
    const { bench, old, next } = replacing({ quantity: decimal('12') });
    accepted(bench, old, next);
    bench.fill(old, '4');
    carriedOut(bench, old, next);
    bench.feed({
      type: 'trade_update',
      update: {
        event: 'new',
        order: {
          ...bench.described(next, 'new'),
          quantity: decimal('8'),
          updatedAtMicros: bench.nowMicros + 1,
        },
        execution: null,
        atMicros: bench.nowMicros + 1,
      },
    });
    expect(bench.told(old)).toMatchObject({ status: 'replaced', filledQuantity: decimal('4') });
    expect(bench.told(next)).toMatchObject({ status: 'new', quantity: decimal('8') });
    bench.fill(next, '8');
    expect(bench.told(next).status).toBe('filled');
    expect(bench.position()).toBe(decimal('12'));
    expect(bench.machine.openOrderCount()).toBe(0);
  });

  it('counts the worse of both while nobody knows which of them is filled', () => {
    const options = { risk: { positionNotionalMax: '2000', orderNotionalMax: '2000' } };
    const { bench, old } = replacing({ quantity: decimal('15') }, options);
    expect(bench.denial(bench.order({ ...resting, quantity: decimal('6') }))).toMatchObject({
      code: 'position_notional',
    });
    expect(bench.denial(bench.order({ ...resting, quantity: decimal('4') }))).toBeUndefined();
    expect(bench.told(old).status).toBe('new');
  });

  it('needs buying power and room for what it adds, and no more', () => {
    const bench = new Bench({ risk: { openOrdersMax: 1, orderNotionalMax: '2000' } });
    const old = bench.order(resting);
    bench.accept(old);
    bench.nowMicros += 1;
    bench.account({ buyingPower: decimal('300') });
    expect(bench.denial(bench.replace(old, { quantity: decimal('14') }))).toMatchObject({
      code: 'buying_power',
      needed: decimal('396'),
      available: decimal('300'),
    });
    expect(bench.denial(bench.replace(old, { quantity: decimal('12') }))).toBeUndefined();
  });

  it.each<[string, OrderChanges, string | undefined]>([
    ['more', { quantity: decimal('11') }, 'risk_state'],
    ['a worse price', limit('99.5'), 'risk_state'],
    ['less, at a better price', { quantity: decimal('9'), ...limit('98') }, undefined],
  ])('that asks for %s while no new risk is taken', (_name, changes, code) => {
    const bench = new Bench();
    const old = bench.order(resting);
    bench.accept(old);
    bench.feed({ type: 'broker_connection', connected: false, detail: '' });
    bench.feed({ type: 'broker_connection', connected: true, detail: '' });
    bench.reconcile({ openOrders: [bench.described(old, 'new')] });
    bench.account({ blockedReason: 'blocked' });
    expect(bench.denial(bench.replace(old, changes))?.code).toBe(code);
  });

  it('moves a stop that protects a position, for all of it', () => {
    const bench = new Bench();
    bench.buy('10');
    const stop = { type: 'stop', side: 'sell', quantity: TEN } as const;
    const old = bench.order({ ...stop, stopPrice: decimal('95') });
    bench.accept(old);
    const next = bench.replace(old, { stopPrice: decimal('97') });
    expect(bench.of('replace').at(-1)?.order).toMatchObject({ stopPrice: decimal('97'), quantity: TEN });
    accepted(bench, old, next);
    carriedOut(bench, old, next);
    expect(bench.denial(bench.order({ side: 'sell', quantity: TEN, reduceOnly: true }))?.code).toBe(
      'not_reducing',
    );
  });

  it.each<[string, (bench: Bench, old: string) => void, OrderStatus]>([
    ['that the broker does not know yet', () => {}, 'submitting'],
    ['that is filled', (bench, old) => [bench.accept(old), bench.fill(old, '10')], 'filled'],
    ['whose cancel is under way', (bench, old) => [bench.accept(old), bench.cancel(old)], 'pending_cancel'],
    [
      'that is being replaced',
      (bench, old) => [bench.accept(old), bench.replace(old, limit('98'))],
      'pending_replace',
    ],
    [
      'that is on its way to the venue',
      (bench, old) => bench.update(old, 'pending_new', 'pending_new'),
      'pending_new',
    ],
  ])('is denied for one %s', (_name, arrange, status) => {
    const bench = new Bench();
    const old = bench.order(resting);
    arrange(bench, old);
    const sent = bench.of('replace').length;
    const next = bench.replace(old, limit('97'));
    expect(bench.denial(next)).toEqual({ code: 'not_replaceable', clientOrderId: old, status });
    expect(bench.of('replace')).toHaveLength(sent);
  });

  it('is denied for an order of another strategy, and for changes that do not fit', () => {
    const bench = new Bench();
    const old = bench.order(resting);
    bench.accept(old);
    expect(bench.denial(bench.replace(old, limit('98'), 'beta'))?.code).toBe('unknown_order');
    expect(bench.denial(bench.replace(old, { stopPrice: decimal('98') }))?.code).toBe('invalid');
    bench.fill(old, '4');
    expect(bench.denial(bench.replace(old, { quantity: decimal('4') }))?.code).toBe('invalid');
  });

  it('leaves the old one alone when it is refused, because that was filled first or for any reason', () => {
    const { bench, old, next } = replacing(limit('98'));
    const rest = {
      httpStatus: 422,
      vendorCode: null,
      message: 'order is already in "filled" state',
      retryAfterMs: null,
    };
    bench.feed({ type: 'submitted', clientOrderId: next, outcome: { type: 'refused', ...rest } });
    expect(bench.told(next).status).toBe('rejected');
    expect(bench.machine.openOrderCount()).toBe(1);
    bench.fill(old, '10');
    expect(bench.position()).toBe(TEN);
    expect(bench.machine.openOrderCount()).toBe(0);
  });

  it('is gone when the old one is filled first', () => {
    const { bench, old, next } = replacing(limit('98'));
    accepted(bench, old, next);
    bench.fill(old, '10');
    bench.update(next, 'rejected', 'rejected');
    expect(bench.position()).toBe(TEN);
    expect(bench.machine.openOrderCount()).toBe(0);
  });

  it('is asked for when its answer is lost, and never sent a second time', () => {
    const { bench, old, next } = replacing(limit('98'));
    bench.feed({ type: 'submitted', clientOrderId: next, outcome: { type: 'unknown', message: 'reset' } });
    expect(bench.told(next).status).toBe('unknown');
    expect(bench.of('resolve').at(-1)).toMatchObject({ clientOrderId: next, brokerOrderId: null });
    bench.pass(6);
    bench.feed({ type: 'resolved', clientOrderId: next, order: null });
    expect(bench.told(next).status).toBe('not_sent');
    expect(bench.of('replace')).toHaveLength(1);
    expect(bench.told(old).status).toBe('new');
    // It had arrived after all.
    bench.feed({ type: 'resolved', clientOrderId: next, order: bench.described(next, 'new') });
    expect(bench.told(next).status).toBe('new');
  });

  it('is known as ours by the id that the old one names, should the broker have called it otherwise', () => {
    const { bench, old, next } = replacing(limit('98'));
    bench.feed({ type: 'submitted', clientOrderId: next, outcome: { type: 'unknown', message: 'reset' } });
    const order: BrokerOrder = {
      ...bench.described(old, 'replaced'),
      replacedBy: 'broker-9',
      updatedAtMicros: bench.nowMicros + 1,
    };
    bench.feed({
      type: 'trade_update',
      update: { event: 'replaced', order, execution: null, atMicros: bench.nowMicros },
    });
    bench.pass(6);
    bench.feed({ type: 'resolved', clientOrderId: next, order: null });
    expect(bench.of('resolve').at(-1)).toMatchObject({ clientOrderId: next, brokerOrderId: 'broker-9' });
    const named = {
      ...bench.described(next, 'new'),
      brokerOrderId: 'broker-9',
      clientOrderId: 'a-name-of-the-brokers',
    };
    bench.feed({ type: 'resolved', clientOrderId: next, order: named });
    expect(bench.told(next)).toMatchObject({ status: 'new', brokerOrderId: 'broker-9' });
    expect(bench.alerts()).not.toContain('foreign_order');
  });

  it('is told from another that was given up, and had arrived after all', () => {
    const { bench, old, next: first } = replacing(limit('98'));
    bench.feed({ type: 'submitted', clientOrderId: first, outcome: { type: 'unknown', message: 'reset' } });
    bench.pass(6);
    bench.feed({ type: 'resolved', clientOrderId: first, order: null });
    expect(bench.told(first).status).toBe('not_sent');
    const second = bench.replace(old, limit('97'));
    bench.nowMicros += 1;
    const order = { ...bench.described(old, 'replaced'), replacedBy: `broker-${first}` };
    bench.feed({
      type: 'trade_update',
      update: { event: 'replaced', order, execution: null, atMicros: bench.nowMicros },
    });
    expect(bench.of('resolve').at(-1)).toMatchObject({ clientOrderId: first, brokerOrderId: null });
    bench.feed({ type: 'resolved', clientOrderId: first, order: bench.described(first, 'new') });
    const rest = {
      httpStatus: 422,
      vendorCode: null,
      message: 'order is already in "replaced" state',
      retryAfterMs: null,
    };
    bench.feed({ type: 'submitted', clientOrderId: second, outcome: { type: 'refused', ...rest } });
    expect(bench.machine.status().openOrders.map(({ clientOrderId }) => clientOrderId)).toEqual([first]);
    bench.fill(first, '10');
    expect(bench.told(second)).toMatchObject({ status: 'rejected', brokerOrderId: null });
    expect(bench.position()).toBe(TEN);
  });

  it.each(['the old one', 'the new one', 'a halt'])('goes with the old one when %s is canceled', (what) => {
    const { bench, old, next } = replacing(limit('98'));
    accepted(bench, old, next);
    if (what === 'a halt') bench.feed({ type: 'command', command: 'halt', reason: what, instanceIds: null });
    else bench.cancel(what === 'the old one' ? old : next);
    expect(
      bench
        .of('cancel')
        .map(({ order }) => order.clientOrderId)
        .sort(),
    ).toEqual([old, next].sort());
  });

  it('lives on as it was when the broker takes the request back', () => {
    const { bench, old, next } = replacing(limit('98'));
    accepted(bench, old, next);
    bench.update(old, 'order_replace_rejected', 'new');
    expect(bench.alerts()).toContain('replace_rejected');
    expect(bench.of('resolve').at(-1)?.clientOrderId).toBe(next);
    bench.update(next, 'rejected', 'rejected');
    expect(bench.machine.status().openOrders.map(({ clientOrderId }) => clientOrderId)).toEqual([old]);
  });

  it.each(['sent', 'accepted', 'carried out'])('is known after a restart when it was %s', (stage) => {
    const { bench, old, next } = replacing(
      { quantity: decimal('15') },
      { risk: { positionNotionalMax: '2000' } },
    );
    if (stage !== 'sent') accepted(bench, old, next);
    if (stage === 'carried out') carriedOut(bench, old, next);
    const recovery = new Recovery({ batchId: BATCH, environment: 'PAPER', carriesOver: true });
    recovery.apply({ line: 1, entry: { entry: 'batch', atMicros: 0, batchId: BATCH, environment: 'PAPER' } });
    for (const [index, entry] of bench.journal().entries()) recovery.apply({ line: index + 2, entry });
    const after = new Bench({ isReady: false, risk: { positionNotionalMax: '2000' } });
    after.skipTo(bench.nowMicros + ONE_SECOND);
    after.feed(recovery.restored([]));
    const asked = after.of('resolve').map(({ clientOrderId }) => clientOrderId);
    expect(asked).toEqual(stage === 'sent' ? [next] : []);
    expect(after.machine.openOrderCount()).toBe(stage === 'carried out' ? 1 : 2);
    after.restartedFrom(bench);
    // Both together count as the worse of them: 15 of 20.
    expect(after.denial(after.order({ ...resting, quantity: decimal('6') }))?.code).toBe('position_notional');
    expect(after.denial(after.order({ ...resting, quantity: decimal('4') }))).toBeUndefined();
  });
});

/** What happens at the broker, one step after another; each says something of the old order, the new one or both. */
type Step = { readonly fill: number } | 'carry out' | 'cancel';

interface Told {
  readonly of: 'old' | 'next';
  readonly event: string;
  readonly status: OrderStatus;
  readonly filled: number;
  readonly quantity: number;
  readonly execution: number;
}

/** The broker by the plainest means: one thing after another, no more filled than asked for. */
function story(total: number, steps: readonly Step[]): { words: Told[]; held: number; open: number } {
  const words: Told[] = [];
  const old = { filled: 0, quantity: 10, status: 'pending_replace' as OrderStatus };
  const next = { filled: 0, quantity: total, status: 'pending_new' as OrderStatus };
  const say = (of: 'old' | 'next', event: string, execution = 0) =>
    words.push({ of, event, execution, ...(of === 'old' ? old : next) });
  say('next', 'pending_new');
  say('old', 'pending_replace');
  for (const step of steps) {
    const living = next.status === 'pending_new' || next.status === 'rejected' ? old : next;
    if (living.status === 'filled' || living.status === 'canceled') break;
    if (typeof step === 'object') {
      const shares = Math.min(step.fill, living.quantity - living.filled);
      living.filled += shares;
      const isDone = living.filled === living.quantity;
      if (isDone) living.status = 'filled';
      else if (living.status === 'new') living.status = 'partially_filled';
      say(living === old ? 'old' : 'next', isDone ? 'fill' : 'partial_fill', shares);
      if (isDone && living === old) {
        next.status = 'rejected';
        say('next', 'rejected');
      }
    } else if (step === 'cancel') {
      living.status = 'canceled';
      say(living === old ? 'old' : 'next', 'canceled');
      if (living === old) {
        next.status = 'rejected';
        say('next', 'rejected');
      }
    } else if (next.status === 'pending_new' && total > old.filled) {
      old.status = 'replaced';
      next.quantity = total - old.filled;
      next.status = 'new';
      say('old', 'replaced');
      say('next', 'new');
    }
  }
  const open = [old, next].filter(
    ({ status }) => !['replaced', 'rejected', 'filled', 'canceled'].includes(status),
  );
  return { words, held: old.filled + next.filled, open: open.length };
}

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 6 }).map((fill): Step => ({ fill })) },
    { weight: 2, arbitrary: fc.constant<Step>('carry out') },
    { weight: 1, arbitrary: fc.constant<Step>('cancel') },
  ),
  { maxLength: 8 },
);

describe('two orders, one in the place of the other', () => {
  it('come to the same end in whatever order and however often the broker tells of them', () => {
    const disorder = fc.array(fc.nat(), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        steps,
        disorder,
        fc.array(fc.nat(), { maxLength: 8 }),
        (total, plan, ranks, repeats) => {
          const { bench, old, next } = replacing({ quantity: decimal(String(total)) });
          const { words, held, open } = story(total, plan);
          const from = bench.nowMicros;
          const shuffled = [...words.keys(), ...repeats.map((repeat) => repeat % words.length)]
            .map((index, at) => ({ index, rank: ranks[at % ranks.length]! }))
            .sort((a, b) => a.rank - b.rank);
          for (const { index } of shuffled) {
            hear(bench, words[index]!, { id: words[index]!.of === 'old' ? old : next, index, from });
            expect(bench.position()).toBeLessThanOrEqual(maximum(TEN, decimal(String(total))));
          }
          expect(bench.position()).toBe(decimal(String(held)));
          expect(bench.machine.openOrderCount()).toBe(open);
          const sum = add(bench.told(old).filledQuantity, bench.told(next).filledQuantity);
          expect(subtract(sum, decimal(String(held)))).toBe(ZERO);
          expect(bench.alerts()).not.toContain('surplus_execution');
        },
      ),
      { numRuns: 500 },
    );
  });
});

function hear(bench: Bench, word: Told, of: { id: string; index: number; from: number }): void {
  const moment = of.from + 1 + of.index;
  bench.nowMicros += 1;
  const amount = (shares: number): Decimal => decimal(String(shares));
  const described = {
    ...bench.described(of.id, word.status, amount(word.filled)),
    quantity: amount(word.quantity),
    createdAtMicros: of.from,
    updatedAtMicros: moment,
  };
  const execution =
    word.execution === 0
      ? null
      : { ...bench.execution(of.id, String(word.execution)), executionId: `execution of ${of.index}` };
  bench.feed({
    type: 'trade_update',
    update: { event: word.event, order: described, execution, atMicros: moment },
  });
}
