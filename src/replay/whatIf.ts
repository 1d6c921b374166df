/**
 * A session's market once more through the backtester: with the strategies that it had, and with a change. Both are
 * filled by the same model, so what differs comes of the change; beside them stands what the session itself did.
 */
import { type RunWatcher, runBacktest } from '../backtester/backtest.ts';
import { batchIdOf } from '../backtester/config.ts';
import type { BacktestResult } from '../backtester/result.ts';
import type { SavedRows } from '../backtester/saving.ts';
import type { OpenScanners } from '../backtester/scans/contract.ts';
import type { Clock } from '../clock/clock.ts';
import { add, formatDecimal, ZERO } from '../domain/decimal.ts';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { Position } from '../domain/order.ts';
import { formatMicros } from '../domain/time.ts';
import type { ScannerPlan, Tradeplan } from '../tradeplan/plan.ts';
import { recordedTestable, type Testable } from './changes.ts';
import type { DeskReplay } from './desk.ts';
import { type InstancePicks, openPicks, picksOf, withSessionPicks } from './picks.ts';
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
  /** Where strategies with scanners got their symbols. */
  readonly picks: readonly InstancePicks[];
  /** A backtest of what the session ran, and one with the change; each has a batch id of its own. */
  readonly unchanged: BacktestResult;
  readonly changed: BacktestResult;
}

/** Opens scanners with the code that is found now. */
export interface WhatIfScanners {
  /** Undefined where no strategy of the plan takes picks. @throws {UserError} exit code 2 when one is wrong. */
  open(plan: Tradeplan): Promise<OpenScanners | undefined>;
  /** Whether the code is there, and is that of the version which the plan names. */
  isUnchanged(scanner: ScannerPlan): Promise<boolean>;
}

export interface WhatIfOptions {
  readonly tapes: BatchTapes;
  readonly clock: Clock;
  readonly scanners: WhatIfScanners;
  readonly change: (recorded: Testable, session: RecordedSession) => Promise<Testable>;
  readonly onProgress?: (share: number, text: string) => void;
  /** Where rows of both are kept, each under its own batch id; left out, nowhere. */
  readonly saved?: (batchId: string) => SavedRows;
  /** Sees the run with the change. */
  readonly watcherOf?: (changed: Testable) => RunWatcher;
}

/** @throws {UserError} exit code 2 when tapes are missing or damaged, or the change does not fit. */
export async function whatIf(options: WhatIfOptions): Promise<WhatIfResult> {
  const { tapes, onProgress, scanners } = options;
  if (tapes.market.length === 0) throw withoutMarket(tapes.batchId);
  const desk = await replayDesk(tapes, () => onProgress?.(0, 'desk'));
  const session = await readSession(tapes);
  const recorded = recordedTestable(desk.plan!, session);
  const changed = await options.change(recorded, session);
  const picks = await picksOf(recorded.plan, changed.plan, (scanner) => scanners.isUnchanged(scanner));
  const run = async (of: Testable, which: 'unchanged' | 'changed') => {
    const testable = withSessionPicks(of, picks, which);
    const opened = openPicks(testable, session, await scanners.open(testable.plan));
    const batchId = batchIdOf(of.plan, of.instances, [
      `what if ${tapes.batchId}`,
      ...picks.map((one) => `${one.instanceId} ${one[which]}`),
    ]);
    const watcher = which === 'changed' ? options.watcherOf?.(changed) : undefined;
    const saved = options.saved?.(batchId);
    const result = await runBacktest({
      ...testable,
      paths: tapes.market,
      // Of the session: ids and random numbers come of it.
      batchId: tapes.batchId,
      sessions: [...desk.sessions.values()],
      fromMicros: desk.fromMicros,
      toMicros: desk.toMicros,
      recalled: session.recalled,
      ...(opened === undefined ? {} : { scanners: opened, hasScanners: true }),
      ...(watcher === undefined ? {} : { watcher }),
      ...(saved === undefined ? {} : { saved }),
      clock: options.clock,
      onProgress: (share, text) => onProgress?.((which === 'changed' ? 0.5 : 0) + share / 2, text),
    });
    return { ...result, batchId };
  };
  return {
    batchId: tapes.batchId,
    environment: 'REPLAY',
    from: formatMicros(desk.fromMicros),
    to: formatMicros(desk.toMicros),
    session: outcomeOf(desk),
    picks,
    unchanged: await run(recorded, 'unchanged'),
    changed: await run(changed, 'changed'),
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
