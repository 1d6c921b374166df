import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BarBuilder, type BuiltBar, TradeEffect } from '../../src/fincalcs/bars.ts';

const MINUTE = 60_000_000;
const START = 1_790_000_040_000_000;

interface Row {
  readonly at: number;
  readonly price: number;
  readonly size: number;
  readonly effects: number;
}

const rows = fc
  .array(
    fc.record({
      at: fc.integer({ min: 0, max: 6 * MINUTE }),
      price: fc.integer({ min: 1, max: 10_000 }).map((cents) => cents / 100),
      size: fc.integer({ min: 1, max: 1_000 }),
      effects: fc.integer({ min: 0, max: TradeEffect.all }),
    }),
    { maxLength: 200 },
  )
  .map((list) => list.sort((a, b) => a.at - b.at));

function built(list: readonly Row[]): BuiltBar[] {
  const builder = new BarBuilder();
  const bars: BuiltBar[] = [];
  const take = () => {
    const bar = builder.take();
    if (bar !== undefined) bars.push(bar);
  };
  for (const { at, price, size, effects } of list) {
    if (builder.closesAt(START + at)) take();
    builder.add(START + at, price, size, effects);
  }
  take();
  return bars;
}

/** The definition, minute by minute, with all its trades in hand. */
function naive(list: readonly Row[]): BuiltBar[] {
  const minutes = new Map<number, Row[]>();
  for (const row of list) {
    const minute = Math.floor((START + row.at) / MINUTE) * MINUTE;
    minutes.set(minute, [...(minutes.get(minute) ?? []), row]);
  }
  return [...minutes].flatMap(([timeMicros, trades]): BuiltBar[] => {
    const having = (effect: number) => trades.filter(({ effects }) => (effects & effect) !== 0);
    const last = having(TradeEffect.last);
    const [first] = last;
    if (first === undefined) return [];
    const ranged = having(TradeEffect.range);
    const prices = (ranged.length > 0 ? ranged : [first, last.at(-1)!]).map(({ price }) => price);
    const counted = having(TradeEffect.volume);
    const volume = counted.reduce((sum, { size }) => sum + size, 0);
    const notional = counted.reduce((sum, { price, size }) => sum + price * size, 0);
    const close = last.at(-1)!.price;
    return [
      {
        timeMicros,
        open: first.price,
        high: Math.max(...prices),
        low: Math.min(...prices),
        close,
        volume,
        vwap: volume > 0 ? notional / volume : close,
        tradeCount: trades.length,
        incomplete: false,
      },
    ];
  });
}

describe('the bar builder', () => {
  it('gives what the definition of each bar gives, for any trades and conditions', () => {
    fc.assert(
      fc.property(rows, (list) => {
        expect(built(list)).toEqual(naive(list));
      }),
    );
  });

  it('loses no volume that counts, unless no trade of the minute set a price', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const eligible = list.map((row) => ({ ...row, effects: row.effects | TradeEffect.last }));
        const counted = eligible.filter(({ effects }) => (effects & TradeEffect.volume) !== 0);
        const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
        expect(sum(built(eligible).map(({ volume }) => volume))).toBe(sum(counted.map(({ size }) => size)));
      }),
    );
  });

  it('marks the bars that overlap what was missed, and no others', () => {
    const builder = new BarBuilder();
    builder.add(START, 1, 1, TradeEffect.all);
    builder.missedUntil(START + MINUTE + 5);
    expect(builder.take()?.incomplete).toBe(true);
    builder.add(START + MINUTE + 10, 1, 1, TradeEffect.all);
    expect(builder.take()?.incomplete).toBe(true);
    builder.add(START + 2 * MINUTE, 1, 1, TradeEffect.all);
    expect(builder.take()?.incomplete).toBe(false);
  });

  it('counts a trade of a bar that is closed and leaves it out', () => {
    const builder = new BarBuilder();
    builder.add(START, 1, 1, TradeEffect.all);
    builder.take();
    builder.add(START + 30, 9, 9, TradeEffect.all);
    expect(builder.lateTrades).toBe(1);
    expect(builder.take()).toBeUndefined();
  });
});
