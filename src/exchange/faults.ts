/** The ways in which the local exchange can misbehave on purpose: the scenarios that a client must survive. */

/** What becomes of the answer to an order request, and of the order. */
export type LostAnswer =
  /** The order is taken, then the connection is reset. */
  | 'reset_after_accepting'
  /** The connection is reset, and there is no order. */
  | 'reset_before_accepting'
  /** The order is taken, and a proxy answers 503 with HTML. */
  | 'unavailable_after_accepting'
  | 'unavailable_before_accepting'
  /** The order is taken, and no answer ever comes. */
  | 'hang_after_accepting';

export interface ExchangeFaults {
  /** Applies to the next `times` order requests. */
  readonly lostAnswer: { readonly kind: LostAnswer; readonly times: number } | null;
  /** For this long after it was placed, an order is not found by its client order id. */
  readonly lookupDelayMs: number;
  /** Every execution is told twice on the trade-updates stream. */
  readonly duplicateExecutions: boolean;
  /** Executions are booked but not told on the trade-updates stream. */
  readonly missingExecutions: boolean;
  /** An order is worked, and its events sent, before its POST is answered. */
  readonly fillBeforeAnswer: boolean;
  /** A cancel is taken and never carried out. */
  readonly stuckPendingCancel: boolean;
  /** A cancel is taken, then refused by `order_cancel_rejected`. */
  readonly cancelRejected: boolean;
  /** Share of orders (0 to 1) that the venue rejects after the POST was answered 200. */
  readonly rejectProbability: number;
  /** Instead of the configured requests a minute; null = as configured. */
  readonly requestsPerMinute: number | null;
  /** Sockets stay open and answer pings, but no market data comes. */
  readonly silentData: boolean;
  /** The TCP connection is taken, and the upgrade to WebSocket never answered. */
  readonly stalledUpgrade: boolean;
  /** Greeting, but no answer to `auth` or `authenticate`. */
  readonly noAuthReply: boolean;
  /** The upgrade is refused with HTTP 429. */
  readonly upgradeRateLimited: boolean;
  /** After a data connection ends it is still counted for this long: a new one is answered 406 meanwhile. */
  readonly connectionHeldMs: number;
  /** Data connections are answered 407 and closed as soon as they are sent data. */
  readonly slowClient: boolean;
  /** Data connections are refused with 409 and closed. */
  readonly feedNotInPlan: boolean;
  /** Every batch of market data carries one damaged element. */
  readonly malformedElements: boolean;
  /** Unknown message kinds, events and fields are mixed in, on both streams and REST. */
  readonly unknownKinds: boolean;
  /** Symbols that are left out of acknowledgements, and whose data is not sent. */
  readonly unacknowledgedSymbols: readonly string[];
  /** Acknowledgements leave out the channels that are empty, as the live feed has been seen to do. */
  readonly omitEmptyChannels: boolean;
  /** Both streams are cut off this often; null = never. */
  readonly disconnectEveryMs: number | null;
}

export const NO_FAULTS: ExchangeFaults = {
  lostAnswer: null,
  lookupDelayMs: 0,
  duplicateExecutions: false,
  missingExecutions: false,
  fillBeforeAnswer: false,
  stuckPendingCancel: false,
  cancelRejected: false,
  rejectProbability: 0,
  requestsPerMinute: null,
  silentData: false,
  stalledUpgrade: false,
  noAuthReply: false,
  upgradeRateLimited: false,
  connectionHeldMs: 0,
  slowClient: false,
  feedNotInPlan: false,
  malformedElements: false,
  unknownKinds: false,
  unacknowledgedSymbols: [],
  omitEmptyChannels: false,
  disconnectEveryMs: null,
};

/** The faults in force, which may change while the exchange runs. Everyone reads `current` at the moment of use. */
export class FaultSwitches {
  #current: ExchangeFaults;

  constructor(initial: Partial<ExchangeFaults>) {
    this.#current = { ...NO_FAULTS, ...initial };
  }

  get current(): ExchangeFaults {
    return this.#current;
  }

  set(changes: Partial<ExchangeFaults>): void {
    this.#current = { ...this.#current, ...changes };
  }

  /** What is to happen to the answer of the order request at hand, counting it. */
  takeLostAnswer(): LostAnswer | null {
    const lost = this.#current.lostAnswer;
    if (lost === null) return null;
    this.set({ lostAnswer: lost.times > 1 ? { kind: lost.kind, times: lost.times - 1 } : null });
    return lost.kind;
  }
}
