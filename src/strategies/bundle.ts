/** A strategy's file and all it imports, as one script: what is run, what is recorded, what has a version. */

/** Plain data, so that it can be handed to a thread. */
export interface StrategyBundle {
  /** The strategy's own name, as its definition says. */
  readonly name: string;
  /** SHA-256 of the script in hexadecimal: the strategy's version in `algo_run`. */
  readonly version: string;
  /** The file it was made from. */
  readonly path: string;
  /** One script for a realm of its own; its value is a function that the realm calls. */
  readonly source: string;
  /** JSON of the source map, so that a fault names the line of the author's file. */
  readonly sourceMap: string;
}
