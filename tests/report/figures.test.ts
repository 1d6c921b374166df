import { describe, expect, it } from 'vitest';
import { decimal, formatDecimal } from '../../src/domain/decimal.ts';
import { documentOf, type ReportDocument } from '../../src/report/document.ts';
import { BatchWalk } from '../../src/report/walk.ts';
import { at, exampleWalk, fill, price, START } from './example.ts';

const SUBJECT = {
  batchId: 'b1',
  environment: 'SIMULATED',
  strategies: ['one'],
  daysPerYear: 252,
  benchmark: 'BBB',
  notes: [],
};

/** All numbers are worked out by hand from the comments of the example. */
describe('the figures of a small batch', () => {
  const document = documentOf(exampleWalk(), SUBJECT);

  it('has the round trips of a calculation by hand', () => {
    expect(document.trips).toMatchObject([
      {
        side: 'long',
        qty: '10',
        entryPrice: '10',
        exitPrice: '12',
        fees: '2',
        gain: '18',
        returnPercent: 18,
        maxAdverse: -10,
        maxFavourable: 30,
        rUnits: 1,
        entryReason: 'buy it',
        exitReason: 'target',
      },
      {
        side: 'short',
        qty: '4',
        entryPrice: '15',
        exitPrice: '15.5',
        fees: '2',
        gain: '-4',
        // At worst 4 x (15 - 18); at best -4 of the first half and 2 x (15 - 13) of the second: never above zero.
        maxAdverse: -12,
        maxFavourable: 0,
        // A short position's stop below its entry is no stop.
        rUnits: null,
      },
    ]);
    expect(document.openPositions).toEqual([
      { instanceId: 'one', symbol: 'AAA', qty: '3', avgPrice: '14', price: 16 },
    ]);
  });

  it('has the money of a calculation by hand', () => {
    // 18 - 4, and 3 x (16 - 14) - 3 of what is still held.
    expect(document).toMatchObject({
      startEquity: '1000.00',
      finalEquity: '1017.00',
      profit: '17.00',
      fees: '7',
      fills: 5,
    });
    // Ends of days: 1018; short 2 at 14 after 2 bought back at 17: 1018 - 4 + 2; and 1017.
    expect(document.days).toEqual([
      { date: '2024-01-31', equity: 1018 },
      { date: '2024-02-01', equity: 1016 },
      { date: '2024-02-02', equity: 1017 },
    ]);
    expect(document.months.map(({ month, returnPercent }) => [month, returnPercent.toFixed(4)])).toEqual([
      ['2024-01', '1.8000'],
      ['2024-02', ((1017 / 1018 - 1) * 100).toFixed(4)],
    ]);
  });

  it('has the figures of a calculation by hand', () => {
    const { figures } = document;
    const returns = [18 / 1000, -2 / 1018, 1 / 1016];
    const mean = (returns[0]! + returns[1]! + returns[2]!) / 3;
    const variance = returns.map((value) => (value - mean) ** 2).reduce((sum, value) => sum + value) / 2;
    expect(figures.sharpe.value).toBeCloseTo((mean / variance ** 0.5) * 252 ** 0.5, 5);
    expect(figures.sortino.value).toBeCloseTo((mean / (returns[1]! ** 2 / 3) ** 0.5) * 252 ** 0.5, 4);
    expect(figures.returnPercent).toBeCloseTo(1.7, 9);
    // Peak 1019 at the second price (999 + 10 x 2), then 1018 flat; the short at 17 is 8 below that: 1010.
    expect(figures.maxDrawdown).toBeCloseTo(1019 - 1010, 9);
    expect(figures.maxDrawdownPercent).toBeCloseTo((9 / 1019) * 100, 5);
    const years = (2 + 2 / 24) / 365.25;
    expect(figures.calmar.value! / ((1.017 ** (1 / years) - 1) / (9 / 1019))).toBeCloseTo(1, 6);
    expect(figures).toMatchObject({
      trips: 2,
      winRatePercent: { value: 50, sample: 2 },
      profitFactor: { value: 4.5 },
      averageTrip: { value: 7 },
      averageRUnits: { value: 1, sample: 1 },
      averageAdverse: { value: -11 },
      averageFavourable: { value: 15 },
      // Prices came at 7 moments; at the second, third, fifth, sixth and seventh something was held.
      exposurePercent: { value: 71.428571, sample: 7 },
      // 100 + 120 + 60 + 34 + 70.
      traded: 384,
    });
    expect(figures.turnover).toBeCloseTo(384 / ((1000 + 1018 + 1016 + 1017) / 4), 5);
  });

  it('counts what was paid beside deals', () => {
    const walk = exampleWalk();
    walk.cost(decimal('3.25'));
    expect(documentOf(walk, SUBJECT)).toMatchObject({ costs: '3.25', finalEquity: '1013.75' });
  });

  it('compares with holding what was traded, and with the benchmark', () => {
    // AAA from 10 to 15, 14 and 16; BBB from 100 to 110, 99 and 121.
    expect(document.comparisons).toMatchObject([
      { name: 'buy and hold', symbols: ['AAA'], returnPercent: 60, growth: [1.5, 1.4, 1.6] },
      { name: 'BBB', symbols: ['BBB'], returnPercent: 21, growth: [1.1, 0.99, 1.21], maxDrawdownPercent: 10 },
    ]);
  });

  it('marks what rests on too little', () => {
    const { figures } = document;
    for (const figure of [
      'sharpe',
      'sortino',
      'calmar',
      'annualReturnPercent',
      'winRatePercent',
      'profitFactor',
    ] as const)
      expect(figures[figure].isMeaningful).toBe(false);
    const many = new BatchWalk(decimal('1000'), START);
    for (let day = 0; day < 100; day += 1) {
      many.add(fill(at(day, 0), 'buy', { qty: '1', price: '10' }));
      many.add(fill(at(day, 1), 'sell', { qty: '1', price: day % 3 === 0 ? '9' : '11' }));
    }
    many.finish(null);
    const full = documentOf(many, SUBJECT).figures;
    expect(full.sharpe).toMatchObject({ sample: 100, isMeaningful: true });
    expect(full.calmar.isMeaningful).toBe(true);
    expect(full.winRatePercent).toMatchObject({ value: 66, sample: 100, isMeaningful: true });
    // Without stops there are no R units, without prices no MAE.
    expect(full.averageRUnits).toMatchObject({ value: null, isMeaningful: false });
    expect(full.averageAdverse.value).toBeNull();
  });
});

