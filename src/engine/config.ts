/** What a strategy host is told when it is built: plain data, the same on a consumer thread and in a backtest. */
import type { AssetClass, MarketHours, Session } from '../domain/market.ts';
import type { JsonObject } from '../domain/order.ts';
import type { StrategyBundle } from '../strategies/bundle.ts';
import type { Window } from '../tradeplan/plan.ts';

/** One strategy instance of the plan. */
export interface InstanceConfig {
  readonly instanceId: string;
  readonly bundle: StrategyBundle;
  /** As the plan has them; the strategy's own schema reads them again inside its realm. */
  readonly parameters: JsonObject;
  /** Empty = the whole session. */
  readonly windows: readonly Window[];
  /** Takes no new risk within {@link HostConfig.liquidateBeforeCloseMs} of the close. */
  readonly isIntraday: boolean;
  /** The plan no longer has it: it takes no new risk, and ends when it is flat. */
  readonly isEnding?: boolean;
}

/** What the plan's instances are from now on, whole and in their order; none that was there is left out. */
export interface InstancesCommand {
  readonly type: 'instances';
  readonly instances: readonly InstanceConfig[];
}

/** Every limit with its unit. */
export interface HostLimits {
  /** Closed bars kept per unit and symbol, minutes and days each. */
  readonly historyBarsMax: number;
  /** How often changed states are saved when no intent has saved them before. */
  readonly checkpointPeriodMs: number;
  /** Length of a unit's state as JSON text; a longer one stops the unit. */
  readonly stateCharactersMax: number;
  /** Length of an order's indicators as JSON text; longer ones are left out, and logged. */
  readonly indicatorsCharactersMax: number;
  /** Timers a unit may have set at once. */
  readonly timersMax: number;
  /** Series of its own that a unit may draw of a symbol: a point a minute each. */
  readonly plotsMax: number;
  /** How long after a minute's end a bar that is built from trades still waits for a late one. */
  readonly barGraceMs: number;
  /** Market rows held for a unit on its way here; beyond it the oldest trades are dropped. 80 bytes each. */
  readonly heldRowsMax: number;
}

export const DEFAULT_HOST_LIMITS: HostLimits = {
  historyBarsMax: 2_000,
  checkpointPeriodMs: 10_000,
  stateCharactersMax: 262_144,
  indicatorsCharactersMax: 16_384,
  timersMax: 64,
  plotsMax: 16,
  barGraceMs: 500,
  heldRowsMax: 16_384,
};

export interface HostConfig {
  /** `A`, `B` ... */
  readonly consumer: string;
  readonly batchId: string;
  /** In the plan's order: for one event, handlers are called in this order. */
  readonly instances: readonly InstanceConfig[];
  readonly assetClass: AssetClass;
  readonly marketHours: MarketHours;
  /** Whether the feed sends minute bars for the routed symbols; otherwise they are built from trades. */
  readonly feedHasBars: boolean;
  /** An event received longer ago is not shown. */
  readonly eventAgeMaxMs: number;
  /** An event that came later after its own time stamp than the feed's delay and this is not shown. */
  readonly feedLagMaxMs: number;
  readonly feedDelayMs: number;
  /** Null = positions are held over the close. */
  readonly liquidateBeforeCloseMs: number | null;
  readonly session: Session | null;
  /**
   * False where nobody keeps states (most backtests): then none is saved with an intent. They are still looked at once a
   * {@link HostLimits.checkpointPeriodMs}, so that one that cannot be saved is found.
   */
  readonly keepsStates?: boolean;
  readonly limits: HostLimits;
}
