import { describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { failed } from '../../src/domain/outcome.ts';
import type { NewPick } from '../../src/models/contract.ts';
import { silentLog } from '../../src/observability/log.ts';
import type { Candidate } from '../../src/scanners/contract.ts';
import type { ScannerPlan, Schedule } from '../../src/tradeplan/plan.ts';
import { prepareScanners } from '../../src/trader/scanning/scanners.ts';
import { type PreparedScanner, ScannerRunner } from '../../src/trader/scanning/scanning.ts';
import { openScanQueries, type ScanMarket } from '../../src/trader/scanning/scanQueries.ts';
import { at, bar, instrument, marketOf, PlainHistory } from './market.ts';

const OPEN = '2024-07-02T13:30:00Z';
const EVERY_MINUTE: Schedule = { type: 'interval', everyMs: 60_000 };
const SYMBOLS = ['A', 'B', 'C', 'D'];
const plainMarket = () =>
  marketOf(new PlainHistory({}), [
    ...SYMBOLS.map((symbol) => instrument(symbol)),
    instrument('HALTED', false),
  ]);

function planOf(scannerId: string, changes: Partial<ScannerPlan> = {}): ScannerPlan {
  return {
    ...{ scannerId, name: scannerId, path: null, parameters: {}, schedules: [EVERY_MINUTE], picksMax: 20 },
    ...changes,
  };
}

function scanner(
  scannerId: string,
  scan: PreparedScanner['scan'],
  changes: Partial<ScannerPlan> = {},
): PreparedScanner {
  return { plan: planOf(scannerId, changes), name: scannerId, version: '', parameters: {}, scan };
}

const candidates = (...symbols: string[]): readonly Candidate[] =>
  symbols.map((symbol, index) => ({ symbol, score: -index, reason: `${symbol} looks well` }));

function setUp(scanners: readonly PreparedScanner[], market: ScanMarket = plainMarket()) {
  const clock = new SimulatedClock(at(OPEN));
  const heard: string[] = [];
  const rows: NewPick[] = [];
  const runner = new ScannerRunner({
    ...{ scanners, market, clock, log: silentLog, batchId: 'batch-1', scanTimeoutMs: 10_000 },
    onPicks: (scannerId, picks) => heard.push(`${scannerId} ${picks.map((pick) => pick.symbol).join(' ')}`),
    recordPicks: async (news) => {
      rows.push(...news);
    },
  });
  return { clock, runner, heard, rows };
}

/** Lets promises go on until nothing moves any more. */
async function settle(): Promise<void> {
  for (let round = 0; round < 50; round += 1) await Promise.resolve();
}

async function passMinutes(clock: SimulatedClock, minutes: number): Promise<void> {
  for (let step = 0; step < minutes * 12; step += 1) {
    clock.advanceBy(5_000);
    await settle();
  }
}

describe('the scanner runner', () => {
  it('hands on the best picks and records each with rank, reason and time', async () => {
    const best = scanner('best', async () => candidates('C', 'A', 'B'), { picksMax: 2 });
    const { runner, clock, heard, rows } = setUp([best]);
    runner.start();
    clock.advanceBy(0);
    await settle();
    expect(heard).toEqual(['best C A']);
    expect(rows).toEqual([
      {
        ...{ batchId: 'batch-1', scanner: 'best', symbol: 'C', rank: 1, reason: 'C looks well' },
        pickedAt: '2024-07-02T13:30:00.000000Z',
      },
      {
        ...{ batchId: 'batch-1', scanner: 'best', symbol: 'A', rank: 2, reason: 'A looks well' },
        pickedAt: '2024-07-02T13:30:00.000000Z',
      },
    ]);
    await runner.stop();
  });

  it('runs a scanner that failed again at its next time, and the others as if nothing were', async () => {
    let scans = 0;
    const weak = scanner('weak', async () => {
      scans += 1;
      if (scans < 3) throw new Error('no luck');
      return candidates('B');
    });
    const { runner, clock, heard } = setUp([weak, scanner('sound', async () => candidates('A'))]);
    runner.start();
    clock.advanceBy(0);
    await settle();
    expect(heard).toEqual(['sound A']);
    expect(runner.statuses[0]).toMatchObject({ scans: 1, failures: 1, lastFailure: 'no luck' });
    await passMinutes(clock, 2);
    expect(heard.filter((line) => line === 'sound A')).toHaveLength(3);
    expect(heard.filter((line) => line === 'weak B')).toHaveLength(1);
    expect(runner.statuses[0]).toMatchObject({ scans: 3, failures: 2, lastFailure: null, symbols: ['B'] });
    await runner.stop();
  });

  it('ends a scan that takes longer than its limit, and tells it so', async () => {
    const signals: AbortSignal[] = [];
    const slow = scanner('slow', (context) => {
      signals.push(context.signal);
      return new Promise(() => undefined);
    });
    const { runner, clock, heard } = setUp([slow]);
    runner.start();
    clock.advanceBy(9_999);
    await settle();
    expect(signals[0]?.aborted).toBe(false);
    clock.advanceBy(1);
    await settle();
    expect(signals[0]?.aborted).toBe(true);
    expect(runner.statuses[0]?.lastFailure).toBe('no answer within 10000 ms');
    await passMinutes(clock, 1);
    expect(signals).toHaveLength(2);
    expect(heard).toEqual([]);
    await runner.stop();
  });

  it('tries a scanner that runs only once again when it failed', async () => {
    let scans = 0;
    const once = scanner(
      'once',
      async () => {
        scans += 1;
        if (scans === 1) throw new Error('the feed is not there yet');
        return candidates('A');
      },
      { schedules: [{ type: 'once' }] },
    );
    const { runner, clock, heard } = setUp([once]);
    runner.start();
    clock.advanceBy(0);
    await passMinutes(clock, 5);
    expect(heard).toEqual(['once A']);
    expect(scans).toBe(2);
    await runner.stop();
  });

  it('leaves out candidates that cannot be traded or ranked', async () => {
    const odd = scanner('odd', async () => [
      ...candidates('A', 'HALTED', 'UNKNOWN'),
      { symbol: 'B', score: Number.NaN, reason: 'none' },
      null as unknown as Candidate,
      { symbol: 'C', score: 1 } as Candidate,
    ]);
    const { runner } = setUp([odd]);
    expect(await runner.scanNow()).toEqual([
      { ok: true, scannerId: 'odd', picks: [expect.objectContaining({ symbol: 'A', rank: 1 })] },
    ]);
  });

  it('says what went wrong when the market cannot be asked or the answer is no list', async () => {
    const refusal = async () => failed({ kind: 'unreachable' as const, message: 'connect ECONNREFUSED' });
    const history = Object.assign(new PlainHistory({}), { snapshots: refusal });
    const asking = scanner('asking', async (context) => {
      await context.snapshots();
      return [];
    });
    const wrong = scanner('wrong', async () => 'AAPL' as unknown as readonly Candidate[]);
    const { runner } = setUp([asking, wrong], marketOf(history, [instrument('A')]));
    expect(await runner.scanNow()).toEqual([
      { ok: false, scannerId: 'asking', message: 'snapshots: connect ECONNREFUSED' },
      { ok: false, scannerId: 'wrong', message: 'the scanner answered no list' },
    ]);
  });

  it('does not fail a scan because its rows cannot be written', async () => {
    const clock = new SimulatedClock(at(OPEN));
    const heard: string[] = [];
    const runner = new ScannerRunner({
      ...{ clock, log: silentLog, batchId: 'b', scanTimeoutMs: 1_000, market: plainMarket() },
      scanners: [scanner('a', async () => candidates('A'))],
      onPicks: (scannerId) => heard.push(scannerId),
      recordPicks: async () => {
        throw new Error('the database is down');
      },
    });
    expect(await runner.scanNow()).toMatchObject([{ ok: true }]);
    expect(heard).toEqual(['a']);
  });

  it('stops at once, in the middle of a scan', async () => {
    const slow = scanner('slow', () => new Promise(() => undefined));
    const { runner, clock, heard } = setUp([slow]);
    runner.start();
    clock.advanceBy(0);
    await settle();
    await runner.stop();
    await passMinutes(clock, 3);
    expect(heard).toEqual([]);
    expect(runner.statuses[0]).toMatchObject({ scans: 0, failures: 0 });
  });
});

describe('what a scanner may ask', () => {
  const history = new PlainHistory({
    dailyBars: ['2024-06-27', '2024-06-28', '2024-07-01', '2024-07-02'].map((date) =>
      bar('A', at(`${date}T04:00:00Z`)),
    ),
    minuteBars: ['57', '58', '59', '60'].map((minute) =>
      bar('A', at('2024-07-02T14:00:00Z') + Number(minute) * 60_000_000),
    ),
  });
  const ask = () =>
    openScanQueries(marketOf(history, [instrument('B'), instrument('A')]), at('2024-07-02T15:00:30Z'), {
      aborted: false,
    } as AbortSignal);

  it('are days before the session, without the one under way', async () => {
    const bars = await (await ask()).dailyBars(['A'], 2);
    expect(bars.get('A')?.map((one) => one.timeMicros)).toEqual([
      at('2024-06-28T04:00:00Z'),
      at('2024-07-01T04:00:00Z'),
    ]);
  });

  it('are minutes that are closed', async () => {
    const bars = await (await ask()).minuteBars(['A'], 2);
    expect(bars.get('A')?.map((one) => one.timeMicros)).toEqual([
      at('2024-07-02T14:58:00Z'),
      at('2024-07-02T14:59:00Z'),
    ]);
  });

  it('is where the session stands, and what can be traded, sorted', async () => {
    const queries = await ask();
    expect(queries.minutesSinceOpen).toBe(90.5);
    expect(queries.session.date).toBe('2024-07-02');
    expect(queries.instruments.map((one) => one.symbol)).toEqual(['A', 'B']);
  });
});

describe("the plan's scanners", () => {
  it('are found and checked, and everything wrong is said at once', async () => {
    const { scanners, violations } = await prepareScanners([
      planOf('momentum'),
      planOf('x', { name: 'momentun' }),
      planOf('y', { name: 'gap', parameters: { direction: 'left', colour: 'red' } }),
    ]);
    expect(scanners.map((one) => one.name)).toEqual(['momentum']);
    expect(violations.map((one) => one.path)).toEqual([
      'scanners.x.name',
      'scanners.y.parameters.direction',
      'scanners.y.parameters.colour',
    ]);
  });
});
