/** Parts of the pages that come out of the code. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';

/** Compares the part of a page between two marks with what the code says; the command writes it anew. */
export function expectWritten(page: string, mark: string, text: string, command: string): void {
  const [start, end] = [`<!-- ${mark} -->\n`, `<!-- /${mark} -->`];
  const whole = readFileSync(page, 'utf8');
  const from = whole.indexOf(start) + start.length;
  const to = whole.indexOf(end);
  expect(to, `${page} has the marks of ${mark}`).toBeGreaterThanOrEqual(from);
  if (process.env.OPENBELL_WRITE_DOCS === undefined) {
    expect(whole.slice(from, to), `${command} writes it anew`).toBe(text);
  } else writeFileSync(page, whole.slice(0, from) + text + whole.slice(to));
}
