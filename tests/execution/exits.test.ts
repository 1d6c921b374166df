import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderBody } from '../../src/brokers/alpaca/orders.ts';
import type { BrokerOrder } from '../../src/brokers/contract.ts';
import { type Decimal, decimal, ZERO } from '../../src/domain/decimal.ts';
import type { OrderExits, OrderIntent, OrderStatus } from '../../src/domain/order.ts';
import { readLine, writeLine } from '../../src/execution/books/journal.ts';
import { Recovery } from '../../src/execution/books/recovery.ts';
import { BATCH, Bench, type BenchOptions } from './harness.ts';

const TEN = decimal('10');
const takeProfit = { limitPrice: decimal('105') };
const stopLoss = { stopPrice: decimal('95'), limitPrice: null };
const BRACKET: OrderExits = { orderClass: 'bracket', takeProfit, stopLoss };
const OCO: OrderExits = { orderClass: 'oco', takeProfit: null, stopLoss };
const bracket = { quantity: TEN, type: 'limit', limitPrice: decimal('100'), exits: BRACKET } as const;
const oco = { quantity: TEN, type: 'limit', side: 'sell', limitPrice: decimal('105'), exits: OCO } as const;

const gainOf = (id: string) => `${id}.take_profit`;
const stopOf = (id: string) => `${id}.stop_loss`;

/** What the broker answers: exits under names of its own. */
function exitsTold(bench: Bench, id: string, status: OrderStatus): readonly BrokerOrder[] {
  return [gainOf(id), stopOf(id)]
    .filter((exit) => bench.machine.status().openOrders.some(({ clientOrderId }) => clientOrderId === exit))
    .map((exit) => told(bench, exit, status));
}

function told(bench: Bench, exit: string, status: OrderStatus, filled: Decimal = ZERO): BrokerOrder {
  const { type } = bench.told(exit);
  return { ...bench.described(exit, status, filled), clientOrderId: `named by the broker ${exit}`, type };
}

function accept(bench: Bench, id: string): void {
  bench.nowMicros += 1;
  const order = { ...bench.described(id, 'new'), exits: exitsTold(bench, id, 'held') };
  bench.feed({ type: 'submitted', clientOrderId: id, outcome: { type: 'accepted', order } });
}

/** A trade update of an exit, as the broker names it. */
function hear(bench: Bench, exit: string, status: OrderStatus, shares = '0', price = '95'): void {
  bench.nowMicros += 1;
  const filled = shares === '0' ? ZERO : decimal(shares);
  const order = told(bench, exit, status, filled);
  const execution = shares === '0' ? null : bench.execution(exit, shares, price);
  bench.feed({
    type: 'trade_update',
    update: { event: status, order, execution, atMicros: bench.nowMicros },
  });
}

function opened(changes: Partial<OrderIntent> = {}, options: BenchOptions = {}) {
  const bench = new Bench(options);
  const id = bench.order({ ...bracket, ...changes });
  accept(bench, id);
  return { bench, id };
}

function filled() {
  const stage = opened();
  stage.bench.fill(stage.id, '10');
  hear(stage.bench, gainOf(stage.id), 'new');
  return stage;
}

const openIds = (bench: Bench) => bench.machine.status().openOrders.map(({ clientOrderId }) => clientOrderId);

