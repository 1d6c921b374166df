import { describe, expect, it } from 'vitest';
import { type InstanceShape, Universe } from '../../src/trader/units/universe.ts';

const momentum: InstanceShape = {
  instanceId: 'momentum',
  scope: 'symbol',
  channels: ['trades'],
  symbols: ['AAPL'],
  scanners: ['gainers'],
};
const pairs: InstanceShape = {
  instanceId: 'pairs',
  scope: 'universe',
  channels: ['quotes', 'bars'],
  symbols: ['KO', 'PEP'],
  scanners: [],
};

describe('the universe', () => {
  it('makes a unit of each symbol, and one of a whole universe', () => {
    expect(new Universe([momentum, pairs]).units()).toEqual([
      { instanceId: 'momentum', symbol: 'AAPL', symbols: ['AAPL'] },
      { instanceId: 'pairs', symbol: '*', symbols: ['KO', 'PEP'] },
    ]);
  });

  it('adds picks to the strategies that take from the scanner, and to no other', () => {
    const universe = new Universe([momentum, pairs]);
    universe.setPicks('gainers', ['NVDA', 'AAPL']);
    expect(universe.units().map((unit) => `${unit.instanceId} ${unit.symbol}`)).toEqual([
      'momentum AAPL',
      'momentum NVDA',
      'pairs *',
    ]);
  });

  it('lets picks go that are not picked again, and what is held once the scanners have picked', () => {
    const other = { ...momentum, instanceId: 'both', scanners: ['gainers', 'gaps'], symbols: [] };
    const universe = new Universe([momentum, other, { ...pairs, scanners: ['gaps'] }]);
    const units = () => universe.units().map((unit) => `${unit.instanceId} ${unit.symbols.join('+')}`);
    universe.addHeld('both', ['TSLA']);
    expect(units()).toEqual(['momentum AAPL', 'both TSLA', 'pairs KO+PEP']);
    universe.setPicks('gainers', ['NVDA']);
    universe.setPicks('gaps', ['NVDA', 'MNST']);
    expect(units()).toEqual([
      ...['momentum AAPL', 'momentum NVDA', 'both NVDA', 'both MNST'],
      'pairs KO+PEP+NVDA+MNST',
    ]);
    universe.setPicks('gainers', []);
    expect(units()).toEqual(['momentum AAPL', 'both NVDA', 'both MNST', 'pairs KO+PEP+NVDA+MNST']);
    universe.setPicks('gaps', ['MNST']);
    expect(units()).toEqual(['momentum AAPL', 'both MNST', 'pairs KO+PEP+MNST']);
    expect(universe.wantedSymbols({ instanceId: 'both', symbol: 'MNST' })).toEqual(['MNST']);
    expect(universe.wantedSymbols({ instanceId: 'both', symbol: 'NVDA' })).toEqual([]);
    expect(universe.wantedSymbols({ instanceId: 'pairs', symbol: '*' })).toEqual(['KO', 'PEP', 'MNST']);
  });

  it('takes a faulted unit out for good', () => {
    const universe = new Universe([momentum]);
    universe.endUnit({ instanceId: 'momentum', symbol: 'AAPL' });
    expect(universe.units()).toEqual([]);
    universe.beginSession();
    expect(universe.units()).toEqual([]);
  });

  it('remembers what a unit has rejected until the next session', () => {
    const universe = new Universe([pairs]);
    const unit = { instanceId: 'pairs', symbol: '*' };
    universe.reject(unit, 'KO');
    expect(universe.units()).toHaveLength(1);
    expect(universe.rejectedSymbols(unit)).toEqual(['KO']);
    universe.beginSession();
    expect(universe.rejectedSymbols(unit)).toEqual([]);
  });

  it('routes to a consumer what its units need of each symbol, joined', () => {
    const universe = new Universe([{ ...momentum, symbols: ['KO'] }, pairs]);
    const placed = universe.units().map((unit) => ({ ...unit, consumer: 'A' }));
    expect(universe.routes(placed, ['trades', 'quotes', 'bars'])).toEqual([
      { symbol: 'KO', trades: true, quotes: true, bars: true },
      { symbol: 'PEP', trades: false, quotes: true, bars: true },
    ]);
  });

  it('routes trades to build bars from, where the feed is not asked for bars', () => {
    const universe = new Universe([pairs]);
    const placed = universe.units().map((unit) => ({ ...unit, consumer: 'A' }));
    expect(universe.routes(placed, ['trades', 'quotes'])[0]).toEqual({
      symbol: 'KO',
      trades: true,
      quotes: true,
      bars: false,
    });
  });

  it('shows the desk prices of everything that may be ordered', () => {
    const universe = new Universe([momentum, pairs]);
    const placed = universe.units().map((unit) => ({ ...unit, consumer: 'A' }));
    expect(universe.deskRoutes(placed, ['trades', 'quotes']).map((route) => route.symbol)).toEqual([
      'AAPL',
      'KO',
      'PEP',
    ]);
  });
});
