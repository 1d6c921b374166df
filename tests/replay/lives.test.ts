/** A consumer's lives: stopped, killed, started again, and what its tape and the desk's then have. */
import { describe, expect, it } from 'vitest';
import type { Intent } from '../../src/domain/order.ts';
import { StrategyHost } from '../../src/engine/host.ts';
import type { HostNote } from '../../src/engine/inbox.ts';
import { HostReplay } from '../../src/replay/host.ts';
import type { InboxEntry } from '../../src/tape/inbox.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { assignment, hostConfig, instance, OPEN, SECOND, symbolIdOf, tradesBatch } from '../engine/inbox.ts';
import { scripted } from '../engine/scripts.ts';

const bundle = await scripted(
  'eager',
  "  onTrade(context, trade) { if (trade.price > 100) context.buy({ quantity: 1, reason: 'dear' }); },",
);
const config = hostConfig([instance(bundle)]);

const note = (value: HostNote, atMicros: number): InboxEntry => ({
  type: 'note',
  sequence: 1,
  atMicros,
  value,
});
const start = (atMicros: number): readonly InboxEntry[] => [
  note({ type: 'start', config }, atMicros),
  note({ type: 'command', command: { type: 'assign', units: [assignment('eager', 'AAPL')] } }, atMicros),
];
const trade = (atMicros: number, price = 101): InboxEntry => ({
  type: 'batch',
  sequence: 1,
  takenMicros: atMicros + 1_000,
  batch: tradesBatch([{ symbol: 'AAPL', atMicros, price }]),
});
const stop = (atMicros: number) => note({ type: 'command', command: { type: 'stop' } }, atMicros);
const lost: InboxEntry = { type: 'lost', sequence: 9, rows: 5 };

/** What a host decides on entries, as the desk takes it. */
function decided(entries: readonly InboxEntry[]): readonly Intent[] {
  const intents: Intent[] = [];
  let host: StrategyHost | undefined;
  for (const entry of entries) {
    if (entry.type === 'batch') host?.handleBatch(entry.batch, entry.takenMicros);
    else if (entry.type === 'note') {
      const told = entry.value as HostNote;
      if (told.type === 'start')
        host = new StrategyHost(told.config, {
          intent: (intent) => intents.push(intent),
          report: () => {},
          log: () => {},
        });
      else if (told.type === 'command') host?.handleCommand(told.command, entry.atMicros);
    }
  }
  return intents;
}

const FIRST = [...start(OPEN), trade(OPEN + SECOND), trade(OPEN + 2 * SECOND, 99), trade(OPEN + 3 * SECOND)];
const SECOND_LIFE = [...start(OPEN + 10 * SECOND), trade(OPEN + 11 * SECOND), stop(OPEN + 12 * SECOND)];

function replayOf(
  tape: readonly InboxEntry[],
  recorded: readonly Intent[],
  recordEndMicros = OPEN + 60 * SECOND,
) {
  const symbols = new SymbolTable();
  symbols.define(symbolIdOf('AAPL'), 'AAPL');
  const host = new HostReplay({ consumer: 'A', symbols, recorded, recordEndMicros });
  for (const entry of tape) host.take(entry);
  return host.end();
}

describe('lives of a consumer', () => {
  it('are hosts of their own, each compared with what the desk took from it', () => {
    const tape = [...FIRST, ...SECOND_LIFE];
    expect(replayOf(tape, decided(tape))).toMatchObject({
      equal: 3,
      difference: null,
      rowsLost: 0,
      unconfirmed: 0,
    });
  });

  it('that were killed may lack their last moment on either tape', () => {
    const all = decided([...FIRST, ...SECOND_LIFE]);
    const shorter = [...FIRST.slice(0, -1), ...SECOND_LIFE];
    expect(replayOf(shorter, all)).toMatchObject({ equal: 2, difference: null, unconfirmed: 1 });
    const [first, , last] = all;
    const unsent = replayOf([...FIRST, ...SECOND_LIFE], [first!, last!]);
    expect(unsent).toMatchObject({ equal: 2, difference: null, unconfirmed: 1 });
    const torn = [...FIRST, lost, ...SECOND_LIFE];
    expect(replayOf(torn, all)).toMatchObject({ equal: 3, difference: null, rowsLost: 0 });
  });

  it('that ended in order have every decision on both', () => {
    const whole = [...FIRST, stop(OPEN + 5 * SECOND)];
    const all = decided(whole);
    const more = replayOf([...FIRST.slice(0, -1), stop(OPEN + 5 * SECOND)], all).difference;
    expect(more).toMatchObject({ index: 2, event: 'command stop', replayed: null });
    const fewer = replayOf(whole, all.slice(0, 1)).difference;
    expect(fewer).toMatchObject({ index: 2, recorded: null, replayed: { symbol: 'AAPL', side: 'buy' } });
    expect(fewer?.event).toBe('trade of AAPL at 101 of 2026-11-20T14:30:03.000000Z');
    expect(replayOf([...FIRST, lost, stop(OPEN + 5 * SECOND)], all)).toMatchObject({ rowsLost: 5 });
  });

  it('are compared decision by decision: another is named at once, a missing one when it is passed over', () => {
    const tape = [...FIRST, stop(OPEN + 5 * SECOND)];
    const [first, second] = decided(tape);
    const other = { ...first!, side: 'sell' } as Intent;
    expect(replayOf(tape, [other, second!]).difference).toMatchObject({
      index: 1,
      fields: ['side'],
      recorded: { side: 'sell' },
      replayed: { side: 'buy' },
    });
    const early = {
      ...second!,
      causedBy: first!.causedBy + 1,
      decidedAtMicros: first!.decidedAtMicros + SECOND,
    };
    expect(replayOf(tape, [first!, early]).difference).toMatchObject({ index: 2, replayed: null });
  });
});
