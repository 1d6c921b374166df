/** Thread: a consumer with its share of the symbols, each a unit of its own, on the product's strategy host. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { liveClock } from '../../src/clock/live.ts';
import { MICROS_PER_HOUR, MICROS_PER_MILLISECOND } from '../../src/domain/time.ts';
import { DEFAULT_HOST_LIMITS, type HostConfig } from '../../src/engine/config.ts';
import { StrategyHost } from '../../src/engine/host.ts';
import type { StrategyBundle } from '../../src/strategies/bundle.ts';
import { MarketReceiver } from '../../src/transport/market.ts';
import { kernelThreadId } from '../pipeline/cpu.ts';
import { Mark } from '../pipeline/frames.ts';
import { Marks } from '../pipeline/marks.ts';
import type { Progress } from '../pipeline/report.ts';

const { port, bundle, symbols } = workerData as {
  port: MessagePort;
  bundle: StrategyBundle;
  symbols: readonly string[];
};
const report = (progress: Progress) => parentPort?.postMessage(progress);
const host = new StrategyHost(
  hostConfig(liveClock.nowMicros()),
  {
    intent: () => {},
    report: (told) => {
      if (told.type === 'fault') throw new Error(told.message);
    },
    log: () => {},
  },
  undefined,
  () => liveClock.monotonicMs() * MICROS_PER_MILLISECOND,
);
const units = symbols.map((symbol) => ({
  instanceId: bundle.name,
  symbol,
  algoRunId: '1',
  symbols: [symbol],
  state: null,
  orderSequence: 0,
  positions: [],
  openOrders: [],
  rejectedSymbols: [],
}));
host.handleCommand({ type: 'assign', units }, liveClock.nowMicros());
report({ type: 'thread', role: 'consumer', threadId: kernelThreadId() });

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
    host.handleBatch(batch, liveClock.nowMicros());
    marks.look(batch);
  },
});

function hostConfig(nowMicros: number): HostConfig {
  return {
    consumer: 'A',
    batchId: 'bench',
    instances: [{ instanceId: bundle.name, bundle, parameters: {}, windows: [], isIntraday: false }],
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
      openMicros: nowMicros - MICROS_PER_HOUR,
      closeMicros: nowMicros + 6 * MICROS_PER_HOUR,
      extendedOpenMicros: nowMicros - 2 * MICROS_PER_HOUR,
      extendedCloseMicros: nowMicros + 8 * MICROS_PER_HOUR,
    },
    limits: { ...DEFAULT_HOST_LIMITS, historyBarsMax: 10 },
  };
}
