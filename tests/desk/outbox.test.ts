import { describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { Outbox } from '../../src/desk/outbox.ts';
import type { NewTrade, OrderRow } from '../../src/models/contract.ts';
import { DatabaseFailure, type FailureKind, failureFrom } from '../../src/models/failure.ts';
import { silentLog } from '../../src/observability/log.ts';

const orderOf = (clientOrderId: string) => ({ clientOrderId }) as OrderRow;
const tradeOf = (executionId: string) => ({ executionId, clientOrderId: 'o' }) as NewTrade;

/** An outbox whose database fails as it is told. */
class Bench {
  readonly clock = new SimulatedClock(0);
  readonly written: string[] = [];
  readonly troubles: string[] = [];
  confirmed = 0;
  failure: unknown = null;
  refused: string | null = null;
  readonly outbox = new Outbox({
    ...{ clock: this.clock, log: silentLog, rowsWaitingMax: 100, rowsPerCall: 10, callSpacingMs: 0 },
    ...{ retryMs: 100, retryMaxMs: 1_000, reach: () => {} },
    onConfirmed: (line) => {
      this.confirmed = line;
    },
    onTrouble: (code) => this.troubles.push(code),
  });

  constructor() {
    this.outbox.connect({
      recordOrders: async (rows) => this.#write(rows.map(({ clientOrderId }) => clientOrderId)),
      recordTrades: async (rows) => {
        this.#write(rows.map(({ executionId }) => executionId));
        return rows.length;
      },
    });
  }

  async pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 50) {
      this.clock.advanceTo(this.clock.nowMicros() + 50_000);
      for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    }
  }

  #write(ids: readonly string[]): void {
    if (this.failure !== null) throw this.failure;
    if (ids.includes(this.refused ?? '')) throw new DatabaseFailure('invalid', 'a value out of range');
    this.written.push(...ids);
  }
}

const withCode = (code: string) => Object.assign(new Error('as PostgreSQL says it'), { code });

describe('rows on their way to the database', () => {
  it.each<[string, unknown, FailureKind]>([
    ['is away', withCode('ECONNREFUSED'), 'unreachable'],
    ['is being shut down', withCode('57P01'), 'unreachable'],
    ['has no room', withCode('53100'), 'disk_full'],
    ['has become a standby', withCode('25006'), 'read_only'],
    ['refuses the user', withCode('28P01'), 'refused'],
    ['lacks a table', withCode('42P01'), 'schema'],
    ['lacks a column', withCode('42703'), 'schema'],
    ['fails inside', withCode('XX000'), 'broken'],
    ['trapped', new Error('memory access out of bounds'), 'broken'],
  ])('wait while it %s, and reach it once when it is back', async (_what, failure, kind) => {
    const bench = new Bench();
    expect(failureFrom(failure).kind).toBe(kind);
    bench.failure = failure;
    bench.outbox.addOrder(orderOf('o'), 1);
    bench.outbox.addTrade(tradeOf('e1'), 2);
    bench.outbox.addTrade(tradeOf('e2'), 3);
    await bench.pass(5_000);
    expect(bench.outbox.waiting).toBe(3);
    expect(bench.confirmed).toBe(0);
    expect(bench.troubles).toEqual(['database_down']);
    bench.failure = null;
    await bench.pass(2_000);
    expect(bench.written).toEqual(['o', 'e1', 'e2']);
    expect(bench.outbox.waiting).toBe(0);
    expect(bench.confirmed).toBe(3);
  });

  it('do not wait for one that the database can never hold, which a person is told', async () => {
    const bench = new Bench();
    bench.refused = 'e1';
    for (const [index, id] of ['e1', 'e2', 'e3'].entries()) bench.outbox.addTrade(tradeOf(id), index + 1);
    await bench.pass(1_000);
    expect(bench.written).toEqual(['e2', 'e3']);
    expect(bench.troubles).toEqual(['row_refused']);
    expect(bench.confirmed).toBe(3);
  });
});
