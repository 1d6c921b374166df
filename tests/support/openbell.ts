/** The command line as users run it: the compiled program in processes of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { until } from './until.ts';

const ENTRY = resolve('dist/cli/openbell.js');
/**
 * The suite starts hundreds of processes with an embedded database, and none lives long enough for V8's second compiler of
 * WebAssembly to pay: it takes 0.4 of a command's 1.0 s of CPU, and 1.7 of the 8.3 s of a daemon that makes its database.
 */
const SHORT_LIVED = ['--liftoff-only'];

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of a newcomer: a path, and nothing that says where anything is. */
export function bareEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ...extra };
}

/** Runs a command to its end. */
export function openbell(options: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  const running = startOpenbell(options, env);
  return running.finished;
}

export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  stdout(): string;
  stderr(): string;
  /** Waits until standard output holds the text; fails at once when the process ends before. */
  heard(text: string, timeoutMs?: number): Promise<void>;
}

/** @param nodeOptions for node itself, such as `--import FILE`. */
export function startOpenbell(
  options: readonly string[],
  env: Record<string, string> = {},
  nodeOptions: readonly string[] = [],
): Running {
  const child = spawn(process.execPath, [...SHORT_LIVED, ...nodeOptions, ENTRY, ...options], {
    env: bareEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let exitCode: number | null | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const finished = new Promise<Finished>((done) => {
    child.once('close', (code) => {
      exitCode = code;
      done({ exitCode: code, stdout, stderr });
    });
  });
  return {
    child,
    finished,
    stdout: () => stdout,
    stderr: () => stderr,
    heard: (text, timeoutMs = 30_000) =>
      until(
        () => {
          if (exitCode !== undefined && !stdout.includes(text))
            throw new Error(
              `it ended with ${exitCode} before it said ${JSON.stringify(text)}:\n${stdout}\n${stderr.slice(-4_000)}`,
            );
          return stdout.includes(text);
        },
        { what: `${JSON.stringify(text)} on standard output`, timeoutMs },
      ),
  };
}

/** JSON that a command prints. */
export async function openbellJson<T>(
  options: readonly string[],
  env: Record<string, string> = {},
): Promise<T> {
  const { exitCode, stdout, stderr } = await openbell([...options, '--json'], env);
  if (exitCode !== 0) throw new Error(`openbell ${options.join(' ')} ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
