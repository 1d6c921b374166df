import { describe, expect, it } from 'vitest';
import { isEligibleQuote, tradeUse } from '../../src/domain/conditions.ts';

const EVERYTHING = { movesLast: true, movesRange: true, countsInVolume: true };

describe('condition codes of trades', () => {
  it.each([
    ['a regular sale', 'C', ['@'], EVERYTHING],
    ['nothing at all', 'C', [], EVERYTHING],
    ['an intermarket sweep', 'A', [' ', 'F'], EVERYTHING],
    ['an odd lot', 'C', ['@', 'I'], { movesLast: false, movesRange: false, countsInVolume: true }],
    ['an average price on tape A', 'A', ['B'], { movesLast: false, movesRange: false, countsInVolume: true }],
    ['a bunched trade on tape C', 'C', ['B'], EVERYTHING],
    ['a trade out of sequence', 'B', ['Z'], { movesLast: false, movesRange: true, countsInVolume: true }],
    ['an official close', 'C', ['M'], { movesLast: false, movesRange: false, countsInVolume: false }],
    [
      'the strictest of several',
      'A',
      ['Z', 'I'],
      { movesLast: false, movesRange: false, countsInVolume: true },
    ],
    ['a code that nobody knows', 'A', ['constructor', '?'], EVERYTHING],
  ])('let %s move what the matrices say', (_name, tape, codes, use) => {
    expect(tradeUse(tape, codes)).toEqual(use);
  });
});

describe('condition codes of quotes', () => {
  it.each([
    ['a regular quote', 'C', ['R'], true],
    ['a one-sided quote', 'C', ['Y'], true],
    ['a slow quote on tape A', 'A', ['A'], true],
    ['no code', 'A', [], true],
    ['one that is not firm', 'C', ['N'], false],
    ['a closed market', 'B', ['L'], false],
    ['an order imbalance on tape C', 'C', ['I'], false],
    ['a slow quote by a price limit on tape A', 'A', ['U'], true],
    ['one manual on both sides and not firm on tape C', 'C', ['U'], false],
  ])('say of %s whether it may be the best', (_name, tape, codes, isEligible) => {
    expect(isEligibleQuote(tape, codes)).toBe(isEligible);
  });
});
