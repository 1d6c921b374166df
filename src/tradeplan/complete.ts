/** A valid file as the plan that everything runs on: defaults that depend on other keys, names, absolute paths. */
import { dirname, resolve } from 'node:path';
import type { Schedule } from '../clock/schedule.ts';
import type { OrderLimits, StrategyLimits } from '../domain/limits.ts';
import { instanceIdsOf } from './names.ts';
import { recordDefaults } from './operation.ts';
import type { ParameterRange, RecordPlan, RiskPlan, StrategyPlan, Tradeplan, Window } from './plan.ts';
import { type PlanFile, simulatedSymbols } from './schema.ts';

const MINUTE = 60_000;
const DELAYED_FEED_MS = 15 * MINUTE;
const LIQUIDATION_LEAD_MS = 15 * MINUTE;
const MEBIBYTE = 1_024 * 1_024;
const DAY_MS = 1_440 * MINUTE;
/** What Alpaca takes of a crypto order that takes liquidity, in the first tier (alpaca.markets, crypto fees). */
const CRYPTO_FEE_BPS = 25;

/** @param path of the file, absolute: paths in it are taken from its folder. */
export function completePlan(file: PlanFile, path: string): Tradeplan {
  const fromPlan = (relative: string | undefined) =>
    relative === undefined ? null : resolve(dirname(path), relative);
  const isCrypto = file.asset_class === 'crypto';
  const feed = file.feed ?? (isCrypto ? 'crypto' : 'iex');
  const strategies = strategyPlans(file, fromPlan);
  return deepFreeze({
    path,
    mode: file.mode,
    provider: file.provider,
    feed,
    broker: file.broker,
    assetClass: file.asset_class,
    channels: [...new Set(file.channels)],
    eventAgeMaxMs: file.max_event_age,
    feedLagMaxMs: file.max_feed_lag,
    feedDelayMs: file.feed_delay ?? (feed === 'delayed_sip' ? DELAYED_FEED_MS : 0),
    consumers: file.consumers,
    marketHours: file.market_hours ?? (isCrypto ? 'always' : 'regular'),
    liquidateBeforeCloseMs: liquidationLead(file, isCrypto),
    scanners: Object.entries(file.scanners).map(([scannerId, scanner]) => ({
      scannerId,
      name: scanner.path === undefined ? (scanner.name ?? scannerId) : null,
      path: fromPlan(scanner.path),
      parameters: scanner.parameters ?? {},
      schedules: schedulesOf(scanner),
      picksMax: scanner.max_picks,
    })),
    miners: Object.entries(file.miners).map(([minerId, miner]) => ({
      minerId,
      name: miner.name ?? minerId,
      parameters: miner.parameters ?? {},
      schedules: schedulesOf(miner),
    })),
    strategies,
    risk: riskPlan(file.risk),
    tradePlan: {
      isEnabled: file.trade_plan.enabled,
      pollMs: file.trade_plan.poll,
      rowsMax: file.trade_plan.max_rows,
    },
    unknownHoldings: file.unknown_holdings,
    journal: file.journal ?? (file.mode === 'live' ? 'synced' : 'written'),
    alerts: {
      webhookUrl: file.alerts.webhook ?? null,
      command: file.alerts.command ?? null,
      timeoutMs: file.alerts.timeout,
    },
    metrics: { port: file.metrics.port ?? null, host: file.metrics.host },
    record: recordPlan(file.record, fromPlan),
    rebalance: {
      isEnabled: file.rebalance.enabled,
      lagMaxMs: file.rebalance.max_lag,
      patienceMs: file.rebalance.patience,
      movesPerMinuteMax: file.rebalance.max_moves_per_minute,
      restMs: file.rebalance.rest,
      loadMax: file.rebalance.max_load_percent / 100,
      prepareTimeoutMs: file.rebalance.prepare_timeout,
    },
    limits: {
      tradeRingRows: file.limits.max_waiting_trades,
      historyBarsMax: file.limits.max_history_bars,
      consumerHeapMb: file.limits.consumer_heap_mb,
      historyRequestTimeoutMs: file.limits.history_request_timeout,
      submitTimeoutMs: file.limits.submit_timeout,
      stopTimeoutMs: file.limits.stop_timeout,
      heartbeatTimeoutMs: file.limits.heartbeat_timeout,
      scannerTimeoutMs: file.limits.scanner_timeout,
      minerTimeoutMs: file.limits.miner_timeout,
      consumerRestartsPerHourMax: file.limits.max_consumer_restarts_per_hour,
    },
    simulation: {
      seed: file.simulation.seed,
      // A strategy's own symbols are always there to be traded.
      symbols: [
        ...new Set([
          ...(file.simulation.symbols ?? simulatedSymbols(file.asset_class)),
          ...strategies.flatMap((strategy) => strategy.symbols),
        ]),
      ],
      ratePerSecond: file.simulation.rate,
      tape: fromPlan(file.simulation.tape),
      tapeOffsetMs: file.simulation.tape_offset,
      tapeSpeed: file.simulation.tape_speed,
    },
    backtest: {
      startingCash: file.backtest.starting_cash,
      latencyMs: file.backtest.latency,
      spreadBps: file.backtest.spread_bps,
      slippageBps: file.backtest.slippage_bps,
      volumePercentMax: file.backtest.max_volume_percent,
      feeBps: file.backtest.fee_bps ?? (isCrypto ? CRYPTO_FEE_BPS : 0),
      feePerShare: file.backtest.fee_per_share,
      feeMinimum: file.backtest.fee_minimum,
      sellFeeBps: file.backtest.sell_fee_bps,
      sellFeePerShare: file.backtest.sell_fee_per_share,
      borrowPercent: file.backtest.borrow_percent,
      barIntervalMs: file.backtest.bar_interval,
      badData: file.backtest.bad_data,
    },
    optimize: {
      ranges: [
        ...rangesOf('strategy', file.optimize.strategies),
        ...rangesOf('scanner', file.optimize.scanners),
      ],
      objective: file.optimize.objective,
      search: file.optimize.search,
      trialsMax: file.optimize.max_trials,
      seed: file.optimize.seed,
      folds: file.optimize.folds,
      holdoutShare: file.optimize.holdout_percent / 100,
      dataBytesMax: file.optimize.max_data_mb * MEBIBYTE,
    },
  });
}

