/** Rows as the desk and the trader send them, with what a test does not care about filled in. */
import type { NewRun, NewTrade, OrderRow } from '../../src/models/contract.ts';

export function aRun(changes: Partial<NewRun> = {}): NewRun {
  return {
    batchId: 'batch-1',
    strategy: 'momentum-long',
    instanceId: 'momentum-long',
    environment: 'PAPER',
    consumer: 'A',
    version: 'sha256-abc',
    parameters: { fast: 12, slow: 26 },
    startedAt: '2026-11-20T14:30:00.123456Z',
    ...changes,
  };
}

export function anOrder(changes: Partial<OrderRow> & Pick<OrderRow, 'algoRunId'>): OrderRow {
  return {
    clientOrderId: 'batch1.momentum-long.AAPL.1',
    brokerOrderId: null,
    batchId: 'batch-1',
    symbol: 'AAPL',
    side: 'buy',
    type: 'limit',
    timeInForce: 'day',
    qty: '10',
    limitPrice: '179.08',
    stopPrice: null,
    filledQty: '0',
    avgPrice: null,
    status: 'new',
    reason: null,
    createdAt: '2026-11-20T14:31:00.000001Z',
    updatedAt: '2026-11-20T14:31:00.000001Z',
    ...changes,
  };
}

export function aTrade(changes: Partial<NewTrade> & Pick<NewTrade, 'algoRunId' | 'executionId'>): NewTrade {
  const side = changes.side ?? 'buy';
  return {
    batchId: 'batch-1',
    clientOrderId: 'batch1.momentum-long.AAPL.1',
    symbol: 'AAPL',
    side,
    operation: side,
    qty: '10',
    price: '179.08',
    fee: '0',
    executedAt: '2026-11-20T14:31:00.000001Z',
    targetPrice: null,
    stopPrice: null,
    indicators: { buy: { reason: 'crossed', rsi: 61.5 } },
    ...changes,
  };
}
