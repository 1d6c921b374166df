/** Schedules of LiuAlgoTrader, in minutes after the open, as the windows of a plan. */
import { formatDuration } from '../duration.ts';
import type { Notes } from './notes.ts';
import { asTables, type TomlTable, type TomlValue } from './toml.ts';

const MS_PER_MINUTE = 60_000;

interface Window {
  readonly from: number;
  readonly to: number;
}

/** @param sessionMinutes of the longest session: windows end there. */
export function convertSchedule(
  value: TomlValue | undefined,
  sessionMinutes: number,
  notes: Notes,
): readonly { readonly start: string; readonly duration: string }[] {
  if (value === undefined) return [];
  const tables = asTables(value);
  if (tables === undefined) {
    notes.leftOut(value, 'it is not a list of tables with start and duration');
    return [];
  }
  const found = tables.flatMap((table) => {
    const window = windowOf(table, sessionMinutes, notes);
    return window === undefined ? [] : [{ ...window, table }];
  });
  const windows: Window[] = [];
  for (const { from, to, table } of found.sort((a, b) => a.from - b.from)) {
    const last = windows.at(-1);
    if (last === undefined || from >= last.to) windows.push({ from, to });
    else {
      windows[windows.length - 1] = { from: last.from, to: Math.max(last.to, to) };
      notes.changed(table, 'it overlaps another: they are one window');
    }
  }
  if (windows.length > 0) notes.changed(value, 'the desk enforces it: outside of it no order adds risk');
  return windows.map(({ from, to }) => ({ start: minutesText(from), duration: minutesText(to - from) }));
}

function windowOf(table: TomlTable, sessionMinutes: number, notes: Notes): Window | undefined {
  const start = notes.read(table.take('start'), 'number');
  const duration = notes.read(table.take('duration'), 'number');
  notes.restOf(table, 'a window has start and duration');
  if (start === undefined || duration === undefined || duration <= 0) {
    notes.leftOut(table, 'a window needs a start and a duration above 0');
    return undefined;
  }
  const [from, to] = [Math.max(0, start), Math.min(start + duration, sessionMinutes)];
  if (to <= from) {
    notes.leftOut(table, `it lies outside of the session of ${sessionMinutes} minutes`);
    return undefined;
  }
  if (from !== start || to !== start + duration) {
    notes.changed(table, `cut to the session of ${sessionMinutes} minutes`);
  }
  return { from, to };
}

function minutesText(minutes: number): string {
  return formatDuration(Math.round(minutes * MS_PER_MINUTE));
}
