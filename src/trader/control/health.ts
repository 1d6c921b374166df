/** What a supervisor of the process asks: is it alive, and may it be relied on. Pure. */
import type { DaemonStatus } from './status.ts';

export interface Health {
  readonly isWell: boolean;
  /** Why not, one line each. */
  readonly problems: readonly string[];
}

/** Alive: no part of it has failed for good. What it waits for (a feed, a broker) is no reason to start it again. */
export function livenessOf(status: DaemonStatus): Health {
  const problems = status.threads
    .filter((thread) => thread.state === 'failed')
    .map(({ name, detail }) => `thread ${name} has failed${detail === '' ? '' : `: ${detail}`}`);
  if (status.state === 'failed') problems.unshift('the daemon has failed');
  return { isWell: problems.length === 0, problems };
}

/** Ready: it trades, and nothing is wrong. */
export function readinessOf(status: DaemonStatus): Health {
  return { isWell: status.state === 'trading' && status.isHealthy, problems: status.problems };
}
