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
    const directory = mkdtempSync(join(tmpdir(), 'openbell-unit-'));
    const file = join(directory, 'openbell.service');
    // The verifier looks for the program and its user on this machine; everything else stays as it is.
    writeFileSync(
      file,
      UNIT.replace('/usr/bin/node', process.execPath).replace(/^(User|Group)=.*$/gm, '$1=root'),
    );
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
    rmSync(directory, { recursive: true });
    const complaints = verified.stderr.split('\n').filter((line) => line.includes('openbell.service'));
    expect(complaints).toEqual([]);
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
