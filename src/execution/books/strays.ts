/**
 * Positions and orders that no strategy here has placed: bought by hand, left by another program, or from before the
 * journal. They are reported in any case, and then treated as the plan says.
 */
import type { BrokerOrder } from '../../brokers/contract.ts';
import { absolute, type Decimal, decimalFromNumber, formatDecimal, ZERO } from '../../domain/decimal.ts';
import type { Liquidation } from '../orders/liquidation.ts';
import type { DeskState } from '../state.ts';
import { bookOutside, outsideOrder } from './outside.ts';

const PRICE_PLACES = 9;

export class Strays {
  readonly #state: DeskState;
  readonly #liquidation: Liquidation;

  constructor(state: DeskState, liquidation: Liquidation) {
    this.#state = state;
    this.#liquidation = liquidation;
  }

  /** What is done about a difference in a symbol, in words for the alert. */
  fateOf(symbol: string): string {
    const policy = this.#state.config.unknownHoldings ?? 'leave';
    if (policy === 'leave') return 'left alone';
    const owner = this.#ownerOf(symbol);
    if (owner !== undefined)
      return policy === 'adopt' ? `given to ${owner}` : `closed in the name of ${owner}`;
    return policy === 'adopt' ? 'left alone, for no strategy or several trade it' : 'closed';
  }

  /**
   * The account holds this much more than our fills make, and surely so.
   * @param averagePrice the broker's for the whole position; null when it has none.
   */
  onPosition(symbol: string, difference: Decimal, averagePrice: Decimal | null): void {
    const policy = this.#state.config.unknownHoldings ?? 'leave';
    const owner = this.#ownerOf(symbol);
    const instanceId = owner ?? (policy === 'flatten' ? [...this.#state.instances.keys()][0] : undefined);
    if (policy === 'leave' || instanceId === undefined) return;
    const held = this.#state.positions.quantity(instanceId, symbol);
    const isBooked = this.#adopt(instanceId, { symbol, difference, averagePrice });
    if (policy !== 'flatten' || !isBooked) return;
    const reason = 'the plan closes positions that nobody knows';
    if (held === ZERO) this.#liquidation.flatten(instanceId, symbol, reason);
    else this.#liquidation.closePart({ instanceId, symbol, reason }, difference);
  }

  /** An open order that is not ours: canceled where the plan flattens, and again as long as it is listed. */
  onOrder(described: BrokerOrder): void {
    if (this.#state.config.unknownHoldings !== 'flatten') return;
    this.#state.log('warn', 'canceling an order that nobody knows, as the plan says', {
      brokerOrderId: described.brokerOrderId,
      symbol: described.symbol,
    });
    const instanceId = this.#ownerOf(described.symbol) ?? '';
    const order = outsideOrder(this.#state, described.clientOrderId, {
      instanceId,
      symbol: described.symbol,
      side: described.side,
      quantity: described.quantity ?? ZERO,
      reason: 'nobody knows it',
    });
    this.#state.emit({ type: 'cancel', order: { ...order, brokerOrderId: described.brokerOrderId } });
  }

  /** The one instance that trades the symbol: by the plan, or because it already has. */
  #ownerOf(symbol: string): string | undefined {
    const { instances, positions } = this.#state;
    const holders = new Set(positions.inSymbol(symbol).map(({ instanceId }) => instanceId));
    const owners = [...instances.values()].filter(
      ({ instanceId, symbols }) => holders.has(instanceId) || symbols?.includes(symbol) === true,
    );
    return owners.length === 1 ? owners[0]?.instanceId : undefined;
  }

  /** Books it as an order that was filled at once; false when it has no price to be booked at. */
  #adopt(
    instanceId: string,
    stray: { readonly symbol: string; readonly difference: Decimal; readonly averagePrice: Decimal | null },
  ): boolean {
    const state = this.#state;
    const { symbol, difference } = stray;
    const price = this.#priceOf(stray);
    if (price === null) return false;
    return bookOutside(state, 'adopted', {
      ...{ instanceId, symbol, price, quantity: absolute(difference) },
      side: difference > ZERO ? 'buy' : 'sell',
      reason: `adopted: the account held ${formatDecimal(difference)} that nobody knew of`,
    });
  }

  /** The broker's average where all of the position is unknown, else the market's price. */
  #priceOf(stray: { readonly symbol: string; readonly averagePrice: Decimal | null }): Decimal | null {
    const isWhole = this.#state.positions.net(stray.symbol) === ZERO;
    if (isWhole && stray.averagePrice !== null && stray.averagePrice > ZERO) return stray.averagePrice;
    const mark = this.#state.prices.mark(stray.symbol);
    return mark === null ? stray.averagePrice : decimalFromNumber(mark, PRICE_PLACES);
  }
}
