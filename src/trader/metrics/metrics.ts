/** The status document as metrics. No label names a symbol: their number has no bound. Pure. */
import { MICROS_PER_SECOND } from '../../domain/time.ts';
import type { Labels, MetricFamily, Sample } from '../../observability/metrics.ts';
import type { DaemonStatus } from '../control/status.ts';
import { queueFamilies } from './queueMetrics.ts';
import { recordingFamilies } from './recordingMetrics.ts';

const RISK_STATES = ['active', 'reducing', 'halted'] as const;
const MILLIS_PER_SECOND = 1_000;

export function metricFamilies(status: DaemonStatus): readonly MetricFamily[] {
  return [
    ...processFamilies(status),
    ...feedFamilies(status),
    ...queueFamilies(status.feed.receivers),
    ...consumerFamilies(status),
    ...deskFamilies(status),
    ...recordingFamilies(status.recording),
    ...threadFamilies(status),
    {
      type: 'summary',
      name: 'openbell_stage_duration_seconds',
      help: 'How long a stage of the way takes: quantiles of the newest minute, 1 is the longest. socket: from the time stamp of an event to its receipt; decode: of a frame; queue: from receipt to the consumer; strategy: of a batch; desk: from an intent to its request; broker: from request to answer',
      samples: status.stages.map(({ stage, thread, ...figures }) => ({ labels: { stage, thread }, figures })),
    },
  ];
}

function processFamilies(status: DaemonStatus): readonly MetricFamily[] {
  const { mode, environment, process } = status;
  return [
    gauge('openbell_info', 'The running daemon; always 1', [{ labels: { mode, environment }, value: 1 }]),
    gauge('openbell_trading', '1 while the daemon trades', one(status.state === 'trading')),
    gauge('openbell_healthy', '1 while nothing is wrong', one(status.isHealthy)),
    gauge(
      'process_start_time_seconds',
      'When the daemon started, in seconds since the epoch',
      one(Date.parse(status.startedAt) / MILLIS_PER_SECOND),
    ),
    counter('process_cpu_seconds_total', 'Processor time of all threads', one(process.cpuSeconds)),
    gauge('process_resident_memory_bytes', 'Memory of all threads', one(process.residentBytes)),
  ];
}

function feedFamilies({ feed }: DaemonStatus): readonly MetricFamily[] {
  const age = feed.ageMs === null ? [] : one(feed.ageMs / MILLIS_PER_SECOND);
  return [
    gauge('openbell_feed_live', '1 while the market-data stream is live', one(feed.state === 'live')),
    gauge('openbell_feed_symbols', 'Symbols that are subscribed', one(feed.symbols)),
    gauge('openbell_feed_last_event_age_seconds', 'Time since the last market event', age),
    counter('openbell_feed_frames_total', 'WebSocket frames received', one(feed.frames)),
    counter('openbell_feed_received_bytes_total', 'Bytes of those frames', one(feed.bytes)),
    counter('openbell_feed_events_total', 'Market events decoded', one(feed.events)),
    counter(
      'openbell_feed_damaged_elements_total',
      'Elements that could not be decoded',
      one(feed.damagedElements),
    ),
    counter('openbell_feed_reconnects_total', 'Times the stream was connected again', one(feed.reconnects)),
  ];
}

function consumerFamilies({ consumers }: DaemonStatus): readonly MetricFamily[] {
  const each = (value: (consumer: DaemonStatus['consumers'][number]) => number): readonly Sample[] =>
    consumers.map((consumer) => ({ labels: { consumer: consumer.name }, value: value(consumer) }));
  return [
    gauge(
      'openbell_consumer_units',
      'Strategy instances times symbols that it runs',
      each(({ units }) => units),
    ),
    counter(
      'openbell_consumer_shown_events_total',
      'Events shown to strategies',
      each(({ eventsShown }) => eventsShown),
    ),
    counter(
      'openbell_consumer_stale_events_total',
      'Events too old to be shown',
      each(({ eventsStale }) => eventsStale),
    ),
    gauge(
      'openbell_consumer_lag_seconds',
      'Age of the newest event when it was shown',
      each(({ lagMs }) => lagMs / MILLIS_PER_SECOND),
    ),
    gauge(
      'openbell_consumer_load_ratio',
      'What its units take of one core, by samples, or its processor time where that is more',
      each(({ load }) => load),
    ),
    gauge(
      'openbell_consumer_heartbeat_age_seconds',
      'Time since its last heartbeat',
      each(({ heartbeatAgeMs }) => heartbeatAgeMs / MILLIS_PER_SECOND),
    ),
  ];
}

