/** What the latency benchmark found, and how it is shown. */
import type { Percentiles } from '../market/protocol.ts';

/** Milliseconds from a mark's frame to the arrival of its order request at the broker. */
export interface LatencyFigures extends Percentiles {
  readonly orders: number;
  readonly marks: number;
  readonly eventsPerSecond: number;
  /** Frames that the subject was too slow to be sent. */
  readonly framesHeldBack: number;
}

export interface LatencyReport {
  readonly eventsPerSecond: number;
  readonly ordersPerSecond: number;
  readonly script: LatencyFigures;
  readonly written: LatencyFigures;
  readonly synced: LatencyFigures;
}

const ROWS = [
  ['script', 'smallest script'],
  ['written', 'ours, journal written'],
  ['synced', 'ours, journal synced'],
] as const;

export function latencyTable(report: LatencyReport): string {
  const head = `${''.padEnd(24)}${['p50', 'p99', 'p99.9', 'max', 'orders'].map((name) => name.padStart(10)).join('')}`;
  const lines = ROWS.map(([key, name]) => {
    const figures = report[key];
    const cells = [figures.p50, figures.p99, figures.p999, figures.max].map((each) =>
      each.toFixed(2).padStart(10),
    );
    return `${name.padEnd(24)}${cells.join('')}${String(figures.orders).padStart(10)}`;
  });
  const ratio = (percentile: 'p50' | 'p99') =>
    (report.written[percentile] / report.script[percentile]).toFixed(2);
  return (
    `market event to order request, ms, ${report.eventsPerSecond} events/s, ${report.ordersPerSecond} orders/s\n` +
    `${head}\n${lines.join('\n')}\nours over the script's: ${ratio('p50')} at p50, ${ratio('p99')} at p99\n`
  );
}