function recordPlan(
  record: PlanFile['record'],
  fromPlan: (relative: string | undefined) => string | null,
): RecordPlan {
  const isOn = record !== false;
  const settings = typeof record === 'boolean' ? recordDefaults() : record;
  return {
    market: isOn && settings.market,
    inbox: isOn && settings.inbox,
    directory: fromPlan(settings.directory),
    segmentBytesMax: settings.max_segment_mb * MEBIBYTE,
    ageMaxMs: settings.max_age,
    totalBytesMax: settings.max_total_mb * MEBIBYTE,
    freeBytesMin: settings.min_free_mb * MEBIBYTE,
  };
}

function strategyPlans(
  file: PlanFile,
  fromPlan: (relative: string | undefined) => string | null,
): readonly StrategyPlan[] {
  const instanceIds = instanceIdsOf(file.strategies);
  return file.strategies.map((strategy, index) => ({
    instanceId: instanceIds[index]!,
    name: strategy.name ?? null,
    path: fromPlan(strategy.path),
    parameters: strategy.parameters ?? {},
    symbols: strategy.symbols,
    scanners: [...new Set(strategy.scanners)],
    windows: strategy.windows.map(
      (window): Window => ({ startMs: window.start, durationMs: window.duration ?? DAY_MS }),
    ),
    isIntraday: strategy.intraday,
    portfolioId: strategy.portfolio ?? null,
    risk: strategyRisk(strategy.risk),
  }));
}

function riskPlan(risk: PlanFile['risk']): RiskPlan {
  return {
    orderNotionalMax: risk.max_order_notional,
    orderQuantityMax: risk.max_order_quantity ?? null,
    positionNotionalMax: risk.max_position_notional,
    positionQuantityMax: risk.max_position_quantity ?? null,
    grossNotionalMax: risk.max_gross_notional ?? null,
    openOrdersMax: risk.max_open_orders,
    ordersPerMinuteMax: risk.max_orders_per_minute,
    dailyLossMax: risk.max_daily_loss,
    drawdownMax: risk.max_drawdown ?? null,
    priceCollarPercent: risk.price_collar_percent,
    marketAgeMaxMs: risk.max_market_age,
    shortAllowed: risk.allow_short,
    fractionAllowed: risk.allow_fractions,
    symbolOpenOrdersMax: risk.max_open_orders_per_symbol ?? null,
    symbolOrdersPerMinuteMax: risk.max_orders_per_minute_per_symbol ?? null,
    symbols: Object.fromEntries(
      Object.entries(risk.symbols).map(([symbol, limits]) => [symbol, orderLimits(limits)]),
    ),
  };
}

function strategyRisk(risk: PlanFile['strategies'][number]['risk']): StrategyLimits | null {
  if (risk === undefined) return null;
  return {
    ...orderLimits(risk),
    notionalMax: risk.max_notional ?? null,
    dailyLossMax: risk.max_daily_loss ?? null,
    drawdownMax: risk.max_drawdown ?? null,
  };
}

function orderLimits(risk: PlanFile['risk']['symbols'][string]): OrderLimits {
  return {
    orderNotionalMax: risk.max_order_notional ?? null,
    orderQuantityMax: risk.max_order_quantity ?? null,
    positionNotionalMax: risk.max_position_notional ?? null,
    positionQuantityMax: risk.max_position_quantity ?? null,
    openOrdersMax: risk.max_open_orders ?? null,
    ordersPerMinuteMax: risk.max_orders_per_minute ?? null,
    priceCollarPercent: risk.price_collar_percent ?? null,
    shortAllowed: risk.allow_short ?? null,
    fractionAllowed: risk.allow_fractions ?? null,
  };
}

function rangesOf(
  of: ParameterRange['of'],
  owners: PlanFile['optimize']['strategies'],
): readonly ParameterRange[] {
  return Object.entries(owners).flatMap(([id, parameters]) =>
    Object.entries(parameters).map(([parameter, values]) => ({ of, id, parameter, values })),
  );
}

function schedulesOf(times: PlanFile['miners' | 'scanners'][string]): readonly Schedule[] {
  const schedules: Schedule[] = [];
  if (times.every !== undefined) schedules.push({ type: 'interval', everyMs: times.every });
  schedules.push(...(times.cron ?? []), ...(times.at ?? []));
  return schedules.length === 0 ? [{ type: 'once' }] : schedules;
}

function liquidationLead(file: PlanFile, isCrypto: boolean): number | null {
  if (file.liquidate_before_close === 'never') return null;
  return file.liquidate_before_close ?? (isCrypto ? null : LIQUIDATION_LEAD_MS);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
