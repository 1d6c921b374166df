/** What is placed on consumers. */

/** The unit of placement: a strategy instance and a symbol, or `*` for a strategy over all its symbols. */
export interface Unit {
  readonly instanceId: string;
  readonly symbol: string;
}
