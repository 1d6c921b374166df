/** Rows of the database: asked of the running daemon, which alone may touch the embedded one, else read directly. */
import { liveClock } from '../clock/live.ts';
import type { RowFilter, Stores } from '../models/contract.ts';
import type { Storage } from '../tradeplan/environment.ts';
import { connectControl } from '../trader/control.ts';

export type Stored = Pick<Stores, 'listRuns' | 'listOrders' | 'listTrades' | 'listPositions'>;

/** Does all its reading over one connection, and closes it whatever happens. */
export async function withStored<T>(storage: Storage, work: (stored: Stored) => Promise<T>): Promise<T> {
  const client = await connectControl(storage.dataDirectory, liveClock);
  if (client === null) {
    // Loaded only now: where a daemon answers, no database driver is needed here.
    const { withDatabase } = await import('./database.ts');
    return withDatabase(storage, ({ stores }) => work(stores));
  }
  const ask =
    <Name extends keyof Stored>(method: Name) =>
    (filter: RowFilter) =>
      client.call<Awaited<ReturnType<Stored[Name]>>>(method, { ...filter });
  try {
    return await work({
      listRuns: ask('listRuns'),
      listOrders: ask('listOrders'),
      listTrades: ask('listTrades'),
      listPositions: ask('listPositions'),
    });
  } finally {
    client.close();
  }
}
