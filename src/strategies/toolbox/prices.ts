/** Acting on prices, whether the data tells each trade or only each minute. */
import type { StrategyContext, StrategyDefinition } from '../contract.ts';

/** A price at which the market is now: a trade's, or a closed minute's last. */
export interface PriceNow {
  readonly price: number;
  /** The trade's own moment, or the start of the minute. */
  readonly timeMicros: number;
}

/**
 * Handlers that act on each trade that moves the last price, and on each closed minute: so a strategy works on recorded
 * minutes, too, where there are no trades. Spread them into the definition.
 */
export function onEachPrice<Parameters, State>(
  act: (context: StrategyContext<Parameters, State>, now: PriceNow) => void,
): Pick<Required<StrategyDefinition<Parameters, State>>, 'onTrade' | 'onBar'> {
  return {
    onTrade(context, trade) {
      if (trade.movesLast) act(context, trade);
    },
    onBar(context, { close, timeMicros }) {
      act(context, { price: close, timeMicros });
    },
  };
}
