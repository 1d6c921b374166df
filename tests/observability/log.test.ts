import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/observability/log.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'openbell-log-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function lines(file: string): Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log', () => {
  it('writes one JSON object a line, with the fields of its thread on each', () => {
    const file = join(directory, 'deep', 'batch.log');
    const log = createLog({ level: 'info', file, isPretty: false }, { batch: 'b1', thread: 'desk' });
    log.info({ symbol: 'AAPL', clientOrderId: 'c1' }, 'order sent');
    log.debug('not at this level');
    expect(lines(file)).toMatchObject([
      { level: 'info', batch: 'b1', thread: 'desk', symbol: 'AAPL', clientOrderId: 'c1', msg: 'order sent' },
    ]);
  });

  it('has written a line before the call returns, so that a crash right after it loses nothing', () => {
    const file = join(directory, 'batch.log');
    const log = createLog({ level: 'info', file, isPretty: false }, {});
    for (let index = 0; index < 1_000; index += 1) {
      log.info({ index }, 'line');
    }
    expect(lines(file)).toHaveLength(1_000);
  });

  it.each([
    [{ secretKey: 'hunter2' }, 'at the top'],
    [{ provider: { keyId: 'hunter2', secretKey: 'hunter2' } }, 'one level down'],
    [{ config: { broker: { password: 'hunter2' } } }, 'two levels down'],
    [{ databaseUrl: 'postgres://u:hunter2@h/d' }, 'a database URL'],
  ])('cuts secrets out of %j (%s)', (fields, _where) => {
    const file = join(directory, 'batch.log');
    createLog({ level: 'info', file, isPretty: false }, {}).info(fields, 'configured');
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('[secret]');
    expect(text).not.toContain('hunter2');
  });
});
