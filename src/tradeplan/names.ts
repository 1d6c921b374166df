/** What the strategies of a plan are called where it does not say. */
import { basename } from 'node:path';

interface Named {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly path?: string | undefined;
}

/** The instance ids in the plan's order: the given one, or one made of the name, with `-2` where it stands there again. */
export function instanceIdsOf(strategies: readonly Named[]): readonly string[] {
  const taken = new Set(strategies.flatMap(({ id }) => id ?? []));
  return strategies.map(({ id, name, path }) => id ?? freeName(name ?? nameOfFile(path ?? ''), taken));
}

function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let count = 2; taken.has(free); count += 1) free = `${name}-${count}`;
  taken.add(free);
  return free;
}

/** `./strategies/MyBreakout.v2.ts` is `mybreakout`. */
function nameOfFile(path: string): string {
  const name = (basename(path).split('.')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 40);
  return name === '' ? 'strategy' : name;
}
