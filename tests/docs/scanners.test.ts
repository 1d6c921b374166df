import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import type { AnyScanner } from '../../src/scanners/contract.ts';
import { builtinScanners } from '../../src/scanners/registry.ts';
import { parseTradeplan } from '../../src/tradeplan/load.ts';
import { prepareScanners } from '../../src/trader/scanners.ts';

const PAGE = 'docs/REFERENCE.md';
const START = '<!-- scanners -->\n';
const END = '<!-- /scanners -->';

interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: string | number | boolean;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** `npm run docs:scanners` writes it. */
it('every scanner and each of its parameters is explained as the code has it', () => {
  const page = readFileSync(PAGE, 'utf8');
  const from = page.indexOf(START) + START.length;
  const to = page.indexOf(END);
  const text = builtinScanners.map(describeScanner).join('\n');
  if (process.env.OPENBELL_WRITE_DOCS !== undefined) {
    writeFileSync(PAGE, page.slice(0, from) + text + page.slice(to));
    return;
  }
  expect(page.slice(from, to), 'npm run docs:scanners writes it anew').toBe(text);
});

it('every parameter has words of its own, in snake case', () => {
  const parameters = builtinScanners.flatMap((scanner) => [...parametersOf(scanner)]);
  expect(parameters.filter(([name]) => !/^[a-z]+(_[a-z]+)*$/.test(name))).toEqual([]);
  expect(parameters.filter(([, { description }]) => (description ?? '') === '')).toEqual([]);
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

function parametersOf({ parameters }: AnyScanner): readonly (readonly [string, Property])[] {
  const schema = z.toJSONSchema(parameters, { io: 'input', unrepresentable: 'any' });
  return Object.entries(schema.properties ?? {}) as [string, Property][];
}

function describeScanner(scanner: AnyScanner): string {
  const rows = parametersOf(scanner).map(([name, property]) => {
    const initial = property.default === undefined ? 'required' : `\`${String(property.default)}\``;
    return `| \`${name}\` | ${valuesOf(property)} | ${initial} | ${property.description ?? ''} |`;
  });
  const head = '| parameter | values | default | |\n|---|---|---|---|';
  return `### ${scanner.name}\n\n${scanner.description}\n\n${head}\n${rows.join('\n')}\n`;
}

function valuesOf({ type, enum: choices, minimum, maximum }: Property): string {
  if (choices !== undefined) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (type === 'array') return 'a list of symbols';
  if (type === 'string') return 'text';
  const least = minimum ?? 0;
  const range = maximum === undefined || maximum > 1e15 ? `from ${least}` : `${least} to ${maximum}`;
  return type === 'integer' ? `${range}, whole` : range;
}
