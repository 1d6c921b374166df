import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseTradeplan } from '../../src/tradeplan/load.ts';
import { planSchema } from '../../src/tradeplan/schema.ts';
import { pageOf, sectionsOf } from './planKeys.ts';
import { expectWritten } from './written.ts';

const PAGE = 'docs/PLAN.md';
const sections = sectionsOf(planSchema);

describe('the page of all keys of the plan', () => {
  it('is what the schema says today', () => {
    expectWritten(PAGE, 'keys', pageOf(sections), 'npm run docs:plan');
  });

  it('has words for every key, and its values', () => {
    const silent = sections.flatMap(({ path, keys }) =>
      keys
        .filter(({ meaning, allowed }) => meaning === '' || allowed === '')
        .map(({ name }) => `${path}.${name}`),
    );
    expect(silent).toEqual([]);
    expect(sections.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        '',
        'scanners.NAME',
        'strategies[]',
        'strategies[].windows[]',
        'risk',
        'record',
      ]),
    );
  });

  it('shows defaults as they may be written, each of which the plan takes and means the same by', () => {
    const simple = sections.filter(({ path }) => /^[a-z_]+$/.test(path));
    const lines = simple.flatMap(({ path, keys }) => {
      const values = keys.filter(({ initial }) => initial.startsWith('`'));
      return [`${path}:`, ...values.map(({ name, initial }) => `  ${name}: ${initial.slice(1, -1)}`)];
    });
    const written = parseTradeplan(`mode: simulated\n${lines.join('\n')}\n`, '/plan.yaml');
    expect(written).toEqual(parseTradeplan('mode: simulated\n', '/plan.yaml'));
    expect(lines.length).toBeGreaterThan(70);
  });

  it('has an example that can be used as it stands', () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(readFileSync(PAGE, 'utf8'))?.[1] ?? '';
    expect(parseTradeplan(example, '/plan.yaml')).toMatchObject({ ok: true, plan: { mode: 'simulated' } });
  });
});
