import { describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { type Grant, type Lane, type LimiterOptions, RequestLimiter } from '../../src/network/limiter.ts';

const START_SECONDS = 1_763_650_800;

class Scene {
  readonly clock = new SimulatedClock(START_SECONDS * 1e6);
  readonly limiter: RequestLimiter;
  /** Lanes and failures in the order in which they were settled. */
  readonly settled: string[] = [];
  readonly grants: Extract<Grant, { type: 'granted' }>[] = [];

  constructor(options: Partial<LimiterOptions> = {}) {
    this.limiter = new RequestLimiter({
      clock: this.clock,
      requestsPerMinuteMax: 1_000,
      requestsReserved: 0,
      concurrentMax: 1_000,
      queueDepthMax: 1_000,
      ...options,
    });
  }

  ask(lane: Lane, waitMaxMs = 120_000, signal?: AbortSignal): void {
    void this.limiter.acquire(lane, waitMaxMs, signal).then((grant) => {
      if (grant.type === 'granted') this.grants.push(grant);
      this.settled.push(grant.type === 'granted' ? lane : `${lane} ${grant.type}`);
    });
  }

  async settle(): Promise<string[]> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.settled;
  }
}

describe('the request limiter', () => {
  it('lets no more through in any minute than its limit', async () => {
    const scene = new Scene({ requestsPerMinuteMax: 3 });
    for (let count = 0; count < 5; count += 1) scene.ask('cancel');
    expect(await scene.settle()).toHaveLength(3);
    scene.clock.advanceBy(59_000);
    expect(await scene.settle()).toHaveLength(3);
    scene.clock.advanceBy(1_000);
    expect(await scene.settle()).toHaveLength(5);
  });

  it('serves cancels first, then reducing orders, new ones, and reads', async () => {
    const scene = new Scene({ requestsPerMinuteMax: 4 });
    for (let count = 0; count < 4; count += 1) scene.ask('cancel');
    await scene.settle();
    for (const lane of ['read', 'new', 'reducing', 'cancel'] as const) scene.ask(lane);
    scene.clock.advanceBy(60_000);
    expect((await scene.settle()).slice(4)).toEqual(['cancel', 'reducing', 'new', 'read']);
  });

  it('gives leave at once where nothing holds a request back, and not past one that waits', async () => {
    const scene = new Scene({ requestsPerMinuteMax: 3, requestsReserved: 1 });
    expect(scene.limiter.tryAcquire('new')).toMatchObject({ type: 'granted' });
    expect(scene.limiter.tryAcquire('new')).toMatchObject({ type: 'granted' });
    expect(scene.limiter.tryAcquire('new')).toBeUndefined();
    scene.ask('new');
    expect(scene.limiter.tryAcquire('cancel')).toBeUndefined();
    scene.clock.advanceBy(60_000);
    expect(await scene.settle()).toEqual(['new']);
    expect(scene.limiter.tryAcquire('cancel', AbortSignal.abort())).toBeUndefined();
    scene.limiter.close();
    expect(scene.limiter.tryAcquire('cancel')).toBeUndefined();
  });

  it('keeps a reserve that only urgent lanes may use', async () => {
    const scene = new Scene({ requestsPerMinuteMax: 10, requestsReserved: 2 });
    for (let count = 0; count < 10; count += 1) scene.ask('read');
    expect(await scene.settle()).toHaveLength(6);
    for (let count = 0; count < 10; count += 1) scene.ask('new');
    expect(await scene.settle()).toHaveLength(8);
    for (let count = 0; count < 10; count += 1) scene.ask('reducing');
    expect(await scene.settle()).toHaveLength(9);
    for (let count = 0; count < 10; count += 1) scene.ask('cancel');
    expect(await scene.settle()).toHaveLength(10);
  });

  it('keeps connections free for urgent lanes', async () => {
    const scene = new Scene({ concurrentMax: 4 });
    for (let count = 0; count < 5; count += 1) scene.ask('read');
    expect(await scene.settle()).toEqual(['read', 'read']);
    scene.ask('new');
    scene.ask('cancel');
    expect((await scene.settle()).slice(2)).toEqual(['new', 'cancel']);
    scene.grants[0]?.release();
    scene.grants[0]?.release();
    expect(await scene.settle()).toHaveLength(4);
    scene.grants[1]?.release();
    scene.grants[2]?.release();
    expect((await scene.settle()).slice(4)).toEqual(['read']);
  });

  it('stops where the server says that nothing is left, until it says so', async () => {
    const scene = new Scene();
    scene.limiter.observe({ limit: 200, remaining: 1, resetEpochSeconds: START_SECONDS + 20 });
    scene.ask('cancel');
    scene.ask('cancel');
    expect(await scene.settle()).toEqual(['cancel']);
    scene.clock.advanceBy(19_900);
    expect(await scene.settle()).toHaveLength(1);
    scene.clock.advanceBy(200);
    expect(await scene.settle()).toHaveLength(2);
  });

  it('goes by the limit that the server names, higher or lower than its own', async () => {
    const scene = new Scene({ requestsPerMinuteMax: 3 });
    const state = { remaining: undefined, resetEpochSeconds: undefined };
    scene.limiter.observe({ ...state, limit: 5 });
    for (let count = 0; count < 6; count += 1) scene.ask('cancel');
    expect(await scene.settle()).toHaveLength(5);
    scene.clock.advanceBy(60_000);
    expect(await scene.settle()).toHaveLength(6);
    scene.limiter.observe({ ...state, limit: 2 });
    scene.clock.advanceBy(60_000);
    for (let count = 0; count < 3; count += 1) scene.ask('cancel');
    expect(await scene.settle()).toHaveLength(8);
  });

  it('does not believe a reset further away than a minute', async () => {
    const scene = new Scene();
    scene.limiter.observe({ limit: 200, remaining: 0, resetEpochSeconds: START_SECONDS + 86_400 });
    scene.ask('read');
    scene.clock.advanceBy(60_000);
    expect(await scene.settle()).toEqual(['read']);
  });

  it('holds all lanes still after HTTP 429', async () => {
    const scene = new Scene();
    scene.limiter.throttle(5_000);
    scene.ask('cancel');
    scene.clock.advanceBy(4_900);
    expect(await scene.settle()).toEqual([]);
    scene.clock.advanceBy(100);
    expect(await scene.settle()).toEqual(['cancel']);
  });

  it('gives up what waits too long, is aborted, finds the queue full, or comes after the close', async () => {
    const scene = new Scene({ requestsPerMinuteMax: 1, queueDepthMax: 3 });
    const abort = new AbortController();
    scene.ask('new');
    scene.ask('new', 1_000);
    scene.ask('new', 60_000, abort.signal);
    scene.ask('read', 60_000);
    scene.ask('read');
    expect(await scene.settle()).toEqual(['new', 'read full']);
    scene.clock.advanceBy(1_000);
    abort.abort();
    expect((await scene.settle()).slice(2)).toEqual(['new timeout', 'new aborted']);
    scene.limiter.close();
    scene.ask('cancel');
    expect((await scene.settle()).slice(4)).toEqual(['read closed', 'cancel closed']);
    expect(scene.limiter.waiting).toBe(0);
  });
});
