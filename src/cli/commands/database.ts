/** `openbell db`: the database's schema and address. */
import { join } from 'node:path';
import { Command } from 'commander';
import { newId } from '../../clock/chance.ts';
import { liveClock } from '../../clock/live.ts';
import { EXIT_DONE, EXIT_UNEXPECTED } from '../../domain/exit.ts';
import { serveSnapshot } from '../../models/snapshot.ts';
import { createLog } from '../../observability/log.ts';
import type { Storage } from '../../tradeplan/environment.ts';
import { connectControl } from '../../trader/control/control.ts';
import { withDatabase } from '../database.ts';
import { dataDirectoryOption, jsonOption, type StorageOptions, storageOf } from '../options.ts';
import { print, printJson } from '../output.ts';
import { onStopRequest } from '../signals.ts';

type Options = StorageOptions & { readonly json?: boolean };

export function databaseCommand(): Command {
  return new Command('db')
    .addCommand(
      new Command('migrate')
        .description('bring the schema up to date; the daemon does this by itself at every start')
        .addOption(dataDirectoryOption())
        .addOption(jsonOption())
        .addHelpText('after', '\nExample:\n  DATABASE_URL=postgres://... openbell db migrate')
        .action((options: Options) => report(options, 'apply')),
    )
    .addCommand(
      new Command('status')
        .description('say which migrations are applied; exit 1 when some are not')
        .addOption(dataDirectoryOption())
        .addOption(jsonOption())
        .addHelpText('after', '\nExample:\n  openbell db status --json')
        .action((options: Options) => report(options, 'leave')),
    )
    .addCommand(
      new Command('url')
        .description('print a URL that psql can open; of the embedded database a copy is served until Ctrl-C')
        .addOption(dataDirectoryOption())
        .addHelpText('after', '\nExample:\n  openbell db url     # then, in another shell: psql URL')
        .action((options: Options) => printUrl(options)),
    );
}

async function report(options: Options, migrations: 'apply' | 'leave'): Promise<void> {
  const status = await withDatabase(storageOf(options), (database) => database.migrationStatus(), migrations);
  if (options.json) printJson(status);
  else {
    for (const tag of status.applied) print(`applied  ${tag}`);
    for (const tag of status.pending) print(`pending  ${tag}`);
  }
  process.exitCode = status.pending.length === 0 ? EXIT_DONE : EXIT_UNEXPECTED;
}

async function printUrl(options: Options): Promise<void> {
  const storage = storageOf(options);
  if (storage.databaseUrl !== null) {
    print(storage.databaseUrl);
    return;
  }
  const log = createLog({ level: storage.logLevel, file: null, isPretty: process.stderr.isTTY === true }, {});
  const served = await serveSnapshot(await copyEmbedded(storage), { log });
  print(served.url);
  process.stderr.write('This is a copy of the embedded database as it is now; Ctrl-C ends it.\n');
  await new Promise<void>((done) => {
    onStopRequest(liveClock, { onStop: () => done(), onForce: () => process.exit(EXIT_UNEXPECTED) });
  });
  await served.close();
}

/** A running daemon alone may touch its database: it makes the copy; without one we do. */
async function copyEmbedded(storage: Storage): Promise<string> {
  const client = await connectControl(storage.dataDirectory, liveClock);
  if (client === null) {
    const folder = join(storage.dataDirectory, `snapshot-${newId()}`);
    await withDatabase(storage, (database) => database.snapshot(folder));
    return folder;
  }
  try {
    return await client.call<string>('snapshot');
  } finally {
    client.close();
  }
}
