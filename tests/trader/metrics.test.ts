import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { metricsText } from '../../src/observability/metrics.ts';
import { livenessOf, readinessOf } from '../../src/trader/control/health.ts';
import type { DaemonStatus, ThreadState } from '../../src/trader/control/status.ts';
import { metricFamilies } from '../../src/trader/metrics/metrics.ts';
import { MetricsServer } from '../../src/trader/metrics/metricsServer.ts';
import { STATUS } from '../support/status.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

function withThread(state: ThreadState): DaemonStatus {
  return {
    ...STATUS,
    threads: [{ name: 'consumer B', state, detail: 'out of memory', restarts: 3, vitals: null }],
  };
}

describe('health', () => {
  it('is alive while it starts, waits for a feed, or has a consumer that is blocked or starts again', () => {
    for (const state of ['starting', 'running', 'blocked', 'restarting'] as const)
      expect(livenessOf({ ...withThread(state), state: 'starting', isHealthy: false })).toEqual({
        isWell: true,
        problems: [],
      });
  });

  it('is not alive when a thread has failed, and says which and why', () => {
    expect(livenessOf(withThread('failed'))).toEqual({
      isWell: false,
      problems: ['thread consumer B has failed: out of memory'],
    });
    expect(livenessOf({ ...STATUS, state: 'failed' }).isWell).toBe(false);
  });

  it('is ready only while it trades and nothing is wrong', () => {
    expect(readinessOf(STATUS)).toEqual({ isWell: true, problems: [] });
    const problems = ['the market-data stream is waiting'];
    expect(readinessOf({ ...STATUS, isHealthy: false, problems })).toEqual({ isWell: false, problems });
    for (const state of ['starting', 'stopping', 'failed'] as const)
      expect(readinessOf({ ...STATUS, state }).isWell).toBe(false);
  });
});

describe('the metrics of a status', () => {
  it('tell what is recorded of each source, and nothing where nothing is', async () => {
    const recording = {
      directory: '/tapes',
      sources: [{ source: 'consumer A', rows: 12, bytes: 800, rowsLost: 3, segments: 2 }],
      failure: 'no space left on device',
      bytesPackedAway: 500,
      tapesRemoved: 1,
    };
    const text = await metricsText(metricFamilies({ ...STATUS, recording }));
    for (const line of [
      'openbell_recording_up 0',
      'openbell_recording_rows_total{source="consumer A"} 12',
      'openbell_recording_written_bytes_total{source="consumer A"} 800',
      'openbell_recording_lost_rows_total{source="consumer A"} 3',
      'openbell_recording_tapes_total{source="consumer A"} 2',
      'openbell_recording_saved_bytes_total 500',
      'openbell_recording_removed_tapes_total 1',
    ])
      expect(text).toContain(`${line}\n`);
    expect(await metricsText(metricFamilies(STATUS))).not.toContain('openbell_recording');
  });

  it('tell events by fate, stages, threads and orders', async () => {
    const flow = {
      received: 100,
      sent: 60,
      conflated: 20,
      droppedOverflow: 4,
      droppedDetached: 1,
      waiting: 10,
      inFlight: 5,
    };
    const receivers = [{ receiver: 'A', ...flow, credits: 0, kinds: { quote: flow } }];
    const text = await metricsText(metricFamilies({ ...STATUS, feed: { ...STATUS.feed, receivers } }));
    for (const line of [
      'openbell_queue_received_events_total{receiver="A",kind="quote"} 100',
      'openbell_queue_conflated_events_total{receiver="A",kind="quote"} 20',
      'openbell_queue_dropped_events_total{receiver="A",kind="quote",reason="overflow"} 4',
      'openbell_queue_dropped_events_total{receiver="A",kind="quote",reason="detached"} 1',
      'openbell_queue_waiting_events{receiver="A",kind="quote"} 10',
      'openbell_queue_credits{receiver="A"} 0',
      'openbell_consumer_lag_seconds{consumer="B"} 7.2',
      'openbell_stage_duration_seconds{stage="queue",thread="consumer B",quantile="0.5"} 2',
      'openbell_orders_submitted_total 42',
      'openbell_risk_state{state="active"} 1',
    ])
      expect(text.split('\n')).toContain(line);
  });

  it('name no symbol and no order', async () => {
    const text = await metricsText(metricFamilies(STATUS));
    expect(text).not.toMatch(/NVDA|AAPL|momentum-long/);
  });

  it('leave out what is not known yet', async () => {
    const status = { ...STATUS, desk: null, feed: { ...STATUS.feed, ageMs: null } };
    const text = await metricsText(metricFamilies(status));
    expect(text).not.toMatch(/openbell_broker_connected|openbell_feed_last_event_age/);
  });
});

describe('the metrics endpoint', () => {
  it('answers by the health of the daemon, reads only, and knows three paths', async () => {
    let status: DaemonStatus = STATUS;
    const server = await MetricsServer.listen(LOOPBACK, () => status);
    const get = async (path: string, method = 'GET') => {
      const answer = await fetch(new URL(path, server.url), { method });
      return { code: answer.status, text: await answer.text() };
    };
    try {
      expect(await get('/healthz')).toEqual({ code: 200, text: 'ok\n' });
      expect(await get('/readyz')).toEqual({ code: 200, text: 'ok\n' });
      status = {
        ...withThread('failed'),
        isHealthy: false,
        problems: ['consumer B is failed', 'risk is halted: x'],
      };
      expect(await get('/healthz')).toEqual({
        code: 503,
        text: 'thread consumer B has failed: out of memory\n',
      });
      expect(await get('/readyz')).toEqual({ code: 503, text: 'consumer B is failed\nrisk is halted: x\n' });
      expect((await get('/metrics?name=x')).code).toBe(200);
      expect(await get('/metrics', 'HEAD')).toEqual({ code: 200, text: '' });
      expect((await get('/metrics', 'POST')).code).toBe(405);
      expect((await get('/secrets')).code).toBe(404);
    } finally {
      await server.close();
    }
  });

  it('says in one line that its port is in use, with exit code 3', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
    await expect(MetricsServer.listen({ host: '127.0.0.1', port }, () => STATUS)).rejects.toMatchObject({
      exitCode: 3,
      message: `the metrics endpoint cannot listen on 127.0.0.1 port ${port}: the port is in use`,
    });
    other.close();
  });
});
