import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkshop, statusOf } from '../support/daemon.ts';
import { openbell, type Running, startOpenbell } from '../support/openbell.ts';
import { until } from '../support/until.ts';

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
if (!hasPromtool) {
  if (process.env.OPENBELL_TEST_NO_SKIP)
    throw new Error('promtool is not installed, and skipping is not allowed here');
  process.stderr.write('skipped: promtool is not installed, so the metrics are not checked by it\n');
}

const workshop = openWorkshop('metrics');
afterAll(() => workshop.close());

/** Buys once, so that an order has gone the whole way. */
const BUYER = `  initialState: () => ({ hasBought: false }),
  onTrade(context) {
    if (context.state.hasBought) return;
    context.state.hasBought = true;
    context.buy({ quantity: 1, reason: 'to go the whole way' });
  },`;

function planOf(metrics: { port: number }): string {
  return workshop.plan({
    mode: 'simulated',
    consumers: 1,
    strategies: [{ path: workshop.strategy('buyer', BUYER), symbols: ['AAPL'] }],
    simulation: { symbols: ['AAPL', 'MSFT'], rate: 400 },
    metrics,
  });
}

describe('the metrics of a daemon', () => {
  let daemon: Running;
  let url = '';
  const get = async (path: string) => {
    const answer = await fetch(new URL(path, url));
    return { code: answer.status, text: await answer.text() };
  };

  beforeAll(async () => {
    daemon = startOpenbell(['trade', planOf({ port: 0 }), ...workshop.storage]);
    await daemon.heard('Trading, batch', 60_000);
    url = (await statusOf(workshop))?.metricsUrl ?? '';
  });

  afterAll(async () => {
    daemon.child.kill('SIGKILL');
    await daemon.finished;
  });

  it('stand on loopback, where its status says', async () => {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    const { stdout } = await openbell(['status', ...workshop.storage]);
    expect(stdout).toContain(`metrics  ${url}`);
  });

  it('have a figure for every stage once an order has gone the whole way', async () => {
    const stages = ['socket', 'decode', 'queue', 'strategy', 'desk', 'broker'];
    let text = '';
    await until(
      async () => {
        text = (await get('/metrics')).text;
        return stages.every((stage) =>
          new RegExp(`^openbell_stage_duration_seconds\\{stage="${stage}",.*quantile="0\\.99"\\} `, 'm').test(
            text,
          ),
        );
      },
      { what: 'all stages', timeoutMs: 30_000 },
    );
    for (const thread of ['main', 'database', 'producer', 'desk', 'consumer A']) {
      expect(text).toContain(`openbell_thread_heap_used_bytes{thread="${thread}"}`);
      expect(text).toContain(`openbell_thread_event_loop_delay_p99_seconds{thread="${thread}"}`);
    }
    expect(text).toContain('openbell_queue_credits{receiver="A"}');
    expect(text).not.toContain('AAPL');
    const { stdout } = await openbell(['status', ...workshop.storage]);
    expect(stdout).toMatch(/^p50\/p99 {2}socket \S+\/\S+ · decode .* · broker \S+\/\S+$/m);
  });

  it.skipIf(!hasPromtool)('pass promtool check metrics without a remark', async () => {
    const checked = spawnSync('promtool', ['check', 'metrics'], {
      input: (await get('/metrics')).text,
      encoding: 'utf8',
    });
    expect({ status: checked.status, remarks: checked.stdout + checked.stderr }).toEqual({
      status: 0,
      remarks: '',
    });
  });

  it('answer whether it is alive and ready: not ready while risk is halted', async () => {
    await until(async () => (await get('/readyz')).code === 200, { what: 'a ready daemon' });
    await openbell(['halt', '--reason', 'a test', ...workshop.storage]);
    await until(async () => (await get('/readyz')).code === 503, { what: 'a daemon that is not ready' });
    expect((await get('/readyz')).text).toBe('risk is halted: a test\n');
    expect(await get('/healthz')).toEqual({ code: 200, text: 'ok\n' });
  });
});

it('a daemon whose metrics port is taken says so in one line and ends with exit code 3', async () => {
  const other = createServer();
  const port = await new Promise<number>((resolve) => {
    other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
  });
  const { exitCode, stderr } = await openbell(['trade', planOf({ port }), ...workshop.storage]);
  other.close();
  expect(exitCode).toBe(3);
  expect(stderr).toContain(
    `the metrics endpoint cannot listen on 127.0.0.1 port ${port}: the port is in use`,
  );
});