function deskFamilies({ desk }: DaemonStatus): readonly MetricFamily[] {
  if (desk === null) return [];
  const held = desk.positions.filter((position) => position.qty !== '0').length;
  return [
    gauge(
      'openbell_broker_connected',
      '1 while the trade-updates stream of the broker is up',
      one(desk.brokerConnected),
    ),
    gauge(
      'openbell_reconciled',
      '1 while orders and positions agree with those of the broker',
      one(desk.reconciled),
    ),
    gauge(
      'openbell_risk_state',
      '1 for the state that risk is in',
      RISK_STATES.map((state) => ({ labels: { state }, value: Number(desk.riskState === state) })),
    ),
    gauge('openbell_open_orders', 'Orders that can still fill', one(desk.openOrders.length)),
    gauge('openbell_positions', 'Positions that are not flat', one(held)),
    counter('openbell_orders_submitted_total', 'Orders sent to the broker', one(desk.ordersSubmitted)),
    counter('openbell_orders_denied_total', 'Orders that risk refused', one(desk.denials)),
    gauge('openbell_database_rows_waiting', 'Rows not confirmed by the database yet', one(desk.rowsWaiting)),
  ];
}

type Vitals = NonNullable<DaemonStatus['threads'][number]['vitals']>;
type EventLoopDelay = NonNullable<Vitals['eventLoopDelay']>;

function threadFamilies({ threads }: DaemonStatus): readonly MetricFamily[] {
  const thread = (name: string): Labels => ({ thread: name });
  const vital = (value: (vitals: Vitals) => number): readonly Sample[] =>
    threads.flatMap(({ name, vitals }) =>
      vitals === null ? [] : [{ labels: thread(name), value: value(vitals) }],
    );
  const delay = (value: (delay: EventLoopDelay) => number): readonly Sample[] =>
    threads.flatMap(({ name, vitals }) =>
      vitals?.eventLoopDelay == null
        ? []
        : [{ labels: thread(name), value: value(vitals.eventLoopDelay) / MICROS_PER_SECOND }],
    );
  const lateness = 'How late the event loop of a thread was in the newest minute';
  return [
    gauge(
      'openbell_thread_up',
      '1 while the thread runs',
      threads.map(({ name, state }) => ({ labels: thread(name), value: Number(state === 'running') })),
    ),
    counter(
      'openbell_thread_restarts_total',
      'Times the thread was started again',
      threads.map(({ name, restarts }) => ({ labels: thread(name), value: restarts })),
    ),
    gauge(
      'openbell_thread_heap_used_bytes',
      'Heap in use',
      vital((vitals) => vitals.heapUsedBytes),
    ),
    gauge(
      'openbell_thread_heap_size_bytes',
      'Heap taken from the system',
      vital((vitals) => vitals.heapTotalBytes),
    ),
    gauge(
      'openbell_thread_heap_limit_bytes',
      'Heap at which the thread ends',
      vital((vitals) => vitals.heapLimitBytes),
    ),
    gauge(
      'openbell_thread_external_memory_bytes',
      'Buffers outside the heap',
      vital((vitals) => vitals.externalBytes),
    ),
    counter(
      'openbell_thread_cpu_seconds_total',
      'Processor time of the thread, where the system tells it',
      threads.flatMap(({ name, vitals }) =>
        vitals?.cpuMicros == null
          ? []
          : [{ labels: thread(name), value: vitals.cpuMicros / MICROS_PER_SECOND }],
      ),
    ),
    gauge(
      'openbell_thread_event_loop_delay_p50_seconds',
      `${lateness}: median`,
      delay((figures) => figures.p50Micros),
    ),
    gauge(
      'openbell_thread_event_loop_delay_p99_seconds',
      `${lateness}: 99th percentile`,
      delay((figures) => figures.p99Micros),
    ),
    gauge(
      'openbell_thread_event_loop_delay_max_seconds',
      `${lateness}: longest`,
      delay((figures) => figures.maxMicros),
    ),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { type: 'gauge', name, help, samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { type: 'counter', name, help, samples };
}

function one(value: number | boolean): readonly Sample[] {
  return [{ labels: {}, value: Number(value) }];
}
