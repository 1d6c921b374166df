/** What a producer thread is told when it starts: plain data, handed over as its `workerData`. */
import type { LogTarget } from '../observability/log.ts';
import type { ProviderConfig } from '../providers/config.ts';
import { type BatchSize, DEFAULT_BATCH_SIZE } from '../tape/batch.ts';

/** How much may wait for a receiver that is behind. */
export interface ProducerLimits {
  /** Buffers that go back and forth between the producer and one receiver. */
  readonly creditsPerReceiver: number;
  /** As many may be under way while a receiver that answers again works off the trades that wait for it. */
  readonly creditsCatchingUp: number;
  readonly batch: BatchSize;
  /** Trades (and order-book changes) that wait for one receiver; beyond it the oldest are dropped. */
  readonly tradeRingRows: number;
  /** Closed bars, statuses, corrections, cancels and news that wait for one receiver. */
  readonly keptRows: number;
  /** Heap bytes (bars' tails, texts, order books) that wait for one receiver, per line: trades, kept, latest. */
  readonly waitingHeapBytes: number;
  readonly statisticsPeriodMs: number;
}

export const DEFAULT_PRODUCER_LIMITS: ProducerLimits = {
  // As many rows under way as two batches of 1,024, of which an event cost a tenth more (bench/pipeline).
  creditsPerReceiver: 4,
  // With four, 65,536 trades take 32 round trips, each as long as two busy threads wait for a core.
  creditsCatchingUp: 16,
  batch: DEFAULT_BATCH_SIZE,
  tradeRingRows: 65_536,
  // A closed minute of 11,000 symbols, ten times over.
  keptRows: 131_072,
  waitingHeapBytes: 8 * 1_024 * 1_024,
  statisticsPeriodMs: 1_000,
};

export interface ProducerConfig {
  readonly provider: ProviderConfig;
  readonly log: LogTarget;
  /** Stands in every log line. */
  readonly batchId: string;
  readonly limits: ProducerLimits;
}