describe('an order that comes with exits', () => {
  it('is written down with them before it is sent, in one request', () => {
    const bench = new Bench();
    const id = bench.order(bracket);
    const at = bench.actions.findIndex(({ type }) => type === 'submit');
    const written = bench.actions
      .slice(0, at)
      .flatMap((action) => (action.type === 'journal' ? [action.entry] : []));
    const ids = written.flatMap((entry) => (entry.entry === 'order' ? [entry.kept.order.clientOrderId] : []));
    expect(ids).toEqual([id, gainOf(id), stopOf(id)]);
    for (const entry of written) expect(readLine(writeLine(1, entry).trimEnd())?.entry).toEqual(entry);
    const [{ order }] = bench.of('submit') as [ReturnType<typeof bench.of<'submit'>>[number]];
    expect(JSON.parse(orderBody(order))).toMatchObject({
      order_class: 'bracket',
      take_profit: { limit_price: '105' },
      stop_loss: { stop_price: '95' },
    });
    expect(bench.told(gainOf(id))).toMatchObject({ parent: id, side: 'sell', type: 'limit', status: 'held' });
    expect(bench.told(stopOf(id))).toMatchObject({ parent: id, side: 'sell', type: 'stop', status: 'held' });
    expect(bench.of('record_order').map(({ row }) => row.clientOrderId)).toEqual(ids);
  });

  it('sends the limit of one-cancels-other as its take-profit', () => {
    const bench = new Bench();
    bench.buy('10');
    bench.order(oco);
    expect(JSON.parse(orderBody(bench.of('submit').at(-1)!.order))).toMatchObject({
      order_class: 'oco',
      limit_price: '105',
      take_profit: { limit_price: '105' },
      stop_loss: { stop_price: '95' },
    });
  });

  it.each<[string, Partial<OrderIntent>]>([
    ['lasts less than a day', { timeInForce: 'ioc' }],
    ['is of a fraction', { quantity: decimal('1.5') }],
    ['is a bracket with one exit', { exits: { ...BRACKET, stopLoss: null } }],
    ['triggers two others', { exits: { ...BRACKET, orderClass: 'oto' } }],
    ['takes its gain below the price', { exits: { ...BRACKET, takeProfit: { limitPrice: decimal('99') } } }],
    [
      'stops its loss above the price',
      { exits: { ...BRACKET, stopLoss: { ...stopLoss, stopPrice: decimal('100') } } },
    ],
    [
      'stops its loss above the market',
      {
        type: 'market',
        limitPrice: null,
        exits: { ...BRACKET, stopLoss: { ...stopLoss, stopPrice: decimal('102') } },
      },
    ],
  ])('is denied when it %s', (_name, changes) => {
    const bench = new Bench({ risk: { fractionAllowed: true } });
    expect(bench.denial(bench.order({ ...bracket, ...changes }))?.code).toBe('invalid');
    expect(openIds(bench)).toEqual([]);
  });

  it('opens a position, or as one-cancels-other closes one', () => {
    const bench = new Bench();
    expect(bench.denial(bench.order(oco))?.code).toBe('not_reducing');
    bench.buy('10');
    expect(
      bench.denial(
        bench.order({
          ...bracket,
          side: 'sell',
          exits: {
            ...BRACKET,
            takeProfit: { limitPrice: decimal('95') },
            stopLoss: { ...stopLoss, stopPrice: decimal('105') },
          },
        }),
      ),
    ).toMatchObject({ code: 'invalid' });
    expect(bench.denial(bench.order(oco))).toBeUndefined();
  });

  it('counts once for risk, with its exits', () => {
    const { bench } = opened({}, { risk: { openOrdersMax: 2, positionNotionalMax: '2000' } });
    expect(
      bench.denial(bench.order({ quantity: TEN, type: 'limit', limitPrice: decimal('99') })),
    ).toBeUndefined();
    expect(bench.denial(bench.order({ quantity: TEN, type: 'limit', limitPrice: decimal('99') }))?.code).toBe(
      'position_notional',
    );
  });

  it('binds what it has bought, once', () => {
    const { bench, id } = filled();
    expect(bench.position()).toBe(TEN);
    const sale = { side: 'sell', quantity: decimal('1'), reduceOnly: true } as const;
    expect(bench.denial(bench.order(sale))?.code).toBe('not_reducing');
    bench.buy('5');
    bench.order({ ...sale, quantity: TEN });
    expect(bench.of('submit').at(-1)?.order.quantity).toBe(decimal('5'));
    expect(openIds(bench)).toContain(stopOf(id));
  });

  it('closes by either exit, and the other is gone', () => {
    const { bench, id } = filled();
    hear(bench, gainOf(id), 'partially_filled', '4', '105');
    expect(bench.position()).toBe(decimal('6'));
    hear(bench, gainOf(id), 'canceled', '0');
    const order = { ...told(bench, stopOf(id), 'new'), quantity: decimal('6') };
    bench.feed({
      type: 'trade_update',
      update: { event: 'new', order, execution: null, atMicros: bench.nowMicros },
    });
    expect(bench.told(stopOf(id)).quantity).toBe(decimal('6'));
    hear(bench, stopOf(id), 'filled', '6');
    expect(bench.position()).toBe(ZERO);
    expect(openIds(bench)).toEqual([]);
    expect(bench.alerts()).toEqual([]);
  });

  it('learns its exits from a question when the answer is lost, and calls none of them a stranger', () => {
    const bench = new Bench();
    const id = bench.order(bracket);
    const exits = exitsTold(bench, id, 'held');
    // The stream is ahead of the answer, which never comes.
    for (const order of exits) {
      bench.feed({
        type: 'trade_update',
        update: { event: 'held', order, execution: null, atMicros: bench.nowMicros },
      });
    }
    bench.update(id, 'new', 'new');
    expect(bench.of('resolve')).toEqual([]);
    bench.feed({ type: 'submitted', clientOrderId: id, outcome: { type: 'unknown', message: 'reset' } });
    bench.reconcile({ openOrders: [bench.described(id, 'new'), ...exits] });
    expect(bench.of('resolve').at(-1)).toMatchObject({ clientOrderId: id });
    bench.feed({ type: 'resolved', clientOrderId: id, order: { ...bench.described(id, 'new'), exits } });
    expect(bench.told(stopOf(id)).brokerOrderId).toBe(`broker-${stopOf(id)}`);
    expect(bench.alerts()).not.toContain('foreign_order');
    bench.cancel(stopOf(id));
    bench.feed({
      type: 'cancel_answered',
      clientOrderId: stopOf(id),
      outcome: { type: 'not_open', message: 'gone' },
    });
    expect(bench.of('resolve').at(-1)).toMatchObject({ brokerOrderId: `broker-${stopOf(id)}` });
  });

  it.each(['refused', 'not_sent'] as const)('takes its exits along when it is %s', (type) => {
    const bench = new Bench();
    const id = bench.order(bracket);
    const rest = { httpStatus: 403, vendorCode: null, message: 'no', retryAfterMs: null };
    bench.feed({ type: 'submitted', clientOrderId: id, outcome: { type, ...rest } });
    expect(openIds(bench)).toEqual([]);
    expect(bench.told(stopOf(id)).status).toBe('canceled');
  });

  it('is canceled with its exits by one request, and what it had bought is closed', () => {
    const { bench, id } = opened();
    bench.fill(id, '4');
    bench.feed({ type: 'command', command: 'liquidate', reason: 'enough', instanceIds: null });
    expect(bench.of('cancel').map(({ order }) => order.clientOrderId)).toEqual([id]);
    bench.update(id, 'canceled', 'canceled', decimal('4'));
    hear(bench, gainOf(id), 'canceled');
    hear(bench, stopOf(id), 'canceled');
    expect(bench.of('submit').at(-1)?.order).toMatchObject({
      type: 'market',
      side: 'sell',
      quantity: decimal('4'),
    });
    expect(bench.of('cancel')).toHaveLength(1);
  });

  it('leaves exits that work to a halt, which cancels the other one only when it stays', () => {
    const { bench, id } = filled();
    bench.feed({ type: 'command', command: 'halt', reason: 'enough', instanceIds: null });
    expect(bench.of('cancel').map(({ order }) => order.clientOrderId)).toEqual([gainOf(id)]);
    hear(bench, gainOf(id), 'canceled');
    bench.pass(2);
    expect(bench.of('cancel').map(({ order }) => order.clientOrderId)).toEqual([gainOf(id), stopOf(id)]);
    expect(bench.alerts()).not.toContain('cancel_overdue');
  });

  it('lets the stop-loss be moved while it is held, not its size, and not the order itself', () => {
    const { bench, id } = filled();
    hear(bench, stopOf(id), 'held');
    expect(bench.denial(bench.replace(id, { limitPrice: decimal('99') }))?.code).toBe('invalid');
    expect(bench.denial(bench.replace(stopOf(id), { quantity: decimal('9') }))?.code).toBe('invalid');
    const next = bench.replace(stopOf(id), { stopPrice: decimal('98') });
    expect(bench.of('replace').at(-1)?.order).toMatchObject({
      parent: id,
      stopPrice: decimal('98'),
      quantity: TEN,
    });
    expect(bench.denial(bench.order({ side: 'sell', quantity: TEN, reduceOnly: true }))?.code).toBe(
      'not_reducing',
    );
    hear(bench, stopOf(id), 'replaced');
    bench.update(next, 'held', 'held');
    hear(bench, gainOf(id), 'canceled');
    bench.fill(next, '10', '98');
    expect(bench.position()).toBe(ZERO);
    expect(openIds(bench)).toEqual([]);
  });

  it.each(['sent', 'accepted', 'filled'])(
    'is known with its exits after a restart when it was %s',
    (stage) => {
      const bench = new Bench();
      const id = bench.order(bracket);
      if (stage !== 'sent') accept(bench, id);
      if (stage === 'filled') bench.fill(id, '10');
      const recovery = new Recovery({ batchId: BATCH, environment: 'PAPER', carriesOver: true });
      recovery.apply({
        line: 1,
        entry: { entry: 'batch', atMicros: 0, batchId: BATCH, environment: 'PAPER' },
      });
      for (const [index, entry] of bench.journal().entries()) recovery.apply({ line: index + 2, entry });
      const after = new Bench({ isReady: false });
      after.skipTo(bench.nowMicros + 1);
      after.feed(recovery.restored([]));
      expect(openIds(after).sort()).toEqual(
        [...(stage === 'filled' ? [] : [id]), gainOf(id), stopOf(id)].sort(),
      );
      expect(after.of('resolve').map(({ clientOrderId }) => clientOrderId)).toEqual(
        stage === 'sent' ? [id] : [],
      );
      if (stage === 'sent') {
        const order = { ...bench.described(id, 'new'), exits: exitsTold(bench, id, 'held') };
        after.feed({ type: 'resolved', clientOrderId: id, order });
      }
      after.restartedFrom(bench);
      // An exit that the broker lists by a name of its own is ours.
      const listed = [gainOf(id), stopOf(id)].map((exit) => ({
        ...told(bench, exit, 'held'),
        updatedAtMicros: after.nowMicros,
      }));
      after.reconcile({ openOrders: listed });
      expect(after.alerts()).not.toContain('foreign_order');
      const order = { ...told(bench, stopOf(id), 'filled', TEN), updatedAtMicros: after.nowMicros + 1 };
      const execution = bench.execution(stopOf(id), '10', '95');
      after.feed({
        type: 'trade_update',
        update: { event: 'fill', order, execution, atMicros: after.nowMicros },
      });
      expect(after.position()).toBe(stage === 'filled' ? ZERO : decimal('-10'));
    },
  );
});

