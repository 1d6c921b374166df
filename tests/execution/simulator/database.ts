/** The two tables that matter, and a database that is away, slow, or takes rows without saying so. */
import type { Clock } from '../../../src/clock/clock.ts';
import type { DeskStores } from '../../../src/desk/core.ts';
import { cashOf } from '../../../src/domain/cash.ts';
import { add, type Decimal, decimal, formatDecimal } from '../../../src/domain/decimal.ts';
import type { NewTrade, OrderRow } from '../../../src/models/contract.ts';
import { DatabaseFailure } from '../../../src/models/failure.ts';
import type { Dice } from './dice.ts';

/** What the portfolio of every instance begins with. */
export const PORTFOLIO = { portfolioId: 'growth', cash: decimal('10000000'), credit: decimal('5000000') };

export class Database {
  readonly orders = new Map<string, OrderRow>();
  readonly trades = new Map<string, NewTrade>();
  isDown = false;
  failsAfterCommit = 0;

  /** A process's connection. */
  connect(options: { clock: Clock; world: Clock; dice: Dice; isDead: () => boolean }): DeskStores {
    const { clock, world, dice, isDead } = options;
    const commit = <T>(write: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        if (isDead()) return;
        world.after(dice.between(0.5, 30), () => {
          const fails = () => reject(new DatabaseFailure('unreachable', 'the connection was lost'));
          if (this.isDown) {
            clock.after(1, fails);
            return;
          }
          // A statement that had reached the server when its client died is carried out, or not.
          if (isDead() && dice.chance(0.5)) return;
          const value = write();
          const isLost = dice.chance(this.failsAfterCommit);
          clock.after(dice.between(0.5, 10), () => (isLost ? fails() : resolve(value)));
        });
      });
    return {
      holdings: () => Promise.resolve([]),
      portfolioFunds: () => {
        const { portfolioId, cash, credit } = PORTFOLIO;
        const [funded, line] = [formatDecimal(cash), formatDecimal(credit)];
        return commit(() => [{ portfolioId, cash: formatDecimal(this.cash), funded, credit: line }]);
      },
      recordOrders: (rows) => commit(() => this.#upsert(rows)),
      recordTrades: (rows) => commit(() => this.#insert(rows)),
    };
  }

  /** As the store books it: each row once. */
  get cash(): Decimal {
    let { cash } = PORTFOLIO;
    for (const row of this.trades.values()) {
      const { side, qty, price, fee } = row;
      cash = add(cash, cashOf({ side, quantity: decimal(qty), price: decimal(price), fee: decimal(fee) }));
    }
    return cash;
  }

  /** As the store does it: an older row never overwrites a newer one, the broker's id is never forgotten. */
  #upsert(rows: readonly OrderRow[]): void {
    for (const row of rows) {
      const known = this.orders.get(row.clientOrderId);
      if (known !== undefined && row.updatedAt.localeCompare(known.updatedAt) < 0) continue;
      this.orders.set(row.clientOrderId, {
        ...row,
        brokerOrderId: row.brokerOrderId ?? known?.brokerOrderId ?? null,
      });
    }
  }

  #insert(rows: readonly NewTrade[]): number {
    let inserted = 0;
    for (const row of rows) {
      if (this.trades.has(row.executionId)) continue;
      this.trades.set(row.executionId, row);
      inserted += 1;
    }
    return inserted;
  }
}
