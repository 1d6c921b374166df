/** Limits of orders: those of the account, of one symbol and of one strategy have the same form. */

/** Amounts are decimal text. Null = no such limit. */
export interface OrderLimits {
  /** Of one order. */
  readonly orderNotionalMax: string | null;
  /** In shares or coins. */
  readonly orderQuantityMax: string | null;
  /** Of what is held in one symbol, open orders counted. */
  readonly positionNotionalMax: string | null;
  readonly positionQuantityMax: string | null;
  readonly openOrdersMax: number | null;
  readonly ordersPerMinuteMax: number | null;
  /** How far a price may lie from the market, in percent. */
  readonly priceCollarPercent: number | null;
  /** False forbids it. */
  readonly shortAllowed: boolean | null;
  readonly fractionAllowed: boolean | null;
}

/** Limits of one strategy instance, beside those of all: the tighter one counts. */
export interface StrategyLimits extends OrderLimits {
  /** All that it holds and has ordered, long and short. */
  readonly notionalMax: string | null;
  /** Realised and open, since the session began. */
  readonly dailyLossMax: string | null;
  /** From its highest P&L on. */
  readonly drawdownMax: string | null;
}
