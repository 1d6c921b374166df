import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { liveClock } from '../../src/clock/live.ts';
import { silentLog } from '../../src/observability/log.ts';
import type { AlertsPlan } from '../../src/tradeplan/plan.ts';
import { Alerts } from '../../src/trader/alerts.ts';

function alertsOf(plan: Partial<AlertsPlan>): Alerts {
  return new Alerts(
    { webhookUrl: null, command: null, timeoutMs: 2_000, ...plan },
    { clock: liveClock, log: silentLog, batchId: 'batch-1' },
  );
}

describe('alerts', () => {
  it('post what a person should know to the webhook', async () => {
    const bodies: string[] = [];
    const server = createServer((incoming, answer) => {
      let text = '';
      incoming.on('data', (chunk) => {
        text += chunk;
      });
      incoming.on('end', () => {
        bodies.push(text);
        answer.end('ok');
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const alerts = alertsOf({ webhookUrl: `http://127.0.0.1:${port}/hook` });
    alerts.raise({
      severity: 'critical',
      code: 'consumer_died',
      message: 'consumer A died',
      fields: { consumer: 'A' },
    });
    await alerts.settle();
    server.close();
    expect(bodies.map((body) => JSON.parse(body))).toMatchObject([
      {
        source: 'openbell',
        batchId: 'batch-1',
        severity: 'critical',
        code: 'consumer_died',
        message: 'consumer A died',
        fields: { consumer: 'A' },
      },
    ]);
  });

  it('give the command the alert on its standard input', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'openbell-alerts-'));
    const file = join(directory, 'alert.json');
    const alerts = alertsOf({ command: ['sh', '-c', `cat > ${file}`] });
    alerts.raise({ severity: 'warning', code: 'feed_gap', message: 'a gap' });
    await alerts.settle();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ code: 'feed_gap' });
    rmSync(directory, { recursive: true });
  });

  it('send the same alert out once a minute, and keep every one of them for the status', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'openbell-alerts-'));
    const file = join(directory, 'alerts.txt');
    const alerts = alertsOf({ command: ['sh', '-c', `cat >> ${file}; echo >> ${file}`] });
    for (let count = 0; count < 5; count += 1)
      alerts.raise({ severity: 'warning', code: 'feed_gap', message: 'a gap' });
    await alerts.settle();
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(1);
    expect(alerts.recent).toHaveLength(5);
    rmSync(directory, { recursive: true });
  });

  it('hold nothing up when neither webhook nor command works', async () => {
    const alerts = alertsOf({ webhookUrl: 'http://127.0.0.1:1/none', command: ['/no/such/program'] });
    alerts.raise({ severity: 'critical', code: 'feed_down', message: 'no data' });
    await expect(alerts.settle()).resolves.toBeUndefined();
  });
});
