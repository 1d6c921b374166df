import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beginFolder } from '../support/folder.ts';

/**
 * Carries out the Dockerfile's steps without Docker: COPY copies, RUN runs, each stage in a folder of its own that
 * stands for its root. The steps that make the user are root's affair and are only looked at.
 */
interface Step {
  readonly instruction: string;
  readonly text: string;
}

function stepsOf(dockerfile: string): Step[] {
  return dockerfile
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({
      instruction: line.split(' ')[0] ?? '',
      text: line.slice(line.indexOf(' ') + 1).trim(),
    }));
}

const DOCKERFILE = readFileSync(resolve('Dockerfile'), 'utf8');
const STEPS = stepsOf(DOCKERFILE);
/** What npm would ask the registry for beside the packages takes half of its time. */
const LESS_ASKING = {
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_prefer_offline: 'true',
};
let roots: string;

function build(): string {
  let stage = '';
  let root = '';
  let directory = '/';
  for (const { instruction, text } of STEPS) {
    if (instruction === 'FROM') {
      stage = / AS (\w+)/.exec(text)?.[1] ?? 'final';
      root = join(roots, stage);
      directory = '/';
      mkdirSync(root, { recursive: true });
    } else if (instruction === 'WORKDIR') {
      directory = text;
      mkdirSync(join(root, directory), { recursive: true });
    } else if (instruction === 'COPY') copy(text, root, directory);
    else if (instruction === 'RUN' && !text.includes('useradd')) {
      const run = spawnSync('sh', ['-c', text], {
        cwd: join(root, directory),
        encoding: 'utf8',
        env: { ...process.env, NODE_ENV: '', ...LESS_ASKING },
      });
      if (run.status !== 0) throw new Error(`RUN ${text}\n${run.stdout}\n${run.stderr}`);
    }
  }
  return root;
}

function copy(text: string, root: string, directory: string): void {
  const from = /^--from=(\w+) /.exec(text)?.[1];
  const parts = text.replace(/^--from=\w+ /, '').split(/\s+/);
  const target = parts.pop() ?? '';
  const base = from === undefined ? resolve('.') : join(roots, from);
  for (const source of parts) {
    const absolute = target.startsWith('/') ? join(root, target) : join(root, directory, target);
    const isFolder = target.endsWith('/') || parts.length > 1;
    const destination = isFolder ? join(absolute, basename(source)) : absolute;
    mkdirSync(dirname(destination), { recursive: true });
    // Nothing is run in an earlier stage any more: its thousands of files can be moved.
    if (from === undefined) cpSync(join(base, source), destination, { recursive: true });
    else renameSync(join(base, source), destination);
  }
}

describe('the container image', () => {
  let root: string;

  beforeAll(() => {
    roots = mkdtempSync(join(tmpdir(), 'openbell-image-'));
    root = build();
  }, 240_000);

  afterAll(() => rmSync(roots, { recursive: true, force: true }));

  it('holds a daemon that checks its plan with nothing but what was copied', () => {
    const entry = JSON.parse(
      STEPS.find((step) => step.instruction === 'ENTRYPOINT')?.text ?? '[]',
    ) as string[];
    beginFolder(join(roots, 'data'));
    const run = spawnSync(
      entry[0] ?? '',
      [
        ...entry.slice(1),
        'check',
        join(root, 'etc/openbell/tradeplan.yaml'),
        '--data-dir',
        join(roots, 'data'),
      ],
      {
        cwd: join(root, 'opt/openbell'),
        encoding: 'utf8',
        env: { PATH: process.env.PATH },
      },
    );
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
  });

  it('leaves tools for development out', () => {
    const run = spawnSync('ls', [join(root, 'opt/openbell/node_modules')], { encoding: 'utf8' });
    expect(run.stdout).not.toMatch(/^(vitest|typescript)$/m);
  });

  it('runs node in exec form, as a user without rights, on a volume, with a health check', () => {
    expect(
      STEPS.filter((step) => ['ENTRYPOINT', 'CMD'].includes(step.instruction)).every((step) =>
        step.text.startsWith('['),
      ),
    ).toBe(true);
    expect(STEPS.find((step) => step.instruction === 'ENTRYPOINT')?.text).toContain('"node"');
    expect(STEPS.find((step) => step.instruction === 'USER')?.text).toBe('openbell');
    expect(STEPS.find((step) => step.instruction === 'VOLUME')?.text).toContain('/var/lib/openbell');
    expect(STEPS.find((step) => step.instruction === 'HEALTHCHECK')?.text).toContain('"status"');
  });
});
