/** A desk whose orders in X and those of alpha have limits of their own. */
import type { OrderLimits, StrategyLimits } from '../../src/domain/limits.ts';
import type { RiskPlan } from '../../src/tradeplan/plan.ts';
import { Bench, NO_LIMITS } from './harness.ts';

const { notionalMax: _notional, dailyLossMax: _loss, drawdownMax: _drawdown, ...NO_ORDER_LIMITS } = NO_LIMITS;

/** What the account allows, so that others may forbid it. */
export const OPEN: Partial<RiskPlan> = { shortAllowed: true, fractionAllowed: true, openOrdersMax: 20 };

export interface Limited {
  readonly account?: Partial<RiskPlan>;
  /** Of X. */
  readonly symbol?: Partial<OrderLimits>;
  /** Of alpha. */
  readonly strategy?: Partial<StrategyLimits>;
}

/** X and Y are at 99.99 by 100.01. */
export function benchOf({ account, symbol, strategy }: Limited): Bench {
  const bench = new Bench({
    risk: {
      ...(symbol === undefined ? {} : { symbols: { X: { ...NO_ORDER_LIMITS, ...symbol } } }),
      ...account,
    },
    config: {
      instances: ['alpha', 'beta'].map((instanceId) => ({
        ...{ instanceId, isIntraday: false, runs: [{ consumer: 'A', algoRunId: '1' }] },
        ...(instanceId === 'alpha' && strategy !== undefined ? { risk: { ...NO_LIMITS, ...strategy } } : {}),
      })),
    },
  });
  bench.quote(99.99, 100.01, 'Y');
  return bench;
}
