/** The plan read again by a running daemon. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRow } from '../../src/models/contract.ts';
import type { ReloadAnswer } from '../../src/trader/plans/reload.ts';
import { type LogLine, logOf, openWorkshop, readRows, statusOf, type Workshop } from '../support/daemon.ts';
import { openbell, openbellJson, type Running, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

/** Buys once, says how it began, and from time to time what it has seen. */
const holder = (name: string) => `
  parameters: z.strictObject({ step: z.number().int().min(1).default(10) }),
  initialState: () => ({ trades: 0, starts: 0 }),
  onStart(context) {
    context.state.starts += 1;
    context.log('info', 'began', { code: '${name}', ...context.state, step: context.parameters.step,
      held: context.position.quantity });
  },
  onTrade(context) {
    context.state.trades += 1;
    if (context.state.trades === 5) context.buy({ quantity: 10, reason: 'to hold something' });
    if (context.state.trades % context.parameters.step === 0)
      context.log('info', 'goes on', { code: '${name}', held: context.position.quantity });
    if (context.state.starts > 2) context.flatten('enough');
  },`;

describe('a plan that is read again', () => {
  let workshop: Workshop;
  let daemon: Running;

  const file = (name: string, code: string) => workshop.strategy(name, holder(code));
  const plan = (strategies: readonly object[], more: object = {}) =>
    workshop.plan({
      mode: 'simulated',
      consumers: 2,
      record: false,
      strategies,
      simulation: { seed: 11, symbols: ['TSLA', 'NVDA', 'AMD', 'AAPL', 'MSFT'], rate: 200 },
      // The last of these tests fills it.
      limits: { consumer_heap_mb: 96 },
      ...more,
    });
  const reload = () => openbellJson<ReloadAnswer>(['reload', ...workshop.storage]);
  const said = (strategy: string, msg: string): readonly LogLine[] =>
    logOf(daemon).filter((line) => line.strategy === strategy && line.msg === msg);
  const holds = (strategy: string, quantity: number) =>
    until(() => said(strategy, 'goes on').at(-1)?.held === quantity, {
      what: `${strategy} to hold ${quantity}`,
      timeoutMs: 30_000,
    });

  beforeAll(async () => {
    workshop = openWorkshop('reload');
    const keeper = { path: file('keeper', 'first'), symbols: ['AAPL'] };
    const leaver = { path: file('leaver', 'first'), symbols: ['MSFT'], parameters: { step: 10 } };
    daemon = startOpenbell(['trade', plan([keeper, leaver]), ...workshop.storage]);
    await daemon.heard('Trading, batch', 90_000);
    await holds('keeper', 10);
    await holds('leaver', 10);
  }, 150_000);

  afterAll(async () => {
    daemon.child.kill('SIGTERM');
    const { exitCode } = await daemon.finished;
    workshop.close();
    expect(exitCode).toBe(0);
  });

  it('and says what runs already changes nothing', async () => {
    const { exitCode, stdout } = await openbell(['reload', ...workshop.storage]);
    expect(exitCode).toBe(0);
    expect(stdout).toBe('The plan says what runs already.\n');
  });

  it('is refused whole when it is wrong, with every violation, and the old one goes on', async () => {
    const before = said('keeper', 'goes on').length;
    file('newcomer', 'first');
    plan([
      { path: `${workshop.directory}/keeper.ts`, symbols: ['AAPL'], parameters: { step: 0, stride: 2 } },
      { path: `${workshop.directory}/newcomer.ts`, symbols: ['AMD'] },
    ]);
    const { exitCode, stderr } = await openbell(['reload', ...workshop.storage]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('strategies[0].parameters.step');
    expect(stderr).toContain('strategies[0].parameters.stride');
    await until(() => said('keeper', 'goes on').length > before, { what: 'the old plan to go on' });
    expect(said('newcomer', 'began')).toEqual([]);
  });

  it('is refused where it changes what only a restart can, each by its name', async () => {
    plan(
      [
        { path: `${workshop.directory}/keeper.ts`, symbols: ['AAPL'] },
        { path: `${workshop.directory}/leaver.ts`, symbols: ['MSFT', 'GOOGL'], parameters: { step: 10 } },
      ],
      { consumers: 3, risk: { max_open_orders: 7 }, broker: 'paper' },
    );
    const { exitCode, stderr } = await openbell(['reload', ...workshop.storage]);
    expect(exitCode).toBe(2);
    for (const path of ['consumers', 'risk', 'broker', 'strategies[1].symbols'])
      expect(stderr).toContain(path);
    expect(stderr).toContain('GOOGL');
  });

  it('gives new strategies their symbols, lets changed ones begin anew with state and position, and lets others go', async () => {
    file('keeper', 'second');
    plan([
      { path: `${workshop.directory}/keeper.ts`, symbols: ['AAPL'], parameters: { step: 20 } },
      { path: `${workshop.directory}/newcomer.ts`, symbols: ['AMD'] },
    ]);
    const answer = await reload();
    expect(answer).toMatchObject({
      added: ['newcomer'],
      restarted: ['keeper'],
      changed: [],
      removed: ['leaver'],
      left: [{ instanceId: 'leaver', symbol: 'MSFT', qty: '10' }],
    });
    await until(() => said('newcomer', 'began').length === 1, { what: 'the new strategy to begin' });
    await until(() => said('keeper', 'began').length === 2, { what: 'the changed strategy to begin anew' });
    const again = said('keeper', 'began').at(-1);
    expect(again).toMatchObject({ code: 'second', starts: 2, step: 20, held: 10 });
    expect(Number(again?.trades)).toBeGreaterThan(5);
    await until(() => said('keeper', 'goes on').at(-1)?.code === 'second', { what: 'the new code to run' });
    // What it holds is still its own: it is shown the market, and nobody else has the position.
    const count = said('leaver', 'goes on').length;
    await until(() => said('leaver', 'goes on').length > count, { what: 'the removed strategy to go on' });
    const runs = await openbellJson<RunRow[]>(['runs', ...workshop.storage]);
    const settings = runs.find(({ strategy }) => strategy === 'keeper')?.settings ?? [];
    expect(settings.map(({ parameters }) => parameters)).toEqual([{ step: 10 }, { step: 20 }]);
    expect(settings[0]?.version).not.toBe(settings[1]?.version);
    expect(settings[0]!.since < settings[1]!.since).toBe(true);
    expect(runs.find(({ strategy }) => strategy === 'leaver')?.settings).toHaveLength(1);
    expect(Object.fromEntries(runs.map(({ strategy, endedAt }) => [strategy, endedAt]))).toEqual({
      keeper: null,
      leaver: null,
      newcomer: null,
    });
    expect((await statusOf(workshop))?.alerts.map(({ code }) => code)).toContain('removed_strategy_holds');
  });

  it('lets a removed strategy end as soon as it is flat, and takes it back when it is named again', async () => {
    file('leaver', 'second');
    const keeper = { path: `${workshop.directory}/keeper.ts`, symbols: ['AAPL'], parameters: { step: 20 } };
    const leaver = { path: `${workshop.directory}/leaver.ts`, symbols: ['MSFT'], parameters: { step: 10 } };
    plan([keeper, leaver]);
    expect(await reload()).toMatchObject({ restarted: ['leaver'], removed: ['newcomer'] });
    await until(() => said('leaver', 'began').length === 2, { what: 'the strategy to be back' });
    file('leaver', 'third');
    plan([keeper, leaver]);
    // It flattens at its third start.
    expect(await reload()).toMatchObject({ restarted: ['leaver'] });
    await until(() => said('leaver', 'goes on').at(-1)?.held === 0, {
      what: 'the strategy to be flat',
      timeoutMs: 30_000,
    });
    plan([keeper]);
    expect(await reload()).toMatchObject({ removed: ['leaver'], left: [{ instanceId: 'newcomer' }] });
    const ended = async () => {
      const [leaver] = await readRows(workshop, (rows) => rows.listRuns({ strategy: 'leaver' }));
      return leaver?.endReason;
    };
    await until(async () => (await ended()) === 'the plan no longer has it', {
      what: 'the run of the removed strategy to end',
      timeoutMs: 30_000,
    });
  });

  it('is read again on SIGHUP, too', async () => {
    plan([{ path: `${workshop.directory}/keeper.ts`, symbols: ['AAPL', 'NVDA'], parameters: { step: 20 } }]);
    daemon.child.kill('SIGHUP');
    await until(() => said('keeper', 'began').some(({ symbol }) => symbol === 'NVDA'), {
      what: 'the strategy to trade another symbol',
    });
  });

  it('goes on with it when a consumer dies', async () => {
    const starts = said('keeper', 'began').length;
    file('bomb', 'first');
    workshop.strategy(
      'bomb',
      'initialState: () => ({}),\n onTrade() { if (!hoard.length) for (;;) hoard.push(new Array(100_000).fill(1)); },',
      'const hoard: number[][] = [];',
    );
    plan([
      { path: `${workshop.directory}/keeper.ts`, symbols: ['AAPL', 'NVDA'], parameters: { step: 20 } },
      { path: `${workshop.directory}/bomb.ts`, symbols: ['AMD', 'TSLA'] },
    ]);
    expect(await reload()).toMatchObject({ added: ['bomb'] });
    await until(() => said('keeper', 'began').length > starts, {
      what: 'the strategy to begin again on the consumer that died',
      timeoutMs: 40_000,
    });
    expect(said('keeper', 'began').at(-1)).toMatchObject({ code: 'second' });
  });
});
