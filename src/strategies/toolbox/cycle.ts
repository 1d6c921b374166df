/** The cycle of a position in one symbol: flat, entering, open, exiting; with a stop, a target and a longest time. */

import type { JsonObject } from '../../domain/order.ts';
import type { StrategyContext } from '../contract.ts';
import * as z from '../schema.ts';
import { quantityByRisk } from './sizing.ts';

/** Stands in the strategy's state, so it survives a restart. Prices are 0 while there is no position. */
export interface Cycle {
  phase: 'flat' | 'entering' | 'open' | 'exiting';
  stop: number;
  target: number;
  enteredMicros: number;
  exitedMicros: number;
}
type Context = StrategyContext<unknown, Cycle>;

export function newCycle(): Cycle {
  return { phase: 'flat', stop: 0, target: 0, enteredMicros: 0, exitedMicros: 0 };
}

/** Parameters of every strategy that opens and closes positions this way. Spread them into a `z.strictObject`. */
export const cycleParameters = {
  riskPerTrade: z
    .number()
    .positive()
    .default(50)
    .describe('Amount lost when the stop is hit, in account currency'),
  notionalMax: z.number().positive().default(5_000).describe('Most that one position may cost'),
  holdSecondsMax: z.number().positive().default(900).describe('Out after this time, whatever the price'),
  pauseSeconds: z.number().min(0).default(30).describe('Wait between an exit and the next entry'),
  wholeShares: z.boolean().default(true).describe('Round quantities down to whole shares'),
};
export interface CycleParameters {
  readonly riskPerTrade: number;
  readonly notionalMax: number;
  readonly holdSecondsMax: number;
  readonly pauseSeconds: number;
  readonly wholeShares: boolean;
}

export interface Entry {
  readonly price: number;
  readonly stop: number;
  /** What is hoped for; move `state.target` when it moves. */
  readonly target: number;
  readonly reason: string;
  readonly indicators: JsonObject;
}

/** Whether a new position may be opened: nothing held, nothing open, the pause over, the plan's window open. */
export function mayEnter(context: StrategyContext<CycleParameters, Cycle>): boolean {
  const { state, position, parameters, nowMicros } = context;
  if (state.phase !== 'flat' || position.quantity !== 0 || !context.isWindowOpen) return false;
  return nowMicros - state.exitedMicros >= parameters.pauseSeconds * 1e6;
}

/** Opens a position at the market, long when the stop lies below the price, sized by what its stop may cost. */
export function enter(context: StrategyContext<CycleParameters, Cycle>, entry: Entry): void {
  const { price, stop, target, reason, indicators } = entry;
  const { riskPerTrade, notionalMax, wholeShares } = context.parameters;
  const quantity = quantityByRisk({
    entryPrice: price,
    stopPrice: stop,
    risk: riskPerTrade,
    notionalMax,
    step: wholeShares ? 1 : 0,
  });
  if (!(quantity > 0 && stop > 0)) return;
  Object.assign(context.state, { phase: 'entering', stop, target, enteredMicros: context.nowMicros });
  const order = { quantity, targetPrice: target, stopLossPrice: stop, reason, indicators };
  if (stop < price) context.buy(order);
  else context.sell(order);
}

/** Why an open position should be closed at this price: its target, its stop, or its time. */
export function exitReason(
  context: StrategyContext<CycleParameters, Cycle>,
  price: number,
): string | undefined {
  const { state, position, parameters, nowMicros } = context;
  const side = Math.sign(position.quantity);
  if ((price - state.target) * side >= 0) return 'target reached';
  if ((price - state.stop) * side <= 0) return 'stop reached';
  if (nowMicros - state.enteredMicros >= parameters.holdSecondsMax * 1e6) return 'held long enough';
  return undefined;
}

export function exit(context: Context, reason: string): void {
  context.state.phase = 'exiting';
  context.flatten(reason);
}

/** Make it your `onStart`, `onFill`, `onOrder` and `onDenial`: the phase follows what is really held and open. */
export function settle(context: Context): void {
  const { state, position, openOrders } = context;
  if (openOrders.length > 0) return;
  if (position.quantity !== 0) state.phase = 'open';
  else if (state.phase !== 'flat') {
    state.phase = 'flat';
    state.exitedMicros = context.nowMicros;
  }
}
