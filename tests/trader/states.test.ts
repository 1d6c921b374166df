import { describe, expect, it } from 'vitest';
import type { StateRow, Stores } from '../../src/models/contract.ts';
import { silentLog } from '../../src/observability/log.ts';
import { States } from '../../src/trader/units/states.ts';

function row(symbol: string, state: string, second: number): StateRow {
  return {
    instanceId: 'momentum',
    symbol,
    state,
    savedAt: `2026-11-20T14:30:${String(second).padStart(2, '0')}.000000Z`,
  };
}

/** Stores of plain data that can be switched off, as a database can. */
function stores() {
  const saved = new Map<string, string>();
  const database = { isDown: false };
  const part: Pick<Stores, 'saveStates' | 'loadStates'> = {
    async saveStates(states) {
      if (database.isDown) throw new Error('the database is down');
      for (const state of states) saved.set(state.symbol, state.state);
    },
    async loadStates() {
      return [row('AAPL', '{"kept":1}', 0)];
    },
  };
  return { saved, database, stores: part as Stores };
}

describe('states of strategies', () => {
  it('are at hand for a consumer that is started again, the newest of each unit', () => {
    const states = new States({ stores: stores().stores, environment: 'PAPER', log: silentLog });
    states.note([row('AAPL', '{"n":1}', 1)]);
    states.note([row('AAPL', '{"n":2}', 2), row('NVDA', '{"n":9}', 2)]);
    expect(states.of({ instanceId: 'momentum', symbol: 'AAPL' })).toBe('{"n":2}');
    expect(states.of({ instanceId: 'momentum', symbol: 'NVDA' })).toBe('{"n":9}');
    expect(states.of({ instanceId: 'momentum', symbol: 'AMD' })).toBeNull();
  });

  it('wait while the database is down, and the newest is written when it is back', async () => {
    const { stores: part, saved, database } = stores();
    const states = new States({ stores: part, environment: 'PAPER', log: silentLog });
    database.isDown = true;
    states.note([row('AAPL', '{"n":1}', 1)]);
    await states.save();
    states.note([row('AAPL', '{"n":2}', 2)]);
    await states.save();
    expect(saved.size).toBe(0);
    database.isDown = false;
    await states.save();
    expect(saved.get('AAPL')).toBe('{"n":2}');
  });

  it('come back from an earlier batch, but not into a simulated account that begins anew', async () => {
    const paper = new States({ stores: stores().stores, environment: 'PAPER', log: silentLog });
    const simulated = new States({ stores: stores().stores, environment: 'SIMULATED', log: silentLog });
    await Promise.all([paper.load(['momentum']), simulated.load(['momentum'])]);
    expect(paper.of({ instanceId: 'momentum', symbol: 'AAPL' })).toBe('{"kept":1}');
    expect(simulated.of({ instanceId: 'momentum', symbol: 'AAPL' })).toBeNull();
  });
});
