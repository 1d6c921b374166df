/** What the account is worth from moment to moment, and which prices the desk has not been told yet. */
import { numberFromDecimal } from '../domain/decimal.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { SimulatedAccount } from './account.ts';
import { EquityCurve } from './curve.ts';
import type { SymbolState } from './fills/market.ts';

export class Valuation {
  readonly curve: EquityCurve;
  /** Equity now and when the session began, in floating-point numbers. */
  equity: number;
  sessionEquity: number;
  readonly #account: SimulatedAccount;
  #untold: SymbolState[] = [];

  constructor(account: SimulatedAccount, startMicros: EpochMicros) {
    this.#account = account;
    this.equity = numberFromDecimal(account.startingCash);
    this.sessionEquity = this.equity;
    this.curve = new EquityCurve({ atMicros: startMicros, equity: this.equity });
  }

  /** A market has a new price. */
  price(market: SymbolState, atMicros: EpochMicros): void {
    market.atMicros = atMicros;
    if (!market.isUntold) {
      market.isUntold = true;
      this.#untold.push(market);
    }
    if (market.held === 0) return;
    const worth = market.worth();
    this.equity += market.held * (worth - market.mark);
    market.mark = worth;
    this.curve.note(atMicros, this.equity);
  }

  /** From the exact ledger, so that the curve never drifts from it. */
  revalue(): void {
    this.equity = numberFromDecimal(this.#account.equity());
    this.#account.markAll();
  }

  endSession(): void {
    this.revalue();
    this.curve.endSession(this.equity);
    this.sessionEquity = this.equity;
  }

  /** Markets whose newest price the desk was not told; each is named once. */
  takeUntold(): readonly SymbolState[] {
    if (this.#untold.length === 0) return NONE;
    const untold = this.#untold;
    this.#untold = [];
    for (const market of untold) market.isUntold = false;
    return untold;
  }
}

const NONE: readonly SymbolState[] = [];
