/** `openbell plan`: rows of trade_plan written without SQL, with a daemon that owns the embedded database and without. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EditedPlan } from '../../src/trader/plans/editing.ts';
import { logOf, openWorkshop, type Workshop } from '../support/daemon.ts';
import { type Finished, openbell, openbellJson, type Running, startOpenbell } from '../support/openbell.ts';
import { startPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const TIMEOUT_MS = 90_000;
const ENTRY = '{ path: ./counter.ts, symbols: [NVDA], parameters: { step: 2 } }';

/** Says that it began, and counts trades. */
const COUNTER = `
  parameters: z.strictObject({ step: z.number().int().min(1).default(1) }),
  initialState: () => ({ trades: 0 }),
  onStart(context) {
    context.log('info', 'began', { step: context.parameters.step, trades: context.state.trades });
  },
  onTrade(context) {
    context.state.trades += context.parameters.step;
  },`;

function workshopWith(name: string): { workshop: Workshop; plan: string } {
  const workshop = openWorkshop(name);
  workshop.strategy('counter', COUNTER);
  const plan = workshop.plan({
    mode: 'simulated',
    consumers: 1,
    record: false,
    strategies: [{ path: './counter.ts', id: 'of-the-file', symbols: ['TSLA'] }],
    trade_plan: { enabled: true, poll: '1s' },
    simulation: { seed: 11, symbols: ['TSLA', 'NVDA'], rate: 200 },
  });
  return { workshop, plan };
}

describe('openbell plan with a daemon that owns the embedded database', () => {
  const { workshop, plan } = workshopWith('plan-command');
  let daemon: Running;
  let added: EditedPlan;
  const on = (...words: readonly string[]) => ['plan', ...words, ...workshop.storage];
  const begin = async () => {
    daemon = startOpenbell(['trade', plan, ...workshop.storage]);
    await daemon.heard('Trading, batch', 60_000);
  };
  const began = () =>
    logOf(daemon).filter(({ strategy, msg }) => msg === 'began' && strategy !== 'of-the-file');

  beforeAll(async () => {
    await openbellJson(['portfolio', 'create', 'growth', '--cash', '50000', ...workshop.storage]);
    await begin();
  }, TIMEOUT_MS);
  afterAll(async () => {
    daemon.child.kill('SIGKILL');
    await daemon.finished;
    workshop.close();
  });

  it(
    'adds a row that the daemon runs, and says who runs it',
    async () => {
      added = await openbellJson<EditedPlan>(
        on('add', 'Morning Gap', '--portfolio', 'growth', '--entry', ENTRY),
      );
      expect(added).toMatchObject({
        ...{ strategyName: 'Morning Gap', portfolioId: 'growth', expiresAt: null, batchId: null },
        parameters: { path: './counter.ts', symbols: ['NVDA'], parameters: { step: 2 } },
        instanceId: expect.stringMatching(/^morning-gap-[0-9a-f]{8}$/),
      });
      await until(() => began().length === 1, { what: 'the row to run' });
      expect(began()[0]).toMatchObject({ strategy: added.instanceId, symbol: 'NVDA', step: 2 });
      await until(async () => (await openbellJson<EditedPlan[]>(on('list')))[0]?.batchId != null, {
        what: 'its batch in the list',
      });
    },
    TIMEOUT_MS,
  );

  it(
    'changes it, with its state kept, and lets it end',
    async () => {
      const entry = ENTRY.replace('step: 2', 'step: 5');
      const changed = await openbell(on('change', added.instanceId, '--entry', entry));
      expect(changed.stdout).toMatch(/^changed: morning-gap-[0-9a-f]{8}, from \d{4}-\d\d-\d\d\n$/);
      await until(() => began().length === 2, { what: 'the changed row to begin anew' });
      expect(began()[1]).toMatchObject({ step: 5 });
      expect(Number(began()[1]?.trades)).toBeGreaterThan(0);
      const key = added.tradePlanId.slice(0, 13);
      expect((await openbell(on('remove', key))).stdout).toMatch(/^removed: morning-gap-.* until \d{4}-/);
      expect((await openbell(on('list'))).stdout).toBe('no strategies in the database\n');
      await until(async () => (await openbellJson<EditedPlan[]>(on('list', '--all')))[0]?.batchId === null, {
        what: 'the row to end',
      });
    },
    TIMEOUT_MS,
  );

  it.each([
    ['a parameter that is wrong', ENTRY.replace('2', '0'), 'parameters.parameters.step is 0'],
    ['a symbol that cannot be traded', ENTRY.replace('NVDA', 'IBM'), 'parameters.symbols is IBM'],
    ['a key that is none', '{ name: momentum-long, symbol: SPY }', 'parameters.symbol is "SPY"'],
    ['an id of its own', ENTRY.replace('{', '{ id: mine,'), 'parameters.id is "mine"'],
  ])('refuses %s as the daemon would', async (_name, entry, told) => {
    const refused = await openbell(on('add', 'wrong', '--portfolio', 'growth', '--entry', entry));
    expect(refused.stderr).toContain(told);
    expect(refused.stderr).toContain('Nothing was written.');
    expect(refused.exitCode).toBe(2);
  });

  it('refuses a portfolio that is none, and a row that is none', async () => {
    const refused = await openbell(on('add', 'wrong', '--portfolio', 'nobody', '--entry', ENTRY));
    expect(refused.stderr).toContain('openbell portfolio create nobody --cash AMOUNT');
    const missing = await openbell(on('remove', 'ffffffff'));
    expect(missing.stderr).toContain('there is no row ffffffff');
    expect([refused.exitCode, missing.exitCode]).toEqual([2, 2]);
  });

  it(
    'adds a row while no daemon runs, which the next one finds',
    async () => {
      daemon.child.kill('SIGTERM');
      await daemon.finished;
      const file = join(workshop.directory, 'entry.yaml');
      writeFileSync(file, ENTRY);
      const words = ['--portfolio', 'growth', '--plan', plan];
      const later = await openbell(on('add', 'later', '--file', file, '--start', '2999-01-02', ...words));
      expect(later).toMatchObject({ exitCode: 0, stderr: '' });
      const wrong = await openbell(on('add', 'wrong', ...words, '--entry', ENTRY.replace('2', '0')));
      expect(wrong.stderr).toContain('parameters.parameters.step is 0');
      const [row] = await openbellJson<EditedPlan[]>(on('list'));
      expect(row).toMatchObject({ strategyName: 'later', startDate: '2999-01-02' });
      await openbellJson(on('change', row?.instanceId ?? '', '--start', '2026-01-02'));
      await begin();
      await until(() => began().length === 1, { what: 'the row to run' });
      expect(began()[0]?.strategy).toBe(row?.instanceId);
    },
    TIMEOUT_MS,
  );
});

