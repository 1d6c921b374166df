import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PortfolioRow, Recalculation } from '../../src/models/portfolios.ts';
import { preparedDirectory } from '../models/databases.ts';
import { openbell, openbellJson } from '../support/openbell.ts';

const TIMEOUT_MS = 60_000;

let directory: string;
const on = (...words: readonly string[]) => ['portfolio', ...words, '--data-dir', directory];

beforeAll(async () => {
  directory = preparedDirectory();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('openbell portfolio', () => {
  it(
    'makes, funds, lists and shows portfolios, and finds nothing to recalculate',
    async () => {
      const made = await openbellJson<PortfolioRow>(
        on('create', 'growth', '--cash', '50000.50', '--credit', '1000', '--json'),
      );
      expect(made).toMatchObject({ portfolioId: 'growth', cash: '50000.5', credit: '1000', size: '51000.5' });
      const again = await openbell(on('create', 'growth', '--cash', '1'));
      expect(again.exitCode).toBe(2);
      expect(again.stderr).toContain('there is a portfolio growth already');
      const paid = await openbell(on('fund', 'growth', '0.5', '--withdraw', '--note', 'rent'));
      expect(paid.stdout).toContain('portfolio growth: -0.5 booked, 50000 in cash');
      const beyond = await openbell(on('fund', 'growth', '51000.01', '--withdraw'));
      expect(beyond.exitCode).toBe(2);
      expect(beyond.stderr).toContain(
        'growth has 50000 in cash and 1000 of credit: 51000.01 cannot be paid out',
      );
      const listed = await openbell(on('list', '--csv'));
      expect(listed.stdout.split('\n')[1]).toMatch(/^growth,US_EQUITIES,,51000.5,50000,1000,50000,0,0,/);
      const shown = await openbell(on('show', 'growth'));
      expect(shown.stdout).toMatch(
        /cash +50000, credit 1000\nequity +50000, gain 0 \(0.00 % of what was paid in\)/,
      );
      expect(shown.stdout).toContain('nothing is held');
      const equity = await openbell(on('equity', 'growth', '--csv'));
      expect(equity.stdout).toMatch(
        /^date,cash,invested,equity,funded,gain\n\d{4}-\d\d-\d\d,50000,0,50000,50000,0\n$/,
      );
      expect((await openbell(on('trades', 'growth'))).stdout).toBe('no trades yet\n');
      const result = await openbellJson<Recalculation>(on('recalculate', 'growth', '--dry-run', '--json'));
      expect(result).toMatchObject({
        tradesChecked: 0,
        differences: [],
        cashBefore: '50000',
        cashAfter: '50000',
      });
    },
    TIMEOUT_MS,
  );

  it.each([
    ['a name that is none', ['create', 'Growth!', '--cash', '1'], 'lower-case letters'],
    ['no cash', ['create', 'growth'], "required option '--cash <amount>'"],
    ['a portfolio of nothing', ['create', 'none', '--cash', '0'], 'without cash, credit and size'],
    ['cash that is no amount', ['create', 'none', '--cash', 'much'], 'an amount such as 10000'],
    ['more decimals than are kept', ['create', 'none', '--cash', '0.0000000001'], 'at most 9 decimals'],
    ['credit below zero', ['create', 'none', '--cash', '1', '--credit=-5'], 'an amount such as 10000'],
    ['other assets', ['create', 'none', '--cash', '1', '--assets', 'GOLD'], 'Allowed choices are'],
    ['a funding of nothing', ['fund', 'growth', '0'], 'above 0'],
    ['CSV and JSON at once', ['list', '--csv', '--json'], 'cannot be used with'],
    ['too many rows', ['trades', 'growth', '--limit', '0'], 'whole number from 1'],
    ['a word that is no command', ['delete', 'growth'], 'unknown command'],
  ])('refuses %s with exit code 2', async (_name, words, told) => {
    const { exitCode, stderr } = await openbell(on(...words));
    expect(stderr).toContain(told);
    expect(exitCode).toBe(2);
  });

  it(
    'says which portfolios are there when asked for another, and a plan that names none is refused',
    async () => {
      const missing = await openbell(on('show', 'nobody'));
      expect(missing.exitCode).toBe(2);
      expect(missing.stderr).toContain('there is no portfolio nobody');
      const plan = join(directory, 'plan.yaml');
      const strategy = '  - { name: momentum-long, symbols: [AAPL], portfolio: nobody }\n';
      writeFileSync(plan, `mode: simulated\nstrategies:\n${strategy}`);
      for (const command of ['check', 'trade']) {
        const words = command === 'trade' ? [command, plan, '--for', '1s'] : [command, plan];
        const refused = await openbell([...words, '--data-dir', directory]);
        expect(refused.exitCode, command).toBe(2);
        expect(refused.stderr, command).toContain('strategies[0].portfolio is nobody');
        expect(refused.stderr, command).toContain('openbell portfolio create nobody --cash AMOUNT');
      }
    },
    TIMEOUT_MS,
  );
});
