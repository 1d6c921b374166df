/** The recording as metrics. A source is `market`, `desk` or a consumer's. Pure. */
import type { MetricFamily } from '../../observability/metrics.ts';
import type { RecordingSourceCounters } from '../../transport/messages.ts';
import type { RecordingFigures } from '../threads/recorderThread.ts';

/** None where nothing is recorded. */
export function recordingFamilies(recording: RecordingFigures | null): readonly MetricFamily[] {
  if (recording === null) return [];
  const counter = (name: string, help: string, value: (source: RecordingSourceCounters) => number) => ({
    type: 'counter' as const,
    name,
    help,
    samples: recording.sources.map((counters) => ({
      labels: { source: counters.source },
      value: value(counters),
    })),
  });
  return [
    {
      type: 'gauge',
      name: 'openbell_recording_up',
      help: '1 while what the plan wants recorded is',
      samples: [{ labels: {}, value: Number(recording.failure === null) }],
    },
    counter('openbell_recording_rows_total', 'Rows written to tapes', ({ rows }) => rows),
    counter(
      'openbell_recording_written_bytes_total',
      'Bytes written to tapes, before packing',
      ({ bytes }) => bytes,
    ),
    counter(
      'openbell_recording_lost_rows_total',
      'Rows missing on tapes because the disk was too slow',
      ({ rowsLost }) => rowsLost,
    ),
    counter('openbell_recording_tapes_total', 'Tapes begun', ({ segments }) => segments),
    {
      type: 'counter',
      name: 'openbell_recording_saved_bytes_total',
      help: 'Bytes that packing closed tapes has saved',
      samples: [{ labels: {}, value: recording.bytesPackedAway }],
    },
    {
      type: 'counter',
      name: 'openbell_recording_removed_tapes_total',
      help: 'Old tapes removed',
      samples: [{ labels: {}, value: recording.tapesRemoved }],
    },
  ];
}
