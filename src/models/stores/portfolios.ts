/** The rows of `portfolio`, `accounts` and `portfolio_batch_ids`: created, funded, and given to batches. */
import { and, asc, eq, inArray, isNull, ne, sql } from 'drizzle-orm';
import { add, decimal, formatDecimal, negate, ZERO } from '../../domain/decimal.ts';
import type { Queries } from '../backend.ts';
import type { Environment } from '../contract.ts';
import { DatabaseFailure } from '../failure.ts';
import type {
  Assignment,
  AssignmentRefusal,
  PortfolioFunds,
  PortfolioRow,
  PortfolioStores,
} from '../portfolios.ts';
import { accountTransactions } from '../schema/bookings.ts';
import { accounts, portfolio, portfolioBatchIds } from '../schema/portfolios.ts';
import { RESET_WITH_EACH_BATCH } from './bookings.ts';

type OwnStores = Pick<
  PortfolioStores,
  | 'createPortfolio'
  | 'listPortfolios'
  | 'fundPortfolio'
  | 'assignPortfolios'
  | 'checkPortfolios'
  | 'portfolioFunds'
>;

export function createPortfolioStores(queries: Queries): OwnStores {
  return {
    async createPortfolio({ portfolioId, assets, size, cash, credit }) {
      return await queries.transaction(async (transaction) => {
        const made = await transaction
          .insert(portfolio)
          .values({ portfolioId, size, assets })
          .onConflictDoNothing()
          .returning({ portfolioId: portfolio.portfolioId });
        if (made.length === 0) return false;
        const [account] = await transaction
          .insert(accounts)
          .values({ allowNegative: decimal(credit) > ZERO, creditLine: credit })
          .returning({ accountId: accounts.accountId });
        const accountId = account!.accountId;
        await transaction.update(portfolio).set({ accountId }).where(eq(portfolio.portfolioId, portfolioId));
        if (decimal(cash) !== ZERO) {
          await transaction.insert(accountTransactions).values({ accountId, amount: cash });
        }
        return true;
      });
    },

    async listPortfolios(portfolioIds) {
      const trades = sql<number>`(select count(*)::int from account_transactions t
        where t.account_id = ${portfolio.accountId} and t.kind = 'trade')`;
      const batches = sql<number>`(select count(*)::int from portfolio_batch_ids b
        where b.portfolio_id = ${portfolio.portfolioId})`;
      const rows = await queries
        .select({
          ...{ portfolioId: portfolio.portfolioId, assets: portfolio.assets, environment: portfolio.algoEnv },
          ...{ size: portfolio.size, cash: accounts.balance, credit: accounts.creditLine },
          ...{ funded: fundedOf('funding'), batches, trades, createdAt: portfolio.tstamp },
        })
        .from(portfolio)
        .innerJoin(accounts, eq(accounts.accountId, portfolio.accountId))
        .where(
          and(
            isNull(portfolio.expireTstamp),
            portfolioIds === undefined ? undefined : inArray(portfolio.portfolioId, [...portfolioIds]),
          ),
        )
        .orderBy(asc(portfolio.portfolioId));
      return rows.map(
        (row): PortfolioRow => ({
          ...row,
          environment: row.environment as Environment | null,
          funded: plain(row.funded),
        }),
      );
    },

    async fundPortfolio({ portfolioId, amount, reference, note }) {
      return await queries.transaction(async (transaction) => {
        const account = await lockAccount(transaction, portfolioId);
        if (account === undefined) return { type: 'unknown_portfolio' } as const;
        const [known] = await transaction
          .select({ transactionId: accountTransactions.transactionId })
          .from(accountTransactions)
          .where(eq(accountTransactions.reference, reference));
        const { accountId, balance, creditLine } = account;
        if (known !== undefined) return { type: 'booked', cash: balance } as const;
        const after = add(decimal(balance), decimal(amount));
        if (decimal(amount) < ZERO && after < negate(decimal(creditLine))) {
          return { type: 'beyond_credit', cash: balance, credit: creditLine } as const;
        }
        const details = note === null ? null : { note };
        await transaction.insert(accountTransactions).values({ accountId, amount, reference, details });
        return { type: 'booked', cash: formatDecimal(after) } as const;
      });
    },

    async assignPortfolios(assignment) {
      const { batchId, environment, portfolioIds } = assignment;
      if (portfolioIds.length === 0) return [];
      return await queries.transaction(async (transaction) => {
        // Locked in one order, so that two batches that begin at once do not both reset it, nor wait for each other.
        for (const portfolioId of [...portfolioIds].sort()) await lockAccount(transaction, portfolioId);
        const refusals = await refusalsOf(transaction, assignment);
        if (refusals.length > 0) return refusals;
        await transaction
          .update(portfolio)
          .set({ algoEnv: environment })
          .where(inArray(portfolio.portfolioId, [...portfolioIds]));
        const begun = await transaction
          .insert(portfolioBatchIds)
          .values(portfolioIds.map((portfolioId) => ({ portfolioId, batchId })))
          .onConflictDoNothing()
          .returning({ portfolioId: portfolioBatchIds.portfolioId });
        if (environment === RESET_WITH_EACH_BATCH) {
          for (const { portfolioId } of begun) await reset(transaction, portfolioId, batchId);
        }
        return [];
      });
    },

    async checkPortfolios(assignment) {
      return assignment.portfolioIds.length === 0 ? [] : await refusalsOf(queries, assignment);
    },

    async portfolioFunds(portfolioIds) {
      if (portfolioIds.length === 0) return [];
      const rows = await queries
        .select({
          portfolioId: portfolio.portfolioId,
          cash: accounts.balance,
          funded: fundedOf('funding', 'correction'),
          credit: accounts.creditLine,
        })
        .from(portfolio)
        .innerJoin(accounts, eq(accounts.accountId, portfolio.accountId))
        .where(inArray(portfolio.portfolioId, [...portfolioIds]));
      return rows.map((row): PortfolioFunds => ({ ...row, funded: plain(row.funded) }));
    },
  };
}

