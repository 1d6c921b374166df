/** Measurements in processes of their own, so that none inherits another's heap and compiled code; and what they ran on. */
import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
}

export function thisMachine(): Machine {
  return { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
}

export function machineText({ cpu, cores, node }: Machine): string {
  return `${cpu}, ${cores} cores, Node ${node}`;
}

/** Runs `folder/single.js` with these arguments and answers the JSON that it prints. */
export async function measureAlone<Figures>(
  folder: string,
  ...parameters: readonly unknown[]
): Promise<Figures> {
  const program = fileURLToPath(new URL(`./${folder}/single.js`, import.meta.url));
  const texts = parameters.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)));
  const { stdout } = await run(process.execPath, [program, ...texts]);
  return JSON.parse(stdout) as Figures;
}

/** The measurement whose figure is the median of all; with an even number of them the lower one. */
export function medianBy<Figures>(all: readonly Figures[], figureOf: (figures: Figures) => number): Figures {
  const found = all.toSorted((a, b) => figureOf(a) - figureOf(b))[Math.floor((all.length - 1) / 2)];
  if (found === undefined) throw new Error('nothing was measured');
  return found;
}
