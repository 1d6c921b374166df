/** The local exchange as a child process of the trader: started for `simulated` mode, reached over real sockets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../clock/clock.ts';
import { EXIT_UNEXPECTED, UserError } from '../../domain/exit.ts';
import type { Log } from '../../observability/log.ts';
import type { SimulationPlan } from '../../tradeplan/plan.ts';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 2_000;
const ENTRY = fileURLToPath(new URL('../../cli/openbell.js', import.meta.url));

export interface ExchangeProcess {
  readonly processId: number;
  /** Resolves with the `APCA_*` variables under which it is reached; rejects with a UserError when it does not start. */
  readonly listening: Promise<Readonly<Record<string, string>>>;
  /** Resolves with a line of explanation if it ends without being asked to. */
  readonly died: Promise<string>;
  /** Asks it to end, and ends it when that takes longer than that (two seconds unless given). */
  stop(timeoutMs?: number): Promise<'ended' | 'terminated'>;
}

/** Starts `openbell sim`. */
export function startExchangeProcess(
  simulation: SimulationPlan,
  context: { clock: Clock; log: Log },
): ExchangeProcess {
  const options = [
    '--port',
    '0',
    '--json',
    '--seed',
    String(simulation.seed),
    '--rate',
    String(simulation.ratePerSecond),
  ];
  if (simulation.tape !== null) {
    options.push('--tape', simulation.tape, '--tape-speed', String(simulation.tapeSpeed));
    if (simulation.tapeOffsetMs > 0) options.push('--tape-offset', `${simulation.tapeOffsetMs}ms`);
  } else if (simulation.symbols.length > 0) options.push('--symbols', simulation.symbols.join(','));
  // A process group of its own: Ctrl-C must reach the trader only, which still needs its broker to stop in order.
  // The open IPC channel is what ends the exchange should the trader be killed.
  const child = spawn(process.execPath, [ENTRY, 'sim', ...options, '--parent'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: withoutCredentials(process.env),
  });
  let complaints = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4_096);
    for (const line of text.split('\n')) if (line !== '') context.log.debug({ thread: 'exchange' }, line);
  });
  const listening = firstLine(child, context.clock, () => complaints);
  // Who stops it while it starts waits for this no more.
  listening.catch(() => undefined);
  let isStopping = false;
  const died = new Promise<string>((done) => {
    child.once('exit', (code, signal) => {
      if (!isStopping)
        done(`the local exchange ended with ${signal ?? `exit code ${code}`}: ${lastLine(complaints)}`);
    });
  });
  return {
    processId: child.pid ?? 0,
    listening,
    died,
    stop: async (timeoutMs = STOP_TIMEOUT_MS) => {
      isStopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return 'ended';
      const ended = new Promise<NodeJS.Signals | null>((done) =>
        child.once('exit', (_, signal) => done(signal)),
      );
      child.kill('SIGTERM');
      const timer = context.clock.after(timeoutMs, () => child.kill('SIGKILL'));
      const signal = await ended;
      timer.cancel();
      return signal === 'SIGKILL' ? 'terminated' : 'ended';
    },
  };
}

function firstLine(
  child: ChildProcess,
  clock: Clock,
  complaints: () => string,
): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    const fail = (cause: string) => {
      child.kill('SIGKILL');
      reject(
        new UserError({
          exitCode: EXIT_UNEXPECTED,
          cause: `the local exchange did not start: ${cause}`,
          remedy: 'Run `openbell sim` by itself to see why.',
        }),
      );
    };
    const timer = clock.after(START_TIMEOUT_MS, () => fail(`nothing heard within ${START_TIMEOUT_MS} ms`));
    let text = '';
    child.once('error', (error) => fail(error.message));
    child.once('exit', () => {
      timer.cancel();
      fail(lastLine(complaints()));
    });
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end === -1) return;
      timer.cancel();
      child.stdout?.removeAllListeners('data').resume();
      resolve((JSON.parse(text.slice(0, end)) as { env: Record<string, string> }).env);
    });
  });
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}

function withoutCredentials(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('APCA_') && name !== 'DATABASE_URL'),
  );
}
