import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { TradeRow } from '../../src/models/contract.ts';
import { logOf, openWorkshop, statusOf } from '../support/daemon.ts';
import { openbell, openbellJson, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

/** Buys and sells in turn, every tenth trade. */
const BUSY = `
  initialState: () => ({ trades: 0 }),
  onTrade(context) {
    context.state.trades += 1;
    if (context.state.trades % 10 !== 0 || context.openOrders.length > 0) return;
    if (context.position.quantity === 0) context.buy({ quantity: 1, reason: 'in' });
    else context.sell({ quantity: 1, reason: 'out' });
  },`;

const workshop = openWorkshop('disk');
const disk = join(workshop.directory, 'data');
const isMounted = mount();

/** A disk of its own in memory; needs root. */
function mount(): boolean {
  mkdirSync(disk, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', disk], { stdio: 'pipe' });
    return true;
  } catch {
    process.stderr.write('skipped: no file system can be mounted here (needs root on Linux)\n');
    return false;
  }
}

/** Takes all the room there is, whoever else writes meanwhile. */
function fill(): void {
  const ballast = openSync(join(disk, 'ballast'), 'w');
  const piece = Buffer.alloc(statfsSync(disk).bsize);
  try {
    for (;;) writeSync(ballast, piece);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(ballast);
  }
}

describe.skipIf(!isMounted)('a full disk', () => {
  afterAll(() => {
    execFileSync('umount', ['--lazy', disk]);
    workshop.close();
  });

  const plan = workshop.plan({
    mode: 'simulated',
    consumers: 1,
    strategies: [{ path: workshop.strategy('busy', BUSY), symbols: ['AAPL', 'MSFT'] }],
    risk: { max_orders_per_minute: 10_000 },
    simulation: { symbols: ['AAPL', 'MSFT'], rate: 200 },
  });

  it('at the start: exit code 2, the cause, what to do, and nothing half-written', async () => {
    fill();
    const { exitCode, stderr } = await openbell(['trade', plan, ...workshop.storage]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error: the data directory .* cannot be used: .*no space left/m);
    expect(stderr).toContain('--data-dir');
    const files = readdirSync(disk, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.map(({ name }) => name)).toEqual(['ballast']);
    rmSync(join(disk, 'ballast'));
  });

  it('while it trades: no order is sent that the journal does not know, the daemon says so, and nothing is lost', async () => {
    const daemon = startOpenbell(['trade', plan, ...workshop.storage]);
    try {
      await daemon.heard('Trading, batch');
      const filled = () => logOf(daemon).filter(({ msg }) => msg === 'fill').length;
      await until(() => filled() >= 4, { what: 'four fills' });
      const known = filled();
      fill();
      await until(async () => (await statusOf(workshop))?.desk?.riskState === 'halted', {
        what: 'trading to be halted',
        timeoutMs: 40_000,
      });
      const status = await statusOf(workshop);
      expect(status?.desk?.riskReason).toContain('the journal cannot be written');
      expect(status?.isHealthy).toBe(false);
      daemon.child.kill('SIGTERM');
      const { exitCode, stderr } = await daemon.finished;
      // The database may still have had room in its own files: what counts is whether rows are left to write.
      const rowsWaiting = logOf(daemon).find(({ msg }) => msg === 'the desk is closed')?.rowsWaiting;
      if (rowsWaiting === 0) expect(exitCode).toBe(0);
      else {
        expect(exitCode).toBe(1);
        expect(stderr).toMatch(/^error: .*(could not be written|no space is left)/m);
      }

      rmSync(join(disk, 'ballast'));
      const next = startOpenbell(['trade', plan, ...workshop.storage, '--for', '1s']);
      expect((await next.finished).exitCode).toBe(0);
      const trades = await openbellJson<TradeRow[]>(['trades', ...workshop.storage]);
      expect(trades.length).toBeGreaterThanOrEqual(known);
    } finally {
      daemon.child.kill('SIGKILL');
    }
  }, 120_000);
});
