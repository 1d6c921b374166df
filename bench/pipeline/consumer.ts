/** Thread: a receiver of the product's batches and the product's strategy host. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { liveClock } from '../../src/clock/live.ts';
import { MICROS_PER_HOUR } from '../../src/domain/time.ts';
import { DEFAULT_HOST_LIMITS, type HostConfig } from '../../src/engine/config.ts';
import { StrategyHost } from '../../src/engine/host.ts';
import type { StrategyBundle } from '../../src/strategies/bundle.ts';
import { MarketReceiver } from '../../src/transport/market.ts';
import { INBOX_RECORDING_LIMITS, RecordingPort } from '../../src/transport/recording.ts';
import { kernelThreadId } from './cpu.ts';
import { Mark, SYMBOLS } from './frames.ts';
import { Marks } from './marks.ts';
import type { Progress } from './report.ts';

const report = (progress: Progress) => parentPort?.postMessage(progress);
const { port, bundle, scope, inbox } = workerData as {
  port: MessagePort;
  /** To the recorder, where there is one. */
  inbox: MessagePort | undefined;
  bundle: StrategyBundle;
  scope: 'universe' | 'symbol';
};
const INSTANCE = bundle.name;
const host = new StrategyHost(hostConfig(), {
  intent: () => {},
  report: (told) => {
    if (told.type === 'fault') throw new Error(told.message);
  },
  log: () => {},
});
const units = scope === 'universe' ? [unit('*', SYMBOLS)] : SYMBOLS.map((symbol) => unit(symbol, [symbol]));
host.handleCommand({ type: 'assign', units }, liveClock.nowMicros());
report({ type: 'thread', role: 'consumer', threadId: kernelThreadId() });

const recording =
  inbox === undefined
    ? undefined
    : new RecordingPort(inbox, { clock: liveClock, limits: INBOX_RECORDING_LIMITS, isMarketRecorded: true });
let shownBefore = 0;
const marks = new Marks((mark) => {
  const { eventsShown } = host.counters;
  if (mark === Mark.block) report({ type: 'block' });
  else if (mark === Mark.end) report({ type: 'end', events: eventsShown - shownBefore });
  else {
    shownBefore = eventsShown;
    report({ type: 'begin' });
  }
});
new MarketReceiver(port, {
  onBatch: (batch) => {
    const nowMicros = liveClock.nowMicros();
    recording?.taken(batch, nowMicros);
    host.handleBatch(batch, nowMicros);
    marks.look(batch);
  },
});

function hostConfig(): HostConfig {
  const now = liveClock.nowMicros();
  return {
    consumer: 'A',
    batchId: 'bench',
    instances: [{ instanceId: INSTANCE, bundle, parameters: {}, windows: [], isIntraday: false }],
    assetClass: 'us_equity',
    marketHours: 'always',
    feedHasBars: true,
    eventAgeMaxMs: 5_000,
    // The frames are sent round and round, with the times they were made with.
    feedLagMaxMs: MICROS_PER_HOUR,
    feedDelayMs: 0,
    liquidateBeforeCloseMs: null,
    session: {
      date: '2026-01-01',
      openMicros: now - MICROS_PER_HOUR,
      closeMicros: now + 6 * MICROS_PER_HOUR,
      extendedOpenMicros: now - 2 * MICROS_PER_HOUR,
      extendedCloseMicros: now + 8 * MICROS_PER_HOUR,
    },
    limits: { ...DEFAULT_HOST_LIMITS, historyBarsMax: 10 },
  };
}

function unit(symbol: string, symbols: readonly string[]) {
  return {
    instanceId: INSTANCE,
    symbol,
    algoRunId: '1',
    symbols,
    state: null,
    orderSequence: 0,
    positions: [],
    openOrders: [],
    rejectedSymbols: [],
  };
}
