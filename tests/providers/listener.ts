/** Opens an Alpaca stream against a feed and writes down what it says. */
import { seededRandom } from '../../src/clock/chance.ts';
import type { Clock } from '../../src/clock/clock.ts';
import { liveClock } from '../../src/clock/live.ts';
import { type Log, silentLog } from '../../src/observability/log.ts';
import { providerConfig, type StreamLimits } from '../../src/providers/config.ts';
import type { MarketStream, StreamNotice, Subscription } from '../../src/providers/contract.ts';
import { createMarketStream } from '../../src/providers/factory.ts';
import { EventKind, KIND_NAMES } from '../../src/tape/batch.ts';

/** Small delays, so that a test with the live clock waits for nothing. */
export const QUICK: Partial<StreamLimits> = {
  reconnectDelayMs: 1,
  reconnectDelayMaxMs: 20,
  throttledDelayMs: 1,
  throttledDelayMaxMs: 20,
  closeTimeoutMs: 100,
};

/**
 * With simulated time, what a real socket needs time for may not time out: time there runs as fast as a test likes.
 */
const UNHURRIED: Partial<StreamLimits> = {
  handshakeTimeoutMs: 1e9,
  authTimeoutMs: 1e9,
  acknowledgeTimeoutMs: 1e9,
  pingIntervalMs: 1e9,
};

export interface Watched {
  readonly stream: MarketStream;
  readonly notices: StreamNotice[];
  /** `trade AAPL 100` and the like. */
  readonly events: string[];
  readonly states: () => string[];
  readonly last: <T extends StreamNotice['type']>(type: T) => Extract<StreamNotice, { type: T }> | undefined;
}

export function watchStream(options: {
  url: string;
  keyId?: string;
  secretKey?: string;
  want?: Partial<Subscription>;
  limits?: Partial<StreamLimits>;
  clock?: Clock;
  log?: Log;
  feed?: string;
  assetClass?: 'us_equity' | 'crypto';
}): Watched {
  const stream = createMarketStream(
    providerConfig({
      provider: 'alpaca',
      feed: options.feed ?? 'iex',
      assetClass: options.assetClass ?? 'us_equity',
      streamUrl: options.url,
      dataUrl: 'http://127.0.0.1:1',
      keyId: options.keyId ?? 'PKTESTKEY',
      secretKey: options.secretKey ?? 'the-secret-of-the-test',
      stream: { ...QUICK, ...(options.clock === undefined ? {} : UNHURRIED), ...options.limits },
    }),
    { clock: options.clock ?? liveClock, random: seededRandom(7), log: options.log ?? silentLog },
  );
  const notices: StreamNotice[] = [];
  const events: string[] = [];
  if (options.want) stream.want({ trades: [], quotes: [], bars: [], ...options.want });
  stream.open({
    onPending: () => stream.flush(),
    onBatch: (batch) => {
      for (let row = 0; row < batch.count; row += 1) {
        if (batch.kind[row] === EventKind.definition) continue;
        const kind = KIND_NAMES[batch.kind[row]!];
        events.push(`${kind} ${stream.symbols.textOf(batch.symbolId[row]!)} ${batch.n0[row]}`);
      }
      return batch;
    },
    onNotice: (notice) => notices.push(notice),
  });
  return {
    stream,
    notices,
    events,
    states: () => notices.flatMap((notice) => (notice.type === 'state' ? [notice.state] : [])),
    last: (type) => notices.findLast((notice) => notice.type === type) as never,
  };
}
