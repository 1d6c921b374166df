/** What is allowed in a plan and yet most likely a mistake. */
import { bounds, rulesOf, SessionCalendar } from '../clock/calendar.ts';
import { Cron } from '../clock/cron.ts';
import type { Schedule } from '../clock/schedule.ts';
import { decimal, formatDecimal } from '../domain/decimal.ts';
import type { OrderLimits } from '../domain/limits.ts';
import type { Session } from '../domain/market.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { RiskPlan, ScannerPlan, StrategyPlan, Tradeplan } from './plan.ts';

export interface Advice {
  /** Where in the plan: `strategies.momentum-long.windows[0]`. */
  readonly path: string;
  /** What follows from it, in a sentence. */
  readonly text: string;
}

const MS = 1_000;
const MS_PER_MINUTE = 60_000;
/** Runs of a cron expression that are looked at before it is held to miss every session. */
const CRON_RUNS_MAX = 500;
/** And how far ahead. */
const CRON_DAYS_MAX = 14;
const MICROS_PER_DAY = 86_400_000_000;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/**
 * In the plan's order.
 * @param plan with the parameters that strategies and scanners have in fact, their own defaults filled in.
 * @param nowMicros says which sessions are ahead.
 */
export function adviceOn(plan: Tradeplan, nowMicros: EpochMicros): readonly Advice[] {
  const calendar = new SessionCalendar(rulesOf(plan.assetClass));
  const session = calendar.nextSession(nowMicros);
  return [
    ...plan.scanners.flatMap((scanner) => ofScanner(scanner, plan, { calendar, session, nowMicros })),
    ...plan.strategies.flatMap((strategy) => ofStrategy(strategy, plan, session)),
    ...ofRisk(plan),
    ...ofMetrics(plan),
  ];
}

/** What only the account tells: amounts are decimal text. */
export function adviceOnAccount({ risk }: Tradeplan, buyingPower: string): readonly Advice[] {
  const advice: Advice[] = [];
  if (decimal(risk.dailyLossMax) >= decimal(buyingPower)) {
    const text = `a day may lose ${risk.dailyLossMax}, all of the account's buying power of ${formatDecimal(decimal(buyingPower))}`;
    advice.push({ path: 'risk.max_daily_loss', text });
  }
  if (decimal(risk.positionNotionalMax) <= decimal(buyingPower)) return advice;
  return [
    ...advice,
    {
      path: 'risk.max_position_notional',
      text: `one position may cost ${risk.positionNotionalMax}, more than the account's buying power of ${formatDecimal(decimal(buyingPower))}: the broker will refuse orders`,
    },
  ];
}

interface Times {
  readonly calendar: SessionCalendar;
  readonly session: Session;
  readonly nowMicros: EpochMicros;
}

function ofScanner(scanner: ScannerPlan, plan: Tradeplan, times: Times): readonly Advice[] {
  const path = `scanners.${scanner.scannerId}`;
  const advice: Advice[] = [];
  if (!plan.strategies.some(({ scanners }) => scanners.includes(scanner.scannerId)))
    advice.push({ path, text: 'no strategy takes its picks' });
  if (scanner.schedules.every((schedule) => !runsInSession(schedule, plan, times)))
    advice.push({ path, text: 'it runs only while the market is closed to this plan, by its market_hours' });
  const { from_market_open: fromOpen, min_share_price: least, max_share_price: most } = scanner.parameters;
  const minutes = lengthMs(times.session, plan) / MS_PER_MINUTE;
  if (typeof fromOpen === 'number' && fromOpen >= minutes)
    advice.push({
      path: `${path}.parameters.from_market_open`,
      text: `it can never pick: a session has ${minutes} minutes`,
    });
  const latestMs = latestRunMs(scanner.schedules, times.session);
  if (typeof fromOpen === 'number' && fromOpen < minutes && latestMs < fromOpen * MS_PER_MINUTE)
    advice.push({
      path: `${path}.parameters.from_market_open`,
      text: `it can never pick: it runs ${latestMs / MS_PER_MINUTE} minutes after the open at the latest`,
    });
  if (typeof least === 'number' && typeof most === 'number' && least > most)
    advice.push({
      path: `${path}.parameters.min_share_price`,
      text: `it can never pick: no price is over ${least} and under ${most}`,
    });
  return advice;
}

/** Of a session, from its open; infinite where it runs at other times than those of the session, too. */
function latestRunMs(schedules: readonly Schedule[], session: Session): number {
  const lengthMs = (session.closeMicros - session.openMicros) / MS;
  const moments = schedules.map((schedule) =>
    schedule.type === 'market'
      ? schedule.offsetMs + (schedule.anchor === 'close' ? lengthMs : 0)
      : Number.POSITIVE_INFINITY,
  );
  return Math.max(...moments);
}

