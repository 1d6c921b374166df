/** All stores over one backend. */
import type { Backend } from './backend.ts';
import type { Stores } from './contract.ts';
import { failureFrom } from './failure.ts';
import { createDayStores } from './stores/days.ts';
import { createGainStores } from './stores/gains.ts';
import { createMinerRunStores } from './stores/minerRuns.ts';
import { createOptimizerStores } from './stores/optimizerRuns.ts';
import { createOrderStores } from './stores/orders.ts';
import { createPortfolioHistoryStores } from './stores/portfolioHistory.ts';
import { createPortfolioStores } from './stores/portfolios.ts';
import { createPositionStores } from './stores/positions.ts';
import { createRecalculationStores } from './stores/recalculation.ts';
import { createRunStores } from './stores/runs.ts';
import { createSimilarityStores } from './stores/similarity.ts';
import { createStateStores } from './stores/states.ts';
import { createTickerStores } from './stores/tickers.ts';
import { createEditingStores } from './stores/tradePlanEdits.ts';
import { createTradePlanStores } from './stores/tradePlans.ts';
import { createTradeStores } from './stores/trades.ts';

/** The stores of this thread. Calls reject with a `DatabaseFailure` only. */
export function createStores(backend: Backend): Stores {
  const runs = createRunStores(backend);
  const orders = createOrderStores(backend.queries);
  const trades = createTradeStores(backend.queries);
  const states = createStateStores(backend.queries);
  const positions = createPositionStores(backend.queries);
  const minerRuns = createMinerRunStores(backend);
  const days = createDayStores(backend.queries);
  const tickers = createTickerStores(backend.queries);
  const similar = createSimilarityStores(backend.queries);
  const gains = createGainStores(backend.queries);
  const optimizerRuns = createOptimizerStores(backend.queries);
  const portfolios = createPortfolioStores(backend.queries);
  const histories = createPortfolioHistoryStores(backend.queries);
  const recalculation = createRecalculationStores(backend.queries);
  const tradePlans = createTradePlanStores(backend);
  const edits = createEditingStores(backend);
  return {
    startRun: guarded(runs.startRun),
    endRun: guarded(runs.endRun),
    endRuns: guarded(runs.endRuns),
    endAbandonedRuns: guarded(runs.endAbandonedRuns),
    select: guarded((query, limits) => backend.select(query, limits)),
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
    startMinerRun: guarded(minerRuns.startMinerRun),
    noteMinerRun: guarded(minerRuns.noteMinerRun),
    endMinerRun: guarded(minerRuns.endMinerRun),
    minerHistory: guarded(minerRuns.minerHistory),
    listMinerRuns: guarded(minerRuns.listMinerRuns),
    recordDays: guarded(days.recordDays),
    forgetDays: guarded(days.forgetDays),
    newestDays: guarded(days.newestDays),
    closesSince: guarded(days.closesSince),
    recordSimilarTickers: guarded(similar.recordSimilarTickers),
    recordIndexMembers: guarded(similar.recordIndexMembers),
    recordTickers: guarded(tickers.recordTickers),
    listTickers: guarded(tickers.listTickers),
    recordGains: guarded(gains.recordGains),
    recordPortfolioGains: guarded(gains.recordPortfolioGains),
    recordRoundTrips: guarded(gains.recordRoundTrips),
    takenBack: guarded(gains.takenBack),
    fillsAfter: guarded(gains.fillsAfter),
    recordOptimizerRun: guarded(optimizerRuns.recordOptimizerRun),
    optimizerRunsAfter: guarded(optimizerRuns.optimizerRunsAfter),
    optimizerRunsOfStage: guarded(optimizerRuns.optimizerRunsOfStage),
    createPortfolio: guarded(portfolios.createPortfolio),
    listPortfolios: guarded(portfolios.listPortfolios),
    fundPortfolio: guarded(portfolios.fundPortfolio),
    assignPortfolios: guarded(portfolios.assignPortfolios),
    checkPortfolios: guarded(portfolios.checkPortfolios),
    portfolioFunds: guarded(portfolios.portfolioFunds),
    portfolioHistory: guarded(histories.portfolioHistory),
    portfolioTrades: guarded(histories.portfolioTrades),
    recalculatePortfolio: guarded(recalculation.recalculatePortfolio),
    listTradePlans: guarded(edits.listTradePlans),
    addTradePlan: guarded(edits.addTradePlan),
    changeTradePlan: guarded(edits.changeTradePlan),
    activeTradePlans: guarded(tradePlans.activeTradePlans),
    takeTradePlan: guarded(tradePlans.takeTradePlan),
    endTradePlans: guarded(tradePlans.endTradePlans),
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
