import { describe, expect, it } from 'vitest';
import { metricsText } from '../../src/observability/metrics.ts';

describe('metrics as text', () => {
  it('are what Prometheus reads: help, type and samples of each, and none of a family without samples', async () => {
    const text = await metricsText([
      {
        type: 'counter',
        name: 'openbell_things_total',
        help: 'Things so far',
        samples: [
          { labels: { kind: 'large' }, value: 3 },
          { labels: { kind: 'of "two"\nlines' }, value: 0 },
        ],
      },
      { type: 'gauge', name: 'openbell_age_seconds', help: 'Age', samples: [{ labels: {}, value: 0.25 }] },
      { type: 'gauge', name: 'openbell_absent', help: 'Not there', samples: [] },
    ]);
    expect(text).toBe(
      [
        '# HELP openbell_things_total Things so far',
        '# TYPE openbell_things_total counter',
        'openbell_things_total{kind="large"} 3',
        'openbell_things_total{kind="of \\"two\\"\\nlines"} 0',
        '',
        '# HELP openbell_age_seconds Age',
        '# TYPE openbell_age_seconds gauge',
        'openbell_age_seconds 0.25',
        '',
      ].join('\n'),
    );
  });

  it('give a summary its measured quantiles, in seconds', async () => {
    const labels = { stage: 'decode' };
    const text = await metricsText([
      {
        type: 'summary',
        name: 'openbell_stage_duration_seconds',
        help: 'Durations',
        samples: [
          {
            labels,
            figures: {
              count: 4,
              sumMicros: 5_000_000,
              quantiles: {
                p50Micros: 500,
                p90Micros: 1_000,
                p99Micros: 2_000,
                p999Micros: 3_000,
                maxMicros: 4_000_000,
              },
            },
          },
          { labels: { stage: 'desk' }, figures: { count: 0, sumMicros: 0, quantiles: null } },
        ],
      },
    ]);
    expect(text.split('\n').slice(1)).toEqual([
      '# TYPE openbell_stage_duration_seconds summary',
      'openbell_stage_duration_seconds{stage="decode",quantile="0.5"} 0.0005',
      'openbell_stage_duration_seconds{stage="decode",quantile="0.9"} 0.001',
      'openbell_stage_duration_seconds{stage="decode",quantile="0.99"} 0.002',
      'openbell_stage_duration_seconds{stage="decode",quantile="0.999"} 0.003',
      'openbell_stage_duration_seconds{stage="decode",quantile="1"} 4',
      'openbell_stage_duration_seconds_sum{stage="decode"} 5',
      'openbell_stage_duration_seconds_count{stage="decode"} 4',
      'openbell_stage_duration_seconds_sum{stage="desk"} 0',
      'openbell_stage_duration_seconds_count{stage="desk"} 0',
      '',
    ]);
  });
});
