/** Alpaca's market-data error codes and what each asks for (protocol A.6). */

export type Reaction =
  /** We asked twice for the same: nothing to do. */
  | 'ignore'
  /** Our request was wrong: sent again it would be as wrong. */
  | 'do_not_resend'
  | 'authenticate'
  /** A person must act. */
  | 'stop'
  | 'reconnect'
  /** The request was ignored whole: ask for less. */
  | 'shrink'
  /** An older session is still counted: ask again on the same connection, slowly. */
  | 'authenticate_later'
  /** Events were lost because we did not drain the connection. */
  | 'reconnect_slow_client'
  | 'drop_channel';

interface ErrorCode {
  readonly meaning: string;
  readonly reaction: Reaction;
  /** For a person, where one must act. */
  readonly remedy?: string;
}

const CHECK_KEYS = 'check APCA_API_KEY_ID and APCA_API_SECRET_KEY, and that the key was not revoked';
const CHECK_PLAN =
  "choose a feed that the account's market-data plan includes (iex is free), or change the plan";

export const ERROR_CODES: ReadonlyMap<number, ErrorCode> = new Map([
  [400, { meaning: 'invalid syntax', reaction: 'do_not_resend' }],
  [401, { meaning: 'not authenticated', reaction: 'authenticate' }],
  [402, { meaning: 'authentication failed', reaction: 'stop', remedy: CHECK_KEYS }],
  [403, { meaning: 'already authenticated', reaction: 'ignore' }],
  [404, { meaning: 'authentication timed out', reaction: 'reconnect' }],
  [405, { meaning: 'symbol limit exceeded', reaction: 'shrink' }],
  [406, { meaning: 'connection limit exceeded', reaction: 'authenticate_later' }],
  [407, { meaning: 'slow client', reaction: 'reconnect_slow_client' }],
  [408, { meaning: 'v2 not enabled', reaction: 'stop', remedy: CHECK_PLAN }],
  [409, { meaning: 'insufficient subscription', reaction: 'stop', remedy: CHECK_PLAN }],
  [410, { meaning: 'invalid subscribe action for this feed', reaction: 'drop_channel' }],
  [
    411,
    { meaning: 'insufficient scope', reaction: 'stop', remedy: 'use a key whose scope includes market data' },
  ],
  [500, { meaning: 'internal error', reaction: 'reconnect' }],
]);

/** What an HTTP answer instead of the upgrade asks a person to do; null when waiting may help. */
export function remedyOfRefusal(httpStatus: number): string | null {
  switch (httpStatus) {
    case 401:
      return CHECK_KEYS;
    case 402:
    case 403:
      return `${CHECK_KEYS}; or ${CHECK_PLAN}`;
    default:
      return null;
  }
}
