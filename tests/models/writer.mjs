// Runs the compiled program, as users do: opens the embedded database of the directory it is given and writes
// executions until it is killed, printing the client order id of each call that was acknowledged.
import { writeSync } from 'node:fs';
import { newId } from '../../dist/clock/chance.js';
import { liveClock } from '../../dist/clock/live.js';
import { openDatabase } from '../../dist/models/database.js';
import { silentLog } from '../../dist/observability/log.js';

const location = { type: 'embedded', directory: process.argv[2] };
const { stores } = await openDatabase(location, { log: silentLog, clock: liveClock });
const batchId = newId();
const algoRunId = await stores.startRun({
  batchId,
  strategy: 'writer',
  instanceId: 'writer',
  environment: 'SIMULATED',
  consumer: 'A',
  version: '',
  parameters: {},
  startedAt: '2026-11-20T14:30:00Z',
});
/** Grows the log when a test wants that: what is random does not compress. */
const padding = process.argv[3] === 'bulky' ? () => Array.from({ length: 500 }, newId).join() : () => '';

const write = async (count) => {
  const clientOrderId = `${batchId}.${count}`;
  await stores.recordTrades([
    {
      executionId: String(count),
      algoRunId,
      batchId,
      clientOrderId,
      symbol: 'AAPL',
      side: 'buy',
      operation: 'buy',
      qty: '1',
      price: '179.08',
      fee: '0',
      executedAt: '2026-11-20T14:31:00Z',
      targetPrice: null,
      stopPrice: null,
      indicators: { padding: padding() },
    },
  ]);
  writeSync(1, `${clientOrderId}\n`);
};

for (let count = 1; ; count += 1) {
  try {
    await write(count);
  } catch {
    const again = await write(count).catch((failure) => failure);
    writeSync(1, `failed ${again.name} ${again.kind}\n`);
    process.exit();
  }
}
