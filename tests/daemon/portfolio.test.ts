import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cashOf } from '../../src/domain/cash.ts';
import { add, type Decimal, decimal, formatDecimal } from '../../src/domain/decimal.ts';
import type { OrderRow, TradeRow } from '../../src/models/contract.ts';
import type { PortfolioHistory, PortfolioRow, Recalculation } from '../../src/models/portfolios.ts';
import { logOf, openWorkshop, readRows, statusOf, type Workshop } from '../support/daemon.ts';
import { openbell, openbellJson, type Running, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

const TIMEOUT_MS = 90_000;

/** Buys one share at every tenth trade, for as long as it is let. */
const SAVER = `
  initialState: () => ({ trades: 0 }),
  onTrade(context, trade) {
    context.state.trades += 1;
    if (context.state.trades % 10 === 0)
      context.buy({ quantity: 1, limitPrice: Math.round(trade.price * 101) / 100, reason: 'to save' });
  },
  onDenial(context, denial) {
    context.log('info', 'refused', { reason: denial.reason.code, instance: context.instanceId ?? '' });
  },`;

describe('a daemon whose strategies trade for portfolios', () => {
  let workshop: Workshop;
  let daemon: Running;
  const ask = <T>(...words: readonly string[]) =>
    openbellJson<T>(['portfolio', ...words, ...workshop.storage]);
  const rowOf = async (name: string) =>
    (await ask<PortfolioRow[]>('list')).find((row) => row.portfolioId === name)!;

  beforeAll(async () => {
    workshop = openWorkshop('portfolio');
    await ask('create', 'growth', '--cash', '1500');
    await ask('create', 'income', '--cash', '100000');
    const saver = { path: workshop.strategy('saver', SAVER), intraday: false };
    const plan = workshop.plan({
      mode: 'simulated',
      consumers: 2,
      strategies: [
        { ...saver, id: 'saver', symbols: ['AAPL'], portfolio: 'growth' },
        { ...saver, id: 'earner', symbols: ['MSFT'], portfolio: 'income' },
      ],
      risk: { max_orders_per_minute: 10_000 },
      simulation: { symbols: ['AAPL', 'MSFT'], rate: 200 },
    });
    daemon = startOpenbell(['trade', plan, '--for', '80s', ...workshop.storage]);
    await until(async () => (await statusOf(workshop))?.state === 'trading', {
      what: 'a daemon that runs',
      timeoutMs: 60_000,
    });
  }, TIMEOUT_MS);
  afterAll(async () => {
    daemon.child.kill('SIGKILL');
    await daemon.finished;
    workshop.close();
  });

  it(
    'books what each bought to its own portfolio, and refuses what the cash does not hold',
    async () => {
      let refused: OrderRow | undefined;
      await until(
        async () => {
          const orders = await readRows(workshop, (rows) => rows.listOrders({ symbol: 'AAPL' }));
          refused = orders.find(({ status }) => status === 'denied');
          return refused !== undefined;
        },
        { what: 'an order that growth cannot pay', timeoutMs: 60_000 },
      );
      expect(refused?.reason).toMatch(
        /^portfolio_cash: [\d.]+ needed of growth: cash [\d.]+, credit 0, reserved/,
      );
      const growth = await ask<PortfolioRow & PortfolioHistory>('show', 'growth');
      expect(growth).toMatchObject({ environment: 'SIMULATED', batches: 1, strategies: ['saver'] });
      expect(growth.trades).toBeGreaterThan(0);
      expect(decimal(growth.cash) >= 0n).toBe(true);
      expect(growth.holdings.map(({ symbol }) => symbol)).toEqual(['AAPL']);
      expect((await rowOf('income')).trades).toBeGreaterThan(0);
      expect(logOf(daemon).some((line) => line.msg === 'intent denied')).toBe(true);
    },
    TIMEOUT_MS,
  );

  it(
    'lets it go on with what a person pays in meanwhile',
    async () => {
      const before = (await rowOf('growth')).trades;
      const paid = await openbell(['portfolio', 'fund', 'growth', '2000', ...workshop.storage]);
      expect(paid.exitCode).toBe(0);
      await until(async () => (await rowOf('growth')).trades > before, {
        what: 'another purchase',
        timeoutMs: 30_000,
      });
    },
    TIMEOUT_MS,
  );

  it(
    'ends with books that agree to the last digit',
    async () => {
      daemon.child.kill('SIGTERM');
      expect((await daemon.finished).exitCode).toBe(0);
      const recalculation = await ask<Recalculation>('recalculate', 'growth', '--dry-run');
      const trades = await ask<TradeRow[]>('trades', 'growth');
      let cash: Decimal = decimal('3500');
      for (const { side, qty, price, fee } of trades) {
        cash = add(cash, cashOf({ side, quantity: decimal(qty), price: decimal(price), fee: decimal(fee) }));
      }
      expect(trades.length).toBe(recalculation.tradesChecked);
      expect(recalculation).toMatchObject({
        ...{ differences: [], cashBefore: formatDecimal(cash), cashAfter: formatDecimal(cash) },
      });
    },
    TIMEOUT_MS,
  );
});
