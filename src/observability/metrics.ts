/** Metrics as Prometheus reads them: families of samples in, its text format out. */
import { Counter, Gauge, Registry, Summary } from 'prom-client';
import { MICROS_PER_SECOND } from '../domain/time.ts';
import type { StageFigures } from './stages.ts';

export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** One metric. Its name ends in its base unit (`_seconds`, `_bytes`), a counter's in `_total`. */
export type MetricFamily =
  | {
      readonly type: 'gauge' | 'counter';
      readonly name: string;
      readonly help: string;
      readonly samples: readonly Sample[];
    }
  /** Durations, told in seconds: quantiles of the newest minute, sum and count since the thread started. */
  | {
      readonly type: 'summary';
      readonly name: string;
      readonly help: string;
      readonly samples: readonly { readonly labels: Labels; readonly figures: StageFigures }[];
    };

/** Prometheus' text format 0.0.4. Families without samples are left out. */
export function metricsText(families: readonly MetricFamily[]): Promise<string> {
  const registry = new Registry();
  for (const family of families) {
    if (family.samples.length > 0) register(registry, family);
  }
  return registry.metrics();
}

function register(registry: Registry, family: MetricFamily): void {
  const { name, help } = family;
  if (family.type === 'summary') {
    new MeasuredSummary(family, registry);
    return;
  }
  const labelNames = Object.keys(family.samples[0]?.labels ?? {});
  const registers = [registry];
  if (family.type === 'counter') {
    const counter = new Counter({ name, help, labelNames, registers });
    for (const { labels, value } of family.samples) counter.inc({ ...labels }, value);
  } else {
    const gauge = new Gauge({ name, help, labelNames, registers });
    for (const { labels, value } of family.samples) gauge.set({ ...labels }, value);
  }
}

/** A summary whose quantiles were measured elsewhere: the library would build its own from single observations. */
class MeasuredSummary extends Summary {
  readonly #family: Extract<MetricFamily, { type: 'summary' }>;

  constructor(family: Extract<MetricFamily, { type: 'summary' }>, registry: Registry) {
    super({ name: family.name, help: family.help, registers: [registry] });
    this.#family = family;
  }

  override async get(): ReturnType<Summary['get']> {
    const { name, samples } = this.#family;
    const values = samples.flatMap(({ labels, figures }) => [
      ...quantilesOf(figures).map(([quantile, micros]) => ({
        labels: { ...labels, quantile },
        value: micros / MICROS_PER_SECOND,
      })),
      { metricName: `${name}_sum`, labels, value: figures.sumMicros / MICROS_PER_SECOND },
      { metricName: `${name}_count`, labels, value: figures.count },
    ]);
    return { ...(await super.get()), values };
  }
}

/** Quantile 1 is the longest. */
function quantilesOf({ quantiles }: StageFigures): readonly (readonly [string, number])[] {
  if (quantiles === null) return [];
  return [
    ['0.5', quantiles.p50Micros],
    ['0.9', quantiles.p90Micros],
    ['0.99', quantiles.p99Micros],
    ['0.999', quantiles.p999Micros],
    ['1', quantiles.maxMicros],
  ];
}
