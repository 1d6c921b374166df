/** The producer's queues as metrics: every event by its fate, what waits, and the credits. Pure. */
import type { MetricFamily, Sample } from '../../observability/metrics.ts';
import type { FlowCounts, ReceiverCounters } from '../../transport/messages.ts';

/**
 * At any moment `received = shown + conflated + dropped + waiting + in flight`, per receiver and kind. A receiver is a
 * consumer or the desk.
 */
export function queueFamilies(receivers: readonly ReceiverCounters[]): readonly MetricFamily[] {
  const byKind = (value: (counts: FlowCounts) => number, reason?: string): readonly Sample[] =>
    receivers.flatMap(({ receiver, kinds }) =>
      Object.entries(kinds).map(([kind, counts]) => ({
        labels: { receiver, kind, ...(reason === undefined ? {} : { reason }) },
        value: value(counts),
      })),
    );
  return [
    {
      type: 'counter',
      name: 'openbell_queue_received_events_total',
      help: 'Events routed to a receiver',
      samples: byKind((counts) => counts.received),
    },
    {
      type: 'counter',
      name: 'openbell_queue_shown_events_total',
      help: 'Events that the receiver has worked off',
      samples: byKind((counts) => counts.sent),
    },
    {
      type: 'counter',
      name: 'openbell_queue_conflated_events_total',
      help: 'Events replaced by a newer one of their symbol while they waited',
      samples: byKind((counts) => counts.conflated),
    },
    {
      type: 'counter',
      name: 'openbell_queue_dropped_events_total',
      help: 'Events lost: overflow, when the receiver was too far behind; detached, when it was not there',
      samples: [
        ...byKind((counts) => counts.droppedOverflow, 'overflow'),
        ...byKind((counts) => counts.droppedDetached, 'detached'),
      ],
    },
    {
      type: 'gauge',
      name: 'openbell_queue_waiting_events',
      help: 'Events that wait for the receiver',
      samples: byKind((counts) => counts.waiting),
    },
    {
      type: 'gauge',
      name: 'openbell_queue_in_flight_events',
      help: 'Events in batches that the receiver has not given back',
      samples: byKind((counts) => counts.inFlight),
    },
    {
      type: 'gauge',
      name: 'openbell_queue_credits',
      help: 'Buffers at hand for the receiver; 0 while it is behind',
      samples: receivers.map(({ receiver, credits }) => ({ labels: { receiver }, value: credits })),
    },
  ];
}
