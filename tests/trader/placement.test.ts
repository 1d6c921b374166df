import { describe, expect, it } from 'vitest';
import { automaticConsumers, consumerNames, Placement } from '../../src/trader/units/placement.ts';

describe('placement', () => {
  it('gives a new unit to the consumer with the fewest symbols', () => {
    const placement = new Placement(['A', 'B']);
    expect(placement.place({ instanceId: 'pairs', symbol: '*' }, ['KO', 'PEP', 'MNST']).consumer).toBe('A');
    expect(placement.place({ instanceId: 'momentum', symbol: 'AAPL' }, ['AAPL']).consumer).toBe('B');
    expect(placement.place({ instanceId: 'momentum', symbol: 'NVDA' }, ['NVDA']).consumer).toBe('B');
  });

  it('leaves a unit where it is when its symbols change', () => {
    const placement = new Placement(['A', 'B']);
    const first = placement.place({ instanceId: 'pairs', symbol: '*' }, ['KO']);
    placement.place({ instanceId: 'momentum', symbol: 'AAPL' }, ['AAPL']);
    expect(placement.place({ instanceId: 'pairs', symbol: '*' }, ['KO', 'PEP']).consumer).toBe(
      first.consumer,
    );
    expect(placement.onConsumer(first.consumer)).toHaveLength(1);
  });

  it('forgets what was removed', () => {
    const placement = new Placement(['A']);
    placement.place({ instanceId: 'momentum', symbol: 'AAPL' }, ['AAPL']);
    placement.remove({ instanceId: 'momentum', symbol: 'AAPL' });
    expect(placement.all()).toEqual([]);
  });

  it('names consumers by letters, after Z by two', () => {
    expect(consumerNames(28).slice(24)).toEqual(['Y', 'Z', 'AA', 'AB']);
  });

  it.each([
    [1, 2],
    [2, 2],
    [8, 6],
    [64, 16],
  ])('on %i cores auto means %i consumers', (cores, expected) => {
    expect(automaticConsumers(cores)).toBe(expected);
  });
});
