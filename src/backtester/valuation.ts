/** What the account is worth from moment to moment, and which prices the desk has not been told yet. */
import { numberFromDecimal } from '../domain/decimal.ts';
import { Fifo } from '../domain/fifo.ts';
import type { EpochMicros } from '../domain/time.ts';
import { type Batch, EventKind } from '../tape/batch.ts';
import type { SimulatedAccount } from './account.ts';
import { EquityCurve } from './curve.ts';
import type { SymbolState } from './fills/market.ts';

/** Markets by the stream's symbol ids. */
interface Markets {
  market(id: number): SymbolState | undefined;
}

export class Valuation {
  readonly curve: EquityCurve;
  /** Equity now and when the session began, in floating-point numbers. */
  equity: number;
  sessionEquity: number;
  readonly #account: SimulatedAccount;
  readonly #untold = new Fifo<SymbolState>();

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

  /**
   * Whether equity stays above a bound through all these rows, even if each market that is held were at its worst price
   * of them at once. Cheaper than following the rows, and enough to know that nothing must be watched.
   */
  staysAbove(bound: number, rows: { batch: Batch; from: number; to: number; markets: Markets }): boolean {
    const held = this.#account.heldMarkets();
    if (held.length === 0) return this.equity > bound;
    const { batch, from, to, markets } = rows;
    const { kind, symbolId, n0, n2, n3 } = batch;
    for (const market of held) market.worst = market.worse(market.mark, market.last);
    for (let row = from; row < to; row += 1) {
      const market = markets.market(symbolId[row]!);
      if (market === undefined || market.held === 0) continue;
      const rowKind = kind[row]!;
      if (rowKind === EventKind.minuteBar) market.worst = market.worse(market.worst, n3[row]!);
      else if (rowKind === EventKind.trade) market.worst = market.worse(market.worst, n0[row]!);
      else if (rowKind === EventKind.quote) {
        const side = market.held > 0 ? n0[row]! : n2[row]!;
        // Without a quote the last price counts, which has been looked at.
        if (side > 0) market.worst = market.worse(market.worst, side);
      }
    }
    let equity = this.equity;
    for (const market of held) equity += market.held * (market.worst - market.mark);
    return equity > bound;
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

  /** A market whose newest price the desk was not told; each is named once. Undefined when there is none. */
  takeUntold(): SymbolState | undefined {
    const market = this.#untold.shift();
    if (market !== undefined) market.isUntold = false;
    return market;
  }
}
