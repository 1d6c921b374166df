/** The tutorial's commands, run one after the other as a reader types them: each must succeed. */
import { type ChildProcess, execFile } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beginFolder } from '../support/folder.ts';
import { bareEnvironment, openbellJson, type Running, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

const BLOCKS = [...readFileSync('docs/TUTORIAL.md', 'utf8').matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(
  (match) => ({ language: match[1] ?? '', text: match[2] ?? '' }),
);
const COMMANDS = BLOCKS.filter(({ language }) => language === 'sh').flatMap(({ text }) =>
  text.split('\n').filter((line) => line !== ''),
);
/** The reader's minutes, as long as a test has time for. */
const SHORT = '3s';
/** "While it runs", says the page of the commands on this folder behind `trade`. */
const RUNS_ON = /^npx openbell trade .* --data-dir \.openbell-mine$/;
const BESIDE_IT = / --data-dir \.openbell-mine$/;

interface Ended {
  readonly exitCode: number;
  readonly output: string;
}

interface Typed {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

describe('the tutorial', () => {
  let folder: string;
  let exchange: Running | null = null;
  let daemon: Typed | null = null;
  let env: Record<string, string>;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'openbell-tutorial-'));
    for (const { text } of BLOCKS) {
      const name = /^(?:\/\/|#) ([\w-]+\.(?:ts|yaml))\n/.exec(text)?.[1];
      if (name !== undefined) writeFileSync(join(folder, name), text);
    }
    copyFileSync('tradeplan.example.yaml', join(folder, 'tradeplan.example.yaml'));
    for (const directory of ['.openbell', '.openbell-mine', '.openbell-paper'])
      beginFolder(join(folder, directory));
    // `npx openbell` is the program that was built here.
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const npx = join(bin, 'npx');
    writeFileSync(
      npx,
      `#!/bin/sh\nshift\nexec '${process.execPath}' --liftoff-only '${resolve('dist/cli/openbell.js')}' "$@"\n`,
    );
    chmodSync(npx, 0o755);
    env = bareEnvironment({ PATH: `${bin}${delimiter}${process.env.PATH}` });
  });

  afterAll(async () => {
    daemon?.child.kill('SIGKILL');
    await daemon?.ended;
    exchange?.child.kill('SIGKILL');
    await exchange?.finished;
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (line: string): Typed => {
    let end: (ended: Ended) => void = () => undefined;
    const ended = new Promise<Ended>((done) => {
      end = done;
    });
    // The shell gives its place to the last command, so that this gets the signals.
    const child = execFile('sh', ['-c', `exec ${line}`], { cwd: folder, env }, (error, stdout, stderr) =>
      end({ exitCode: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
    return { child, ended };
  };
  const run = (line: string): Promise<Ended> => start(line).ended;

  /** Where `npm start` leads, and what else a test cannot type as it stands. */
  const typed = async (line: string): Promise<string> => {
    const short = line.replace(/--for \S+/, `--for ${SHORT}`);
    if (short.startsWith('npm start -- ')) {
      const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
      expect(scripts.start).toBe('node dist/cli/openbell.js trade tradeplan.example.yaml');
      return short.replace('npm start --', 'npx openbell trade tradeplan.example.yaml');
    }
    if (!short.includes(' BATCH ')) return short;
    const runs = await openbellJson<{ batchId: string }[]>(
      ['runs', '--data-dir', join(folder, '.openbell-paper')],
      env,
    );
    return short.replace('BATCH', runs[0]?.batchId.slice(0, 8) ?? '');
  };

  const startDaemon = async (line: string): Promise<void> => {
    daemon = start(line);
    await until(async () => (await run('npx openbell status --data-dir .openbell-mine')).exitCode === 0, {
      what: 'the daemon to be healthy',
      timeoutMs: 90_000,
    });
  };
  const stopDaemon = async (): Promise<void> => {
    daemon?.child.kill('SIGTERM');
    const ended = await daemon?.ended;
    daemon = null;
    expect(ended?.exitCode ?? 0, ended?.output).toBe(0);
  };

  /** Alpaca's paper account is the local exchange here: it speaks its protocols. */
  const openAccount = async (): Promise<void> => {
    exchange = startOpenbell(['sim', '--json', '--symbols', 'AAPL,NVDA,TSLA,AMD']);
    await exchange.heard('\n');
    Object.assign(env, (JSON.parse(exchange.stdout()) as { env: Record<string, string> }).env);
  };

  it.each(COMMANDS.filter((line) => line !== 'npm ci'))('%s', async (line) => {
    if (line.includes('my-paper-plan.yaml') && exchange === null) await openAccount();
    if (RUNS_ON.test(line)) return startDaemon(line);
    if (!BESIDE_IT.test(line)) await stopDaemon();
    const { exitCode, output } = await run(await typed(line));
    expect(exitCode, output).toBe(0);
    const page = / (\S+\.html)$/.exec(line)?.[1];
    if (page !== undefined) expect(existsSync(join(folder, page))).toBe(true);
  });
});
