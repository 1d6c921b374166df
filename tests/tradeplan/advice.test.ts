import { describe, expect, it } from 'vitest';
import { adviceOn, adviceOnAccount } from '../../src/tradeplan/advice.ts';
import { parseTradeplan } from '../../src/tradeplan/load.ts';
import { completedPlan, prepareParts } from '../../src/trader/preparation.ts';

/** A Saturday; the Monday after it is an ordinary session. */
const NOW_MICROS = Date.UTC(2026, 9, 17, 12) * 1_000;

function planOf(text: string) {
  const result = parseTradeplan(`mode: simulated\n${text}`, '/plans/tradeplan.yaml');
  if (!result.ok) throw new Error(JSON.stringify(result.violations, null, 1));
  return result.plan;
}

const scanner = (text: string) =>
  planOf(
    `scanners:\n  movers: {name: momentum, ${text}}\nstrategies:\n  - {name: momentum-long, scanners: [movers]}\n`,
  );
const strategy = (text: string, plan = '') =>
  planOf(`${plan}\nstrategies:\n  - {name: momentum-long, symbols: [AAPL], ${text}}\n`);
const advice = (plan: ReturnType<typeof planOf>) => adviceOn(plan, NOW_MICROS);

describe('advice on a plan', () => {
  it('says nothing of a plan that makes sense', () => {
    expect(advice(scanner('every: 1m'))).toEqual([]);
    expect(advice(scanner('at: 15m before close'))).toEqual([]);
    expect(advice(scanner('cron: "*/10 9-15 * * 1-5"'))).toEqual([]);
    expect(advice(strategy('windows: [{start: 5m, duration: 2h}, {start: 4h}]'))).toEqual([]);
  });

  it('names limits of a strategy or a symbol that allow more than those of all', () => {
    const risk = '{max_order_notional: 500, price_collar_percent: 2, allow_short: false}';
    const symbols = '{AAPL: {max_order_notional: 20000, max_open_orders: 50, allow_short: true}}';
    const plan = `risk: {max_order_notional: 400, allow_short: true, symbols: ${symbols}}`;
    expect(advice(strategy(`risk: ${risk}`, plan))).toEqual([
      {
        path: 'risk.symbols.AAPL.max_order_notional',
        text: 'it has no effect: risk.max_order_notional is 400',
      },
      {
        path: 'strategies.momentum-long.risk.max_order_notional',
        text: 'it has no effect: risk.max_order_notional is 400',
      },
    ]);
    expect(advice(strategy('risk: {allow_short: true}'))).toEqual([
      {
        path: 'strategies.momentum-long.risk.allow_short',
        text: 'it has no effect: risk.allow_short is false',
      },
    ]);
  });

  it('names a scanner whose picks nobody takes', () => {
    const plan = planOf(
      'scanners:\n  movers: {name: momentum}\nstrategies:\n  - {name: momentum-long, symbols: [AAPL]}\n',
    );
    expect(advice(plan)).toEqual([{ path: 'scanners.movers', text: 'no strategy takes its picks' }]);
  });

  it.each([['cron: "0 3 * * 1-5"'], ['cron: "0 12 * * 6"'], ['at: 10m after close'], ['at: 7h after open']])(
    'names a scanner that runs only while the market is closed: %s',
    (schedule) => {
      expect(advice(scanner(schedule))).toMatchObject([{ path: 'scanners.movers' }]);
    },
  );

  it('counts the hours that the plan trades', () => {
    const text =
      'scanners:\n  movers: {name: momentum, cron: "0 5 * * 1-5"}\nstrategies:\n  - {name: momentum-long, scanners: [movers]}\n';
    expect(advice(planOf(text))).toHaveLength(1);
    expect(advice(planOf(`market_hours: extended\n${text}`))).toEqual([]);
  });

  it('names a scanner that can never pick', () => {
    expect(advice(scanner('parameters: {from_market_open: 390}'))).toMatchObject([
      { path: 'scanners.movers.parameters.from_market_open' },
    ]);
    expect(advice(scanner('parameters: {min_share_price: 20, max_share_price: 10}'))).toMatchObject([
      { path: 'scanners.movers.parameters.min_share_price' },
    ]);
  });

  it('names a scanner that has run before it may pick', () => {
    const given = (schedule: string) => advice(scanner(`${schedule}, parameters: {from_market_open: 30}`));
    expect(given('at: 15m after open')).toEqual([
      {
        path: 'scanners.movers.parameters.from_market_open',
        text: 'it can never pick: it runs 15 minutes after the open at the latest',
      },
    ]);
    expect(given('at: [open, 5m before open]')).toHaveLength(1);
    expect(given('at: [open, 30m after open]')).toEqual([]);
    expect(given('at: 15m before close')).toEqual([]);
    expect(given('at: open, every: 1m')).toEqual([]);
  });

  it('names amounts of strategies that the desk will not allow', () => {
    const paths = (text: string) => advice(strategy(`parameters: ${text}`)).map(({ path }) => path);
    expect(paths('{notionalMax: 10001}')).toEqual(['strategies.momentum-long.parameters.notionalMax']);
    expect(paths('{riskPerTrade: 2001}')).toEqual(['strategies.momentum-long.parameters.riskPerTrade']);
    expect(paths('{notionalMax: 10000, riskPerTrade: 2000}')).toEqual([]);
  });

  it('judges what scanners and strategies have in fact, with the defaults that the plan leaves to them', async () => {
    const pathsOf = async (plan: ReturnType<typeof planOf>) => {
      const parts = await prepareParts(plan);
      expect(parts.violations).toEqual([]);
      return advice(completedPlan({ plan, ...parts })).map(({ path }) => path);
    };
    const early = scanner('at: 10m after open');
    expect(advice(early)).toEqual([]);
    expect(await pathsOf(early)).toEqual(['scanners.movers.parameters.from_market_open']);
    expect(await pathsOf(scanner('parameters: {max_share_price: 1}'))).toEqual([
      'scanners.movers.parameters.min_share_price',
    ]);
    expect(await pathsOf(strategy('', 'risk: {max_order_notional: 1000}'))).toEqual([
      'strategies.momentum-long.parameters.notionalMax',
    ]);
    expect(await pathsOf(scanner('every: 1m'))).toEqual([]);
  });

  it('names a window that begins when positions are being closed', () => {
    expect(advice(strategy('windows: [{start: 380m}]'))).toMatchObject([
      { path: 'strategies.momentum-long.windows[0]' },
    ]);
    expect(advice(strategy('windows: [{start: 380m}], intraday: false'))).toEqual([]);
  });

  it('names limits that contradict each other, and what others could read', () => {
    const plan = strategy('', 'risk: {max_order_notional: 30000}\nmetrics: {port: 9464, host: 0.0.0.0}');
    expect(advice(plan).map(({ path }) => path)).toEqual(['risk.max_order_notional', 'metrics.host']);
  });

  it('compares positions with what the account can buy, to the cent', () => {
    const plan = strategy('');
    expect(adviceOnAccount(plan, '20000')).toEqual([]);
    expect(adviceOnAccount(plan, '19999.99')).toMatchObject([{ path: 'risk.max_position_notional' }]);
    expect(adviceOnAccount(plan, '2000').map(({ path }) => path)).toEqual([
      'risk.max_daily_loss',
      'risk.max_position_notional',
    ]);
  });
});
