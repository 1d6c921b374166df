import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { ConsumerFeed } from '../../src/consumer/feed.ts';
import { ConsumerStages } from '../../src/consumer/stages.ts';
import { tradesBatch } from '../engine/inbox.ts';

const ROWS = 40;

/** A consumer whose strategies take so long for each row; turns go on when the test says so. */
function consumer(rowMs: number) {
  const { port1, port2 } = new MessageChannel();
  const clock = new SimulatedClock(1_000_000);
  const turns: (() => void)[] = [];
  const shown: string[] = [];
  let batches = 0;
  let creditsBack = 0;
  port1.on('message', () => {
    creditsBack += 1;
  });
  const feed = new ConsumerFeed(port2, {
    clock,
    stages: new ConsumerStages(clock),
    afterTurn: (call) => turns.push(call),
    show: (batch, _nowMicros, from, to) => {
      if (from === 0) batches += 1;
      shown.push(`${batches}: ${from}-${to} of ${batch.count}`);
      clock.advanceTo(clock.nowMicros() + (to - from) * rowMs * 1_000);
    },
    onClose: () => undefined,
  });
  const batch = () => {
    // One row names the symbol.
    const trades = Array.from({ length: ROWS - 1 }, () => ({
      symbol: 'AAPL',
      atMicros: 1_000_000,
      price: 1,
    }));
    const buffer = tradesBatch(trades).seal();
    port1.postMessage(buffer, [buffer]);
  };
  return {
    shown,
    turns,
    batch,
    creditsBack: () => creditsBack,
    close: () => {
      feed.close();
      port1.close();
    },
  };
}

describe('a consumer whose strategies are slow', () => {
  it('lets its thread do something else between rows, shows them in order, and gives each batch back at its end', async () => {
    const slow = consumer(10);
    slow.batch();
    slow.batch();
    slow.batch();
    // The first is taken whole: nobody could know. Then five rows at a time, which take 50 ms.
    await expect.poll(() => slow.turns.length).toBe(1);
    await expect.poll(slow.creditsBack).toBe(1);
    expect(slow.shown).toEqual(['1: 0-40 of 40', '2: 0-5 of 40']);
    // The third has come meanwhile, and waits.
    for (let turn = 1; turn < 8; turn += 1) slow.turns.shift()?.();
    expect(slow.shown.slice(1)).toEqual([
      ...Array.from({ length: 8 }, (_, part) => `2: ${part * 5}-${part * 5 + 5} of 40`),
      '3: 0-5 of 40',
    ]);
    await expect.poll(slow.creditsBack).toBe(2);
    for (let turn = 1; turn < 8; turn += 1) slow.turns.shift()?.();
    await expect.poll(slow.creditsBack).toBe(3);
    expect(slow.turns).toEqual([]);
    slow.close();
  });

  it('shows nothing more of a batch once it is closed', async () => {
    const slow = consumer(10);
    slow.batch();
    slow.batch();
    await expect.poll(() => slow.turns.length).toBe(1);
    slow.close();
    slow.turns.shift()?.();
    expect(slow.shown).toHaveLength(2);
  });

  it('takes whole batches as long as they are quick', async () => {
    const quick = consumer(0.1);
    for (let batch = 0; batch < 3; batch += 1) quick.batch();
    await expect.poll(quick.creditsBack).toBe(3);
    expect(quick.shown).toEqual(['1: 0-40 of 40', '2: 0-40 of 40', '3: 0-40 of 40']);
    expect(quick.turns).toEqual([]);
    quick.close();
  });
});
