import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const THREAD = /new URL\('(\.[^']+\.js)', import\.meta\.url\)/g;

/** Compiled files that the sources name as a thread's or a process' program. */
function programs(): string[] {
  const found = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      [...readFileSync(join('src', file), 'utf8').matchAll(THREAD)].map(([, path]) =>
        resolve('dist', dirname(file), path!),
      ),
    );
  return [...new Set(found)];
}

describe('the build', () => {
  it('joins each process and thread to files of its own, which its entry names', () => {
    const all = programs();
    expect(all).toContain(resolve('dist/cli/openbell.js'));
    expect(all).toContain(resolve('dist/desk/worker.js'));
    for (const program of all) {
      const bundle = /export \* from "(.+)";/.exec(readFileSync(program, 'utf8'))?.[1];
      expect(bundle, program).toMatch(/\/bundle\/[\w-]+\.js$/);
      expect(readFileSync(resolve(dirname(program), bundle!), 'utf8'), program).not.toBe('');
    }
  });
});
