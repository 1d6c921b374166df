import { describe, expect, it } from 'vitest';
import { readFaults } from '../../src/exchange/exchange.ts';

describe('faults by option', () => {
  it('are switches, numbers, symbols, and lost answers with how often', () => {
    expect(
      readFaults([
        'silentData',
        'lookupDelayMs=2000',
        'rejectProbability=0.25',
        'unacknowledgedSymbols=AAPL,F',
        'lostAnswer=reset_after_accepting:3',
      ]),
    ).toEqual({
      silentData: true,
      lookupDelayMs: 2_000,
      rejectProbability: 0.25,
      unacknowledgedSymbols: ['AAPL', 'F'],
      lostAnswer: { kind: 'reset_after_accepting', times: 3 },
    });
  });

  it('are refused all at once, with what is allowed', () => {
    const read = () =>
      readFaults(['gremlins', 'silentData=yes', 'rejectProbability=2', 'lostAnswer=eaten', 'lookupDelayMs']);
    expect(read).toThrow(
      expect.objectContaining({ exitCode: 2, violations: expect.arrayContaining([]) as unknown }),
    );
    try {
      read();
    } catch (error) {
      expect((error as { violations: unknown[] }).violations).toHaveLength(5);
    }
  });
});
