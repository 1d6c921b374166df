import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openbell } from '../support/openbell.ts';

const COMMANDS = [
  'trade',
  'sim',
  'check',
  'status',
  'halt',
  'resume',
  'liquidate',
  'runs',
  'orders',
  'trades',
  'positions',
  'portfolio',
  'scan',
  'mine',
  'tape',
  'db',
];

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'openbell-cli-'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The example plan with some lines changed. */
function planWith(changes: readonly [RegExp, string][]): string {
  let text = readFileSync('tradeplan.example.yaml', 'utf8');
  for (const [pattern, replacement] of changes) {
    expect(text).toMatch(pattern);
    text = text.replace(pattern, replacement);
  }
  const path = join(directory, `plan-${Math.abs(text.length * 31 + changes.length)}.yaml`);
  writeFileSync(path, text);
  return path;
}

describe('every command', () => {
  it('has help with examples', async () => {
    const helps = await Promise.all(COMMANDS.map((command) => openbell([command, '--help'])));
    for (const [index, help] of helps.entries()) {
      expect(help.exitCode, COMMANDS[index]).toBe(0);
      expect(help.stdout, COMMANDS[index]).toContain(`Usage: openbell ${COMMANDS[index]}`);
    }
    const whole = await openbell(['--help']);
    for (const command of COMMANDS) expect(whole.stdout).toContain(`  ${command}`);
  });

  it('is refused with exit code 2 when it is not one', async () => {
    const { exitCode, stderr } = await openbell(['trad']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Did you mean trade?');
  });

  it('refuses an option it does not have, with exit code 2', async () => {
    expect((await openbell(['status', '--colour'])).exitCode).toBe(2);
    expect((await openbell(['trade', '--for', 'soon'])).exitCode).toBe(2);
    expect((await openbell(['sim', '--port', '70000'])).exitCode).toBe(2);
  });

  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect((await openbell(['--version'])).stdout.trim()).toBe(version);
  });
});

describe('bad input', () => {
  it('a plan that is not there: exit code 2, and how to begin', async () => {
    const { exitCode, stderr } = await openbell(['trade', join(directory, 'none.yaml')]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('none.yaml');
    expect(stderr).toContain('tradeplan.example.yaml');
  });

  it('a plan with several mistakes: all are named at once, with their paths', async () => {
    const plan = planWith([
      [/^mode: simulated/m, 'mode: simulate'],
      [/^# market_hours: regular/m, 'market_hours: nights'],
    ]);
    const { exitCode, stderr } = await openbell(['check', plan]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('mode');
    expect(stderr).toContain('simulate');
    expect(stderr).toContain('market_hours');
  });

  it('miners of a plan that has none: exit code 2, and how to name some', async () => {
    const { exitCode, stderr } = await openbell(['mine', 'tradeplan.example.yaml', '--data-dir', directory]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('no miners');
    expect(stderr).toContain('miners:');
  });

  it('paper mode without keys: exit code 2, naming the variables', async () => {
    const plan = planWith([[/^mode: simulated/m, 'mode: paper']]);
    const { exitCode, stderr } = await openbell(['trade', plan, '--data-dir', join(directory, 'paper')]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('APCA_API_KEY_ID');
    expect(stderr).toContain('APCA_API_SECRET_KEY');
  });

  it('live mode by half: exit code 2, whichever half is missing', async () => {
    const plan = planWith([[/^mode: simulated/m, 'mode: live']]);
    const keys = { APCA_API_KEY_ID: 'AK1', APCA_API_SECRET_KEY: 's3cr3t-of-mine' };
    const storage = ['--data-dir', join(directory, 'live')];
    const withoutFlag = await openbell(['trade', plan, ...storage], {
      ...keys,
      DATABASE_URL: 'postgres://localhost:1/none',
    });
    const withoutDatabase = await openbell(['trade', plan, '--live', ...storage], keys);
    const notLive = await openbell(['trade', 'tradeplan.example.yaml', '--live', ...storage], keys);
    expect([withoutFlag.exitCode, withoutDatabase.exitCode, notLive.exitCode]).toEqual([2, 2, 2]);
    expect(withoutFlag.stderr).toContain('--live');
    expect(withoutDatabase.stderr).toContain('DATABASE_URL');
    expect(`${withoutFlag.stderr}${withoutDatabase.stderr}${notLive.stderr}`).not.toContain('s3cr3t-of-mine');
  });

  it('a PostgreSQL that does not answer: exit code 3, without the password', async () => {
    const { exitCode, stderr } = await openbell(
      ['trade', 'tradeplan.example.yaml', '--data-dir', join(directory, 'nowhere')],
      {
        DATABASE_URL: 'postgres://somebody:hunter2@127.0.0.1:1/none',
      },
    );
    expect(exitCode).toBe(3);
    expect(stderr).toContain('127.0.0.1');
    expect(stderr).not.toContain('hunter2');
  });

  it('a strategy file that is not there, and one that does not compile: exit code 2, with the place', async () => {
    const broken = join(directory, 'broken.ts');
    writeFileSync(broken, 'export default { name: ');
    const plan = planWith([[/^( *)- name: momentum-long/m, `$1- path: ${broken}`]]);
    const { exitCode, stderr } = await openbell(['check', plan]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('broken.ts');
    const none = planWith([[/^( *)- name: momentum-long/m, '$1- path: ./no-such-file.ts']]);
    const missing = await openbell(['check', none]);
    expect(missing.exitCode).toBe(2);
    expect(missing.stderr).toContain('no-such-file.ts');
  });

  it('a port in use: exit code 3, naming it', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { exitCode, stderr } = await openbell(['sim', '--port', String(port)]);
    server.close();
    expect(exitCode).toBe(3);
    expect(stderr).toContain(String(port));
  });

  it('a data directory that cannot be written: exit code 2', async () => {
    const file = join(directory, 'a-file');
    writeFileSync(file, '');
    const { exitCode, stderr } = await openbell([
      'trade',
      'tradeplan.example.yaml',
      '--data-dir',
      join(file, 'inside'),
    ]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('a-file');
  });

  it.each(['runs', 'orders', 'trades', 'positions'])(
    'openbell %s of a data directory that no daemon has used: exit code 2, and it stays unused',
    async (name) => {
      const unused = join(directory, 'mistyped');
      const { exitCode, stdout, stderr } = await openbell([name, '--data-dir', unused, '--json']);
      expect(exitCode).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toContain(unused);
      expect(existsSync(unused)).toBe(false);
    },
  );
});
