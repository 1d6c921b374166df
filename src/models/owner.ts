/** Which thread of which process owns something, in words that tell a later reader whether it still lives. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { newId } from '../clock/chance.ts';

export interface Owner {
  readonly token: string;
  readonly pid: number;
  /** The system's id of the owning thread; the process's own where the system does not tell. */
  readonly threadId: number;
  /** When that thread started, in the system's own words: a number that is used again does not start again. */
  readonly started: string;
  /** The boot and the process-id namespace (container) in which these numbers mean something. */
  readonly world: string;
}

/** `unknown`: another machine, boot or container, whose processes cannot be seen from here. */
export type Life = 'alive' | 'dead' | 'unknown';

export function describeSelf(): Owner {
  const threadId = readThreadId();
  const started = readStart(process.pid, threadId);
  return { token: newId(), pid: process.pid, threadId, started: started ?? '', world: readWorld() };
}

export function lifeOf(owner: Owner): Life {
  if (owner.world !== readWorld()) return 'unknown';
  const started = readStart(owner.pid, owner.threadId);
  if (started !== null) return started === owner.started ? 'alive' : 'dead';
  try {
    process.kill(owner.pid, 0);
    return 'dead';
  } catch (error) {
    // Someone else's process, of which we may not even read the start.
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'alive' : 'dead';
  }
}

function readThreadId(): number {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return process.pid;
  }
}

function readStart(pid: number, threadId: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${threadId}/stat`, 'utf8');
    // proc(5): the name in parentheses may hold spaces. After it stand the state and, twentieth, the start time. A
    // zombie is dead: nobody has asked for its exit code yet.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return process.platform === 'linux' ? null : readStartByPs(pid);
  }
}

function readStartByPs(pid: number): string | null {
  try {
    const output = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
    return output.trim() === '' ? null : output.trim();
  } catch {
    return null;
  }
}

function readWorld(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return process.platform;
  }
}