/** Its account, which nobody else may move until the transaction ends. */
export async function lockAccount(
  transaction: Queries,
  portfolioId: string,
): Promise<typeof accounts.$inferSelect | undefined> {
  const [row] = await transaction
    .select({ account: accounts })
    .from(portfolio)
    .innerJoin(accounts, eq(accounts.accountId, portfolio.accountId))
    .where(and(eq(portfolio.portfolioId, portfolioId), isNull(portfolio.expireTstamp)))
    .for('update', { of: accounts });
  return row?.account;
}

/** The sum of an account's bookings of these kinds. */
function fundedOf(...kinds: readonly (typeof accountTransactions.$inferSelect)['kind'][]) {
  return sql<string>`coalesce((select sum(t.amount) from account_transactions t
    where t.account_id = ${accounts.accountId} and t.kind in ${[...kinds]}), 0)::text`;
}

async function refusalsOf(
  queries: Queries,
  { environment, assets, portfolioIds }: Omit<Assignment, 'batchId'>,
): Promise<readonly AssignmentRefusal[]> {
  const rows = await queries
    .select()
    .from(portfolio)
    .where(and(inArray(portfolio.portfolioId, [...portfolioIds]), isNull(portfolio.expireTstamp)));
  return portfolioIds.flatMap((portfolioId): AssignmentRefusal[] => {
    const row = rows.find((other) => other.portfolioId === portfolioId);
    if (row?.accountId == null) return [{ portfolioId, type: 'unknown_portfolio' }];
    if (row.algoEnv !== null && row.algoEnv !== environment) {
      return [{ portfolioId, type: 'other_environment', environment: row.algoEnv as Environment }];
    }
    if (row.assets !== assets) return [{ portfolioId, type: 'other_assets', assets: row.assets }];
    return [];
  });
}

/** Sets off what earlier batches traded: what is left is what people paid in. */
async function reset(transaction: Queries, portfolioId: string, batchId: string): Promise<void> {
  const account = await lockAccount(transaction, portfolioId);
  if (account === undefined) throw new DatabaseFailure('invalid', `no portfolio ${portfolioId}`);
  const { accountId } = account;
  const [traded] = await transaction
    .select({ amount: sql<string>`coalesce(sum(${accountTransactions.amount}), 0)::text` })
    .from(accountTransactions)
    .where(and(eq(accountTransactions.accountId, accountId), ne(accountTransactions.kind, 'funding')));
  const amount = formatDecimal(negate(decimal(traded?.amount ?? '0')));
  if (amount === '0') return;
  await transaction.insert(accountTransactions).values({
    ...{ accountId, amount, kind: 'reset' },
    details: { batchId, note: 'the simulated account begins anew' },
  });
}

/** Sums come with all their noughts. */
function plain(amount: string): string {
  return formatDecimal(decimal(amount));
}
