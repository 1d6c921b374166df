import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { beginFolder } from '../support/folder.ts';
import { openbell, openbellJson } from '../support/openbell.ts';

const folder = mkdtempSync(join(tmpdir(), 'openbell-convert-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const sample = (name: string) => resolve('tests/tradeplan/liu', `${name}.toml`);

describe('openbell convert', () => {
  it("makes of LiuAlgoTrader's plan one that check accepts, with files for its Python and a line for each loss", async () => {
    const out = join(folder, 'portfolio', 'tradeplan.yaml');
    const converted = await openbell([
      'convert',
      sample('portfolio'),
      ...['--miners', sample('miner'), '--out', out],
    ]);
    expect(converted.stderr).toBe('');
    expect(converted.exitCode).toBe(0);
    expect(converted.stdout).toContain('The plan is valid.');
    expect(converted.stdout).toMatch(
      /portfolio\.toml:12 {2}to do {2}strategies\.TrendFollow\.portfolio_id: /,
    );
    expect(readdirSync(join(folder, 'portfolio')).sort()).toEqual([
      'index-members.scanner.ts',
      'tradeplan.yaml',
      'trend-follow.ts',
      'vwap-long.ts',
    ]);
    expect(readFileSync(out, 'utf8')).toMatch(/^# Made of .*portfolio\.toml by openbell convert\./);
    beginFolder(join(folder, 'data'));
    const checked = await openbell(['check', out, '--data-dir', join(folder, 'data')]);
    expect(checked.stderr).toBe('');
    expect(checked.exitCode).toBe(0);
  });

  it('overwrites nothing', async () => {
    const out = join(folder, 'mine.yaml');
    writeFileSync(out, 'mine');
    const { exitCode, stderr } = await openbell(['convert', sample('momentum'), '--out', out]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('is there already');
    expect(readFileSync(out, 'utf8')).toBe('mine');
  });

  it('asks for symbols where no scanner picks, and takes those of the option', async () => {
    const source = join(folder, 'alone.toml');
    writeFileSync(source, '[strategies.Alone]\nfilename = "alone.py"\n');
    const out = join(folder, 'alone.yaml');
    const refused = await openbell(['convert', source, '--out', out]);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('does not say what alone trades');
    const taken = await openbellJson<{ files: string[]; notes: unknown[]; violations: unknown[] }>([
      ...['convert', source, '--out', out, '--symbols', 'KO,PEP'],
    ]);
    expect(taken.violations).toEqual([]);
    expect(readFileSync(out, 'utf8')).toContain('symbols:\n      - KO\n      - PEP\n');
  });

  it('says which line is no TOML', async () => {
    const source = join(folder, 'broken.toml');
    writeFileSync(source, 'a = 1\nb = = 2\n');
    const { exitCode, stderr } = await openbell(['convert', source]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('line 2');
  });
});
