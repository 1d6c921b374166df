/**
 * A session's market once more through the backtester: with the strategies that it had, and with a change. Both are
 * filled by the same model, so what differs comes of the change; beside them stands what the session itself did.
 */
import { runBacktest } from '../backtester/backtest.ts';
import type { BacktestResult } from '../backtester/result.ts';
import type { Clock } from '../clock/clock.ts';
import { add, formatDecimal, ZERO } from '../domain/decimal.ts';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { Position } from '../domain/order.ts';
import { formatMicros } from '../domain/time.ts';
import { recordedTestable, type Testable } from './changes.ts';
import type { DeskReplay } from './desk.ts';
import { replayDesk } from './replay.ts';
import { type RecordedSession, readSession } from './session.ts';
import type { BatchTapes } from './tapes.ts';

/** What the session did, by its desk's own books. */
export interface SessionOutcome {
  readonly orders: number;
  readonly denials: number;
  readonly fills: number;
  /** Amounts as text. */
  readonly realizedPnl: string;
  readonly fees: string;
  readonly positions: readonly {
    readonly instanceId: string;
    readonly symbol: string;
    readonly qty: string;
    readonly realizedPnl: string;
  }[];
}

export interface WhatIfResult {
  readonly batchId: string;
  readonly environment: 'REPLAY';
  readonly from: string;
  readonly to: string;
  readonly session: SessionOutcome;
  /** A backtest of what the session ran, and one with the change. */
  readonly unchanged: BacktestResult;
  readonly changed: BacktestResult;
}

export interface WhatIfOptions {
  readonly tapes: BatchTapes;
  readonly clock: Clock;
  readonly change: (recorded: Testable, session: RecordedSession) => Promise<Testable>;
  readonly onProgress?: (share: number, text: string) => void;
}

/** @throws {UserError} exit code 2 when tapes are missing or damaged, or the change does not fit. */
export async function whatIf(options: WhatIfOptions): Promise<WhatIfResult> {
  const { tapes, onProgress } = options;
  if (tapes.market.length === 0) throw withoutMarket(tapes.batchId);
  const desk = await replayDesk(tapes, () => onProgress?.(0, 'desk'));
  const session = await readSession(tapes);
  const recorded = recordedTestable(desk.plan!, session);
  const changed = await options.change(recorded, session);
  const run = ({ plan, instances }: Testable, from: number) =>
    runBacktest({
      plan,
      instances,
      paths: tapes.market,
      batchId: tapes.batchId,
      sessions: [...desk.sessions.values()],
      fromMicros: desk.fromMicros,
      toMicros: desk.toMicros,
      past: (symbols) => session.past(symbols, desk.fromMicros),
      clock: options.clock,
      onProgress: (share, text) => onProgress?.(from + share / 2, text),
    });
  return {
    batchId: tapes.batchId,
    environment: 'REPLAY',
    from: formatMicros(desk.fromMicros),
    to: formatMicros(desk.toMicros),
    session: outcomeOf(desk),
    unchanged: await run(recorded, 0),
    changed: await run(changed, 0.5),
  };
}

function outcomeOf({ machine, fills }: DeskReplay): SessionOutcome {
  const { ordersSubmitted, denials, positions } = machine!.status();
  const sum = (of: (position: Position) => Position['fees']) =>
    formatDecimal(positions.reduce((total, position) => add(total, of(position)), ZERO));
  return {
    orders: ordersSubmitted,
    denials,
    fills,
    realizedPnl: sum((position) => position.realizedPnl),
    fees: sum((position) => position.fees),
    positions: positions.map(({ instanceId, symbol, quantity, realizedPnl }) => ({
      instanceId,
      symbol,
      qty: formatDecimal(quantity),
      realizedPnl: formatDecimal(realizedPnl),
    })),
  };
}

function withoutMarket(batchId: string): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `the market of batch ${batchId} was not recorded, or its tapes are gone`,
    remedy: 'Record with `record: true` (`market: true`).',
  });
}
