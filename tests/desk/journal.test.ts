import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { JournalFile } from '../../src/desk/journalFile.ts';
import { Memory } from '../../src/desk/memory.ts';
import { decimal, ZERO } from '../../src/domain/decimal.ts';
import type { Order } from '../../src/domain/order.ts';
import type { JournalEntry } from '../../src/execution/contract.ts';
import { silentLog } from '../../src/observability/log.ts';

const START = Date.UTC(2026, 10, 20, 15) * 1_000;
const BYTES_MAX = 50_000;
const BATCH = { batchId: 'batch-1', environment: 'PAPER' } as const;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'openbell-journal-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function open(mode: 'written' | 'synced', clock = new SimulatedClock(START)) {
  const journal = new JournalFile({
    ...{ directory, mode, segmentBytesMax: BYTES_MAX },
    header: { entry: 'batch', atMicros: START, ...BATCH },
  });
  const memory = new Memory({
    ...{ journal, clock, log: silentLog, ...BATCH },
    ...{ carriesOver: true, memoryMs: 60_000, bytesMax: BYTES_MAX },
  });
  return { journal, memory, clock };
}

function ended(sequence: number, atMicros: number): JournalEntry {
  const order: Order = {
    clientOrderId: `batch1.alpha.X.${sequence}`,
    ...{
      brokerOrderId: `broker-${sequence}`,
      instanceId: 'alpha',
      algoRunId: '1',
      consumer: 'A',
      symbol: 'X',
    },
    ...{ side: 'buy', type: 'limit', timeInForce: 'day', extendedHours: false, quantity: decimal('1') },
    ...{
      limitPrice: decimal('100'),
      stopPrice: null,
      reduceOnly: false,
      targetPrice: null,
      stopLossPrice: null,
    },
    ...{ reason: 'a test', indicators: {}, status: 'canceled', filledQuantity: ZERO, averagePrice: null },
    ...{ statusReason: null, createdAtMicros: atMicros, updatedAtMicros: atMicros },
  };
  const kept = { order, batchId: BATCH.batchId, reportedFilled: ZERO, isCancelWanted: false };
  return { entry: 'order', atMicros, kept };
}

function traded(sequence: number, atMicros: number): JournalEntry {
  return {
    ...{ entry: 'trade', atMicros, instanceId: 'alpha' },
    row: {
      ...{ executionId: `e${sequence}`, algoRunId: '1', batchId: BATCH.batchId, clientOrderId: 'other' },
      ...{ symbol: 'X', side: 'buy', operation: 'buy', qty: '1', price: '100', fee: '0' },
      ...{ executedAt: '2026-11-20T15:00:00Z', targetPrice: null, stopPrice: null, indicators: {} },
    },
  };
}

const onDisk = () =>
  readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);

describe.each(['written', 'synced'] as const)('a journal that is %s', (mode) => {
  it('is begun anew while the desk runs, and the next start knows what this one does', async () => {
    const { journal, memory, clock } = open(mode);
    memory.begin([]);
    let written = 0;
    let durable = 0;
    for (let sequence = 1; sequence <= 2_000; sequence += 1) {
      clock.advanceTo(START + sequence * 1_000_000);
      const atMicros = clock.nowMicros();
      const before = journal.bytes;
      memory.append([traded(sequence, atMicros), ended(sequence, atMicros)]);
      written += Math.max(0, journal.bytes - before);
      memory.whenDurable(() => {
        durable += 1;
      });
      // The database has all but the last few.
      memory.append([{ entry: 'flushed', atMicros, throughLine: memory.lastLine - 20 }]);
      memory.compactWhenDue(false);
      expect(onDisk()).toBeLessThan(5 * BYTES_MAX);
    }
    expect(written).toBeGreaterThan(20 * BYTES_MAX);
    await expect.poll(() => durable).toBe(2_000);
    const known = memory.recovery.restored([]);
    const rows = memory.recovery.unconfirmed();
    journal.close();
    const next = open(mode, clock);
    expect(next.memory.read().damagedLines).toBe(0);
    expect(next.memory.recovery.restored([])).toEqual(known);
    expect(next.memory.recovery.unconfirmed()).toEqual(rows);
    expect(known.holdings).toMatchObject([{ qty: '2000', avgPrice: '100' }]);
    // Of the last minute, and what came since the journal was begun anew.
    expect(known.orders.length).toBeLessThan(400);
    expect(known.orders.at(-1)?.order.clientOrderId).toBe('batch1.alpha.X.2000');
    expect(known.executionIds).toContain('e2000');
  });

  it('goes on in the old one when the disk does not take a new one', () => {
    const { journal, memory } = open(mode);
    memory.begin([]);
    // Where the draft of the next segment would be.
    mkdirSync(join(directory, '00000002.journal.new'));
    const entries = Array.from({ length: 60 }, (_, index) => ended(index + 1, START));
    memory.append(entries);
    const { bytes } = journal;
    expect(() => memory.begin([])).toThrow('cannot be written');
    expect(journal.bytes).toBe(bytes);
    memory.compactWhenDue(false);
    memory.append([traded(1, START)]);
    journal.close();
    rmSync(join(directory, '00000002.journal.new'), { recursive: true });
    const next = open(mode);
    expect(next.memory.read().damagedLines).toBe(0);
    const { orders, executionIds } = next.memory.recovery.restored([]);
    expect([orders.length, executionIds]).toEqual([60, ['e1']]);
  });
});
