/** What the rows of a batch say: their kinds, their flags, and why events are missing. */

/** What a row says. The numbers stand in tape files: never reuse one. */
export const EventKind = {
  /** A row that was taken back (a conflated quote): readers skip it. */
  none: 0,
  trade: 1,
  quote: 2,
  /** A closed minute. */
  minuteBar: 3,
  /** A closed minute sent again because a late trade changed it: replaces the bar with the same time. */
  updatedBar: 4,
  /** The day so far. */
  dailyBar: 5,
  /** Trading status: code0 = status code (first character), heap = JSON `{sc, sm, rc, rm}`. */
  status: 6,
  /** Limit-up limit-down band: n0 = up, n1 = down, code0 = indicator. */
  luld: 7,
  /** n0, n1 = old price and size; n2, n3 = corrected; id = the old trade's; heap = JSON of the whole element. */
  correction: 8,
  /** n0, n1 = price and size; id = the trade's; code0 = exchange, code1 = `C` cancel or `E` error. */
  cancel: 9,
  /** n0 = price. */
  imbalance: 10,
  /** heap = bid levels then ask levels, each level two Float64 (price, size); n0 = bids, n1 = asks counted. */
  orderBook: 11,
  /** heap = JSON of the whole element. symbolId = 0: news names several symbols inside. */
  news: 12,
  /** Names a symbol before its first use: symbolId, heap = UTF-8 text. */
  definition: 32,
  /**
   * Events are missing: symbolId (0 = all), timeNs = from, n0 = to (ns from the base), n1 = how many (NaN when
   * nobody knows), code0 = {@link GapReason}.
   */
  gap: 33,
  /** Ports: units move at this place of the stream. n0 = number of the move. Never in a market tape. */
  barrier: 40,
  /**
   * Inbox tapes: a market batch of n0 rows was taken at timeNs, definitions and gaps included. With code0 = 0 they
   * follow. With code0 = 1 those that stand on the market's tape do not: see `references.ts`.
   */
  taken: 34,
  /** Inbox tapes: something else was taken at timeNs. heap = JSON (`notes.ts`), see {@link RowFlag.continued}. */
  note: 35,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

export const KIND_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(EventKind).map(([name, value]) => [value, name]),
);

export const RowFlag = {
  /** Order book: forget what you had. */
  snapshot: 1,
  /** The heap holds text that the columns could not: condition codes, a number of over 15 digits, a long id. */
  text: 2,
  /** Bar: trades are missing in it. */
  incomplete: 4,
  /** Bar: built here from trades, not sent by the feed. */
  built: 8,
  /** Trade: does not move the last price (its conditions say so). */
  notLast: 16,
  /** Trade: does not move a bar's high and low. */
  notRange: 32,
  /** Trade: does not count in volume. */
  notVolume: 64,
  /** Note: its JSON goes on in the next row. */
  continued: 128,
} as const;

/** Why events are missing. The numbers stand in tape files. */
export const GapReason = {
  disconnected: 1,
  overflow: 2,
  stale: 3,
  slowClient: 4,
  consumerRestarted: 5,
} as const;
export type GapReason = (typeof GapReason)[keyof typeof GapReason];
