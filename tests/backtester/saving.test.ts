import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { BacktestResult } from '../../src/backtester/result.ts';
import type { OrderRow, PositionRow, RunRow, TradeRow } from '../../src/models/contract.ts';
import type { ReportDocument } from '../../src/report/document.ts';
import { beginFolder } from '../support/folder.ts';
import { openbellJson } from '../support/openbell.ts';
import { csvOf, type OhlcRow, worldOf } from './harness.ts';

const ROWS: readonly OhlcRow[] = Array.from({ length: 12 }, (_, index) => [
  100 + index,
  102 + index,
  98 + index,
  101 + index,
]);

it('openbell backtest --save: its runs, orders, trades and report stand in the database, once', async () => {
  const { plan, place } = await worldOf({
    steps: [
      { at: 1, do: 'buy', quantity: 10 },
      { at: 4, do: 'sell', quantity: 4 },
      { at: 6, do: 'sell', quantity: 6 },
      { at: 8, do: 'buy', quantity: 3 },
    ],
    backtest: { fee_per_share: 0.01 },
  });
  const bars = join(place, 'bars.csv');
  writeFileSync(bars, csvOf(ROWS));
  const storage = ['--data-dir', join(place, 'data')];
  beginFolder(join(place, 'data'));
  const backtest = () =>
    openbellJson<BacktestResult>(['backtest', plan.path, '--data', bars, '--save', ...storage]);
  const rowsOf = <Row>(command: string) => openbellJson<Row[]>([command, '--batch', batchId, ...storage]);

  const result = await backtest();
  const { batchId } = result;
  expect(await rowsOf<RunRow>('runs')).toMatchObject([
    { strategy: 'scripted', environment: 'BACKTEST', startedAt: result.from, endReason: 'the data ended' },
  ]);
  const orders = await rowsOf<OrderRow>('orders');
  expect(orders.map(({ status, filledQty }) => [status, filledQty])).toEqual([
    ['filled', '3'],
    ['filled', '6'],
    ['filled', '4'],
    ['filled', '10'],
  ]);
  const trades = await rowsOf<TradeRow>('trades');
  expect(trades).toHaveLength(result.fills);
  expect(trades.at(-1)).toMatchObject({ side: 'buy', qty: '10', price: '102', fee: '0.1' });
  const [held] = await rowsOf<PositionRow>('positions');
  expect(held).toMatchObject({ symbol: 'AAPL', qty: '3', avgPrice: result.instances[0]?.avgPrice });
  expect((await backtest()).batchId).toBe(batchId);
  expect(await rowsOf<TradeRow>('trades')).toEqual(trades);
  const report = await openbellJson<ReportDocument>([
    ...['report', batchId.slice(0, 8), '--data', bars, '--start-equity', result.startEquity, ...storage],
  ]);
  expect(report).toMatchObject({ environment: 'BACKTEST', fills: 4, finalEquity: result.finalEquity });
}, 180_000);
