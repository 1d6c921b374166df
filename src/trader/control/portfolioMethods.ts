/** What the control socket offers of portfolios: the methods behind `openbell portfolio`. */
import { z } from 'zod';
import type { PortfolioStores } from '../../models/portfolios.ts';
import { given as checked } from './given.ts';

export type PortfolioMethods = Pick<
  PortfolioStores,
  | 'createPortfolio'
  | 'listPortfolios'
  | 'fundPortfolio'
  | 'checkPortfolios'
  | 'portfolioHistory'
  | 'portfolioTrades'
  | 'recalculatePortfolio'
>;

const name = z.string().max(40);
const names = z.array(name).max(1_000);
const amount = z.string().regex(/^-?\d{1,19}(\.\d{1,9})?$/);
const assets = z.enum(['US_EQUITIES', 'CRYPTO']);
const environment = z.enum(['SIMULATED', 'PAPER', 'PROD', 'BACKTEST', 'REPLAY']);

const shapes = {
  createPortfolio: z.object({ portfolioId: name, assets, size: amount, cash: amount, credit: amount }),
  listPortfolios: z.object({ portfolioIds: names.optional() }),
  fundPortfolio: z.object({
    portfolioId: name,
    amount,
    reference: z.string().max(100),
    note: z.string().max(1_000).nullable(),
  }),
  checkPortfolios: z.object({ environment, assets, portfolioIds: names }),
  portfolioHistory: z.object({ portfolioId: name }),
  portfolioTrades: z.object({ portfolioId: name, limit: z.int().min(1) }),
  recalculatePortfolio: z.object({ portfolioId: name, isDryRun: z.boolean() }),
};

/** Undefined where the method is none of these. */
export function callPortfolios(
  stores: PortfolioMethods,
  method: string,
  parameters: Record<string, unknown>,
): Promise<unknown> | undefined {
  const given = <Shape extends z.ZodType>(shape: Shape): z.output<Shape> =>
    checked(method, shape, parameters);
  switch (method) {
    case 'createPortfolio':
      return stores.createPortfolio(given(shapes.createPortfolio));
    case 'listPortfolios':
      return stores.listPortfolios(given(shapes.listPortfolios).portfolioIds);
    case 'fundPortfolio':
      return stores.fundPortfolio(given(shapes.fundPortfolio));
    case 'checkPortfolios':
      return stores.checkPortfolios(given(shapes.checkPortfolios));
    case 'portfolioHistory':
      return stores.portfolioHistory(given(shapes.portfolioHistory).portfolioId);
    case 'portfolioTrades': {
      const { portfolioId, limit } = given(shapes.portfolioTrades);
      return stores.portfolioTrades(portfolioId, limit);
    }
    case 'recalculatePortfolio': {
      const { portfolioId, isDryRun } = given(shapes.recalculatePortfolio);
      return stores.recalculatePortfolio(portfolioId, isDryRun);
    }
    default:
      return undefined;
  }
}
