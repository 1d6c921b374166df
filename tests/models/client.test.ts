import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { createStoresClient } from '../../src/models/client.ts';
import type { Stores } from '../../src/models/contract.ts';
import { DatabaseFailure } from '../../src/models/failure.ts';
import { createStoresServer } from '../../src/models/server.ts';
import { silentLog } from '../../src/observability/log.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A client and a server joined by a real port, over the given stores. */
function joined(stores: Partial<Stores>, limits: { timeoutMs?: number; callsInFlightMax?: number } = {}) {
  const { port1, port2 } = new MessageChannel();
  const clock = new SimulatedClock(0);
  const server = createStoresServer(stores as Stores, silentLog);
  server.attach('test', port2);
  const client = createStoresClient(port1, { clock, ...limits });
  closers.push(() => client.close());
  return { client, clock, server };
}

/** A call that is answered when the test says so. */
function held() {
  const calls: (() => void)[] = [];
  const call = () => new Promise<number>((resolve) => calls.push(() => resolve(calls.length)));
  const answerAll = () => {
    for (const answer of calls.splice(0)) answer();
  };
  return { call, answerAll, calls };
}

describe('the stores over a port', () => {
  it('answer each call with its own value, in whatever order they are done', async () => {
    const { client } = joined({
      startRun: (run) => Promise.resolve(`run of ${run.batchId}`),
      endRuns: async (batchId, endedAt, reason) => {
        await new Promise((resolve) => setImmediate(resolve));
        return [batchId, endedAt, reason].length;
      },
    });
    const run = { batchId: 'b' } as Parameters<Stores['startRun']>[0];
    expect(await Promise.all([client.endRuns('b', 't', 'r'), client.startRun(run)])).toEqual([3, 'run of b']);
  });

  it('reject with the failure of the other side, its kind and whether to try again', async () => {
    const { client } = joined({
      recordTrades: () => Promise.reject(new DatabaseFailure('disk_full', 'no space left (53100)')),
      recordOrders: () => Promise.reject(Object.assign(new Error('duplicate'), { code: '23505' })),
    });
    const full = client.recordTrades([]);
    await expect(full).rejects.toBeInstanceOf(DatabaseFailure);
    await expect(full).rejects.toMatchObject({
      kind: 'disk_full',
      retry: true,
      message: 'no space left (53100)',
    });
    await expect(client.recordOrders([])).rejects.toMatchObject({ kind: 'invalid', retry: false });
  });

  it('give a call up after its time, and let a late answer go by', async () => {
    const { call, answerAll, calls } = held();
    const { client, clock } = joined(
      { recordTrades: call, endRuns: () => Promise.resolve(7) },
      { timeoutMs: 500 },
    );
    const late = client.recordTrades([]);
    await expect.poll(() => calls.length).toBe(1);
    clock.advanceBy(500);
    await expect(late).rejects.toMatchObject({ kind: 'timeout', retry: true });
    answerAll();
    expect(await client.endRuns('b', 't', 'r')).toBe(7);
  });

  it('refuse more calls than may wait, and take them again when some are answered', async () => {
    const { call, answerAll, calls } = held();
    const { client } = joined({ recordTrades: call }, { callsInFlightMax: 2 });
    const waiting = [client.recordTrades([]), client.recordTrades([])];
    await expect(client.recordTrades([])).rejects.toMatchObject({ kind: 'overloaded', retry: true });
    await expect.poll(() => calls.length).toBe(2);
    answerAll();
    await Promise.all(waiting);
    const next = client.recordTrades([]);
    await expect.poll(() => calls.length).toBe(1);
    answerAll();
    await next;
  });

  it('reject what waits when they are closed, from either side', async () => {
    const { call } = held();
    const first = joined({ recordTrades: call });
    const given = first.client.recordTrades([]);
    first.client.close();
    await expect(given).rejects.toMatchObject({ kind: 'closed', retry: false });
    await expect(first.client.recordTrades([])).rejects.toMatchObject({ kind: 'closed' });

    const second = joined({ recordTrades: () => Promise.resolve(1) });
    expect(await second.client.recordTrades([])).toBe(1);
    await second.server.drain();
    await expect(second.client.recordTrades([])).rejects.toMatchObject({ kind: 'closed' });
  });

  it('answer what has come in before they close', async () => {
    const { call, answerAll, calls } = held();
    const { client, server } = joined({ recordTrades: call });
    const asked = client.recordTrades([]);
    await expect.poll(() => calls.length).toBe(1);
    const drained = server.drain();
    const tooLate = client.recordTrades([]);
    await expect(tooLate).rejects.toMatchObject({ kind: 'closed' });
    answerAll();
    await expect(asked).resolves.toBeTypeOf('number');
    await drained;
  });

  it('are found out when a method of another name is asked for', async () => {
    const { client } = joined({});
    await expect(client.recordPicks([])).rejects.toMatchObject({ kind: 'invalid', retry: false });
  });
});
