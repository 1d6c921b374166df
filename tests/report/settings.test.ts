import { describe, expect, it } from 'vitest';
import type { RunRow, RunSettings } from '../../src/models/contract.ts';
import { BatchSettings } from '../../src/report/settings.ts';

const since = (second: number, fast: number, version = 'v'): RunSettings => ({
  since: `2026-11-20T15:00:${String(second).padStart(2, '0')}.000000Z`,
  ...{ version, parameters: { fast } },
});
const run = (algoRunId: string, instanceId: string, settings: readonly RunSettings[]): RunRow => ({
  ...{ batchId: 'b', algoRunId, strategy: 's', instanceId, environment: 'PAPER', consumer: algoRunId },
  ...{ version: 'v', startedAt: '', endedAt: null, endReason: null, repeatedBatchId: null, settings },
});
const moment = (second: number) => since(second, 0).since;

describe('what a batch ran with', () => {
  it('is one list of each instance, whatever consumers it runs on, and goes back where a change was taken back', () => {
    const settings = new BatchSettings([
      run('1', 'momentum', [since(0, 5), since(10, 8), since(20, 5)]),
      run('2', 'momentum', [since(1, 5), since(11, 8), since(21, 5)]),
      run('3', 'momentum', [since(15, 8)]),
      run('4', 'breakout', [since(0, 5), since(10, 5, 'w')]),
    ]);
    expect(
      settings.list.map((one) => [one.number, one.instanceId, one.since.slice(17, 19), one.version]),
    ).toEqual([
      [1, 'breakout', '00', 'v'],
      [2, 'breakout', '10', 'w'],
      [3, 'momentum', '00', 'v'],
      [4, 'momentum', '10', 'v'],
      [5, 'momentum', '20', 'v'],
    ]);
    const at = (algoRunId: string, ...seconds: readonly number[]) =>
      seconds.map((second) => settings.numberAt(algoRunId, moment(second)));
    expect(at('1', 0, 9, 10, 19, 20, 30)).toEqual([3, 3, 4, 4, 5, 5]);
    // On the second consumer each counts from when that one was told.
    expect(at('2', 0, 1, 10, 11, 20, 21)).toEqual([null, 3, 3, 4, 4, 5]);
    expect(at('3', 14, 15, 30)).toEqual([null, 4, 4]);
    expect(at('4', 9, 10)).toEqual([1, 2]);
    expect([settings.numberAt('5', moment(0)), settings.numberAt('1', null)]).toEqual([null, null]);
  });
});
