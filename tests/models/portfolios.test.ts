import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { describe, expect, it, type TestContext } from 'vitest';
import { cashOf } from '../../src/domain/cash.ts';
import { add, type Decimal, formatDecimal, negate, ZERO } from '../../src/domain/decimal.ts';
import type { Environment, Stores } from '../../src/models/contract.ts';
import { createStores } from '../../src/models/stores.ts';
import { KINDS, suiteDatabase } from './databases.ts';
import { aRun, aTrade } from './rows.ts';

const RUNS = 25;

describe.each(KINDS)('portfolios on $kind', ({ start }) => {
  const database = suiteDatabase(start);
  let count = 0;

  /** The tests share a database: each has its own portfolio and batch. */
  const fresh = async (
    context: TestContext,
    given: { cash?: string; credit?: string; environment?: Environment } = {},
  ) => {
    const backend = database.shared(context);
    const stores = createStores(backend);
    count += 1;
    const portfolioId = `growth-${count}`;
    const { cash = '10000', credit = '0', environment = 'PAPER' } = given;
    await stores.createPortfolio({ portfolioId, assets: 'US_EQUITIES', size: '10000', cash, credit });
    const query = async (text: string) => {
      const answer = await backend.queries.execute(sql.raw(text));
      return (answer as unknown as { rows: Record<string, unknown>[] }).rows;
    };
    const cashNow = async () => (await stores.portfolioFunds([portfolioId]))[0]?.cash;
    return { stores, portfolioId, query, cashNow, environment, batchId: `batch-${count}` };
  };

  const begin = async (
    stores: Stores,
    of: { portfolioId: string; batchId: string; environment: Environment },
  ): Promise<string> => {
    const { portfolioId, batchId, environment } = of;
    const assets = 'US_EQUITIES';
    expect(
      await stores.assignPortfolios({ batchId, environment, assets, portfolioIds: [portfolioId] }),
    ).toEqual([]);
    return stores.startRun(aRun({ batchId, instanceId: batchId, environment, portfolioId }));
  };

  it('are created once under a name, with their cash paid in', async (context) => {
    const { stores, portfolioId } = await fresh(context, { cash: '1000.50', credit: '250' });
    const again = { portfolioId, assets: 'CRYPTO', size: '1', cash: '1', credit: '0' } as const;
    expect(await stores.createPortfolio(again)).toBe(false);
    expect(await stores.listPortfolios([portfolioId])).toEqual([
      {
        ...{ portfolioId, assets: 'US_EQUITIES', environment: null, size: '10000', cash: '1000.5' },
        ...{ credit: '250', funded: '1000.5', batches: 0, trades: 0, createdAt: expect.any(String) },
      },
    ]);
    expect((await stores.listPortfolios()).map((row) => row.portfolioId)).toContain(portfolioId);
  });

  it('take and give money once for each request, and never beyond their credit', async (context) => {
    const { stores, portfolioId } = await fresh(context, { cash: '100', credit: '50' });
    const fund = (amount: string, reference: string) =>
      stores.fundPortfolio({ portfolioId, amount, reference: `${portfolioId} ${reference}`, note: null });
    expect(await fund('25.5', 'a')).toEqual({ type: 'booked', cash: '125.5' });
    expect(await fund('25.5', 'a')).toEqual({ type: 'booked', cash: '125.5' });
    expect(await fund('-175.500000001', 'b')).toEqual({ type: 'beyond_credit', cash: '125.5', credit: '50' });
    expect(await fund('-175.5', 'c')).toEqual({ type: 'booked', cash: '-50' });
    const nobody = { portfolioId: 'nobody', amount: '1', reference: 'x', note: null };
    expect(await stores.fundPortfolio(nobody)).toEqual({ type: 'unknown_portfolio' });
  });

  it('book each execution once with its fee, whatever the balance, and what is taken back too', async (context) => {
    const { stores, portfolioId, cashNow, batchId, environment } = await fresh(context, { cash: '100' });
    const algoRunId = await begin(stores, { portfolioId, batchId, environment });
    const order = { clientOrderId: `${batchId}.1`, batchId, algoRunId };
    const bought = aTrade({ ...order, executionId: 'e1', qty: '3', price: '50.01', fee: '0.25' });
    expect(await stores.recordTrades([bought])).toBe(1);
    // 100 - 150.03 - 0.25: a market order may come to more than was thought, and what is bought is bought.
    expect(await cashNow()).toBe('-50.28');
    expect(await stores.recordTrades([bought, bought])).toBe(0);
    expect(await cashNow()).toBe('-50.28');
    const revoked = { side: 'sell', operation: 'sell', qty: '3', price: '50.01', fee: '0' } as const;
    await stores.recordTrades([aTrade({ ...order, ...revoked, executionId: 'e1.revoked' }), bought]);
    expect(await cashNow()).toBe('99.75');
    const fill = await stores.portfolioTrades(portfolioId, 10);
    expect(fill.map((row) => [row.side, row.qty, row.batchId])).toEqual([
      ['sell', '3', batchId],
      ['buy', '3', batchId],
    ]);
  });

  it('book nothing of strategies that trade for nobody', async (context) => {
    const { stores, cashNow, batchId, environment } = await fresh(context);
    const algoRunId = await stores.startRun(aRun({ batchId, instanceId: batchId, environment }));
    await stores.recordTrades([aTrade({ batchId, algoRunId, executionId: 'n', clientOrderId: batchId })]);
    expect(await cashNow()).toBe('10000');
  });

  it('belong to the environment of their first batch, and to their kind of market', async (context) => {
    const { stores, portfolioId, batchId } = await fresh(context);
    const ask = { assets: 'US_EQUITIES', portfolioIds: [portfolioId] } as const;
    await stores.assignPortfolios({ ...ask, batchId, environment: 'PAPER' });
    await stores.assignPortfolios({ ...ask, batchId, environment: 'PAPER' });
    expect((await stores.listPortfolios([portfolioId]))[0]).toMatchObject({
      environment: 'PAPER',
      batches: 1,
    });
    const live = { ...ask, environment: 'PROD', portfolioIds: [portfolioId, 'nobody'] } as const;
    const refusals = [
      { portfolioId, type: 'other_environment', environment: 'PAPER' },
      { portfolioId: 'nobody', type: 'unknown_portfolio' },
    ];
    expect(await stores.assignPortfolios({ ...live, batchId: `${batchId}-live` })).toEqual(refusals);
    expect(await stores.checkPortfolios(live)).toEqual(refusals);
    expect(await stores.checkPortfolios({ ...ask, environment: 'PAPER', assets: 'CRYPTO' })).toEqual([
      { portfolioId, type: 'other_assets', assets: 'US_EQUITIES' },
    ]);
    expect((await stores.listPortfolios([portfolioId]))[0]).toMatchObject({ batches: 1 });
  });

  it('begin anew with each simulated batch, as the simulated account does', async (context) => {
    const environment = 'SIMULATED';
    const { stores, portfolioId, batchId, cashNow } = await fresh(context, { environment });
    const first = await begin(stores, { portfolioId, batchId, environment });
    const trade = (algoRunId: string, executionId: string) =>
      aTrade({ batchId, algoRunId, executionId, clientOrderId: `${batchId}.1`, qty: '10', price: '100' });
    await stores.recordTrades([trade(first, 's1')]);
    expect(await cashNow()).toBe('9000');
    const second = await begin(stores, { portfolioId, batchId: `${batchId}-b`, environment });
    expect(await cashNow()).toBe('10000');
    // What the first daemon could not write before it died comes with the second.
    await stores.recordTrades([trade(first, 's2')]);
    expect(await cashNow()).toBe('10000');
    await stores.recordTrades([trade(second, 's3')]);
    expect(await cashNow()).toBe('9000');
    expect((await stores.portfolioHistory(portfolioId))?.holdings).toMatchObject([{ qty: '10' }]);
    expect(await stores.recalculatePortfolio(portfolioId, true)).toMatchObject({
      differences: [],
      cashAfter: '9000',
    });
  });

  it('are valued from day to day: at the recorded close, else at their own last price', async (context) => {
    const { stores, portfolioId, batchId, environment, query } = await fresh(context);
    await query(
      `update account_transactions set tstamp = '2026-11-17T15:00:00Z' where account_id = (select account_id from portfolio where portfolio_id = '${portfolioId}')`,
    );
    const algoRunId = await begin(stores, { portfolioId, batchId, environment });
    const symbol = `S${batchId}`;
    const trade = (executionId: string, executedAt: string, changes: object) =>
      aTrade({ algoRunId, batchId, clientOrderId: batchId, executionId, executedAt, symbol, ...changes });
    const sell = { side: 'sell', operation: 'sell' } as const;
    await stores.recordTrades([
      trade('v1', '2026-11-18T20:00:00Z', { qty: '10', price: '100' }),
      // Past midnight in UTC, and still the 19th in New York.
      trade('v2', '2026-11-20T00:30:00Z', { ...sell, qty: '4', price: '110', fee: '1' }),
    ]);
    const day = { open: '1', high: '200', low: '1', volume: '1', vwap: null, tradeCount: null };
    await stores.recordDays([{ ...day, symbol, date: '2026-11-18', close: '105' }]);
    const history = await stores.portfolioHistory(portfolioId);
    const point = (date: string, cash: string, invested: string, equity: string, gain: string) => ({
      ...{ date, cash, invested, equity, gain, funded: '10000' },
    });
    expect(history?.equity).toEqual([
      point('2026-11-17', '10000', '0', '10000', '0'),
      point('2026-11-18', '9000', '1050', '10050', '50'),
      point('2026-11-19', '9439', '660', '10099', '99'),
    ]);
    expect(history?.holdings).toEqual([{ symbol, qty: '6', avgPrice: '100', price: '110', value: '660' }]);
    expect(history?.strategies).toEqual([batchId]);
    expect(await stores.portfolioHistory('nobody')).toBeNull();
  });

  it('are set right by a recalculation, which says what it found and finds nothing the second time', async (context) => {
    const { stores, portfolioId, batchId, environment, query, cashNow } = await fresh(context);
    const algoRunId = await begin(stores, { portfolioId, batchId, environment });
    const trade = (executionId: string, symbol: string) =>
      aTrade({ algoRunId, batchId, clientOrderId: batchId, executionId, symbol, qty: '1', price: '100' });
    await stores.recordTrades([trade('r1', 'AAPL'), trade('r2', 'MSFT')]);
    // By hand: an execution that nobody booked, one taken back, and a balance written over.
    await query(
      `insert into new_trades (algo_run_id, symbol, operation, qty, price, indicators, tstamp, client_order_id, execution_id)
       values (${algoRunId}, 'IBM', 'sell', 2, 30, '{}', now(), '${batchId}', 'by-hand-${batchId}')`,
    );
    await query(
      `update new_trades set expire_tstamp = now() where algo_run_id = ${algoRunId} and symbol = 'MSFT'`,
    );
    await query(
      `update accounts set balance = 5 where account_id = (select account_id from portfolio where portfolio_id = '${portfolioId}')`,
    );
    const found = {
      portfolioId,
      tradesChecked: 3,
      differences: [
        { symbol: 'MSFT', booked: '-100', right: '0' },
        { symbol: 'IBM', booked: null, right: '60' },
      ],
      ...{ cashBefore: '5', cashAfter: '9960' },
    };
    expect(await stores.recalculatePortfolio(portfolioId, true)).toMatchObject(found);
    expect(await cashNow()).toBe('5');
    expect(await stores.recalculatePortfolio(portfolioId, false)).toMatchObject(found);
    expect(await cashNow()).toBe('9960');
    const clean = { differences: [], cashBefore: '9960', cashAfter: '9960' };
    expect(await stores.recalculatePortfolio(portfolioId, false)).toMatchObject(clean);
    expect(
      (await stores.portfolioHistory(portfolioId))?.holdings.map(({ symbol, qty }) => [symbol, qty]),
    ).toEqual([
      ['AAPL', '1'],
      ['IBM', '-2'],
    ]);
    expect(await stores.recalculatePortfolio('nobody', false)).toBeNull();
  });

  it('always hold what was paid in and what executions brought, to the last digit, in any order and twice told', async (context) => {
    const amounts = fc.bigInt({ min: 1n, max: 10n ** 13n }).map((units) => units as Decimal);
    const step = fc.oneof(
      fc.record({ type: fc.constant('fund' as const), amount: amounts, isOut: fc.boolean() }),
      fc.record({
        type: fc.constant('trade' as const),
        ...{ side: fc.constantFrom('buy' as const, 'sell' as const), quantity: amounts, price: amounts },
        fee: fc.constantFrom(ZERO, 1n as Decimal, (10n ** 8n) as Decimal),
        isRepeated: fc.boolean(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), amounts, async (steps, credit) => {
        const given = { cash: '0', credit: formatDecimal(credit) };
        const { stores, portfolioId, cashNow, batchId, environment } = await fresh(context, given);
        const algoRunId = await begin(stores, { portfolioId, batchId, environment });
        let expected: Decimal = ZERO;
        for (const [index, one] of steps.entries()) {
          if (one.type === 'fund') {
            const amount = one.isOut ? negate(one.amount) : one.amount;
            const reference = `${batchId} ${index}`;
            const funding = { portfolioId, amount: formatDecimal(amount), reference, note: null };
            const outcome = await stores.fundPortfolio(funding);
            const isKept = !one.isOut || add(expected, amount) >= negate(credit);
            expect(outcome.type).toBe(isKept ? 'booked' : 'beyond_credit');
            if (isKept) expected = add(expected, amount);
          } else {
            const text = {
              qty: formatDecimal(one.quantity),
              price: formatDecimal(one.price),
              fee: formatDecimal(one.fee),
            };
            const { side } = one;
            const ids = { algoRunId, batchId, clientOrderId: batchId, executionId: `p${index}` };
            const row = aTrade({ ...ids, ...text, side, operation: side });
            await stores.recordTrades(one.isRepeated ? [row, row] : [row]);
            if (one.isRepeated) await stores.recordTrades([row]);
            expected = add(expected, cashOf(one));
          }
        }
        expect(await cashNow()).toBe(formatDecimal(expected));
        expect(await stores.recalculatePortfolio(portfolioId, true)).toMatchObject({
          ...{ differences: [], cashBefore: formatDecimal(expected), cashAfter: formatDecimal(expected) },
        });
      }),
      { numRuns: RUNS },
    );
  });
});
