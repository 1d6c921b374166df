/** The kill switch of a running daemon, its release, and flattening everything. */
import { Command } from 'commander';
import { liveClock } from '../../clock/live.ts';
import { connectControl } from '../../trader/control/control.ts';
import { dataDirectoryOption, jsonOption, type StorageOptions, storageOf } from '../options.ts';
import { print, printJson } from '../output.ts';
import { noDaemon } from './status.ts';

interface Options extends StorageOptions {
  readonly json?: boolean;
  readonly reason?: string;
}

export function haltCommand(): Command {
  return command('halt')
    .option('--reason <text>', 'why; it stands in the log and in every denial', 'halted by hand')
    .addHelpText('after', '\nExample:\n  openbell halt --reason "news on NVDA"')
    .action((options: Options) =>
      send('halt', options, 'Halted: no new risk is taken, resting orders are being canceled.'),
    );
}

export function resumeCommand(): Command {
  return command('resume')
    .addHelpText('after', '\nExample:\n  openbell resume')
    .action((options: Options) => send('resume', options, 'Resumed: strategies may trade again.'));
}

export function liquidateCommand(): Command {
  return command('liquidate')
    .option('--reason <text>', 'why; it stands in the log and with the orders', 'liquidated by hand')
    .addHelpText('after', '\nExample:\n  openbell liquidate --reason "end of the experiment"')
    .action((options: Options) =>
      send('liquidate', options, 'Halted; closing every position at the market.'),
    );
}

function command(name: string): Command {
  return new Command(name).addOption(dataDirectoryOption()).addOption(jsonOption());
}

async function send(method: string, options: Options, done: string): Promise<void> {
  const { dataDirectory } = storageOf(options);
  const client = await connectControl(dataDirectory, liveClock);
  if (client === null) throw noDaemon(dataDirectory);
  try {
    const answer = await client.call(method, options.reason === undefined ? {} : { reason: options.reason });
    if (options.json) printJson(answer);
    else print(done);
  } finally {
    client.close();
  }
}
