/** Which path of the stream, and which feed of the history, a feed's name stands for (protocol A, D.1). */
import type { AssetClass } from '../../domain/market.ts';

/** @returns `/v2/iex`, `/v1beta1/overnight`, `/v1beta3/crypto/us`. */
export function streamPath(feed: string, assetClass: AssetClass): string {
  if (assetClass === 'crypto') return `/v1beta3/crypto/${cryptoLocation(feed)}`;
  return feed === 'boats' || feed === 'overnight' ? `/v1beta1/${feed}` : `/v2/${feed}`;
}

/** Where crypto prices come from: `us` is Alpaca itself. */
export function cryptoLocation(feed: string): string {
  return feed === 'crypto' ? 'us' : feed;
}

/** The feed whose history fits a stream's: late prices are the same prices, only later. */
export function historyFeed(feed: string): 'sip' | 'iex' | 'boats' {
  switch (feed) {
    case 'iex':
    case 'test':
      return 'iex';
    case 'boats':
    case 'overnight':
      return 'boats';
    default:
      return 'sip';
  }
}
