/** Durations as a plan writes them: `5s`, `15m`, `1h`, `1h30m`, `500ms`, `1d`; `0` needs no unit. */
const UNITS = [
  { unit: 'd', ms: 86_400_000 },
  { unit: 'h', ms: 3_600_000 },
  { unit: 'm', ms: 60_000 },
  { unit: 's', ms: 1_000 },
  { unit: 'ms', ms: 1 },
] as const;

const PATTERN = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Milliseconds, or undefined when the text is not a duration. Units stand from large to small, each once. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  const match = PATTERN.exec(trimmed);
  if (match === null || match.slice(2).every((part) => part === undefined)) return undefined;
  const total = UNITS.reduce((sum, { ms }, index) => sum + Number(match[index + 2] ?? 0) * ms, 0);
  return match[1] === '-' && total !== 0 ? -total : total;
}

/** The shortest text that reads back as the same duration: `1h30m`. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0';
  let rest = Math.abs(durationMs);
  let text = durationMs < 0 ? '-' : '';
  for (const { unit, ms } of UNITS) {
    const count = Math.floor(rest / ms);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * ms;
  }
  return text;
}
