import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cashOf } from '../../src/domain/cash.ts';
import { add, type Decimal, decimal, formatDecimal, negate, ZERO } from '../../src/domain/decimal.ts';
import type { TradeRow } from '../../src/models/contract.ts';
import type { PortfolioRow, Recalculation } from '../../src/models/portfolios.ts';
import { logOf, openWorkshop, readRows, type Workshop } from '../support/daemon.ts';
import { openbellJson, type Running, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

const TIMEOUT_MS = 90_000;
const CASH = decimal('1000');
const CREDIT = decimal('500');

/** Buys one share at every fifth trade, for as long as it is let. */
const SAVER = `
  initialState: () => ({ trades: 0 }),
  onTrade(context, trade) {
    context.state.trades += 1;
    if (context.state.trades % 5 === 0)
      context.buy({ quantity: 1, limitPrice: Math.round(trade.price * 101) / 100, reason: 'to save' });
  },`;

describe("a daemon that is killed while it spends a portfolio's cash and credit", () => {
  let workshop: Workshop;
  let exchange: Running;
  let env: Record<string, string>;
  let plan: string;
  let daemon: Running;
  const ask = <T>(...words: readonly string[]) =>
    openbellJson<T>([...words, ...workshop.storage, '--limit', '10000'], env);
  const cashOfGrowth = async () => {
    const rows = await openbellJson<PortfolioRow[]>(['portfolio', 'list', ...workshop.storage], env);
    return decimal(rows.find(({ portfolioId }) => portfolioId === 'growth')!.cash);
  };
  const start = () => startOpenbell(['trade', plan, ...workshop.storage], env);
  /** What the desk said of the last order that growth could not pay, when nothing was on its way any more. */
  const isSpent = async (running: Running) => {
    await running.heard('Trading, batch');
    let numbers: RegExpExecArray | null = null;
    await until(
      () => {
        const refused = logOf(running).findLast(({ reason }) => String(reason).startsWith('portfolio_cash'));
        numbers = /cash ([-\d.]+), credit ([\d.]+), reserved 0$/.exec(String(refused?.reason));
        return numbers !== null;
      },
      { what: 'an order that growth cannot pay', timeoutMs: 60_000 },
    );
    const [, cash, credit] = numbers!;
    return { cash: decimal(cash!), credit: decimal(credit!) };
  };

  beforeAll(async () => {
    workshop = openWorkshop('portfolio-kill');
    exchange = startOpenbell(['sim', '--json', '--seed', '5', '--symbols', 'AAPL', '--rate', '200']);
    await exchange.heard('\n');
    ({ env } = JSON.parse(exchange.stdout()) as { env: Record<string, string> });
    const amounts = ['--cash', formatDecimal(CASH), '--credit', formatDecimal(CREDIT)];
    await openbellJson(['portfolio', 'create', 'growth', ...amounts, ...workshop.storage], env);
    plan = workshop.plan({
      mode: 'paper',
      consumers: 1,
      strategies: [
        {
          ...{ path: workshop.strategy('saver', SAVER), id: 'saver', symbols: ['AAPL'] },
          ...{ portfolio: 'growth', intraday: false },
        },
      ],
      risk: { max_orders_per_minute: 10_000 },
    });
    daemon = start();
    await daemon.heard('Trading, batch');
  }, TIMEOUT_MS);
  afterAll(async () => {
    daemon.child.kill('SIGKILL');
    exchange.child.kill('SIGKILL');
    await Promise.all([daemon.finished, exchange.finished]);
    workshop.close();
  });

  it(
    'dies while fills come, and again when all is spent',
    async () => {
      await until(async () => (await readRows(workshop, (rows) => rows.listTrades({}))).length >= 2, {
        what: 'two fills',
      });
      daemon.child.kill('SIGKILL');
      await daemon.finished;
      daemon = start();
      await isSpent(daemon);
      daemon.child.kill('SIGKILL');
      await daemon.finished;
    },
    TIMEOUT_MS,
  );

  it(
    'knows what is spent when it starts again, and refuses what the credit does not hold',
    async () => {
      daemon = start();
      const { cash, credit } = await isSpent(daemon);
      expect(credit).toBe(CREDIT);
      expect(cash).toBeLessThan(ZERO);
      expect(cash).toBeGreaterThanOrEqual(negate(CREDIT));
      await until(async () => (await cashOfGrowth()) === cash, { what: 'the same cash in the tables' });
    },
    TIMEOUT_MS,
  );

  it(
    'has booked each execution once, to the last digit, and the exchange agrees',
    async () => {
      daemon.child.kill('SIGTERM');
      expect((await daemon.finished).exitCode).toBe(0);
      const trades = await ask<TradeRow[]>('trades');
      let cash: Decimal = CASH;
      let bought = ZERO;
      for (const { side, qty, price, fee } of trades) {
        cash = add(cash, cashOf({ side, quantity: decimal(qty), price: decimal(price), fee: decimal(fee) }));
        bought = add(bought, decimal(qty));
      }
      expect(await cashOfGrowth()).toBe(cash);
      const words = ['portfolio', 'recalculate', 'growth', '--dry-run', ...workshop.storage];
      expect(await openbellJson<Recalculation>(words, env)).toMatchObject({
        ...{ differences: [], tradesChecked: trades.length, cashAfter: formatDecimal(cash) },
      });
      const answer = await fetch(`${env.APCA_API_BASE_URL}/v2/positions`, {
        headers: {
          'APCA-API-KEY-ID': env.APCA_API_KEY_ID!,
          'APCA-API-SECRET-KEY': env.APCA_API_SECRET_KEY!,
        },
      });
      expect(await answer.json()).toMatchObject([{ symbol: 'AAPL', qty: formatDecimal(bought) }]);
    },
    TIMEOUT_MS,
  );
});
