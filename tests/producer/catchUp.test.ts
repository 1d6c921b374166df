import { expect, it } from 'vitest';
import type { ProducerLimits } from '../../src/producer/config.ts';
import { Router } from '../../src/producer/router.ts';
import { EventKind } from '../../src/tape/batch.ts';
import { type Event, EventWriter, SlowReader, TINY_LIMITS } from './harness.ts';

const LIMITS: ProducerLimits = {
  ...TINY_LIMITS,
  creditsPerReceiver: 2,
  creditsCatchingUp: 6,
  tradeRingRows: 40,
};
const TRADE: Event = { symbol: 'AAPL', kind: EventKind.trade };
const QUOTE: Event = { symbol: 'AAPL', kind: EventKind.quote };

/** A receiver that reads nothing while so many events come. */
function behind(events: readonly Event[]) {
  const writer = new EventWriter();
  const router = new Router(writer.symbols, LIMITS);
  const reader = new SlowReader();
  router.attach('A', reader.sink, 0);
  router.route('A', [{ symbol: 'AAPL', trades: true, quotes: true, bars: true }]);
  for (const event of events) router.distribute(writer.batch([event]));
  /** Reads a batch and gives it back; answers how many are under way then. */
  const answer = () => {
    reader.read();
    router.credit('A', reader.takeReturned()!);
    router.endTurn(0);
    let underWay = 0;
    while (reader.read()) underWay += 1;
    return underWay;
  };
  const giveBack = () => {
    for (let buffer = reader.takeReturned(); buffer !== undefined; buffer = reader.takeReturned())
      router.credit('A', buffer);
  };
  return { router, reader, answer, giveBack };
}

it('sends a receiver that answers again what waits for it in fewer round trips, then as many as usual', () => {
  const { router, reader, answer, giveBack } = behind(Array.from({ length: 48 }, () => TRADE));
  expect(answer()).toBe(6);
  giveBack();
  router.endTurn(0);
  while (reader.read()) giveBack();
  const [counters] = router.counters();
  expect(counters).toMatchObject({ waiting: 0, inFlight: 0, credits: 2 });
  expect(reader.shown.filter(({ kind }) => kind === EventKind.trade)).toHaveLength(counters!.sent);
  reader.close();
});

it('sends no more at once where quotes wait: on the way no newer one could replace them', () => {
  const trades = [TRADE, TRADE];
  const { reader, answer } = behind([...trades, ...Array.from({ length: 40 }, () => QUOTE)]);
  expect(answer()).toBe(2);
  reader.close();
});
