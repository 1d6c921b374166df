/** All stores over one backend. */
import type { Backend } from './backend.ts';
import type { Stores } from './contract.ts';
import { failureFrom } from './failure.ts';
import { createOrderStores } from './stores/orders.ts';
import { createPositionStores } from './stores/positions.ts';
import { createRunStores } from './stores/runs.ts';
import { createStateStores } from './stores/states.ts';
import { createTradeStores } from './stores/trades.ts';

/** The stores of this thread. Calls reject with a `DatabaseFailure` only. */
export function createStores(backend: Backend): Stores {
  const runs = createRunStores(backend);
  const orders = createOrderStores(backend.queries);
  const trades = createTradeStores(backend.queries);
  const states = createStateStores(backend.queries);
  const positions = createPositionStores(backend.queries);
  return {
    startRun: guarded(runs.startRun),
    endRuns: guarded(runs.endRuns),
    endAbandonedRuns: guarded(runs.endAbandonedRuns),
    listRuns: guarded(runs.listRuns),
    recordOrders: guarded(orders.recordOrders),
    listOrders: guarded(orders.listOrders),
    recordTrades: guarded(trades.recordTrades),
    listTrades: guarded(trades.listTrades),
    recordPicks: guarded(states.recordPicks),
    saveStates: guarded(states.saveStates),
    loadStates: guarded(states.loadStates),
    holdings: guarded(positions.holdings),
    listPositions: guarded(positions.listPositions),
  };
}

function guarded<Parameters extends readonly unknown[], Value>(
  call: (...parameters: Parameters) => Promise<Value>,
): (...parameters: Parameters) => Promise<Value> {
  return async (...parameters) => {
    try {
      return await call(...parameters);
    } catch (error) {
      throw failureFrom(error);
    }
  };
}
