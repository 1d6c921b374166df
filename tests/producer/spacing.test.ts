import { expect, it } from 'vitest';
import { Router } from '../../src/producer/router.ts';
import { EventKind } from '../../src/tape/batch.ts';
import { type Event, EventWriter, SlowReader, TINY_LIMITS } from './harness.ts';

const TRADE: Event = { symbol: 'AAPL', kind: EventKind.trade };

it('gathers small batches for a receiver that is in no hurry, and says when they are due; others wait for nothing', () => {
  const writer = new EventWriter();
  const router = new Router(writer.symbols, TINY_LIMITS);
  const readers = { hurried: new SlowReader(), patient: new SlowReader() };
  router.attach('patient', readers.patient.sink, 0, 5);
  router.attach('hurried', readers.hurried.sink, 0);
  for (const name of ['patient', 'hurried'])
    router.route(name, [{ symbol: 'AAPL', trades: true, quotes: true, bars: true }]);
  const trades = (reader: SlowReader) => {
    while (reader.read()) {
      // Until nothing is there.
    }
    for (let buffer = reader.takeReturned(); buffer !== undefined; buffer = reader.takeReturned())
      router.credit(reader === readers.patient ? 'patient' : 'hurried', buffer);
    return reader.shown.filter(({ kind }) => kind === EventKind.trade).length;
  };
  const turn = (nowMs: number, events: number) => {
    if (events > 0) router.distribute(writer.batch(Array.from({ length: events }, () => TRADE)));
    return router.endTurn(nowMs);
  };

  expect(turn(100, 1)).toBe(0);
  expect([trades(readers.patient), trades(readers.hurried)]).toEqual([1, 1]);
  expect(turn(101, 1)).toBe(4);
  expect(turn(103, 1)).toBe(2);
  expect([trades(readers.patient), trades(readers.hurried)]).toEqual([1, 3]);
  expect(turn(105, 0)).toBe(0);
  expect(trades(readers.patient)).toBe(3);
  // A full batch waits for nothing.
  turn(106, 4);
  expect([trades(readers.patient), trades(readers.hurried)]).toEqual([7, 7]);
  for (const reader of Object.values(readers)) reader.close();
});
