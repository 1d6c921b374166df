import { describe, expect, it } from 'vitest';
import { parseTradeplan } from '../../src/tradeplan/load.ts';

const STRATEGIES =
  'mode: simulated\nstrategies: [{name: pairs, symbols: [A, B]}, {name: pairs, symbols: [C, D]}]\n';
const parse = (optimize: string) => parseTradeplan(`${STRATEGIES}optimize: ${optimize}\n`, '/plan.yaml');

function rangesOf(optimize: string) {
  const result = parse(optimize);
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return result.plan.optimize.ranges;
}

describe('the ranges of a search', () => {
  it('are lists, or steps from a value to another, both included', () => {
    const ranges = rangesOf(
      '{strategies: {pairs: {a: {from: 5, to: 20, step: 5}, b: [x, y, x]}, pairs-2: {c: {from: 0.1, to: 0.5, step: 0.1}}}}',
    );
    expect(ranges).toEqual([
      { of: 'strategy', id: 'pairs', parameter: 'a', values: [5, 10, 15, 20] },
      { of: 'strategy', id: 'pairs', parameter: 'b', values: ['x', 'y'] },
      { of: 'strategy', id: 'pairs-2', parameter: 'c', values: [0.1, 0.2, 0.3, 0.4, 0.5] },
    ]);
  });

  it('may be of scanners', () => {
    const text = `${STRATEGIES}scanners: {movers: {name: momentum}}\noptimize: {scanners: {movers: {n: [1, 2]}}}\n`;
    expect(parseTradeplan(text, '/plan.yaml')).toMatchObject({
      ok: true,
      plan: { optimize: { ranges: [{ of: 'scanner', id: 'movers', parameter: 'n', values: [1, 2] }] } },
    });
  });

  it.each([
    ['{strategies: {pears: {a: [1]}}}', 'optimize.strategies.pears', 'pairs, pairs-2'],
    ['{scanners: {movers: {a: [1]}}}', 'optimize.scanners.movers', 'the plan has none'],
    ['{strategies: {pairs: {a: {from: 5, to: 1, step: 1}}}}', 'optimize.strategies.pairs.a', 'goes up'],
    ['{strategies: {pairs: {a: {from: 1, to: 5, step: 0}}}}', 'optimize.strategies.pairs.a', 'above 0'],
    ['{strategies: {pairs: {a: {from: 0, to: 1, step: 0.00001}}}}', 'optimize.strategies.pairs.a', '10000'],
    ['{strategies: {pairs: {a: []}}}', 'optimize.strategies.pairs.a', 'a list of values'],
    ['{strategies: {pairs: {a: 5}}}', 'optimize.strategies.pairs.a', 'a list of values'],
    ['{objective: luck}', 'optimize.objective', 'one of: sharpe'],
  ])('are refused as %s', (optimize, path, allowed) => {
    const result = parse(optimize);
    expect(result).toMatchObject({ ok: false, violations: [{ path }] });
    if (!result.ok) expect(result.violations[0]?.allowed).toContain(allowed);
  });
});
