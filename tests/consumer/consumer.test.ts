import { existsSync } from 'node:fs';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import type { ConsumerConfig } from '../../src/consumer/config.ts';
import type { Intent } from '../../src/domain/order.ts';
import type { StrategyBundle } from '../../src/strategies/bundle.ts';
import type { Batch } from '../../src/tape/batch.ts';
import { ACTIVITY, type ConsumerCommand, type ConsumerReport } from '../../src/transport/messages.ts';
import { ACCOUNT, assignment, BatchWriter, hostConfig, instance, tradesBatch } from '../engine/inbox.ts';
import { scripted } from '../engine/scripts.ts';

const ENTRY = new URL('../../dist/consumer/worker.js', import.meta.url);

/** Starting a thread and bundling a strategy take their time on a busy machine. */
const WAIT_MAX_MS = 20_000;

function within<T>(value: () => T) {
  return expect.poll(value, { timeout: WAIT_MAX_MS });
}

class RunningConsumer {
  readonly worker: Worker;
  readonly market: MessagePort;
  readonly orders: MessagePort;
  readonly reports: ConsumerReport[] = [];
  readonly intents: Intent[] = [];
  readonly activity = new Int32Array(new SharedArrayBuffer(ACTIVITY.length * 4));
  creditsBack = 0;
  error: Error | null = null;
  exitCode: number | null = null;

  constructor(bundle: StrategyBundle) {
    const config: ConsumerConfig = {
      host: hostConfig([instance(bundle)], { marketHours: 'always' }),
      isMarketRecorded: false,
      heartbeatPeriodMs: 50,
      log: { level: 'silent', file: null, isPretty: false },
      activity: this.activity.buffer as SharedArrayBuffer,
    };
    this.worker = new Worker(ENTRY, {
      workerData: config,
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 64 },
    });
    this.worker.on('message', (report: ConsumerReport) => this.reports.push(report));
    this.worker.on('error', (error: Error) => {
      this.error = error;
    });
    this.worker.on('exit', (code) => {
      this.exitCode = code;
    });
    const market = new MessageChannel();
    const orders = new MessageChannel();
    this.market = market.port1;
    this.orders = orders.port1;
    this.market.on('message', () => {
      this.creditsBack += 1;
    });
    this.orders.on('message', (intents: Intent[]) => this.intents.push(...intents));
    this.tell({ type: 'attach', market: market.port2, orders: orders.port2 }, [market.port2, orders.port2]);
  }

  tell(command: ConsumerCommand, transfer: MessagePort[] = []): void {
    this.worker.postMessage(command, transfer);
  }

  send(batch: Batch): void {
    const buffer = batch.seal();
    this.market.postMessage(buffer, [buffer]);
  }

  trade(price: number): void {
    this.send(tradesBatch([{ symbol: 'AAPL', atMicros: liveClock.nowMicros(), price }]));
  }

  said(): string[] {
    return this.reports.flatMap((report) => (report.type === 'log' ? [report.message] : []));
  }
}

const running: RunningConsumer[] = [];
afterEach(async () => {
  for (const consumer of running.splice(0)) {
    await consumer.worker.terminate();
    consumer.market.close();
    consumer.orders.close();
  }
});

async function start(members: string): Promise<RunningConsumer> {
  const consumer = new RunningConsumer(await scripted('test', members));
  running.push(consumer);
  consumer.tell({ type: 'assign', units: [assignment('test', 'AAPL')] });
  await within(() => consumer.reports).toContainEqual(
    expect.objectContaining({ type: 'heartbeat', units: 1 }),
  );
  return consumer;
}

const isBuilt = existsSync(ENTRY);
if (!isBuilt) process.stderr.write('skipped: no build; run npm run build first\n');

describe.skipIf(!isBuilt)('a consumer thread', () => {
  it('takes batches, gives their buffers back, sends intents, and takes what the desk answers', async () => {
    const consumer = await start(`
      onTrade(context, trade) { context.buy({ quantity: trade.price, reason: 'r' }); },
      onDenial(context, denial) { context.log('info', denial.reason.code + ' ' + context.portfolio.equity); },`);
    consumer.trade(3);
    await within(() => consumer.intents).toMatchObject([{ symbol: 'AAPL', quantity: 3_000_000_000n }]);
    await within(() => consumer.creditsBack).toBe(1);
    const { clientOrderId } = consumer.intents[0]!;
    consumer.orders.postMessage([
      { type: 'account', account: ACCOUNT, riskState: 'active' },
      {
        type: 'denial',
        denial: { clientOrderId, instanceId: 'test', symbol: 'AAPL', reason: { code: 'stopping' } },
      },
    ]);
    await within(() => consumer.said()).toEqual(['stopping 100000']);
  });

  it('fires the timers of strategies by its own clock', async () => {
    const consumer = await start(`
      onStart(context) { context.setTimer('soon', context.nowMicros + 1000); },
      onTimer(context, name) { context.log('info', name); },`);
    await within(() => consumer.said()).toEqual(['soon']);
  });

  it('beats with its counters and ends by itself when it is told to stop', async () => {
    const consumer = await start('initialState: () => ({ kept: 1 }), onTrade() {},');
    const writer = new BatchWriter(1, liveClock.nowMicros());
    writer.define('AAPL');
    writer.trade({ symbol: 'AAPL', atMicros: liveClock.nowMicros(), price: 1 });
    consumer.send(writer.batch);
    await within(() => consumer.reports).toContainEqual(
      expect.objectContaining({ type: 'heartbeat', eventsShown: 1, units: 1 }),
    );
    consumer.tell({ type: 'stop' });
    await within(() => consumer.exitCode).toBe(0);
    expect(consumer.reports.at(-1)).toEqual({ type: 'stopped' });
    expect(consumer.reports.at(-2)).toMatchObject({ type: 'states', states: [{ instanceId: 'test' }] });
  });

  it('shows by its activity which strategy blocks it', async () => {
    const consumer = await start(`onTrade() { for (;;); },`);
    consumer.trade(1);
    await within(() => Atomics.load(consumer.activity, ACTIVITY.unit)).toBe(0);
  });

  it('lives on when a strategy leaves a rejected promise behind', async () => {
    const consumer = await start(`onTrade(context, trade) {
      void (async () => { throw new Error('later'); })(); context.log('info', String(trade.price)); },`);
    consumer.trade(1);
    consumer.trade(2);
    await within(() => consumer.said()).toEqual(['1', '2']);
    expect(consumer.error).toBeNull();
  });

  it('dies of its memory limit alone', { timeout: 30_000 }, async () => {
    const consumer = await start(
      `onTrade() { const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length)); },`,
    );
    consumer.trade(1);
    await within(() => consumer.exitCode).not.toBeNull();
    expect(consumer.error).toMatchObject({ code: 'ERR_WORKER_OUT_OF_MEMORY' });
  });
});
