/** Durations as people write them on a command line: `500ms`, `60s`, `15m`, `2h`, `1d`. */
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds, or undefined when the text is not a duration. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  if (match === null) return undefined;
  return Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN);
}

/** `1h 02m`, `3m 20s`, `7.2s`, `140ms`. */
export function formatDurationMs(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)}ms`;
  if (durationMs < 60_000) return `${(durationMs / 1_000).toFixed(1)}s`;
  const minutes = Math.floor(durationMs / 60_000);
  if (minutes < 60) return `${minutes}m ${String(Math.floor(durationMs / 1_000) % 60).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, '0')}m`;
}

/** As {@link formatDurationMs}, and finer below ten milliseconds: `0.4µs`, `32µs`, `4.1ms`. */
export function formatDurationMicros(durationMicros: number): string {
  if (durationMicros < 10) return `${durationMicros.toFixed(1)}µs`;
  if (durationMicros < 1_000) return `${Math.round(durationMicros)}µs`;
  if (durationMicros < 10_000) return `${(durationMicros / 1_000).toFixed(1)}ms`;
  return formatDurationMs(durationMicros / 1_000);
}
