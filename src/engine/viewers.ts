/** A unit's symbols as strategies name them. */
import type { Unit, UnitSymbol } from './unit.ts';

/**
 * The symbol that a strategy has named.
 * @throws {RangeError} when it is none of the unit's.
 */
export function viewerOf(unit: Unit, symbol: unknown): UnitSymbol {
  const viewer = typeof symbol === 'string' ? unit.find(symbol) : undefined;
  if (viewer !== undefined) return viewer;
  const name = typeof symbol === 'string' ? JSON.stringify(symbol) : 'what was given';
  throw new RangeError(`${name} is not a symbol of this strategy: name one of context.symbols`);
}

/** The symbol that stands in an order's id; a universe's first where none of its symbols does. */
export function viewerNamedIn(unit: Unit, clientOrderId: string): UnitSymbol {
  const viewers = unit.symbols.filter((entry) => entry !== undefined);
  const named = viewers.find(({ market }) =>
    clientOrderId.includes(`.${market.symbol.replaceAll('/', '-')}.`),
  );
  const viewer = named ?? viewers[0];
  if (viewer === undefined) throw new RangeError('this strategy has no symbol');
  return viewer;
}
