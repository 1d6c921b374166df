import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { Outbox } from '../../src/desk/outbox.ts';
import type { Backend } from '../../src/models/backend.ts';
import type { OrderRow, Stores } from '../../src/models/contract.ts';
import { createStores } from '../../src/models/stores.ts';
import { silentLog } from '../../src/observability/log.ts';
import { embeddedDatabases } from '../models/databases.ts';
import { anOrder, aRun, aTrade } from '../models/rows.ts';
import { until } from '../support/until.ts';

const SPACING_MS = 50;
const PER_CALL = 4;
const DAY = 1_763_000_000_000_000;

describe('rows of one order after another', () => {
  let backend: Backend;
  let stores: Stores;
  let algoRunId: string;

  beforeAll(async () => {
    backend = (await (await embeddedDatabases()).open())!;
    stores = createStores(backend);
    algoRunId = await stores.startRun(aRun());
  });
  afterAll(() => backend.close());

  function outbox() {
    const clock = new SimulatedClock(DAY);
    const calls: string[] = [];
    const confirmed: number[] = [];
    const box = new Outbox({
      ...{ clock, log: silentLog, rowsWaitingMax: 100, rowsPerCall: PER_CALL, callSpacingMs: SPACING_MS },
      ...{ retryMs: 250, retryMaxMs: 1_000, reach: () => {} },
      onConfirmed: (line) => confirmed.push(line),
      onTrouble: (code, message) => expect.unreachable(`${code}: ${message}`),
    });
    box.connect({
      recordOrders: (orders) => {
        calls.push(orders.map(({ clientOrderId, status }) => `${clientOrderId} ${status}`).join(', '));
        return stores.recordOrders(orders);
      },
      recordTrades: (trades) => {
        calls.push(trades.map(({ executionId }) => executionId).join(', '));
        return stores.recordTrades(trades);
      },
    });
    const order = (name: string, status: OrderRow['status'], line: number) =>
      box.addOrder(anOrder({ algoRunId, clientOrderId: name, status }), line);
    const confirmedThrough = (line: number) =>
      until(() => confirmed.at(-1) === line, { what: `line ${line} to be confirmed` });
    return { box, clock, calls, order, confirmedThrough };
  }

  it('leave at once when nothing went before, and gather then: an order as it was last', async () => {
    const { box, clock, calls, order, confirmedThrough } = outbox();
    order('one', 'new', 1);
    await confirmedThrough(1);
    order('one', 'partially_filled', 2);
    order('two', 'new', 3);
    clock.advanceBy(SPACING_MS - 1);
    order('one', 'filled', 4);
    box.addTrade(aTrade({ algoRunId, executionId: 'x-1', clientOrderId: 'one' }), 4);
    // A call is full: it waits for nothing.
    await confirmedThrough(4);
    expect(calls).toEqual(['one new', 'one filled, two new', 'x-1']);
    order('two', 'canceled', 5);
    clock.advanceBy(SPACING_MS - 1);
    expect(box.waiting).toBe(1);
    clock.advanceBy(1);
    await confirmedThrough(5);
    expect(calls.slice(3)).toEqual(['two canceled']);
  });

  it('wait for no others where the desk is to close', async () => {
    const { box, order, confirmedThrough } = outbox();
    order('three', 'new', 1);
    await confirmedThrough(1);
    order('three', 'canceled', 2);
    expect(box.waiting).toBe(1);
    expect(await box.drained(1_000)).toBe(true);
    expect(box.waiting).toBe(0);
    box.close();
  });
});
