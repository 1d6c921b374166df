import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const UNIT = readFileSync(resolve('deploy/openbell.service'), 'utf8');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
if (!hasSystemd) {
  if (process.env.OPENBELL_TEST_NO_SKIP)
    throw new Error('systemd-analyze is not installed, and skipping is not allowed here');
  process.stderr.write('skipped: systemd-analyze is not installed, so the service unit is not verified\n');
}

describe('the service unit', () => {
  it.skipIf(!hasSystemd)('is accepted by systemd-analyze verify', () => {
    expect(complaintsOf('openbell.service')).toEqual([]);
  });

  it('starts node itself, never npm', () => {
    expect(UNIT).toMatch(/^ExecStart=\/usr\/bin\/node \/opt\/openbell\/dist\/cli\/openbell\.js trade /m);
  });

  it('does not start again what is wrong by configuration', () => {
    expect(UNIT).toMatch(/^Restart=on-failure$/m);
    expect(UNIT).toMatch(/^RestartPreventExitStatus=2$/m);
  });

  it('gives a stop longer than the daemon needs', () => {
    const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(UNIT)?.[1]);
    expect(seconds).toBeGreaterThanOrEqual(20);
  });

  it('holds no secret', () => {
    expect(UNIT).not.toMatch(/APCA_API_SECRET_KEY=|DATABASE_URL=postgres/);
    expect(
      execFileSync(
        'git',
        ['grep', '-lE', 'PK[A-Z0-9]{18}', '--', 'deploy', 'compose.yaml', 'Dockerfile', '||', 'true'],
        { encoding: 'utf8', shell: true },
      ),
    ).toBe('');
  });
});

describe("the miners' timer", () => {
  it.skipIf(!hasSystemd)('and its service are accepted by systemd-analyze verify', () => {
    expect(complaintsOf('openbell-mine.timer', 'openbell-mine.service')).toEqual([]);
  });

  it('runs them once, by node itself, on weekdays after the close in New York, also when that was missed', () => {
    const service = unit('openbell-mine.service');
    expect(service).toMatch(/^Type=oneshot$/m);
    expect(service).toMatch(/^ExecStart=\/usr\/bin\/node \/opt\/openbell\/dist\/cli\/openbell\.js mine /m);
    const timer = unit('openbell-mine.timer');
    expect(timer).toMatch(/^OnCalendar=Mon\.\.Fri 18:30 America\/New_York$/m);
    expect(timer).toMatch(/^Persistent=true$/m);
  });

  it('are hardened like the daemon', () => {
    const hardening = (text: string) =>
      text.slice(text.indexOf('NoNewPrivileges'), text.indexOf('LimitNOFILE'));
    expect(hardening(unit('openbell-mine.service'))).toBe(hardening(UNIT));
  });
});

function unit(name: string): string {
  return readFileSync(resolve('deploy', name), 'utf8');
}

/** What the verifier says of the first unit, with the others beside it. */
function complaintsOf(...names: readonly string[]): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'openbell-unit-'));
  for (const name of names) {
    // It looks for the program and its user on this machine; everything else stays as it is.
    const text = unit(name)
      .replace('/usr/bin/node', process.execPath)
      .replace(/^(User|Group)=.*$/gm, '$1=root');
    writeFileSync(join(directory, name), text);
  }
  const files = names.map((name) => join(directory, name));
  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], { encoding: 'utf8' });
  rmSync(directory, { recursive: true });
  return verified.stderr.split('\n').filter((line) => /openbell[\w-]*\.(service|timer)/.test(line));
}