/** What happens at the broker to a bracket of ten, one step after another. */
type Step = { readonly entry: number } | { readonly gain: number } | { readonly stop: number };

interface Word {
  readonly of: 'entry' | 'gain' | 'stop';
  readonly status: OrderStatus;
  readonly filled: number;
  readonly quantity: number;
  readonly execution: number;
}

/** The broker by the plainest means. */
function story(plan: readonly Step[]): { words: Word[]; held: number } {
  const words: Word[] = [];
  const entry = { filled: 0, quantity: 10, status: 'new' as OrderStatus };
  const gain = { filled: 0, quantity: 10, status: 'held' as OrderStatus };
  const stop = { filled: 0, quantity: 10, status: 'held' as OrderStatus };
  const all = { entry, gain, stop };
  const say = (of: Word['of'], execution = 0) => words.push({ of, execution, ...all[of] });
  const fill = (of: Word['of'], shares: number) => {
    const order = all[of];
    const dealt = Math.min(shares, order.quantity - order.filled);
    order.filled += dealt;
    order.status = order.filled === order.quantity ? 'filled' : 'partially_filled';
    say(of, dealt);
  };
  for (const of of ['entry', 'gain', 'stop'] as const) say(of);
  for (const step of plan) {
    if ('entry' in step) {
      if (entry.filled === 10) continue;
      fill('entry', step.entry);
      if (entry.filled < 10) continue;
      gain.status = 'new';
      say('gain');
    } else if ('gain' in step && (gain.status === 'new' || gain.status === 'partially_filled')) {
      fill('gain', step.gain);
      stop.quantity = 10 - gain.filled;
      if (gain.filled === 10) {
        stop.status = 'canceled';
        say('stop');
      }
    } else if (
      'stop' in step &&
      entry.status === 'filled' &&
      stop.status !== 'canceled' &&
      stop.status !== 'filled'
    ) {
      if (gain.status !== 'canceled') {
        gain.status = 'canceled';
        say('gain');
        stop.status = 'new';
        say('stop');
      }
      fill('stop', step.stop);
    }
  }
  return { words, held: entry.filled - gain.filled - stop.filled };
}

