import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { CancelIntent, Intent } from '../../src/domain/order.ts';
import { Batch, EventKind } from '../../src/tape/batch.ts';
import { MarketReceiver } from '../../src/transport/market.ts';
import type { DeskEvent } from '../../src/transport/messages.ts';
import { ConsumerOrders, DeskOrders } from '../../src/transport/orders.ts';

function cancel(sequence: number): CancelIntent {
  return {
    kind: 'cancel',
    clientOrderId: `batch.instance.AAPL.${sequence}`,
    instanceId: 'instance',
    symbol: 'AAPL',
    reason: 'test',
    causedBy: sequence,
    decidedAtMicros: 0,
  };
}

describe('the orders port', () => {
  it('carries the first intent of a turn at once and its others in one message, in order, and answers back', async () => {
    const { port1, port2 } = new MessageChannel();
    const turns: (readonly Intent[])[] = [];
    const answered = new Promise<readonly DeskEvent[]>((resolve) => {
      const consumer = new ConsumerOrders(port1, { onDeskEvents: resolve });
      const desk = new DeskOrders(port2, {
        onIntents: (intents) => {
          turns.push(intents);
          if (turns.flat().length < 4) return;
          for (const each of turns.flat())
            desk.send({
              type: 'denial',
              denial: { ...each, reason: { code: 'unknown_order', clientOrderId: each.clientOrderId } },
            });
        },
        onHandover: () => undefined,
      });
      consumer.send(cancel(1));
      consumer.send(cancel(2));
      consumer.send(cancel(3));
      setImmediate(() => consumer.send(cancel(4)));
    });
    const events = await answered;
    expect(turns.map((turn) => turn.map((each) => each.causedBy))).toEqual([[1], [2, 3], [4]]);
    expect(events.map((each) => each.type === 'denial' && each.denial.clientOrderId)).toEqual(
      [1, 2, 3, 4].map((sequence) => cancel(sequence).clientOrderId),
    );
    port1.close();
  });

  it('says that a unit has left behind its last intents and before what follows', async () => {
    const { port1, port2 } = new MessageChannel();
    const heard: (number | string)[] = [];
    const through = new Promise<void>((resolve) => {
      new DeskOrders(port2, {
        onIntents: (intents) => {
          heard.push(...intents.map(({ causedBy }) => causedBy));
          if (heard.includes(2)) resolve();
        },
        onHandover: ({ to }) => heard.push(to),
      });
    });
    const consumer = new ConsumerOrders(port1, { onDeskEvents: () => {} });
    consumer.send(cancel(1));
    consumer.handOver({ moveId: 1, unit: { instanceId: 'i', symbol: 'AAPL' }, from: 'A', to: 'B' });
    consumer.send(cancel(2));
    await through;
    expect(heard).toEqual([1, 'B', 2]);
    port1.close();
  });

  it('still sends what was decided in the turn in which it is closed, and tells the other side', async () => {
    const { port1, port2 } = new MessageChannel();
    const received: Intent[] = [];
    const closed = new Promise<void>((resolve) => {
      new DeskOrders(port2, {
        onIntents: (intents) => received.push(...intents),
        onHandover: () => undefined,
        onClose: resolve,
      });
    });
    const consumer = new ConsumerOrders(port1, { onDeskEvents: () => {} });
    consumer.send(cancel(1));
    consumer.close();
    consumer.send(cancel(2));
    await closed;
    expect(received.map((each) => each.causedBy)).toEqual([1]);
  });
});

describe('the market receiver', () => {
  it('shows each batch once and gives its buffer back when the handler has returned', async () => {
    const { port1, port2 } = new MessageChannel();
    const counts: number[] = [];
    const receiver = new MarketReceiver(port2, {
      onBatch: (batch) => counts.push(batch.count),
    });
    const sent = Batch.create({ rows: 4, heapBytes: 16 });
    sent.clearRow(0, EventKind.quote, 1);
    sent.count = 1;
    const buffer = sent.seal();
    const { byteLength } = buffer;
    port1.postMessage(buffer, [buffer]);
    const [returned] = (await once(port1, 'message')) as [ArrayBuffer];
    expect(counts).toEqual([1]);
    expect(buffer.byteLength).toBe(0);
    expect(returned.byteLength).toBe(byteLength);
    receiver.close();
  });
});
