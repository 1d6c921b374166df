import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/clock/chance.ts';
import { liveClock } from '../../src/clock/live.ts';
import { silentLog } from '../../src/observability/log.ts';
import {
  DEFAULT_PRODUCER_LIMITS,
  type ProducerConfig,
  type ProducerLimits,
} from '../../src/producer/config.ts';
import { Producer } from '../../src/producer/producer.ts';
import { providerConfig } from '../../src/providers/config.ts';
import { createMarketStream } from '../../src/providers/factory.ts';
import { type Batch, EventKind, GapReason, KIND_NAMES } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { MarketReceiver } from '../../src/transport/market.ts';
import type { ProducerCommand, ProducerReport, Route } from '../../src/transport/messages.ts';
import { eventually } from '../network/eventually.ts';
import { type Feed, type FeedConnection, startFeed } from '../providers/feed.ts';

const QUICK: ProducerLimits = { ...DEFAULT_PRODUCER_LIMITS, creditsPerReceiver: 2, statisticsPeriodMs: 20 };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Report<Type extends ProducerReport['type']> = Extract<ProducerReport, { type: Type }>;

/** A producer and what it has reported. */
interface Subject {
  readonly feed: Feed;
  readonly reports: ProducerReport[];
  readonly tell: (command: ProducerCommand, transfer?: readonly MessagePort[]) => void;
  readonly last: <Type extends ProducerReport['type']>(type: Type) => Report<Type> | undefined;
  readonly connection: () => FeedConnection;
}
type MessagePort = import('node:worker_threads').MessagePort;

function configFor(feed: Feed, limits: ProducerLimits): ProducerConfig {
  return {
    provider: providerConfig({
      provider: 'alpaca',
      feed: 'iex',
      assetClass: 'us_equity',
      streamUrl: feed.wsUrl,
      dataUrl: 'http://127.0.0.1:1',
      keyId: 'PKTESTKEY',
      secretKey: 'the-secret-of-the-test',
      stream: { reconnectDelayMs: 1, reconnectDelayMaxMs: 20, closeTimeoutMs: 100 },
    }),
    log: { level: 'silent', file: null, isPretty: false },
    batchId: 'batch',
    limits,
  };
}

function subject(feed: Feed, reports: ProducerReport[], tell: Subject['tell']): Subject {
  return {
    feed,
    reports,
    tell,
    last: (type) => reports.findLast((report) => report.type === type) as never,
    connection: () => feed.connections.at(-1)!,
  };
}

async function startHere(feed: Feed, limits = QUICK): Promise<Subject> {
  const config = configFor(feed, limits);
  const reports: ProducerReport[] = [];
  const producer = new Producer({
    stream: createMarketStream(config.provider, {
      clock: liveClock,
      random: seededRandom(1),
      log: silentLog,
    }),
    clock: liveClock,
    log: silentLog,
    limits,
    report: (report) => reports.push(report),
    afterTurn: (call) => setImmediate(call),
  });
  closers.push(
    () => feed.close(),
    async () => {
      producer.handle({ type: 'stop' });
      await eventually(() => expect(reports.at(-1)).toEqual({ type: 'stopped' }));
    },
  );
  producer.start();
  return subject(feed, reports, (command) => producer.handle(command));
}

/** A receiver with its own symbols, which shows or holds back. */
class Reader {
  readonly seen: string[] = [];
  readonly gaps: { symbol: string; reason: number; count: number }[] = [];
  readonly definitions: string[] = [];
  readonly #symbols = new SymbolTable();
  readonly #receiver: MarketReceiver;

  constructor(port: MessagePort) {
    this.#receiver = new MarketReceiver(port, { onBatch: (batch) => this.#show(batch) });
    closers.push(() => this.close());
  }

  close(): void {
    this.#receiver.close();
  }

  #show(batch: Batch): void {
    for (let row = 0; row < batch.count; row += 1) {
      const symbolId = batch.symbolId[row]!;
      const symbol = this.#symbols.textOf(symbolId);
      switch (batch.kind[row]) {
        case EventKind.definition:
          this.#symbols.define(symbolId, batch.heapText(row));
          this.definitions.push(batch.heapText(row));
          break;
        case EventKind.gap:
          this.gaps.push({ symbol, reason: batch.code0[row]!, count: batch.n1[row]! });
          break;
        default:
          this.seen.push(`${KIND_NAMES[batch.kind[row]!]} ${symbol} ${batch.n0[row]}`);
      }
    }
  }
}

function attach(to: Subject, receiver: string): Reader {
  const { port1, port2 } = new MessageChannel();
  to.tell({ type: 'attach', receiver, port: port1, spacingMs: 0 }, [port1]);
  return new Reader(port2);
}

