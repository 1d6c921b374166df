/** What is allowed in a plan and yet most likely a mistake. */
import { bounds, rulesOf, SessionCalendar } from '../clock/calendar.ts';
import { Cron } from '../clock/cron.ts';
import type { Schedule } from '../clock/schedule.ts';
import { decimal, formatDecimal } from '../domain/decimal.ts';
import type { Session } from '../domain/market.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { ScannerPlan, StrategyPlan, Tradeplan } from './plan.ts';

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

/** In the plan's order; `nowMicros` says which sessions are ahead. */
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
  if (decimal(risk.positionNotionalMax) <= decimal(buyingPower)) return [];
  return [
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
  if (typeof least === 'number' && typeof most === 'number' && least > most)
    advice.push({
      path: `${path}.parameters.min_share_price`,
      text: `it can never pick: no price is over ${least} and under ${most}`,
    });
  return advice;
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

/** The schema refuses windows outside of a session. */
function ofStrategy(strategy: StrategyPlan, plan: Tradeplan, session: Session): readonly Advice[] {
  const leadMs = strategy.isIntraday ? (plan.liquidateBeforeCloseMs ?? 0) : 0;
  const closingMs = (session.closeMicros - session.openMicros) / MS - leadMs;
  return strategy.windows.flatMap(({ startMs }, index) => {
    if (leadMs === 0 || startMs < closingMs) return [];
    const path = `strategies.${strategy.instanceId}.windows[${index}]`;
    return [{ path, text: 'it begins when intraday positions are being closed (liquidate_before_close)' }];
  });
}

function ofRisk({ risk }: Tradeplan): readonly Advice[] {
  if (decimal(risk.orderNotionalMax) <= decimal(risk.positionNotionalMax)) return [];
  const text = `an order may cost ${risk.orderNotionalMax}, but the position it opens ${risk.positionNotionalMax} at most`;
  return [{ path: 'risk.max_order_notional', text }];
}

function ofMetrics({ metrics }: Tradeplan): readonly Advice[] {
  if (metrics.port === null || LOOPBACK.has(metrics.host)) return [];
  return [{ path: 'metrics.host', text: 'others on the network can read the metrics: there is no password' }];
}

function lengthMs(session: Session, plan: Tradeplan): number {
  const { fromMicros, toMicros } = bounds(session, plan.marketHours);
  return (toMicros - Math.max(fromMicros, session.openMicros)) / MS;
}
