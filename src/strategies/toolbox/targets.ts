/** A wished portfolio, and the orders that lead to it: for strategies that hold many symbols at once. */
import type { JsonObject } from '../../domain/order.ts';
import type { StrategyContext } from '../contract.ts';

/** Quantity to hold of each symbol, negative for short. Plain data, so it stands in the strategy's state. */
export type Targets = Record<string, number>;

export interface TargetOrders {
  readonly reason: string;
  readonly indicators?: (symbol: string) => JsonObject;
  /** Changes smaller than this share of the target are left alone; default 0. */
  readonly toleranceShare?: number;
}

type Context = StrategyContext<unknown, unknown>;

/**
 * Proposes the next orders towards the targets: first what reduces, and what adds only when nothing is open any more,
 * so that the money is there. Symbols without a target are sold. Call it until it answers true: all targets are held.
 */
export function approach(context: Context, targets: Targets, orders: TargetOrders): boolean {
  const views = context.symbols.map((symbol) => context.view(symbol)).filter((view) => view !== undefined);
  if (views.some(({ openOrders }) => openOrders.length > 0)) return false;
  const changes = views
    .map(({ symbol, position: { quantity: held } }) => ({ symbol, held, wished: targets[symbol] ?? 0 }))
    .filter(({ held, wished }) => {
      const isKept = wished !== 0 && held !== 0 && Math.sign(held) === Math.sign(wished);
      return Math.abs(wished - held) > (isKept ? Math.abs(wished) * (orders.toleranceShare ?? 0) : 0);
    });
  const reducing = changes.filter(({ held, wished }) => held !== 0 && wished / held < 1);
  for (const { symbol, held, wished } of reducing) {
    // Through zero it goes in two steps: an order reduces or adds, never both.
    if (wished === 0 || Math.sign(wished) !== Math.sign(held)) context.flatten(orders.reason, symbol);
    else order(context, symbol, wished - held, orders);
  }
  if (reducing.length > 0) return false;
  for (const { symbol, held, wished } of changes) order(context, symbol, wished - held, orders);
  return changes.length === 0;
}

function order(context: Context, symbol: string, change: number, { reason, indicators }: TargetOrders): void {
  const request = { symbol, quantity: Math.abs(change), reason, indicators: indicators?.(symbol) ?? {} };
  if (change > 0) context.buy(request);
  else context.sell(request);
}