function route(to: Subject, receiver: string, ...symbols: string[]): void {
  const routes: Route[] = symbols.map((symbol) => ({ symbol, trades: true, quotes: true, bars: true }));
  to.tell({ type: 'route', receiver, routes });
}

const subscribed = (to: Subject, ...symbols: string[]) =>
  eventually(() => expect(to.connection().subscribed('trades').sort()).toEqual(symbols));

function trade(S: string, p: number): object {
  return { T: 't', S, i: 1, x: 'V', p, s: 10, c: ['@'], z: 'C', t: new Date(nowMs()).toISOString() };
}

function quote(S: string, bp: number): object {
  return {
    T: 'q',
    S,
    bx: 'V',
    bp,
    bs: 1,
    ax: 'V',
    ap: bp + 1,
    as: 1,
    c: ['R'],
    z: 'C',
    t: new Date(nowMs()).toISOString(),
  };
}

function nowMs(): number {
  return liveClock.nowMicros() / 1_000;
}

describe('the producer', () => {
  it('subscribes what receivers together want and shows each its own symbols, in order', async () => {
    const producer = await startHere(await startFeed());
    const a = attach(producer, 'A');
    const b = attach(producer, 'B');
    route(producer, 'A', 'AAPL', 'MSFT');
    route(producer, 'B', 'MSFT', 'NVDA');
    await subscribed(producer, 'AAPL', 'MSFT', 'NVDA');
    producer
      .connection()
      .send(trade('AAPL', 1), trade('MSFT', 2), quote('NVDA', 3), trade('OTHER', 4), trade('AAPL', 5));
    await eventually(() => expect(a.seen).toEqual(['trade AAPL 1', 'trade MSFT 2', 'trade AAPL 5']));
    await eventually(() => expect(b.seen).toEqual(['trade MSFT 2', 'quote NVDA 3']));
    expect(a.definitions).toEqual(['AAPL', 'MSFT']);
    await eventually(() =>
      expect(producer.last('statistics')).toMatchObject({
        symbols: 3,
        receivers: [
          { receiver: 'A', received: 3, sent: 3, inFlight: 0, credits: 2, kinds: { trade: { sent: 3 } } },
          { receiver: 'B', received: 2, sent: 2 },
        ],
      }),
    );
  });

  it('adds and removes symbols while it runs', async () => {
    const producer = await startHere(await startFeed());
    const a = attach(producer, 'A');
    route(producer, 'A', 'AAPL');
    await subscribed(producer, 'AAPL');
    route(producer, 'A', 'MSFT');
    await subscribed(producer, 'MSFT');
    producer.connection().send(trade('AAPL', 1), trade('MSFT', 2));
    await eventually(() => expect(a.seen).toEqual(['trade MSFT 2']));
  });

  it('tells every receiver of the gap when the connection was lost, and goes on', async () => {
    const producer = await startHere(await startFeed());
    const a = attach(producer, 'A');
    route(producer, 'A', 'AAPL');
    await subscribed(producer, 'AAPL');
    producer.connection().send(trade('AAPL', 1));
    await eventually(() => expect(a.seen).toHaveLength(1));
    producer.connection().cut();
    await eventually(() => expect(producer.feed.connections).toHaveLength(2));
    await subscribed(producer, 'AAPL');
    await eventually(() =>
      expect(a.gaps).toEqual([{ symbol: '', reason: GapReason.disconnected, count: Number.NaN }]),
    );
    producer.connection().send(trade('AAPL', 2));
    await eventually(() => expect(a.seen).toEqual(['trade AAPL 1', 'trade AAPL 2']));
    expect(producer.last('gap')).toMatchObject({ reason: 'disconnected' });
    expect(producer.last('connection')).toMatchObject({ state: 'live' });
  });

  it('gives a receiver that took the place of one which ended its routes, its names and the gap', async () => {
    const producer = await startHere(await startFeed());
    const first = attach(producer, 'A');
    route(producer, 'A', 'AAPL');
    await subscribed(producer, 'AAPL');
    producer.connection().send(trade('AAPL', 1));
    await eventually(() => expect(first.seen).toHaveLength(1));
    await eventually(() =>
      expect(producer.last('statistics')?.receivers).toMatchObject([{ sent: 1, inFlight: 0 }]),
    );
    producer.tell({ type: 'detach', receiver: 'A' });
    producer.connection().send(trade('AAPL', 2));
    await eventually(() =>
      expect(producer.last('statistics')?.receivers).toMatchObject([{ received: 2, droppedDetached: 1 }]),
    );
    const second = attach(producer, 'A');
    producer.connection().send(trade('AAPL', 3));
    await eventually(() => expect(second.seen).toEqual(['trade AAPL 3']));
    expect(second.definitions).toEqual(['AAPL']);
    expect(second.gaps).toEqual([{ symbol: '', reason: GapReason.consumerRestarted, count: Number.NaN }]);
  });

  it('notices by itself when a receiver ends, as when its thread dies', async () => {
    const producer = await startHere(await startFeed());
    const a = attach(producer, 'A');
    route(producer, 'A', 'AAPL');
    await subscribed(producer, 'AAPL');
    a.close();
    await eventually(() =>
      expect(producer.last('statistics')?.receivers).toMatchObject([{ receiver: 'A', credits: 0 }]),
    );
  });

  it('keeps a receiver that stands still within its limits while the others see all', async () => {
    const limits: ProducerLimits = {
      ...QUICK,
      batch: { rows: 4, heapBytes: 256 },
      tradeRingRows: 3,
    };
    const producer = await startHere(await startFeed(), limits);
    const { port1, port2 } = new MessageChannel();
    producer.tell({ type: 'attach', receiver: 'still', port: port1, spacingMs: 0 }, [port1]);
    const quick = attach(producer, 'quick');
    route(producer, 'still', 'AAPL', 'MSFT');
    route(producer, 'quick', 'AAPL', 'MSFT');
    await subscribed(producer, 'AAPL', 'MSFT');
    for (let price = 1; price <= 20; price += 1) {
      producer.connection().send(trade('AAPL', price), quote('MSFT', price));
      await eventually(() => expect(quick.seen).toHaveLength(2 * price));
    }
    const still = () => producer.last('statistics')?.receivers.find((each) => each.receiver === 'still');
    // Two batches are in flight, each with what one turn brought. Of what came later three trades and one quote wait.
    await eventually(() =>
      expect(still()).toMatchObject({ received: 40, sent: 0, inFlight: 4, waiting: 4, credits: 0 }),
    );
    expect(still()).toMatchObject({ droppedOverflow: 15, conflated: 17 });
    const reader = new Reader(port2);
    await eventually(() => expect(reader.seen.at(-1)).toBe('quote MSFT 20'));
    expect(reader.seen.slice(4)).toEqual([
      'trade AAPL 18',
      'trade AAPL 19',
      'trade AAPL 20',
      'quote MSFT 20',
    ]);
    expect(reader.gaps).toEqual([{ symbol: 'AAPL', reason: GapReason.overflow, count: 15 }]);
    await eventually(() => expect(still()).toMatchObject({ sent: 8, waiting: 0, inFlight: 0, credits: 2 }));
  });

  it('reports a refusal that a person must answer, with what to do', async () => {
    const feed = await startFeed({
      onMessage: (connection, message) => {
        if (message.action === 'auth') connection.error(402, 'auth failed');
        return message.action === 'auth';
      },
    });
    const producer = await startHere(feed);
    await eventually(() => expect(producer.last('failed')).toMatchObject({ error: { exitCode: 3 } }));
    expect(producer.last('failed')?.error.remedy).not.toBe('');
    expect(JSON.stringify(producer.reports)).not.toContain('the-secret-of-the-test');
  });

  it('runs as a thread, from the socket to the receiver, and stops when told', async () => {
    const feed = await startFeed();
    closers.push(() => feed.close());
    const worker = new Worker(pathToFileURL(resolve('dist/producer/worker.js')), {
      workerData: configFor(feed, QUICK),
      env: {},
    });
    const reports: ProducerReport[] = [];
    worker.on('message', (report: ProducerReport) => reports.push(report));
    const exited = new Promise<number>((done) => {
      worker.once('exit', done);
    });
    const producer = subject(feed, reports, (command, transfer = []) =>
      worker.postMessage(command, transfer),
    );
    await eventually(() => expect(producer.last('ready')).toBeDefined());
    const a = attach(producer, 'A');
    route(producer, 'A', 'AAPL');
    await eventually(() => expect(feed.connections).toHaveLength(1));
    await subscribed(producer, 'AAPL');
    producer.connection().send(trade('AAPL', 1), quote('AAPL', 2));
    await eventually(() => expect(a.seen).toEqual(['trade AAPL 1', 'quote AAPL 2']));
    producer.tell({ type: 'stop' });
    expect(await exited).toBe(0);
    expect(reports.at(-1)).toEqual({ type: 'stopped' });
    expect(producer.last('statistics')?.receivers).toMatchObject([{ receiver: 'A', received: 2, sent: 2 }]);
  });
});
