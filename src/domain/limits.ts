/** Limits of one strategy instance, beside those of all. Amounts are decimal text. Null = no such limit. */
export interface StrategyLimits {
  readonly orderNotionalMax: string | null;
  /** All that it holds and has ordered, long and short. */
  readonly notionalMax: string | null;
  readonly openOrdersMax: number | null;
  readonly ordersPerMinuteMax: number | null;
  /** Realised and open, since the session began. */
  readonly dailyLossMax: string | null;
  /** From its highest P&L on. */
  readonly drawdownMax: string | null;
}
