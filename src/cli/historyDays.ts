/** Daily bars into stock_ohlc, by the miner that keeps them: each symbol goes on from its newest day there. */
import { dirname } from 'node:path';
import { newId } from '../clock/chance.ts';
import { liveClock } from '../clock/live.ts';
import { assert } from '../domain/assert.ts';
import { prepareMiners } from '../trader/mining/miners.ts';
import { type MineResult, MinerRunner } from '../trader/mining/mining.ts';
import type { Preparation } from '../trader/preparation.ts';
import { withDatabase } from './database.ts';
import { withMarket } from './market.ts';
import { openProgress } from './progress.ts';

const DAY_MS = 86_400_000;

/** @throws {UserError} when the database or the broker cannot be reached. */
export async function fetchDays(
  preparation: Preparation,
  of: { readonly symbols: readonly string[]; readonly fromDate: string; readonly signal: AbortSignal },
): Promise<MineResult> {
  const { plan } = preparation;
  const days = Math.max(1, Math.ceil((liveClock.nowMicros() / 1_000 - Date.parse(of.fromDate)) / DAY_MS));
  const { miners, violations } = prepareMiners([
    {
      minerId: 'history-fetch',
      name: 'daily-bars',
      parameters: { symbols: of.symbols, days },
      schedules: [{ type: 'once' }],
    },
  ]);
  assert(violations.length === 0, 'the miner takes its parameters');
  const progress = openProgress(liveClock);
  let result: MineResult | undefined;
  await withDatabase(preparation.environment, ({ stores }) =>
    withMarket(preparation, { thread: 'history', batchId: newId() }, async (market) => {
      const { history, calendar, broker, batchId, log } = market;
      const runner = new MinerRunner({
        miners,
        market: {
          ...{ history, calendar, assetClass: plan.assetClass, folder: dirname(plan.path) },
          instruments: () => broker.instruments(),
        },
        ...{ stores, clock: liveClock, log, batchId },
        runTimeoutMs: plan.limits.minerTimeoutMs,
        onProgress: (_, share, text) => progress.update(share, text),
        onResult: () => progress.done(),
      });
      of.signal.addEventListener('abort', () => void runner.stop(), { once: true });
      try {
        [result] = await runner.mineNow();
      } finally {
        await runner.stop();
      }
    }),
  );
  assert(result !== undefined, 'the miner has run');
  return result;
}
