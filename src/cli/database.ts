/** The database for commands that run while no daemon does. */
import { setFlagsFromString } from 'node:v8';
import { liveClock } from '../clock/live.ts';
import type { DatabaseLocation } from '../models/contract.ts';
import { type OpenDatabase, openDatabase } from '../models/database.ts';
import { createLog } from '../observability/log.ts';
import type { Storage } from '../tradeplan/environment.ts';

export function locationOf(storage: Storage): DatabaseLocation {
  return storage.databaseUrl === null
    ? { type: 'embedded', directory: storage.dataDirectory }
    : { type: 'postgres', url: storage.databaseUrl };
}

/** Opens the database, does the work and closes it whatever happens. */
export async function withDatabase<T>(
  storage: Storage,
  work: (database: OpenDatabase) => Promise<T>,
  migrations: 'apply' | 'leave' = 'apply',
): Promise<T> {
  // A command has ended before V8's second compiler of WebAssembly pays: without it `openbell runs` takes 0.64 s, not 0.9.
  setFlagsFromString('--liftoff-only');
  const log = createLog({ level: storage.logLevel, file: null, isPretty: process.stderr.isTTY === true }, {});
  const database = await openDatabase(locationOf(storage), { log, clock: liveClock, migrations });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
