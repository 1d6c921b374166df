/**
 * Condition codes of US equity trades and quotes, as Alpaca passes them on from the consolidated tapes: what a trade
 * with them may move, and whether a quote with them is one to trade against.
 *
 * Trades: the sale-condition matrices of the CTS output specification (tapes A and B) and the UTP trade data feed
 * specification (tape C), consolidated columns, as bar builders apply them to *minute* bars. Where a matrix says
 * "only if it is the first trade of the day" (G, P, Z, 4) the trade does not move the last price here. Two codes
 * are taken otherwise than the matrices, which are written for daily bars:
 * - `T` (extended hours): every trade outside regular hours carries it, so its minute bars are built from such trades.
 *   Who builds a daily bar of the regular session leaves these trades out by their time.
 * - `9` (corrected consolidated close): tells of an earlier trade, long after it, so it moves nothing.
 *
 * Quotes: the quote-condition tables of the CQS output specification (tapes A and B) and of the UTP quotation data feed
 * specification (tape C), column "eligible for the national best bid and offer". Codes that are not named are eligible.
 */

/** What a trade may move. */
export interface TradeUse {
  /** The last price, and so a bar's open and close. */
  readonly movesLast: boolean;
  /** A bar's high and low. */
  readonly movesRange: boolean;
  readonly countsInVolume: boolean;
}

const NO_LAST: TradeUse = { movesLast: false, movesRange: true, countsInVolume: true };
const NO_PRICE: TradeUse = { movesLast: false, movesRange: false, countsInVolume: true };
const NOTHING: TradeUse = { movesLast: false, movesRange: false, countsInVolume: false };
const EVERYTHING: TradeUse = { movesLast: true, movesRange: true, countsInVolume: true };

/** Codes that mean the same on both tapes' plans. Codes that are not named move everything. */
const COMMON_TRADES: Readonly<Record<string, TradeUse>> = {
  C: NO_PRICE, // cash sale
  G: NO_LAST, // bunched sold trade
  H: NO_PRICE, // price variation trade
  I: NO_PRICE, // odd lot
  M: NOTHING, // market center official close
  N: NO_PRICE, // next day
  P: NO_LAST, // prior reference price
  Q: NOTHING, // market center official open
  R: NO_PRICE, // seller
  U: NO_PRICE, // extended hours, out of sequence
  V: NO_PRICE, // contingent trade
  W: NO_PRICE, // average price trade
  Z: NO_LAST, // sold, out of sequence
  '4': NO_LAST, // derivatively priced
  '7': NO_PRICE, // qualified contingent trade
  '9': NOTHING, // corrected consolidated close
};

/** By the plan that runs the tape: CTA tapes A and B, UTP tape C and what is told in its manner. */
export const TRADE_CONDITIONS = {
  // `B` is an average price trade on tapes A and B, but an ordinary bunched trade on tape C.
  cta: { ...COMMON_TRADES, B: NO_PRICE } as Readonly<Record<string, TradeUse>>,
  utp: COMMON_TRADES,
} as const;

/** Codes whose quotes nobody has to honour, or at which nobody can trade at once. */
const INELIGIBLE_QUOTES = {
  cta: {
    C: 'closing',
    L: 'closed',
    N: 'not firm',
    '4': 'intraday auction',
  },
  utp: {
    F: 'fast trading',
    I: 'order imbalance',
    L: 'closed',
    N: 'not firm',
    U: 'manual on both sides, not firm',
    X: 'order influx',
    Z: 'no open, no resume',
    '4': 'intraday auction',
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

/** Which plan's codes a trade or quote carries. `tape` is `A`, `B`, `C`, `N`, `O` or empty. */
export function planOf(tape: string): 'cta' | 'utp' {
  return tape === 'A' || tape === 'B' ? 'cta' : 'utp';
}

/** What a trade with these condition codes may move: as much as the strictest of them lets it. */
export function tradeUse(tape: string, codes: readonly string[]): TradeUse {
  const table = TRADE_CONDITIONS[planOf(tape)];
  const uses = codes.filter((code) => Object.hasOwn(table, code)).map((code) => table[code]!);
  if (uses.length === 0) return EVERYTHING;
  return {
    movesLast: uses.every(({ movesLast }) => movesLast),
    movesRange: uses.every(({ movesRange }) => movesRange),
    countsInVolume: uses.every(({ countsInVolume }) => countsInVolume),
  };
}

/** Whether a quote with these condition codes may be the market's best: firm, of an open market. */
export function isEligibleQuote(tape: string, codes: readonly string[]): boolean {
  const table = INELIGIBLE_QUOTES[planOf(tape)];
  return !codes.some((code) => Object.hasOwn(table, code));
}
