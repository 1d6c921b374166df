import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { beginFolder } from '../support/folder.ts';
import { openbell } from '../support/openbell.ts';

const PAGES = [
  'README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

const BLOCKS: readonly Block[] = PAGES.flatMap((page) =>
  [...readFileSync(page, 'utf8').matchAll(/```(\w+)\n([\s\S]*?)```/g)].map((match) => ({
    page,
    language: match[1] ?? '',
    text: match[2] ?? '',
  })),
);

/** Each `openbell ...` that a page tells people to type, without what a shell adds to it. */
function commandLines(): { page: string; words: readonly string[] }[] {
  return BLOCKS.filter((block) => block.language === 'sh').flatMap((block) =>
    block.text
      .split('\n')
      .map((line) => line.replace(/#.*$/, '').replace(/\|.*$/, '').trim())
      .filter((line) => /^(npx )?openbell /.test(line))
      .map((line) => ({ page: block.page, words: line.replace(/^npx /, '').split(/\s+/).slice(1) })),
  );
}

let directory: string;
/** The innermost command that the words name: `info` of `tape info FILE`. */
async function commandOf([name, inner]: readonly string[]): Promise<Command> {
  const command = await COMMANDS.find((listed) => listed.name === name)?.load();
  if (command === undefined) throw new Error(`there is no openbell ${name}`);
  return command.commands.find((under) => under.name() === inner) ?? command;
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'openbell-docs-'));
  // The files that the pages show are written as a reader would write them.
  for (const block of BLOCKS) {
    const name = /^(?:\/\/|#) ([\w-]+\.(?:ts|yaml))\n/.exec(block.text)?.[1];
    if (name !== undefined) writeFileSync(join(directory, name), block.text);
  }
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the documentation', () => {
  it.each(commandLines().map(({ page, words }) => [page, words.join(' '), words] as const))(
    '%s: openbell %s is a command with these options',
    async (_page, _line, words) => {
      const options = words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]);
      const { options: known } = await commandOf(words);
      expect([...known.map(({ long }) => long), '--help']).toEqual(expect.arrayContaining(options));
    },
  );

  it("the tutorial's plan and strategy, and the README's strategy, are accepted as they stand", async () => {
    beginFolder(join(directory, 'data'));
    const checked = await openbell([
      'check',
      join(directory, 'my-plan.yaml'),
      '--data-dir',
      join(directory, 'data'),
    ]);
    expect(checked.stderr).toBe('');
    expect(checked.exitCode).toBe(0);
    const plan = readFileSync(join(directory, 'my-plan.yaml'), 'utf8')
      .replace('./dip.ts', './my-breakout.ts')
      .replace(/parameters:.*/, 'parameters: { lookbackMinutes: 5 }');
    writeFileSync(join(directory, 'breakout-plan.yaml'), plan);
    const breakout = await openbell([
      'check',
      join(directory, 'breakout-plan.yaml'),
      '--data-dir',
      join(directory, 'data'),
    ]);
    expect(breakout.stderr).toBe('');
    expect(breakout.exitCode).toBe(0);
  });

  it('names only files that exist', () => {
    const missing = PAGES.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#]+?)\)/g)]
        .map((match) => match[1] ?? '')
        .filter((target) => !/^https?:/.test(target))
        .map((target) => join(page, '..', target))
        .filter((target) => !existsFile(target)),
    );
    expect(missing).toEqual([]);
  });
});

function existsFile(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
