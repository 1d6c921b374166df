/**
 * Tape files: what both sides of a tape agree on.
 *
 * A file is a preamble (magic, version), and then blocks, each with its length and checksum. The first block of a
 * segment says what the tape is ({@link TapeMetadata}); a writer that goes on with a file starts a new segment.
 * Symbols are defined in-band: in the block before their first use, anew in each segment.
 */
export interface TapeMetadata {
  /** `market`: what a feed sent. `inbox`: what one machine saw. */
  readonly kind: 'market' | 'inbox';
  /** The feed, as its provider names it: `sip`, `iex`, `crypto/us`, `csv`, `lean`. */
  readonly feed: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Where the events came from, for people: a host, a file name. */
  readonly source: string;
  /** What else whoever wrote the tape wants remembered (batch, consumer, strategy). */
  readonly labels?: Readonly<Record<string, string>>;
}
