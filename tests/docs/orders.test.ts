import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { drawOrders, unreachable } from './orderDiagram.ts';

const PAGE = 'docs/ORDERS.md';
const START = '```mermaid\n';
const END = '\n```';

/** `npm run docs:orders` writes it. */
it('the diagram of an order shows what the machine does', () => {
  const page = readFileSync(PAGE, 'utf8');
  const from = page.indexOf(START) + START.length;
  const to = page.indexOf(END, from);
  const diagram = drawOrders();
  if (process.env.OPENBELL_WRITE_DOCS !== undefined) {
    writeFileSync(PAGE, page.slice(0, from) + diagram + page.slice(to));
    return;
  }
  expect(page.slice(from, to), 'npm run docs:orders writes it anew').toBe(diagram);
});

it('every status of the broker can be reached', () => {
  expect(unreachable()).toEqual([]);
});

it('each of the 26 scenarios names tests that are there', () => {
  const rows = readFileSync(PAGE, 'utf8').matchAll(/^\| (\d+) \|.*\| ([^|]*) \|$/gm);
  const scenarios = [...rows].map(([, number, tests = '']) => ({
    number: Number(number),
    files: [...tests.matchAll(/`([\w/]+)`/g)].map(([, name]) => name),
    isSimulated: /simulator/.test(tests),
  }));
  expect(scenarios.map(({ number }) => number)).toEqual(Array.from({ length: 26 }, (_, index) => index + 1));
  for (const { number, files, isSimulated } of scenarios) {
    expect(files.length > 0 || isSimulated, `scenario ${number}`).toBe(true);
    for (const name of files) {
      // A suite that several adapters run stands in a file of its own.
      const isThere = existsSync(`tests/${name}.test.ts`) || existsSync(`tests/${name}.ts`);
      expect(isThere, `scenario ${number}: tests/${name}`).toBe(true);
    }
  }
});
