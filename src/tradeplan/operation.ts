/** Keys of the plan that say what the running daemon tells, records and may use. */
import { z } from 'zod';
import { duration, flag, oneOrMore, section, text, whole } from './values.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const alerts = section({
  webhook: text('an https:// address')
    .optional()
    .describe('Called with each alert as JSON by POST. A secret.'),
  command: oneOrMore(text('a program or an argument'), 'a program, or a list of a program and its arguments')
    .optional()
    .describe('Run with each alert as JSON on standard input; no shell.'),
  timeout: duration(100, 5 * MINUTE)
    .default(10 * SECOND)
    .describe('For one call or program; then it is ended, and the log says so.'),
});

export const metrics = section({
  port: whole(0, 65_535)
    .optional()
    .describe('Prometheus reads /metrics here; 0 takes any free port. Left out: no endpoint.'),
  host: text('an address of this machine, such as 127.0.0.1')
    .default('127.0.0.1')
    .describe('Beyond loopback anybody who reaches the port can read it.'),
});

const recordSection = section({
  market: flag().default(true).describe('What the feed sends, once.'),
  inbox: flag().default(true).describe('What each consumer and the desk took, in its order: for replay.'),
  directory: text('a folder, from the plan')
    .optional()
    .describe('Where the tapes lie, from the plan. Left out: tapes in the data directory.'),
  max_segment_mb: whole(1, 65_536, 'MiB').default(256).describe('A longer tape is closed, the next begun.'),
  max_age: duration(DAY, 3_650 * DAY)
    .default(30 * DAY)
    .describe('Tapes of older sessions are removed.'),
  max_total_mb: whole(1, 1_000_000_000, 'MiB')
    .default(51_200)
    .describe('Beyond it the oldest closed tapes are removed.'),
  min_free_mb: whole(0, 1_000_000_000, 'MiB')
    .default(1_024)
    .describe('Recording stops, and trading goes on, when the disk has less left.'),
});
const RECORD = 'true, false, or a mapping such as { market: true, inbox: false }';
export const record = z.union([z.boolean(RECORD), recordSection], { error: RECORD });

/** What `record: true` stands for. */
export function recordDefaults(): z.output<typeof recordSection> {
  return recordSection.parse({});
}

export const rebalance = section({
  enabled: flag()
    .default(true)
    .describe('Moves strategies and symbols from a consumer that is behind to others.'),
  max_lag: duration(10, HOUR)
    .default(SECOND)
    .describe('A consumer that shows events older than this is behind.'),
  patience: duration(SECOND, HOUR)
    .default(5 * SECOND)
    .describe('Behind for so long before anything moves.'),
  max_moves_per_minute: whole(1, 1_000, 'moves').default(12).describe('At most 8 at once.'),
  rest: duration(SECOND, DAY).default(MINUTE).describe('What has moved stays for so long.'),
  max_load_percent: whole(1, 100, 'percent')
    .default(70)
    .describe('Of one core: a consumer takes nothing that would make it busier.'),
  prepare_timeout: duration(100, 5 * MINUTE)
    .default(30 * SECOND)
    .describe('A move whose consumers do not answer by then is called off.'),
});

export const limits = section({
  max_waiting_trades: whole(16, 10_000_000, 'trades')
    .default(65_536)
    .describe('Per consumer; beyond it they are dropped and counted.'),
  max_history_bars: whole(1, 1_000_000, 'bars').default(1_000).describe('Bars kept per symbol and interval.'),
  consumer_heap_mb: whole(32, 65_536, 'MiB').default(512).describe('A consumer over it is restarted.'),
  history_request_timeout: duration(100, 10 * MINUTE)
    .default(30 * SECOND)
    .describe('For the answer of the provider to one request for history.'),
  submit_timeout: duration(100, 5 * MINUTE)
    .default(10 * SECOND)
    .describe('Then the fate of the order is asked for.'),
  stop_timeout: duration(SECOND, 5 * MINUTE)
    .default(8 * SECOND)
    .describe('To stop in order; then the daemon ends.'),
  heartbeat_timeout: duration(100, 10 * MINUTE)
    .default(5 * SECOND)
    .describe('A consumer silent for longer is blocked.'),
  scanner_timeout: duration(100, HOUR).default(MINUTE).describe('For one scan.'),
  miner_timeout: duration(SECOND, DAY).default(HOUR).describe('For one run; what it wrote is kept.'),
  max_consumer_restarts_per_hour: whole(0, 1_000, 'restarts')
    .default(10)
    .describe('Of one consumer; one that fails more often stays down.'),
});
