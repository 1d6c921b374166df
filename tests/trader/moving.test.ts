import { describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../src/clock/simulated.ts';
import { silentLog } from '../../src/observability/log.ts';
import { Moving } from '../../src/trader/units/moving.ts';
import type { ConsumerCommand, MovedUnit } from '../../src/transport/messages.ts';

const UNIT = { instanceId: 'i', symbol: 'AAPL' };
const MOVED: MovedUnit = {
  moveId: 1,
  atMicros: 0,
  isRunning: true,
  state: '{}',
  symbols: [],
  deskEvents: [],
};
const ARRIVED = { type: 'arrived', moveId: 1, rowsHeld: 3, rowsConflated: 0, rowsDropped: 0 } as const;

/** Writes down what a move asks of its surroundings. */
function surroundings() {
  const clock = new SimulatedClock(0);
  const done: string[] = [];
  const told = (consumer: string, command: ConsumerCommand) => done.push(`${consumer} ${command.type}`);
  const moving = new Moving({
    clock,
    log: silentLog,
    prepareTimeoutMs: 1_000,
    tell: told,
    symbolsOf: () => ['AAPL'],
    place: (_, consumer) => done.push(`place ${consumer}`),
    routesOf: (receiver) => ({ receiver, routes: [] }),
    switchOver: (moveId, from, to) => done.push(`switch ${moveId} ${from.receiver} ${to.receiver}`),
    handOver: ({ from, to }) => done.push(`desk ${from} ${to}`),
    assign: (_, arrival) =>
      done.push(arrival === null ? 'assign' : `assign ${arrival.moved === null ? 'anew' : 'moved'}`),
    onEnd: (_, hasMoved) => done.push(hasMoved ? 'moved' : 'stays'),
  });
  /** What was done since the last call. */
  const next = () => done.splice(0);
  moving.begin({ unit: UNIT, from: 'A', to: 'B' });
  return { clock, moving, next };
}

function prepared() {
  const { clock, moving, next } = surroundings();
  moving.onReport('A', { type: 'move_ready', moveId: 1 });
  moving.onReport('B', { type: 'move_ready', moveId: 1 });
  next();
  return { clock, moving, next };
}

describe('a move', () => {
  it('goes its way: both are ready, barriers are set, the unit leaves, and it arrives', () => {
    const { moving, next } = surroundings();
    expect(next()).toEqual(['A leave', 'B expect']);
    moving.onReport('A', { type: 'move_ready', moveId: 1 });
    expect(next()).toEqual([]);
    moving.onReport('B', { type: 'move_ready', moveId: 1 });
    expect(next()).toEqual(['place B', 'switch 1 A B']);
    expect(moving.isBetween(UNIT)).toBe(true);
    moving.onSwitched(1, true);
    moving.onReport('A', { type: 'left', moveId: 1, moved: MOVED });
    expect(next()).toEqual(['assign moved']);
    expect(moving.isBetween(UNIT)).toBe(false);
    moving.onReport('B', ARRIVED);
    expect(next()).toEqual(['moved']);
    expect(moving.underWay).toBe(0);
  });

  it('begins once, however often it is decided', () => {
    const { moving, next } = surroundings();
    next();
    moving.begin({ unit: UNIT, from: 'A', to: 'B' });
    expect(next()).toEqual([]);
    expect(moving.underWay).toBe(1);
  });

  it('is called off when a consumer does not get ready in time: the unit stays and nothing has happened', () => {
    const { clock, moving, next } = surroundings();
    moving.onReport('B', { type: 'move_ready', moveId: 1 });
    next();
    clock.advanceTo(1_000_000);
    expect(next()).toEqual(['A abandon', 'B abandon', 'stays']);
    moving.onReport('A', { type: 'move_ready', moveId: 1 });
    expect(next()).toEqual([]);
    expect(moving.isUnderWay(UNIT)).toBe(false);
  });

  it.each(['A', 'B'])('is called off when %s dies before the barriers are set', (consumer) => {
    const { moving, next } = surroundings();
    next();
    moving.onDeath(consumer);
    expect(next()).toEqual(['A abandon', 'B abandon', 'stays']);
  });

  it('goes back where the barriers could not be set', () => {
    const { moving, next } = prepared();
    moving.onDeath('B');
    expect(next()).toEqual([]);
    moving.onSwitched(1, false);
    expect(next()).toEqual(['A abandon', 'B abandon', 'place A', 'stays']);
  });

  it('waits for a late consumer behind the barrier: there is no way back, and nothing is lost', () => {
    const { clock, moving, next } = prepared();
    moving.onSwitched(1, true);
    clock.advanceTo(60_000_000);
    expect(next()).toEqual([]);
    moving.onReport('A', { type: 'left', moveId: 1, moved: MOVED });
    expect(next()).toEqual(['assign moved']);
  });

  it('goes on from the saved state where the old consumer dies with the unit, and the desk hears of it', () => {
    const { moving, next } = prepared();
    moving.onSwitched(1, true);
    moving.onDeath('A');
    expect(next()).toEqual(['desk A B', 'assign anew']);
    moving.onReport('B', ARRIVED);
    expect(next()).toEqual(['moved']);
  });

  it('does so too where the old consumer dies while the barriers are being set', () => {
    const { moving, next } = prepared();
    moving.onDeath('A');
    expect(next()).toEqual([]);
    moving.onSwitched(1, true);
    expect(next()).toEqual(['desk A B', 'assign anew']);
  });

  it('begins at its new place as any other where no barrier was set and the old consumer is dead', () => {
    const { moving, next } = prepared();
    moving.onDeath('A');
    moving.onSwitched(1, false);
    expect(next()).toEqual(['moved', 'assign']);
  });

  it('gives the unit to the successor where the new consumer dies on the way', () => {
    const { moving, next } = prepared();
    moving.onSwitched(1, true);
    moving.onDeath('B');
    expect(moving.isBetween(UNIT)).toBe(true);
    moving.onReport('A', { type: 'left', moveId: 1, moved: MOVED });
    expect(next()).toEqual(['assign moved']);
    // It dies once more before it has answered: with all its units it is given this one too.
    moving.onDeath('B');
    expect(next()).toEqual(['moved']);
    expect(moving.isUnderWay(UNIT)).toBe(false);
  });

  it('of a unit that had failed: whoever waits for it is told, and what is wanted of it begins anew', () => {
    const { moving, next } = prepared();
    moving.onSwitched(1, true);
    moving.onReport('A', { type: 'left', moveId: 1, moved: null });
    expect(next()).toEqual(['B abandon', 'moved', 'assign']);
  });
});
