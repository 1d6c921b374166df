/** Puts the status document together and judges whether the daemon is healthy. Pure. */

import type { EpochMicros } from '../domain/time.ts';
import { formatMicros } from '../domain/time.ts';
import type { Environment } from '../models/contract.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import type { FeedFigures } from './producerThread.ts';
import type {
  AlertRecord,
  ConsumerStatus,
  DaemonState,
  DaemonStatus,
  DeskSummary,
  FeedStatus,
  ThreadStatus,
} from './status.ts';

export interface StatusParts {
  readonly state: DaemonState;
  readonly batchId: string;
  readonly plan: Tradeplan;
  readonly environment: Environment;
  readonly startedAtMicros: EpochMicros;
  readonly nowMicros: EpochMicros;
  readonly feed: FeedFigures | null;
  readonly consumers: readonly ConsumerStatus[];
  readonly desk: DeskSummary | null;
  readonly alerts: readonly AlertRecord[];
  readonly isMarketOpen: boolean;
}

export function daemonStatus(parts: StatusParts): DaemonStatus {
  const feed = feedStatus(parts);
  const problems = problemsOf(parts, feed);
  return {
    state: parts.state,
    isHealthy: problems.length === 0,
    problems,
    batchId: parts.batchId,
    mode: parts.plan.mode,
    environment: parts.environment,
    plan: parts.plan.path,
    startedAt: formatMicros(parts.startedAtMicros),
    uptimeMs: Math.round((parts.nowMicros - parts.startedAtMicros) / 1_000),
    processId: process.pid,
    feed,
    threads: threadsOf(parts, feed),
    consumers: parts.consumers,
    desk: parts.desk,
    alerts: parts.alerts,
  };
}

function feedStatus(parts: StatusParts): FeedStatus {
  const { feed, nowMicros } = parts;
  return {
    state: feed?.state ?? 'starting',
    detail: feed?.detail ?? '',
    symbols: feed?.symbols ?? 0,
    eventsPerSecond: feed?.eventsPerSecond ?? 0,
    events: feed?.stream.events ?? 0,
    reconnects: feed?.stream.reconnects ?? 0,
    damagedElements: feed?.stream.damagedElements ?? 0,
    ageMs:
      feed?.lastEventMicros == null
        ? null
        : Math.max(0, Math.round((nowMicros - feed.lastEventMicros) / 1_000)),
    receivers: feed?.receivers ?? [],
  };
}

function problemsOf(parts: StatusParts, feed: FeedStatus): readonly string[] {
  const problems: string[] = [];
  if (parts.state !== 'trading') problems.push(`the daemon is ${parts.state}`);
  if (feed.state !== 'live')
    problems.push(`the market-data stream is ${feed.state}${feed.detail === '' ? '' : `: ${feed.detail}`}`);
  if (parts.isMarketOpen && feed.ageMs !== null && feed.ageMs > parts.plan.risk.marketAgeMaxMs) {
    problems.push(`no market event for ${(feed.ageMs / 1_000).toFixed(1)} s`);
  }
  for (const consumer of parts.consumers) {
    if (consumer.state !== 'running')
      problems.push(
        `consumer ${consumer.name} is ${consumer.state}${consumer.detail === '' ? '' : `: ${consumer.detail}`}`,
      );
  }
  if (parts.desk === null) problems.push('the desk has not answered yet');
  else {
    if (!parts.desk.brokerConnected) problems.push("the broker's trade-updates stream is down");
    if (!parts.desk.reconciled) problems.push('orders and positions are not reconciled with the broker');
    if (parts.desk.riskState !== 'active')
      problems.push(`risk is ${parts.desk.riskState}: ${parts.desk.riskReason ?? ''}`);
  }
  return problems;
}

function threadsOf(parts: StatusParts, feed: FeedStatus): readonly ThreadStatus[] {
  const running = (name: string, isThere: boolean, detail: string): ThreadStatus => ({
    name,
    state: isThere ? 'running' : 'starting',
    detail,
    restarts: 0,
  });
  return [
    running('database', parts.feed !== null, ''),
    running('producer', parts.feed !== null, feed.state),
    running('desk', parts.desk !== null, parts.desk === null ? '' : `risk ${parts.desk.riskState}`),
    ...parts.consumers.map(({ name, state, detail, restarts }) => ({
      name: `consumer ${name}`,
      state,
      detail,
      restarts,
    })),
  ];
}
