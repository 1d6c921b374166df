/** The strategies that ship with the daemon. Each is an ordinary strategy file, bundled as a user's own is. */
import { ownFile } from './imports.ts';

export const builtinNames = [
  'momentum-long',
  'vwap-reversion',
  'opening-range-breakout',
  'trend-following',
  'pairs',
] as const;

/** The built-in's file, or undefined when there is none of that name. */
export function builtinFile(name: string): string | undefined {
  const known = builtinNames.find((builtin) => builtin === name);
  return known === undefined ? undefined : ownFile(`builtin/${fileNameOf(known)}`);
}

/** `momentum-long` lies in `momentumLong`. */
function fileNameOf(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
