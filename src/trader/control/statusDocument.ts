/** Puts the status document together and judges whether the daemon is healthy. Pure. */

import type { EpochMicros } from '../../domain/time.ts';
import { formatMicros } from '../../domain/time.ts';
import type { Environment } from '../../models/contract.ts';
import { STAGES, type StageReport } from '../../observability/stages.ts';
import type { ThreadMeasurements, ThreadVitals } from '../../observability/vitals.ts';
import type { Tradeplan } from '../../tradeplan/plan.ts';
import type { FeedFigures } from '../threads/producerThread.ts';
import type { RecordingFigures } from '../threads/recorderThread.ts';
import type {
  AlertRecord,
  ConsumerStatus,
  DaemonState,
  DaemonStatus,
  DeskSummary,
  FeedStatus,
  ProcessStatus,
  StageStatus,
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
  readonly deskMeasurements: ThreadMeasurements | null;
  readonly mainVitals: ThreadVitals;
  readonly databaseVitals: ThreadVitals | null;
  readonly recording: RecordingFigures | null;
  readonly process: ProcessStatus;
  readonly metricsUrl: string | null;
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
    process: parts.process,
    metricsUrl: parts.metricsUrl,
    feed,
    threads: threadsOf(parts, feed),
    consumers: parts.consumers,
    stages: stagesOf(parts),
    desk: parts.desk,
    recording: parts.recording,
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
    frames: feed?.stream.frames ?? 0,
    bytes: feed?.stream.bytes ?? 0,
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
  const running = (
    name: string,
    detail: string,
    told: { isThere: boolean; vitals: ThreadVitals | null | undefined },
  ): ThreadStatus => ({
    name,
    state: told.isThere ? 'running' : 'starting',
    detail,
    restarts: 0,
    vitals: told.vitals ?? null,
  });
  return [
    running('main', parts.state, { isThere: true, vitals: parts.mainVitals }),
    running('database', '', { isThere: parts.feed !== null, vitals: parts.databaseVitals }),
    running('producer', feed.state, {
      isThere: parts.feed !== null,
      vitals: parts.feed?.measurements?.vitals,
    }),
    running('desk', parts.desk === null ? '' : `risk ${parts.desk.riskState}`, {
      isThere: parts.desk !== null,
      vitals: parts.deskMeasurements?.vitals,
    }),
    ...parts.consumers.map(({ name, state, detail, restarts, vitals }) => ({
      name: `consumer ${name}`,
      state,
      detail,
      restarts,
      vitals,
    })),
  ];
}

function stagesOf(parts: StatusParts): readonly StageStatus[] {
  const reports: readonly (readonly [string, StageReport | undefined])[] = [
    ['producer', parts.feed?.measurements?.stages],
    ...parts.consumers.map(({ name, stages }) => [`consumer ${name}`, stages] as const),
    ['desk', parts.deskMeasurements?.stages],
  ];
  return STAGES.flatMap((stage) =>
    reports.flatMap(([thread, report]) => {
      const figures = report?.[stage];
      return figures === undefined ? [] : [{ stage, thread, ...figures }];
    }),
  );
}
