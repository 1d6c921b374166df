/** `openbell sim`: the local exchange as a process of its own. */
import { Command, Option } from 'commander';
import { liveClock } from '../../clock/live.ts';
import { startExchange } from '../../exchange/exchange.ts';
import { readFaults } from '../../exchange/faults.ts';
import { createLog } from '../../observability/log.ts';
import { durationMs, list, logLevelOption, type StorageOptions, storageOf, wholeNumber } from '../options.ts';
import { print } from '../output.ts';
import { onStopRequest } from '../signals.ts';

interface Options extends StorageOptions {
  readonly port: number;
  readonly tape?: string;
  readonly tapeOffset?: number;
  readonly tapeSpeed?: number;
  readonly seed: number;
  readonly symbols: readonly string[];
  readonly rate: number;
  readonly json?: boolean;
  readonly parent?: boolean;
  readonly fault: readonly string[];
}

const RATE_DEFAULT = 500;
const SEED_DEFAULT = 42;

export function simCommand(): Command {
  return new Command('sim')
    .option(
      '--port <number>',
      'TCP port on 127.0.0.1; 0 takes any free one',
      wholeNumber({ min: 0, max: 65_535 }),
      0,
    )
    .option('--tape <file>', 'play this tape, restamped to now, instead of the synthetic market')
    .option('--tape-offset <duration>', 'begin so far into the tape; what lies before is history', durationMs)
    .option('--tape-speed <times>', 'play the tape so many times as fast', Number)
    .option(
      '--seed <number>',
      'the same seed gives the same market',
      wholeNumber({ min: 0, max: 4_294_967_295 }),
      SEED_DEFAULT,
    )
    .option('--symbols <list>', 'comma-separated, such as AAPL,MSFT,BTC/USD', list, [])
    .option(
      '--rate <events>',
      'market events a second over all symbols',
      wholeNumber({ min: 1, max: 100_000 }),
      RATE_DEFAULT,
    )
    .option(
      '--fault <name[=value]>',
      'misbehave in this way, such as malformedElements, disconnectEveryMs=5000, rejectProbability=0.1, lostAnswer=reset_after_accepting:3; may be given several times, and a wrong name lists them all',
      (text: string, before: readonly string[]) => [...before, text],
      [] as readonly string[],
    )
    .option('--json', 'print the port and the environment to reach it as one JSON line')
    .addOption(new Option('--parent', 'end when the process that started this one ends').hideHelp())
    .addOption(logLevelOption())
    .addHelpText(
      'after',
      '\nExamples:\n  openbell sim --port 8090 --symbols AAPL,NVDA --rate 1000\n  openbell sim --json --tape ibm.tape\n  openbell sim --fault malformedElements --fault disconnectEveryMs=10000',
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const log = createLog(
    { level: storageOf(options).logLevel, file: null, isPretty: process.stderr.isTTY === true },
    { thread: 'exchange' },
  );
  const stopped = stopRequest(options.parent === true);
  const exchange = await startExchange({
    port: options.port,
    seed: options.seed,
    symbols: options.symbols,
    ratePerSecond: options.rate,
    ...(options.tape === undefined ? {} : { tape: options.tape }),
    ...(options.tapeOffset === undefined ? {} : { tapeOffsetMs: options.tapeOffset }),
    ...(options.tapeSpeed === undefined ? {} : { tapeSpeed: options.tapeSpeed }),
    faults: readFaults(options.fault),
    clock: liveClock,
    log,
  });
  if (options.json) print(JSON.stringify({ port: exchange.port, env: exchange.env }));
  else {
    print(`The local exchange listens on 127.0.0.1:${exchange.port}. To trade on it, in another shell:`);
    for (const [name, value] of Object.entries(exchange.env)) print(`  export ${name}=${value}`);
    print('Ctrl-C stops it.');
  }
  await stopped;
  await exchange.close();
  // An open channel to the parent would keep the process alive until the parent's patience ends.
  if (process.connected) process.disconnect();
}

/** Resolves at SIGINT or SIGTERM, or when the parent process goes away. */
function stopRequest(watchesParent: boolean): Promise<void> {
  return new Promise((done) => {
    onStopRequest(liveClock, { onStop: () => done(), onForce: () => process.exit(1) });
    if (!watchesParent) return;
    process.once('disconnect', () => done());
    // It may be gone already.
    if (!process.connected) done();
  });
}
