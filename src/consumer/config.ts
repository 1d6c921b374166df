/**
 * What a consumer thread is told when it starts: plain data, handed over as its `workerData`. Its ports come later,
 * by the `attach` command, and can be replaced the same way when the producer or the desk was started again.
 */
import type { HostConfig } from '../engine/config.ts';
import type { LogTarget } from '../observability/log.ts';

export interface ConsumerConfig {
  readonly host: HostConfig;
  /** How often a heartbeat is reported. */
  readonly heartbeatPeriodMs: number;
  /** The inbox's tape may name rows of the market's tape. */
  readonly isMarketRecorded: boolean;
  readonly log: LogTarget;
  /** An Int32Array of `ACTIVITY.length` over it tells which instance (index into `host.instances`) is being run. */
  readonly activity: SharedArrayBuffer;
}

export const DEFAULT_HEARTBEAT_PERIOD_MS = 500;
