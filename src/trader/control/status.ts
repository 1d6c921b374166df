/**
 * The state of the running daemon in one document: what `openbell status` prints and the live view draws. Amounts are
 * text, times RFC 3339 in UTC, as everywhere in our JSON.
 */

import { formatDecimal } from '../../domain/decimal.ts';
import type { JsonObject } from '../../domain/order.ts';
import { formatMicros } from '../../domain/time.ts';
import type { Stage, StageFigures, StageReport } from '../../observability/stages.ts';
import type { ThreadVitals } from '../../observability/vitals.ts';
import type { DeskStatus, ReceiverCounters } from '../../transport/messages.ts';
import type { RecordingFigures } from '../threads/recorderThread.ts';

export type DaemonState = 'starting' | 'trading' | 'stopping' | 'failed';
export type ThreadState = 'starting' | 'running' | 'blocked' | 'restarting' | 'stopped' | 'failed';

export interface ThreadStatus {
  readonly name: string;
  readonly state: ThreadState;
  /** What it is doing or why it is not well, in words; empty when there is nothing to say. */
  readonly detail: string;
  readonly restarts: number;
  /** Memory and event loop; null before the thread has told them. */
  readonly vitals: ThreadVitals | null;
}

export interface ConsumerStatus extends ThreadStatus {
  readonly units: number;
  readonly eventsShown: number;
  readonly eventsStale: number;
  /** Age of the newest event when it was shown. */
  readonly lagMs: number;
  /** What its units take of one core; 0 before it is measured. */
  readonly load: number;
  readonly heapUsedBytes: number;
  readonly heartbeatAgeMs: number;
  readonly stages: StageReport;
}

export interface FeedStatus {
  readonly state: string;
  readonly detail: string;
  readonly symbols: number;
  readonly eventsPerSecond: number;
  readonly frames: number;
  readonly bytes: number;
  readonly events: number;
  readonly reconnects: number;
  readonly damagedElements: number;
  /** Milliseconds since the last event, null before the first. */
  readonly ageMs: number | null;
  readonly receivers: readonly ReceiverCounters[];
}

/** How long one stage of the way takes on one thread. */
export interface StageStatus extends StageFigures {
  readonly stage: Stage;
  readonly thread: string;
}

/** All threads together. */
export interface ProcessStatus {
  readonly residentBytes: number;
  /** Processor time since the start. */
  readonly cpuSeconds: number;
}

export interface AlertRecord {
  /** RFC 3339. */
  readonly at: string;
  readonly severity: 'info' | 'warning' | 'critical';
  readonly code: string;
  readonly message: string;
  readonly fields: JsonObject;
}

export interface DaemonStatus {
  readonly state: DaemonState;
  readonly isHealthy: boolean;
  /** Why not, one line each; empty when healthy. */
  readonly problems: readonly string[];
  readonly batchId: string;
  readonly mode: string;
  readonly environment: string;
  readonly plan: string;
  readonly startedAt: string;
  readonly uptimeMs: number;
  readonly processId: number;
  readonly process: ProcessStatus;
  /** Where Prometheus reads, such as `http://127.0.0.1:9464/metrics`; null when nowhere. */
  readonly metricsUrl: string | null;
  readonly feed: FeedStatus;
  readonly threads: readonly ThreadStatus[];
  readonly consumers: readonly ConsumerStatus[];
  /** In the order of the way. */
  readonly stages: readonly StageStatus[];
  readonly desk: DeskSummary | null;
  /** Null where nothing is recorded. */
  readonly recording: RecordingFigures | null;
  readonly alerts: readonly AlertRecord[];
}

export interface DeskSummary {
  readonly riskState: string;
  readonly riskReason: string | null;
  readonly brokerConnected: boolean;
  readonly reconciled: boolean;
  readonly account: {
    readonly equity: string;
    readonly cash: string;
    readonly buyingPower: string;
    readonly currency: string;
  } | null;
  readonly positions: readonly PositionSummary[];
  readonly openOrders: readonly OrderSummary[];
  /** The newest fills, oldest first. */
  readonly recentFills: readonly FillSummary[];
  readonly ordersSubmitted: number;
  readonly denials: number;
  /** Rows that the database has not confirmed yet. */
  readonly rowsWaiting: number;
}

export interface PositionSummary {
  readonly symbol: string;
  readonly instanceId: string;
  readonly algoRunId: string;
  readonly qty: string;
  readonly avgPrice: string;
  readonly marketPrice: string | null;
  readonly unrealizedPnl: string | null;
  readonly realizedPnl: string;
  readonly fees: string;
}

export interface OrderSummary {
  readonly clientOrderId: string;
  readonly brokerOrderId: string | null;
  readonly instanceId: string;
  readonly symbol: string;
  readonly side: string;
  readonly type: string;
  readonly qty: string;
  readonly filledQty: string;
  readonly limitPrice: string | null;
  readonly status: string;
  readonly createdAt: string;
}

export interface FillSummary {
  readonly executionId: string;
  readonly clientOrderId: string;
  readonly instanceId: string;
  readonly symbol: string;
  readonly side: string;
  readonly qty: string;
  readonly price: string;
  readonly executedAt: string;
}

/** The desk's own status, with amounts and times as text. */
export function summarizeDesk(status: DeskStatus): DeskSummary {
  const { account } = status;
  return {
    riskState: status.riskState,
    riskReason: status.riskReason,
    brokerConnected: status.brokerConnected,
    reconciled: status.reconciled,
    account:
      account === null
        ? null
        : {
            equity: formatDecimal(account.equity),
            cash: formatDecimal(account.cash),
            buyingPower: formatDecimal(account.buyingPower),
            currency: account.currency,
          },
    positions: status.positions.map((position) => ({
      symbol: position.symbol,
      instanceId: position.instanceId,
      algoRunId: position.algoRunId,
      qty: formatDecimal(position.quantity),
      avgPrice: formatDecimal(position.averagePrice),
      marketPrice: position.marketPrice === null ? null : String(position.marketPrice),
      unrealizedPnl: position.unrealizedPnl === null ? null : position.unrealizedPnl.toFixed(4),
      realizedPnl: formatDecimal(position.realizedPnl),
      fees: formatDecimal(position.fees),
    })),
    openOrders: status.openOrders.map((order) => ({
      clientOrderId: order.clientOrderId,
      brokerOrderId: order.brokerOrderId,
      instanceId: order.instanceId,
      symbol: order.symbol,
      side: order.side,
      type: order.type,
      qty: formatDecimal(order.quantity),
      filledQty: formatDecimal(order.filledQuantity),
      limitPrice: order.limitPrice === null ? null : formatDecimal(order.limitPrice),
      status: order.status,
      createdAt: formatMicros(order.createdAtMicros),
    })),
    recentFills: status.recentFills.map((fill) => ({
      executionId: fill.executionId,
      clientOrderId: fill.clientOrderId,
      instanceId: fill.instanceId,
      symbol: fill.symbol,
      side: fill.side,
      qty: formatDecimal(fill.quantity),
      price: formatDecimal(fill.price),
      executedAt: formatMicros(fill.executedAtMicros),
    })),
    ordersSubmitted: status.ordersSubmitted,
    denials: status.denials,
    rowsWaiting: status.rowsWaiting,
  };
}
