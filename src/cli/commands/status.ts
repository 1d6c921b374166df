import { Command } from 'commander';
import { liveClock } from '../../clock/live.ts';
import { EXIT_DONE, EXIT_UNEXPECTED, EXIT_UNREACHABLE, UserError } from '../../domain/exit.ts';
import { connectControl } from '../../trader/control/control.ts';
import type { DaemonStatus } from '../../trader/control/status.ts';
import { dataDirectoryOption, jsonOption, type StorageOptions, storageOf } from '../options.ts';
import { print, printJson } from '../output.ts';
import { EMPTY_MEMORY, renderView } from '../view.ts';

/** `openbell status`: exit 0 healthy, 1 not healthy, 3 no daemon. */
export function statusCommand(): Command {
  return new Command('status')
    .addOption(dataDirectoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExit code: 0 healthy, 1 not healthy, 3 no daemon runs in this data directory.\n\nExamples:\n  openbell status\n  openbell status --json | jq .feed.eventsPerSecond',
    )
    .action(async (options: StorageOptions & { json?: boolean }) => {
      const { dataDirectory } = storageOf(options);
      const client = await connectControl(dataDirectory, liveClock);
      if (client === null) throw noDaemon(dataDirectory);
      try {
        const status = await client.call<DaemonStatus>('status');
        if (options.json) printJson(status);
        else print(renderView(status, EMPTY_MEMORY, { rows: 200, columns: 120 }));
        process.exitCode = status.isHealthy ? EXIT_DONE : EXIT_UNEXPECTED;
      } finally {
        client.close();
      }
    });
}

export function noDaemon(dataDirectory: string): UserError {
  return new UserError({
    exitCode: EXIT_UNREACHABLE,
    cause: `no daemon runs in the data directory ${dataDirectory}`,
    remedy: 'Start one with `openbell trade`, or name its directory with --data-dir.',
  });
}