describe('the words of openbell plan', () => {
  const refused = (...words: readonly string[]): Promise<Finished> =>
    openbell(['plan', ...words, '--data-dir', '/nonexistent/openbell']);

  it.each([
    ['no strategy', ['add', 'x', '--portfolio', 'growth'], 'no strategy is given'],
    ['no portfolio', ['add', 'x', '--entry', ENTRY], "required option '--portfolio <name>'"],
    [
      'an entry that is a list',
      ['add', 'x', '--portfolio', 'p', '--entry', '[1]'],
      'an entry of `strategies:`',
    ],
    [
      'an entry that is no YAML',
      ['add', 'x', '--portfolio', 'p', '--entry', '{ name: '],
      'an entry of `strategies:`',
    ],
    ['two entries', ['add', 'x', '--portfolio', 'p', '--entry', ENTRY, '--file', 'x'], 'cannot be used with'],
    [
      'a file that is not there',
      ['add', 'x', '--portfolio', 'p', '--file', 'none.yaml'],
      'none.yaml cannot be read',
    ],
    ['a day that is none', ['change', 'x', '--start', '2026-02-30'], 'A day looks like 2026-11-20'],
    ['an end that is none', ['change', 'x', '--expire', 'soon'], 'A moment looks like'],
    ['a change of nothing', ['change', 'x'], 'nothing is to be changed'],
    ['CSV and JSON at once', ['list', '--csv', '--json'], 'cannot be used with'],
    ['a word that is no command', ['drop', 'x'], 'unknown command'],
  ])('refuse %s with exit code 2', async (_name, words, told) => {
    const { exitCode, stderr } = await refused(...words);
    expect(stderr).toContain(told);
    expect(exitCode).toBe(2);
  });
});

const postgres = await startPostgres();

describe.skipIf(postgres === null)('openbell plan on a PostgreSQL', () => {
  afterAll(() => postgres?.close());

  it(
    'writes, changes and lists rows directly, and says where the plan does not follow them',
    async () => {
      const { workshop, plan } = workshopWith('plan-postgres');
      const env = { DATABASE_URL: postgres?.url ?? '' };
      const storage = workshop.storage;
      await openbellJson(['portfolio', 'create', 'growth', '--cash', '1', ...storage], env);
      const words = ['plan', 'add', 'morning', '--portfolio', 'growth', '--entry', ENTRY, '--plan', plan];
      const row = await openbellJson<EditedPlan>([...words, '--expire', '2999-01-01', ...storage], env);
      expect(row.expiresAt).toBe('2999-01-01T00:00:00.000000Z');
      const deaf = workshop.plan({
        mode: 'simulated',
        strategies: [{ path: './counter.ts', symbols: ['NVDA'] }],
      });
      const change = [
        'plan',
        'change',
        row.instanceId,
        '--entry',
        ENTRY,
        '--expire',
        'never',
        '--plan',
        deaf,
      ];
      const changed = await openbell([...change, ...storage], env);
      expect(changed).toMatchObject({
        exitCode: 0,
        stderr: expect.stringContaining('trade_plan: { enabled: true }'),
      });
      const listed = await openbell(['plan', 'list', '--csv', ...storage], env);
      expect(listed.stdout.split('\n')[1]).toMatch(
        new RegExp(`^${row.tradePlanId},${row.instanceId},morning,growth,\\d{4}-\\d\\d-\\d\\d,,,`),
      );
      workshop.close();
    },
    TIMEOUT_MS,
  );
});