describe('a batch whose market is not known', () => {
  it('values what is held at its last fill, and says so', () => {
    const walk = new BatchWalk(decimal('500'), START);
    walk.add(fill(at(0, 0), 'buy', { qty: '10', price: '10' }));
    walk.add(fill(at(0, 1), 'sell', { qty: '4', price: '11' }));
    walk.finish(at(0, 2));
    const document: ReportDocument = documentOf(walk, SUBJECT);
    expect(document).toMatchObject({ finalEquity: '510.00', comparisons: [], trips: [] });
    expect(document.figures.exposurePercent.value).toBeNull();
    expect(document.notes.join(' ')).toMatch(/prices of the market are not known/);
    expect(document.notes.join(' ')).toMatch(/no prices of BBB/);
  });

  it('begins with what earlier batches left, and does not count their gains', () => {
    const walk = new BatchWalk(decimal('500'), START);
    walk.carry(fill(at(-3, 0), 'buy', { qty: '10', price: '10', fee: '1' }));
    walk.carry(fill(at(-2, 0), 'buy', { qty: '10', price: '20', fee: '1' }));
    walk.add(fill(at(0, 1), 'sell', { qty: '20', price: '21', fee: '2' }));
    walk.finish(at(0, 2));
    expect(formatDecimal(walk.finalEquity())).toBe('518');
    const document = documentOf(walk, SUBJECT);
    expect(document.trips).toMatchObject([{ entryPrice: '15', exitPrice: '21', side: 'long', gain: '118' }]);
    expect(document).toMatchObject({ fills: 1, fees: '2' });
  });

  it('is a report even when nothing happened', () => {
    const walk = new BatchWalk(decimal('0'), null);
    walk.finish(null);
    const document = documentOf(walk, SUBJECT);
    expect(document).toMatchObject({ from: null, fills: 0, finalEquity: '0.00', months: [], trips: [] });
    expect(document.figures.sharpe.value).toBeNull();
  });
});

describe('a long batch', () => {
  it('keeps a bounded picture with its extremes, and the figures of all of it', () => {
    const walk = new BatchWalk(decimal('100000'), START);
    for (let minute = 0; minute < 20_000; minute += 1) {
      const side = minute % 2 === 0 ? 'buy' : 'sell';
      walk.add(fill(START + minute * 60_000_000, side, { qty: '1', price: '10' }));
      price(walk, 'AAA', START + minute * 60_000_000, [
        minute === 777 ? 1 : 10,
        minute === 888 ? 99 : 10,
        10,
      ]);
    }
    walk.finish(null);
    const document = documentOf(walk, SUBJECT);
    const [chart] = document.charts;
    expect(chart!.prices.length).toBeLessThanOrEqual(1_024);
    expect(Math.min(...chart!.prices.map(({ low }) => low))).toBe(1);
    expect(Math.max(...chart!.prices.map(({ high }) => high))).toBe(99);
    expect(chart!.markers.length).toBeLessThanOrEqual(600);
    expect(new Set(chart!.markers.map(({ side }) => side)).size).toBe(2);
    expect(chart!.fills).toBe(20_000);
    expect(document.trips).toHaveLength(10_000);
  });
});
