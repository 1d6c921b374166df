/** `openbell trade`: runs the daemon, shows it live, stops it in order. */
import { join } from 'node:path';
import { Command } from 'commander';
import { newId } from '../../clock/chance.ts';
import { liveClock } from '../../clock/live.ts';
import { EXIT_DONE, EXIT_UNEXPECTED, UserError } from '../../domain/exit.ts';
import { createLog, type Log, type LogTarget } from '../../observability/log.ts';
import { type Preparation, prepare } from '../../trader/preparation.ts';
import { Trader } from '../../trader/trader.ts';
import { formatDurationMs } from '../duration.ts';
import { reportFailure } from '../failure.ts';
import {
  DEFAULT_PLAN,
  dataDirectoryOption,
  durationMs,
  logLevelOption,
  type StorageOptions,
  storageOptions,
} from '../options.ts';
import { print } from '../output.ts';
import { Screen } from '../screen.ts';
import { onStopRequest } from '../signals.ts';
import { EMPTY_MEMORY, remember, renderLine, renderView } from '../view.ts';

const REDRAW_MS = 500;
/** Where the screen cannot be redrawn, a line says how things stand this often. */
const LINE_MS = 5_000;

interface Options extends StorageOptions {
  readonly for?: number;
  readonly live?: boolean;
}

interface Ending {
  readonly reason: string;
  readonly error: UserError | null;
}

export function tradeCommand(): Command {
  return new Command('trade')
    .argument('[plan]', 'the tradeplan', DEFAULT_PLAN)
    .option('--for <duration>', 'stop by itself after this time, such as 60s or 2h', durationMs)
    .option('--live', 'trade with real money; the plan must say `mode: live` too')
    .addOption(dataDirectoryOption())
    .addOption(logLevelOption())
    .addHelpText(
      'after',
      '\nOn a terminal the log goes to DATA_DIR/logs, elsewhere to standard error, one JSON object a line.\nThere SIGHUP has the plan read again, as `openbell reload` does.\n\nExamples:\n  openbell trade tradeplan.example.yaml\n  openbell trade --for 60s --data-dir /tmp/try\n  openbell trade my-plan.yaml --live',
    )
    .action(async (plan: string, options: Options) => {
      const request = listenForStop();
      try {
        const preparation = await prepare({
          planPath: plan,
          env: process.env,
          isLiveFlagSet: options.live === true,
          options: storageOptions(options),
        });
        const exitCode = await run(preparation, request, options.for ?? null);
        // What did not end in its time, such as a step of the start that hangs, must not keep the process.
        process.exit(exitCode);
      } finally {
        request.forget();
      }
    });
}

interface StopRequest {
  /** Settles once: the first reason to stop counts. */
  readonly ended: Promise<Ending>;
  readonly end: (ending: Ending) => void;
  /** Stops listening to signals. */
  readonly forget: () => void;
}

/** From the very first on: a stop that is asked for while the strategies are still being bundled is one, too. */
function listenForStop(): StopRequest {
  let end: (ending: Ending) => void = () => undefined;
  const ended = new Promise<Ending>((done) => {
    end = done;
  });
  const forget = onStopRequest(liveClock, {
    onStop: (signal) => end({ reason: signal, error: null }),
    onForce: (signal) => {
      process.stderr.write(`ended at once, on a second request (${signal})\n`);
      process.exit(EXIT_UNEXPECTED);
    },
  });
  return { ended, end: (ending) => end(ending), forget };
}

async function run(preparation: Preparation, request: StopRequest, forMs: number | null): Promise<number> {
  const { ended, end } = request;
  const batchId = newId();
  const isTerminal = process.stdout.isTTY === true;
  const logTarget = logTargetOf(preparation, batchId, isTerminal);
  const log = createLog(logTarget, { batch: batchId, thread: 'trader' });
  const trader = new Trader({
    preparation,
    batchId,
    clock: liveClock,
    log,
    logTarget,
    onProgress: (step) => print(`· ${step}`),
    onFailure: (error) => end({ reason: `failed: ${error.message}`, error }),
  });
  let show: Display | null = null;
  let ending: Ending;
  let isStarted = false;
  try {
    const start = trader.start();
    // A stop that is asked for while the parts are starting must not wait for them.
    start.catch(() => undefined);
    const early = await Promise.race([start.then(() => null), ended]);
    isStarted = early === null;
    if (isStarted) {
      print(
        `Trading, batch ${batchId}. ${logTarget.file === null ? '' : `The log is ${logTarget.file}. `}Ctrl-C stops in order.`,
      );
      if (forMs !== null)
        liveClock.after(forMs, () => end({ reason: `after ${formatDurationMs(forMs)}`, error: null }));
      show = display(trader, isTerminal);
      if (!isTerminal) process.on('SIGHUP', () => reload(trader, log));
    }
    ending = early ?? (await ended);
  } catch (error) {
    await trader.stop('the start failed');
    return reportFailure(error, log.level === 'debug');
  }
  show?.close();
  print(`Stopping (${ending.reason}) ...`);
  const last = trader.status();
  const unwritten = await trader.stop(ending.reason);
  print(renderLine({ ...last, state: 'stopping' }));
  const failure = ending.error ?? unwritten;
  if (failure !== null) return reportFailure(failure, false);
  if (!isStarted) {
    print('Stopped before it traded.');
    return EXIT_DONE;
  }
  print('Stopped in order. `openbell runs` and `openbell trades` show what happened.');
  return EXIT_DONE;
}

/** Where no terminal is that could hang up, SIGHUP is what it is to other daemons. */
function reload(trader: Trader, log: Log): void {
  trader.reload().catch((error: unknown) => {
    const reason = error instanceof UserError ? error.toJSON() : String(error);
    log.error({ reason }, 'the plan was not taken over; the old one goes on');
  });
}

interface Display {
  close(): void;
}

function display(trader: Trader, isTerminal: boolean): Display {
  if (!isTerminal) {
    const timer = liveClock.every(LINE_MS, () => print(renderLine(trader.status())));
    return { close: () => timer.cancel() };
  }
  const screen = new Screen(process.stdout);
  let memory = EMPTY_MEMORY;
  const timer = liveClock.every(REDRAW_MS, () => {
    const status = trader.status();
    memory = remember(memory, status);
    screen.draw(renderView(status, memory, screen.size));
  });
  return {
    close: () => {
      timer.cancel();
      screen.close();
    },
  };
}

function logTargetOf(preparation: Preparation, batchId: string, isTerminal: boolean): LogTarget {
  const { dataDirectory, logLevel } = preparation.environment;
  // The live view owns the terminal; lines written into it would be painted over.
  if (isTerminal)
    return { level: logLevel, file: join(dataDirectory, 'logs', `${batchId}.log`), isPretty: false };
  return { level: logLevel, file: null, isPretty: process.stderr.isTTY === true };
}
