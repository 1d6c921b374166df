/** The book-keeping of one receiver: every event routed to it, by fate and kind. */
import { type Batch, EventKind, KIND_NAMES } from '../tape/batch.ts';
import type { FlowCounts } from '../transport/messages.ts';

/** Kinds of market events lie below the kinds of the port's own words. */
export const EVENT_KINDS = EventKind.definition;

const FATES = [
  'received',
  'sent',
  'conflated',
  'droppedOverflow',
  'droppedDetached',
  'waiting',
  'inFlight',
] as const;

/** One number per kind. */
export type KindCounts = Float64Array<ArrayBuffer>;

export function kindCounts(): KindCounts {
  return new Float64Array(EVENT_KINDS);
}

/** Counts by kind that only grow. What waits and what is in flight is counted where it lies. */
export class FateCounters {
  readonly received = kindCounts();
  readonly sent = kindCounts();
  readonly conflated = kindCounts();
  readonly droppedOverflow = kindCounts();
  readonly droppedDetached = kindCounts();
}

/** Whether a row is a market event, and so counted. */
export function isEvent(kind: number): boolean {
  return kind < EVENT_KINDS;
}

export function addCounts(target: KindCounts, counts: KindCounts): void {
  for (let kind = 0; kind < EVENT_KINDS; kind += 1) target[kind] = target[kind]! + counts[kind]!;
}

export interface CountedByKind {
  readonly total: FlowCounts;
  readonly kinds: Readonly<Record<string, FlowCounts>>;
}

/** The counters as plain data. */
export function flowCounts(
  fates: FateCounters,
  held: { readonly waiting: KindCounts; readonly inFlight: KindCounts },
): CountedByKind {
  const columns: Record<keyof FlowCounts, KindCounts> = {
    received: fates.received,
    sent: fates.sent,
    conflated: fates.conflated,
    droppedOverflow: fates.droppedOverflow,
    droppedDetached: fates.droppedDetached,
    ...held,
  };
  const total = emptyCounts();
  const kinds: Record<string, FlowCounts> = {};
  for (let kind = 0; kind < EVENT_KINDS; kind += 1) {
    if (fates.received[kind] === 0) continue;
    const counts = emptyCounts();
    for (const fate of FATES) {
      counts[fate] = columns[fate][kind]!;
      total[fate] += counts[fate];
    }
    kinds[KIND_NAMES[kind] ?? String(kind)] = counts;
  }
  return { total, kinds };
}

function emptyCounts(): Record<keyof FlowCounts, number> {
  return {
    received: 0,
    sent: 0,
    conflated: 0,
    droppedOverflow: 0,
    droppedDetached: 0,
    waiting: 0,
    inFlight: 0,
  };
}

/** Adds a batch's events to the counts. */
export function countKinds(batch: Batch, counts: KindCounts): void {
  const kinds = batch.kind;
  const count = batch.count;
  for (let row = 0; row < count; row += 1) {
    const kind = kinds[row]!;
    // Definitions and gaps fall behind the end of the counts, where nothing is kept.
    if (kind < counts.length) counts[kind] = counts[kind]! + 1;
  }
}
