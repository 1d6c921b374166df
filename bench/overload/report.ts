/** What the overload benchmark found, and how it is shown. */
import type { Percentiles } from '../market/protocol.ts';

/** What became of the events of one receiver: `received` is to equal `accounted`. */
export interface Accounts {
  readonly receiver: string;
  readonly received: number;
  readonly sent: number;
  readonly conflated: number;
  readonly dropped: number;
  readonly underWay: number;
  readonly accounted: number;
}

export interface OverloadReport {
  readonly eventsPerSecond: number;
  readonly framesHeldBack: number;
  readonly residentBytesBefore: number;
  readonly residentBytesDuring: number;
  /** Orders of the consumer that is not blocked, before and while the other is. */
  readonly freeBeforeMs: Percentiles;
  readonly freeDuringMs: Percentiles;
  readonly blockedMs: number;
  /** From the end of the block to the first order whose mark was younger than 200 ms; null: none came. */
  readonly recoveredMs: number | null;
  readonly accounts: readonly Accounts[];
}

const MIB = 1_048_576;

export function overloadTable(report: OverloadReport): string {
  const { residentBytesBefore, residentBytesDuring, freeBeforeMs, freeDuringMs } = report;
  const growth = (residentBytesDuring - residentBytesBefore) / MIB;
  const lines = [
    `a strategy blocks its thread at ${report.eventsPerSecond.toLocaleString('en-US')} events/s`,
    `blocked for             ${report.blockedMs.toFixed(0)} ms`,
    `memory grew by          ${growth.toFixed(0)} MiB, from ${(residentBytesBefore / MIB).toFixed(0)} MiB`,
    `up with the market in   ${report.recoveredMs === null ? 'never' : `${report.recoveredMs.toFixed(0)} ms`}`,
    `the other's orders      p99 ${freeBeforeMs.p99.toFixed(1)} ms before, ${freeDuringMs.p99.toFixed(1)} ms during`,
    ...report.accounts.map(
      ({ receiver, received, sent, conflated, dropped, underWay, accounted }) =>
        `${receiver.padEnd(10)} received ${received} = sent ${sent} + conflated ${conflated} + dropped ${dropped} + under way ${underWay}${received === accounted ? '' : `: ${accounted - received} unaccounted`}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}
