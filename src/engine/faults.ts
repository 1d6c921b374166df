/** Stacks of a strategy's faults, in the lines of the author's own file. */
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, resolve } from 'node:path';
import type { StrategyBundle } from '../strategies/bundle.ts';

const FRAMES_MAX = 20;

/** Frames of the bundle, mapped back to the files it was made of; frames of the house are left out. */
export function mapStack(bundle: StrategyBundle, message: string, stack: string): string {
  const map = new SourceMap(JSON.parse(bundle.sourceMap) as SourceMapPayload);
  const frames: string[] = [];
  for (const line of stack.split('\n')) {
    const frame = /^\s+at (?:(.*) \()?(.+):(\d+):(\d+)\)?$/.exec(line);
    if (frame === null || frame[2] !== bundle.path) continue;
    const entry = map.findEntry(Number(frame[3]) - 1, Number(frame[4]) - 1);
    if (
      !('originalSource' in entry) ||
      /strategies\/guest\/[a-z]+\.[jt]s$|openbell-entry\.js$/.test(entry.originalSource)
    ) {
      continue;
    }
    const file = resolve(dirname(bundle.path), entry.originalSource);
    const place = `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
    frames.push(frame[1] === undefined ? `    at ${place}` : `    at ${frame[1]} (${place})`);
    if (frames.length === FRAMES_MAX) break;
  }
  return [message, ...frames].join('\n');
}
