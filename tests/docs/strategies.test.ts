/** The page of strategies says of each built-in one what its parameters are, as the code says it. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ZodObject } from 'zod';
import * as author from '../../src/strategies/author.ts';
import { builtinFile, builtinNames } from '../../src/strategies/builtins.ts';
import type { AnyStrategy } from '../../src/strategies/contract.ts';

const page = readFileSync('docs/STRATEGIES.md', 'utf8');

/** A section of the page, by its heading, without the heading. */
function sectionOf(heading: string): string {
  const [, ...rest] = page.split(`\n### \`${heading}\`\n`);
  return (rest[0] ?? '').split(/\n##/)[0] ?? '';
}

/** The rows of a strategy's parameters, as the page should have them. */
async function parameterRows(name: string): Promise<string[]> {
  const { default: strategy } = (await import(builtinFile(name)!)) as { default: AnyStrategy };
  const schema = strategy.parameters as ZodObject;
  const defaults = schema.parse({});
  return Object.entries(schema.shape).map(([parameter, field]) => {
    const meaning = (field as { description?: string }).description ?? '';
    return `| \`${parameter}\` | ${String(defaults[parameter])} | ${meaning} |`;
  });
}

describe('docs/STRATEGIES.md', () => {
  it.each(builtinNames)('has all parameters of %s with their defaults', async (name) => {
    const rows = sectionOf(name)
      .split('\n')
      .filter((line) => /^\| `/.test(line));
    expect(rows).toEqual(await parameterRows(name));
    expect((await parameterRows(name)).every((row) => !row.endsWith('|  |'))).toBe(true);
  });

  it('names every calculation that a strategy can import, and none that it cannot', () => {
    const table = page.split('\n## Calculations\n')[1]?.split('\n## ')[0] ?? '';
    const rows = table
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .join('\n');
    const named = [...rows.matchAll(/`([A-Za-z_]+)`/g)].map((match) => match[1]!);
    const isOffered = (name: string) => name in author;
    expect(named.filter((name) => !isOffered(name))).toEqual([]);
    const elsewhere = new Set(['z', 'defineStrategy']);
    const offered = Object.keys(author).filter((name) => !elsewhere.has(name));
    expect(offered.filter((name) => !named.includes(name))).toEqual([]);
  });
});