function runsInSession(
  schedule: Schedule,
  plan: Tradeplan,
  { calendar, session, nowMicros }: Times,
): boolean {
  switch (schedule.type) {
    case 'once':
    case 'interval':
      return true;
    case 'market': {
      const anchorMicros = schedule.anchor === 'open' ? session.openMicros : session.closeMicros;
      const { fromMicros, toMicros } = bounds(session, plan.marketHours);
      const atMicros = anchorMicros + schedule.offsetMs * MS;
      // Just before the opening a list for the session is made.
      return atMicros < toMicros && (schedule.anchor === 'open' || atMicros >= fromMicros);
    }
    case 'cron': {
      const cron = new Cron(schedule.expression, calendar.timeZone);
      let atMicros = cron.nextAfter(nowMicros);
      for (let run = 0; run < CRON_RUNS_MAX && atMicros !== undefined; run += 1) {
        if (atMicros > nowMicros + CRON_DAYS_MAX * MICROS_PER_DAY) return false;
        if (calendar.isOpen(atMicros, plan.marketHours)) return true;
        atMicros = cron.nextAfter(atMicros);
      }
      return false;
    }
  }
}

/** Amounts that built-in strategies, and those made like them, are given by these names. */
function ofAmounts({ instanceId, parameters }: StrategyPlan, { risk }: Tradeplan): readonly Advice[] {
  const path = `strategies.${instanceId}.parameters`;
  const advice: Advice[] = [];
  const { notionalMax, riskPerTrade } = parameters;
  if (typeof notionalMax === 'number' && notionalMax > Number(risk.orderNotionalMax)) {
    const text = `an entry may cost ${notionalMax}, but risk.max_order_notional allows ${risk.orderNotionalMax}: larger ones are denied`;
    advice.push({ path: `${path}.notionalMax`, text });
  }
  if (typeof riskPerTrade === 'number' && riskPerTrade > Number(risk.dailyLossMax)) {
    const text = `a stop may cost ${riskPerTrade}, and risk.max_daily_loss halts at ${risk.dailyLossMax}: one loss ends the day`;
    advice.push({ path: `${path}.riskPerTrade`, text });
  }
  return advice;
}

/** The schema refuses windows outside of a session. */
function ofStrategy(strategy: StrategyPlan, plan: Tradeplan, session: Session): readonly Advice[] {
  return [...ofAmounts(strategy, plan), ...ofWindows(strategy, plan, session)];
}

function ofWindows(strategy: StrategyPlan, plan: Tradeplan, session: Session): readonly Advice[] {
  const leadMs = strategy.isIntraday ? (plan.liquidateBeforeCloseMs ?? 0) : 0;
  const closingMs = (session.closeMicros - session.openMicros) / MS - leadMs;
  return strategy.windows.flatMap(({ startMs }, index) => {
    if (leadMs === 0 || startMs < closingMs) return [];
    const path = `strategies.${strategy.instanceId}.windows[${index}]`;
    return [{ path, text: 'it begins when intraday positions are being closed (liquidate_before_close)' }];
  });
}

function ofRisk({ risk, strategies }: Tradeplan): readonly Advice[] {
  const advice: Advice[] = [];
  if (decimal(risk.orderNotionalMax) > decimal(risk.positionNotionalMax)) {
    const text = `an order may cost ${risk.orderNotionalMax}, but the position it opens ${risk.positionNotionalMax} at most`;
    advice.push({ path: 'risk.max_order_notional', text });
  }
  for (const [symbol, limits] of Object.entries(risk.symbols)) {
    advice.push(...ofWiderLimits(limits, risk, `risk.symbols.${symbol}`));
  }
  for (const { instanceId, risk: limits } of strategies) {
    if (limits !== null) advice.push(...ofWiderLimits(limits, risk, `strategies.${instanceId}.risk`));
  }
  return advice;
}

/** Each in the plan's words. */
const LIMIT_KEYS = [
  ['orderNotionalMax', 'max_order_notional'],
  ['orderQuantityMax', 'max_order_quantity'],
  ['positionNotionalMax', 'max_position_notional'],
  ['positionQuantityMax', 'max_position_quantity'],
  ['openOrdersMax', 'max_open_orders'],
  ['ordersPerMinuteMax', 'max_orders_per_minute'],
  ['priceCollarPercent', 'price_collar_percent'],
  ['shortAllowed', 'allow_short'],
  ['fractionAllowed', 'allow_fractions'],
] as const;

/** Limits of one symbol or strategy that allow more than those of all do. */
function ofWiderLimits(limits: OrderLimits, account: RiskPlan, path: string): readonly Advice[] {
  return LIMIT_KEYS.flatMap(([limit, key]) => {
    const own = limits[limit];
    const ofAll = account[limit];
    if (own === null || ofAll === null || !isWider(own, ofAll)) return [];
    return [{ path: `${path}.${key}`, text: `it has no effect: risk.${key} is ${ofAll}` }];
  });
}

function isWider(own: string | number | boolean, ofAll: string | number | boolean): boolean {
  if (typeof own === 'boolean') return own && ofAll === false;
  return decimal(String(own)) > decimal(String(ofAll));
}

function ofMetrics({ metrics }: Tradeplan): readonly Advice[] {
  if (metrics.port === null || LOOPBACK.has(metrics.host)) return [];
  return [{ path: 'metrics.host', text: 'others on the network can read the metrics: there is no password' }];
}

function lengthMs(session: Session, plan: Tradeplan): number {
  const { fromMicros, toMicros } = bounds(session, plan.marketHours);
  return (toMicros - Math.max(fromMicros, session.openMicros)) / MS;
}
