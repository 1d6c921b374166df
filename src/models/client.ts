/** The stores as seen from another thread: each call is a message over a port, each answer settles one promise. */
import type { MessagePort } from 'node:worker_threads';
import type { Clock, Timer } from '../clock/clock.ts';
import type { Stores } from './contract.ts';
import { DatabaseFailure } from './failure.ts';
import { DATABASE_LIMITS } from './limits.ts';
import type { DatabaseAnswer, DatabaseCall, StoreMethod } from './messages.ts';

export interface StoresClient extends Stores {
  /** Gives up what is not answered yet (`closed`) and lets go of the port. */
  close(): void;
}

export interface StoresClientOptions {
  readonly clock: Clock;
  /** Missing = the ones of `DATABASE_LIMITS`. */
  readonly timeoutMs?: number;
  readonly callsInFlightMax?: number;
}

interface Waiting {
  readonly method: StoreMethod;
  readonly timer: Timer;
  readonly resolve: (value: unknown) => void;
  readonly reject: (failure: DatabaseFailure) => void;
}

/**
 * Stores whose calls travel over `port` to the database thread. Calls beyond the number allowed in flight are
 * refused at once (`overloaded`, retry), late ones given up (`timeout`, retry): every call may be repeated.
 */
export function createStoresClient(port: MessagePort, options: StoresClientOptions): StoresClient {
  const timeoutMs = options.timeoutMs ?? DATABASE_LIMITS.callTimeoutMs;
  const callsInFlightMax = options.callsInFlightMax ?? DATABASE_LIMITS.callsInFlightMax;
  const waiting = new Map<number, Waiting>();
  let lastCallId = 0;
  let isClosed = false;

  const settle = (answer: DatabaseAnswer) => {
    const call = waiting.get(answer.callId);
    if (call === undefined) return;
    waiting.delete(answer.callId);
    call.timer.cancel();
    if (answer.ok) call.resolve(answer.value);
    else call.reject(new DatabaseFailure(answer.kind, answer.message));
  };

  const close = () => {
    if (isClosed) return;
    isClosed = true;
    port.close();
    for (const [callId, call] of waiting) {
      waiting.delete(callId);
      call.timer.cancel();
      call.reject(new DatabaseFailure('closed', `the database was closed before it answered ${call.method}`));
    }
  };

  port.on('message', settle);
  // The other side went away: its thread ended, or it was stopped.
  port.on('close', close);

  const call = <T>(method: StoreMethod, ...parameters: readonly unknown[]): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (isClosed) {
        reject(new DatabaseFailure('closed', `the database is closed: ${method} was not asked`));
        return;
      }
      if (waiting.size >= callsInFlightMax) {
        const message = `${waiting.size} calls wait for the database: ${method} was not asked`;
        reject(new DatabaseFailure('overloaded', message));
        return;
      }
      lastCallId += 1;
      const callId = lastCallId;
      const timer = options.clock.after(timeoutMs, () => {
        waiting.delete(callId);
        reject(new DatabaseFailure('timeout', `no answer to ${method} within ${timeoutMs} ms`));
      });
      waiting.set(callId, { method, timer, resolve: (value) => resolve(value as T), reject });
      port.postMessage({ callId, method, parameters } satisfies DatabaseCall);
    });

  return {
    close,
    startRun: (run) => call('startRun', run),
    endRun: (algoRunId, endedAt, reason) => call('endRun', algoRunId, endedAt, reason),
    endRuns: (batchId, endedAt, reason) => call('endRuns', batchId, endedAt, reason),
    endAbandonedRuns: (exceptBatchId, endedAt) => call('endAbandonedRuns', exceptBatchId, endedAt),
    recordOrders: (orders) => call('recordOrders', orders),
    recordTrades: (trades) => call('recordTrades', trades),
    recordPicks: (picks) => call('recordPicks', picks),
    saveStates: (states, environment) => call('saveStates', states, environment),
    loadStates: (instanceIds, environment) => call('loadStates', instanceIds, environment),
    holdings: (instanceIds, environment) => call('holdings', instanceIds, environment),
    select: (query, limits) => call('select', query, limits),
    listRuns: (filter) => call('listRuns', filter),
    listOrders: (filter) => call('listOrders', filter),
    listTrades: (filter) => call('listTrades', filter),
    listPositions: (filter) => call('listPositions', filter),
    startMinerRun: (run) => call('startMinerRun', run),
    noteMinerRun: (minerRunId, note) => call('noteMinerRun', minerRunId, note),
    endMinerRun: (minerRunId, end) => call('endMinerRun', minerRunId, end),
    minerHistory: () => call('minerHistory'),
    listMinerRuns: (filter) => call('listMinerRuns', filter),
    recordDays: (days) => call('recordDays', days),
    forgetDays: (symbols) => call('forgetDays', symbols),
    newestDays: (symbols) => call('newestDays', symbols),
    closesSince: (symbols, fromDate) => call('closesSince', symbols, fromDate),
    recordSimilarTickers: (rows) => call('recordSimilarTickers', rows),
    recordIndexMembers: (index, rows) => call('recordIndexMembers', index, rows),
    recordTickers: (tickers) => call('recordTickers', tickers),
    listTickers: (assetClass) => call('listTickers', assetClass),
    recordGains: (gains, whole) => call('recordGains', gains, whole),
    recordPortfolioGains: (gains) => call('recordPortfolioGains', gains),
    recordRoundTrips: (trips, whole) => call('recordRoundTrips', trips, whole),
    takenBack: () => call('takenBack'),
    fillsAfter: (after) => call('fillsAfter', after),
    recordOptimizerRun: (row) => call('recordOptimizerRun', row),
    optimizerRunsAfter: (sessionId, batchId) => call('optimizerRunsAfter', sessionId, batchId),
    optimizerRunsOfStage: (stage) => call('optimizerRunsOfStage', stage),
    createPortfolio: (portfolio) => call('createPortfolio', portfolio),
    listPortfolios: (portfolioIds) => call('listPortfolios', portfolioIds),
    fundPortfolio: (funding) => call('fundPortfolio', funding),
    assignPortfolios: (assignment) => call('assignPortfolios', assignment),
    checkPortfolios: (assignment) => call('checkPortfolios', assignment),
    portfolioFunds: (portfolioIds) => call('portfolioFunds', portfolioIds),
    portfolioHistory: (portfolioId) => call('portfolioHistory', portfolioId),
    portfolioTrades: (portfolioId, limit) => call('portfolioTrades', portfolioId, limit),
    listTradePlans: (tradePlanIds) => call('listTradePlans', tradePlanIds),
    addTradePlan: (plan) => call('addTradePlan', plan),
    changeTradePlan: (change) => call('changeTradePlan', change),
    activeTradePlans: (asked) => call('activeTradePlans', asked),
    takeTradePlan: (taking) => call('takeTradePlan', taking),
    endTradePlans: (ending) => call('endTradePlans', ending),
    recalculatePortfolio: (portfolioId, isDryRun) => call('recalculatePortfolio', portfolioId, isDryRun),
  };
}
