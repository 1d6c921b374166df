/**
 * What each strategy instance holds in each symbol, by its fills: quantity-weighted entry price, realised P&L and
 * fees, all exact. Several instances in one symbol keep positions of their own while the account nets them.
 */
import {
  absolute,
  add,
  type Decimal,
  isZero,
  minimum,
  multiply,
  negate,
  subtract,
  weightedAverage,
  ZERO,
} from '../../domain/decimal.ts';
import type { Fill, Position, Side } from '../../domain/order.ts';

/** A position after one more fill, and whether the fill opened or closed. */
export interface PositionChange {
  readonly position: Position;
  readonly before: Decimal;
}

export class Positions {
  readonly #bySymbol = new Map<string, Map<string, Position>>();
  /** All of them; null when one has changed since it was asked for. */
  #all: readonly Position[] | null = null;

  /** The instance's position; flat when it never had one. */
  find(instanceId: string, symbol: string): Position | undefined {
    return this.#bySymbol.get(symbol)?.get(instanceId);
  }

  quantity(instanceId: string, symbol: string): Decimal {
    return this.find(instanceId, symbol)?.quantity ?? ZERO;
  }

  /** Every instance's position in a symbol, flat ones included. */
  inSymbol(symbol: string): readonly Position[] {
    return [...this.eachIn(symbol)];
  }

  /** As {@link inSymbol}, without a list being made. */
  eachIn(symbol: string): Iterable<Position> {
    return this.#bySymbol.get(symbol)?.values() ?? [];
  }

  /** What the account must hold in a symbol by our fills. */
  net(symbol: string): Decimal {
    let sum = ZERO;
    for (const position of this.#bySymbol.get(symbol)?.values() ?? []) sum = add(sum, position.quantity);
    return sum;
  }

  all(): readonly Position[] {
    if (this.#all !== null) return this.#all;
    const all: Position[] = [];
    for (const positions of this.#bySymbol.values()) all.push(...positions.values());
    this.#all = all;
    return all;
  }

  symbols(): readonly string[] {
    return [...this.#bySymbol.keys()];
  }

  /** Takes over a position from the journal or the tables. */
  restore(position: Position): void {
    this.#all = null;
    const positions = this.#bySymbol.get(position.symbol);
    if (positions === undefined) {
      this.#bySymbol.set(position.symbol, new Map([[position.instanceId, position]]));
    } else {
      positions.set(position.instanceId, position);
    }
  }

  apply(fill: Fill): PositionChange {
    const before = this.find(fill.instanceId, fill.symbol);
    const position = applyFill(
      before ?? {
        instanceId: fill.instanceId,
        algoRunId: fill.algoRunId,
        symbol: fill.symbol,
        quantity: ZERO,
        averagePrice: ZERO,
        realizedPnl: ZERO,
        fees: ZERO,
      },
      fill,
    );
    this.restore(position);
    return { position, before: before?.quantity ?? ZERO };
  }
}

/** Buying is positive, selling negative. */
export function signed(side: Side, quantity: Decimal): Decimal {
  return side === 'buy' ? quantity : negate(quantity);
}

/**
 * A fill in the direction of the position moves its average price by weight; one against it realises
 * (price - average) per share closed; what goes beyond flat opens anew at the fill's price. Fees are kept apart.
 */
export function applyFill(
  position: Position,
  fill: Pick<Fill, 'side' | 'quantity' | 'price' | 'fee' | 'algoRunId'>,
): Position {
  const { quantity: held, averagePrice, realizedPnl } = position;
  const change = signed(fill.side, fill.quantity);
  const quantity = add(held, change);
  if (isZero(held)) return changed(position, fill, { quantity, averagePrice: fill.price, realizedPnl });
  if (held > ZERO === change > ZERO) {
    const average = weightedAverage([{ price: averagePrice, quantity: absolute(held) }, fill]);
    return changed(position, fill, { quantity, averagePrice: average, realizedPnl });
  }
  const closed = minimum(absolute(held), fill.quantity);
  const gain = multiply(subtract(fill.price, averagePrice), closed);
  const hasFlipped = fill.quantity > absolute(held);
  return changed(position, fill, {
    quantity,
    realizedPnl: add(realizedPnl, held > ZERO ? gain : negate(gain)),
    averagePrice: isZero(quantity) ? ZERO : hasFlipped ? fill.price : averagePrice,
  });
}

/** Field by field: a spread of the position takes ten times as long, and there is one for every fill. */
function changed(
  { instanceId, symbol, fees }: Position,
  fill: Pick<Fill, 'fee' | 'algoRunId'>,
  to: Pick<Position, 'quantity' | 'averagePrice' | 'realizedPnl'>,
): Position {
  return {
    instanceId,
    algoRunId: fill.algoRunId,
    symbol,
    quantity: to.quantity,
    averagePrice: to.averagePrice,
    realizedPnl: to.realizedPnl,
    fees: add(fees, fill.fee),
  };
}
