/** A daemon on a plan of the test's own: its folder, its strategies, what it says of itself. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Stored, withStored } from '../../src/cli/stored.ts';
import { liveClock } from '../../src/clock/live.ts';
import { connectControl } from '../../src/trader/control/control.ts';
import type { DaemonStatus } from '../../src/trader/control/status.ts';
import { beginFolder } from './folder.ts';
import type { Running } from './openbell.ts';

export interface Workshop {
  readonly directory: string;
  /** `--data-dir DIR` as a command takes it. */
  readonly storage: readonly string[];
  /** Writes a strategy's file and answers its path. */
  strategy(name: string, body: string, preamble?: string): string;
  /** Writes the plan and answers its path. */
  plan(plan: Record<string, unknown>): string;
  close(): void;
}

export function openWorkshop(name: string): Workshop {
  const directory = mkdtempSync(join(tmpdir(), `openbell-${name}-`));
  beginFolder(join(directory, 'data'));
  const write = (file: string, text: string) => {
    const path = join(directory, file);
    writeFileSync(path, text);
    return path;
  };
  return {
    directory,
    storage: ['--data-dir', join(directory, 'data')],
    strategy: (strategy, body, preamble = '') =>
      write(
        `${strategy}.ts`,
        `import { defineStrategy, z } from 'openbell';\n\n${preamble}\nexport default defineStrategy({\n  name: '${strategy}',\n  description: 'Made for a test.',\n  scope: 'symbol',\n  channels: ['trades'],\n  parameters: z.strictObject({}),\n${body}\n});\n`,
      ),
    plan: (plan) => write('tradeplan.yaml', stringify(plan)),
    close: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** The status document, straight from the control socket; null while no daemon answers. */
export async function statusOf(workshop: Pick<Workshop, 'directory'>): Promise<DaemonStatus | null> {
  const client = await connectControl(join(workshop.directory, 'data'), liveClock);
  if (client === null) return null;
  try {
    return await client.call<DaemonStatus>('status');
  } finally {
    client.close();
  }
}

/** Reads rows as the commands do, by the running daemon, but without a process for each look. */
export function readRows<T>(
  workshop: Pick<Workshop, 'directory'>,
  work: (rows: Stored) => Promise<T>,
  databaseUrl: string | null = null,
): Promise<T> {
  const dataDirectory = join(workshop.directory, 'data');
  return withStored({ dataDirectory, databaseUrl, logLevel: 'error' }, work);
}

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string; readonly level: string };

/** The log lines so far. */
export function logOf(daemon: Running): readonly LogLine[] {
  return daemon
    .stderr()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as LogLine);
}

/** Processes that a process has started and that are alive. */
export function childrenOf(processId: number): readonly number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, state]) => Number(parent) === processId && !state?.startsWith('Z'))
    .map(([child]) => Number(child));
}

export function isAlive(processId: number): boolean {
  const states = execFileSync('ps', ['-A', '-o', 'pid=,stat='], { encoding: 'utf8' });
  return states
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(([id, state]) => Number(id) === processId && !state?.startsWith('Z'));
}
