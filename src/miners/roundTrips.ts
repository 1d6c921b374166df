/** Round trips out of fills: what a position cost, what it brought, and what was risked. Exact, by average cost. */
import { absolute, add, type Decimal, divide, minimum, multiply, subtract, ZERO } from '../domain/decimal.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { MinedFill } from './contract.ts';

/** A position since it was last flat. Amounts are price times quantity. */
interface Open {
  /** Of the run that opened it. */
  readonly algoRunId: string;
  readonly startMicros: EpochMicros;
  readonly isLong: boolean;
  readonly stopPrice: Decimal | null;
  readonly held: Decimal;
  /** Of what is held, at its average price. */
  readonly heldCost: Decimal;
  readonly entered: Decimal;
  readonly entryAmount: Decimal;
  readonly exited: Decimal;
  readonly exitAmount: Decimal;
}

/** What one fill closed. */
export interface Closing {
  readonly symbol: string;
  readonly algoRunId: string;
  readonly gain: Decimal;
  /** What the closed part had cost; for a short position, what it had brought. */
  readonly cost: Decimal;
}

export interface RoundTrip {
  readonly symbol: string;
  readonly algoRunId: string;
  readonly startMicros: EpochMicros;
  readonly endMicros: EpochMicros;
  readonly gain: Decimal;
  readonly cost: Decimal;
  readonly rUnits: Decimal | null;
}

/** Follows all positions at once. Those of paper and live go on from batch to batch, others begin anew with each. */
export class PositionWalk {
  readonly #open = new Map<string, Open>();

  /** The next fill, in the order of execution. */
  take(fill: MinedFill): { readonly closing: Closing | null; readonly roundTrip: RoundTrip | null } {
    const key = keyOf(fill);
    const open = this.#open.get(key);
    const isBuy = fill.side === 'buy';
    if (open === undefined || open.isLong === isBuy) {
      this.#open.set(key, grown(open, fill, fill.quantity));
      return { closing: null, roundTrip: null };
    }
    const { symbol, algoRunId } = fill;
    const closed = minimum(open.held, fill.quantity);
    const isWhole = closed === open.held;
    const cost = isWhole ? open.heldCost : divide(multiply(open.heldCost, closed), open.held);
    const exited: Open = {
      ...open,
      held: subtract(open.held, closed),
      heldCost: subtract(open.heldCost, cost),
      exited: add(open.exited, closed),
      exitAmount: add(open.exitAmount, multiply(closed, fill.price)),
    };
    const closing = { symbol, algoRunId, cost, gain: gainOf(open, multiply(closed, fill.price), cost) };
    if (exited.held > ZERO) {
      this.#open.set(key, exited);
      return { closing, roundTrip: null };
    }
    this.#open.delete(key);
    const rest = subtract(fill.quantity, closed);
    if (rest > ZERO) this.#open.set(key, grown(undefined, fill, rest));
    return { closing, roundTrip: finished(exited, fill) };
  }
}

function grown(open: Open | undefined, fill: MinedFill, quantity: Decimal): Open {
  const before = open ?? {
    algoRunId: fill.algoRunId,
    startMicros: fill.executedAtMicros,
    isLong: fill.side === 'buy',
    stopPrice: null,
    ...{ held: ZERO, heldCost: ZERO, entered: ZERO, entryAmount: ZERO, exited: ZERO, exitAmount: ZERO },
  };
  const amount = multiply(quantity, fill.price);
  return {
    ...before,
    stopPrice: before.stopPrice ?? fill.stopPrice,
    held: add(before.held, quantity),
    heldCost: add(before.heldCost, amount),
    entered: add(before.entered, quantity),
    entryAmount: add(before.entryAmount, amount),
  };
}

function finished(open: Open, fill: MinedFill): RoundTrip {
  return {
    symbol: fill.symbol,
    algoRunId: open.algoRunId,
    startMicros: open.startMicros,
    endMicros: fill.executedAtMicros,
    gain: gainOf(open, open.exitAmount, open.entryAmount),
    cost: open.entryAmount,
    rUnits: rUnitsOf(open),
  };
}

/** (exit - entry) / (entry - stop): how often the risk taken was earned; the same formula for both sides. */
function rUnitsOf(open: Open): Decimal | null {
  if (open.stopPrice === null) return null;
  const entry = divide(open.entryAmount, open.entered);
  const risk = subtract(entry, open.stopPrice);
  if (risk === ZERO || risk > ZERO !== open.isLong) return null;
  return divide(subtract(divide(open.exitAmount, open.exited), entry), risk);
}

function gainOf(open: Open, exitAmount: Decimal, entryAmount: Decimal): Decimal {
  return open.isLong ? subtract(exitAmount, entryAmount) : subtract(entryAmount, exitAmount);
}

/** In percent of the cost; zero where nothing was paid. */
export function percentOf(gain: Decimal, cost: Decimal): Decimal {
  if (cost === ZERO) return ZERO;
  return divide((gain * 100n) as Decimal, absolute(cost));
}

const CARRIED: readonly string[] = ['PAPER', 'PROD'];

function keyOf({ environment, batchId, instanceId, symbol }: MinedFill): string {
  return JSON.stringify([CARRIED.includes(environment) ? environment : batchId, instanceId, symbol]);
}