const shares = fc.integer({ min: 1, max: 7 });
const plans = fc.array(
  fc.oneof(
    shares.map((entry): Step => ({ entry })),
    shares.map((gain): Step => ({ gain })),
    shares.map((stop): Step => ({ stop })),
  ),
  { maxLength: 10 },
);

describe('a bracket', () => {
  it('comes to the same end in whatever order and however often the broker tells of its orders', () => {
    const disorder = fc.array(fc.nat(), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(plans, disorder, fc.array(fc.nat(), { maxLength: 8 }), (plan, ranks, repeats) => {
        const { bench, id } = opened();
        const ids = { entry: id, gain: gainOf(id), stop: stopOf(id) };
        const { words, held } = story(plan);
        const from = bench.nowMicros;
        const shuffled = [...words.keys(), ...repeats.map((repeat) => repeat % words.length)]
          .map((index, at) => ({ index, rank: ranks[at % ranks.length]! }))
          .sort((a, b) => a.rank - b.rank);
        for (const { index } of shuffled) {
          const word = words[index]!;
          const of = ids[word.of];
          const moment = from + 1 + index;
          bench.nowMicros += 1;
          const described =
            word.of === 'entry' ? bench.described(of, word.status) : told(bench, of, word.status);
          const order = {
            ...described,
            filledQuantity: decimal(String(word.filled)),
            quantity: decimal(String(word.quantity)),
            updatedAtMicros: moment,
          };
          const execution =
            word.execution === 0
              ? null
              : { ...bench.execution(of, String(word.execution)), executionId: `of ${index}` };
          bench.feed({
            type: 'trade_update',
            update: { event: word.status, order, execution, atMicros: moment },
          });
        }
        expect(bench.position()).toBe(decimal(String(held)));
        const last = (of: Word['of']) => words.findLast((word) => word.of === of)!.status;
        for (const of of ['entry', 'gain', 'stop'] as const)
          expect(bench.told(ids[of]).status).toBe(last(of));
        expect(bench.alerts()).not.toContain('surplus_execution');
        // What is held is bound by its exits while they are there, and free when they are gone.
        const isBound = last('gain') !== 'filled' && last('stop') !== 'filled';
        const sale = bench.order({ side: 'sell', quantity: decimal('1'), reduceOnly: true });
        if (held > 0 && isBound) expect(bench.denial(sale)?.code).toBe('not_reducing');
      }),
      { numRuns: 400 },
    );
  });
});
