import { readFileSync, writeFileSync } from 'node:fs';
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
