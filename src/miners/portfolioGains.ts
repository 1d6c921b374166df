/** What portfolios earned, summed up from fills. Exact, before fees, with the fees beside. */
import { add, type Decimal, ZERO } from '../domain/decimal.ts';
import type { MinedFill, PortfolioGainRow } from './contract.ts';
import { type Closing, percentOf } from './roundTrips.ts';

interface Sum {
  readonly portfolioId: string;
  readonly symbol: string;
  readonly gain: Decimal;
  readonly cost: Decimal;
  readonly fees: Decimal;
}

/** Its account begins anew with each of its batches, and so do its gains. */
const SIMULATED = 'SIMULATED';

export class PortfolioGains {
  readonly #sums = new Map<string, Map<string, Sum>>();
  /** Of simulated portfolios: the batch that traded last. */
  readonly #batches = new Map<string, string>();

  /** The next fill, in the order of execution, with what it closed. */
  take(fill: MinedFill, closing: Closing | null): void {
    const { portfolioId, symbol, batchId, environment, fee } = fill;
    if (portfolioId === null) return;
    if (environment === SIMULATED && this.#batches.get(portfolioId) !== batchId) {
      this.#batches.set(portfolioId, batchId);
      this.#sums.delete(portfolioId);
    }
    const symbols = this.#sums.get(portfolioId) ?? new Map<string, Sum>();
    const sum = symbols.get(symbol) ?? { portfolioId, symbol, gain: ZERO, cost: ZERO, fees: ZERO };
    this.#sums.set(portfolioId, symbols);
    symbols.set(symbol, {
      ...sum,
      gain: add(sum.gain, closing?.gain ?? ZERO),
      cost: add(sum.cost, closing?.cost ?? ZERO),
      fees: add(sum.fees, fee),
    });
  }

  rows(): readonly PortfolioGainRow[] {
    const sums = [...this.#sums.values()].flatMap((symbols) => [...symbols.values()]);
    return sums.map(({ portfolioId, symbol, gain, cost, fees }) => ({
      ...{ portfolioId, symbol, fees, gainValue: gain },
      gainPercentage: percentOf(gain, cost),
    }));
  }
}
