import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { builtinMiners } from '../../src/miners/registry.ts';
import { builtinScanners } from '../../src/scanners/registry.ts';
import { parseTradeplan } from '../../src/tradeplan/load.ts';
import { prepareScanners } from '../../src/trader/scanning/scanners.ts';
import { expectDescribed, PAGE, unexplained } from './parameters.ts';

it.each([
  ['scanners', builtinScanners],
  ['miners', builtinMiners],
])('all %s and each of their parameters are explained as the code has them', (mark, all) => {
  expect(unexplained(all)).toEqual([]);
  expectDescribed(mark, all);
});

it("the page's example can be used as it stands", async () => {
  const section = readFileSync(PAGE, 'utf8').split('\n## Scanners\n')[1] ?? '';
  const example = /```yaml\n([\s\S]*?)```/.exec(section)?.[1] ?? '';
  const parsed = parseTradeplan(`mode: simulated\n${example}`, '/tradeplan.yaml');
  expect(parsed).toMatchObject({ ok: true });
  if (!parsed.ok) return;
  const { scanners, violations } = await prepareScanners(parsed.plan.scanners);
  expect([scanners.map(({ name }) => name), violations]).toEqual([['sql'], []]);
});
