/**
 * What a call to the outside world may come to. Expected failures are values; bugs throw.
 */

/** Why something outside us did not answer as wished. `retry` says whether asking again is sensible. */
export interface Failure {
  readonly kind:
    | 'unreachable'
    | 'timeout'
    | 'unauthorized'
    | 'forbidden'
    | 'not_found'
    | 'invalid'
    | 'rate_limited'
    | 'server_error'
    | 'malformed_answer'
    | 'closed';
  /** One line for a person: what was asked of whom, and what came back. Never a secret. */
  readonly message: string;
  readonly httpStatus?: number;
  /** The vendor's own code, such as Alpaca's 40310000. */
  readonly vendorCode?: number;
  readonly retryAfterMs?: number;
}

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

export function success<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function failed(failure: Failure): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure };
}

/** Whether asking again later may succeed without a person changing something. */
export function isRetrySensible(failure: Failure): boolean {
  switch (failure.kind) {
    case 'unreachable':
    case 'timeout':
    case 'rate_limited':
    case 'server_error':
      return true;
    case 'unauthorized':
    case 'forbidden':
    case 'not_found':
    case 'invalid':
    case 'malformed_answer':
    case 'closed':
      return false;
  }
}
