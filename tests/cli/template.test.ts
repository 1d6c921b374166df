import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beginFolder } from '../support/folder.ts';
import { openbell } from '../support/openbell.ts';

const folder = mkdtempSync(join(tmpdir(), 'openbell-template-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly exitCode: number;
  readonly output: string;
}

function run(file: string, options: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((done) => {
    execFile(file, options, { cwd }, (error, stdout, stderr) => {
      done({ exitCode: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

describe('openbell template strategy', () => {
  const place = join(folder, 'strategies');
  beforeAll(async () => {
    const written = await openbell(['template', 'strategy', 'my-breakout', '--directory', place]);
    expect(written.exitCode).toBe(0);
    expect(written.stdout).toMatch(/linked .*node_modules\/openbell/);
    expect(written.stdout).toMatch(/Try it: node --test .*my-breakout\.test\.mjs/);
  });

  it('writes a test that passes', async () => {
    const { exitCode, output } = await run(process.execPath, ['--test', 'my-breakout.test.mjs'], place);
    expect(output).toMatch(/pass 5\b/);
    expect(output).toMatch(/fail 0\b/);
    expect(exitCode).toBe(0);
  });

  it('writes a strategy that a plan can name, with the windows and parameters that it shows', async () => {
    const text = readFileSync(join(place, 'my-breakout.ts'), 'utf8');
    const plan = text
      .split('\n')
      .filter((line) => line.startsWith(' *   '))
      .map((line) => line.slice(5))
      .join('\n');
    writeFileSync(join(place, 'tradeplan.yaml'), plan);
    beginFolder(join(folder, 'data'));
    const data = ['--data-dir', join(folder, 'data')];
    const checked = await openbell(['check', join(place, 'tradeplan.yaml'), ...data]);
    expect(checked.stderr).toBe('');
    expect(checked.exitCode).toBe(0);
  });

  it('writes files that the compiler accepts as they stand', async () => {
    const config = {
      compilerOptions: {
        strict: true,
        noEmit: true,
        target: 'es2023',
        module: 'nodenext',
        skipLibCheck: true,
        types: [],
      },
      files: ['my-breakout.ts'],
    };
    writeFileSync(join(place, 'tsconfig.json'), JSON.stringify(config));
    const { output, exitCode } = await run(resolve('node_modules/.bin/tsc'), ['-p', '.'], place);
    expect(output).toBe('');
    expect(exitCode).toBe(0);
  });

  it('overwrites nothing', async () => {
    const again = await openbell(['template', 'strategy', 'my-breakout', '--directory', place]);
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toContain('my-breakout.ts is there already');
  });

  it('tells machines what it wrote, and links nothing where the package is known or where it should not', async () => {
    const { stdout } = await openbell(['template', 'strategy', 'other', '--directory', place, '--json']);
    const files = [join(place, 'other.ts'), join(place, 'other.test.mjs')];
    expect(JSON.parse(stdout)).toEqual({ name: 'other', files, linked: null, isKnown: true });
    const bare = join(folder, 'bare');
    const unlinked = await openbell([
      'template',
      'strategy',
      'other',
      '--directory',
      bare,
      '--no-link',
      '--json',
    ]);
    expect(JSON.parse(unlinked.stdout)).toMatchObject({ linked: null, isKnown: false });
    expect(readdirSync(bare).sort()).toEqual(['other.test.mjs', 'other.ts']);
  });

  it.each(['My Strategy', 'UPPER', '-x', '../escape', 'a'.repeat(41)])(
    'refuses %j as a name',
    async (name) => {
      const { exitCode, stderr } = await openbell(['template', 'strategy', '--directory', place, '--', name]);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('lower-case words joined by hyphens');
    },
  );

  it('has help that shows how', async () => {
    const { stdout, exitCode } = await openbell(['template', 'strategy', '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('openbell template strategy my-breakout --directory strategies');
  });
});

describe('openbell template data', () => {
  const data = (file: string, ...options: string[]) =>
    openbell(['template', 'data', join(folder, file), '--until', '2026-07-06', ...options]);

  it('writes whole sessions of made-up minutes, the same for the same seed', async () => {
    const options = ['--symbols', 'AAPL,BRK.B', '--days', '3'];
    const first = await data('a.csv', ...options);
    expect(first.exitCode).toBe(0);
    // The third is the day on which the fourth, a Saturday, is observed.
    expect(first.stdout).toContain('2340 made-up minutes of 2 symbols, 2026-07-01 to 2026-07-06');
    await data('b.csv', ...options);
    await data('c.csv', ...options, '--seed', '2');
    const [a, b, c] = ['a.csv', 'b.csv', 'c.csv'].map((file) => readFileSync(join(folder, file), 'utf8'));
    expect(a).toBe(b);
    expect(a).not.toBe(c);
    expect(a?.split('\n').slice(0, 2)).toEqual([
      'time,symbol,open,high,low,close,volume,vwap,trade_count',
      expect.stringMatching(/^2026-07-01T13:30:00\.000000Z,AAPL,231,/),
    ]);
  });

  it('overwrites nothing, and refuses what is no stock', async () => {
    writeFileSync(join(folder, 'mine.csv'), 'mine');
    const present = await data('mine.csv', '--symbols', 'AAPL');
    expect([present.exitCode, readFileSync(join(folder, 'mine.csv'), 'utf8')]).toEqual([2, 'mine']);
    const coin = await data('coin.csv', '--symbols', 'AAPL,BTC/USD');
    expect([coin.exitCode, coin.stderr]).toEqual([2, expect.stringContaining('BTC/USD is no stock')]);
  });
});
