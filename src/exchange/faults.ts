/** The ways in which the local exchange can misbehave on purpose: the scenarios that a client must survive. */

import { EXIT_USAGE, UserError, type Violation } from '../domain/exit.ts';

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
  /** Each trade update is held up for as long as this at random, so that they overtake one another. */
  readonly shuffledUpdatesMs: number;
  /** Orders at the venue are told to be stopped, suspended, done for the day, calculated and restated, and go on. */
  readonly oddEvents: boolean;
  /** The account's owner has suspended trading: new orders are refused with 403. */
  readonly tradeSuspended: boolean;
  /** A cancel is taken and never carried out. */
  readonly stuckPendingCancel: boolean;
  /** A cancel is taken, then refused by `order_cancel_rejected`. */
  readonly cancelRejected: boolean;
  /** Share of orders (0 to 1) that the venue rejects after the POST was answered 200. */
  readonly rejectProbability: number;
  /** Share of executions (0 to 1) that are busted a while after they were told. */
  readonly bustProbability: number;
  /** Share of executions (0 to 1) whose price is corrected by a cent a while after they were told. */
  readonly correctProbability: number;
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
  shuffledUpdatesMs: 0,
  oddEvents: false,
  tradeSuspended: false,
  stuckPendingCancel: false,
  cancelRejected: false,
  rejectProbability: 0,
  bustProbability: 0,
  correctProbability: 0,
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

const LOST_ANSWERS: ReadonlySet<string> = new Set<LostAnswer>([
  'reset_after_accepting',
  'reset_before_accepting',
  'unavailable_after_accepting',
  'unavailable_before_accepting',
  'hang_after_accepting',
]);

/**
 * Reads faults from a command line: `silentData`, `lookupDelayMs=2000`, `lostAnswer=reset_after_accepting:3` (how
 * often; once unless said), `unacknowledgedSymbols=AAPL,F`.
 * @throws {UserError} naming every one that is unknown or out of range (exit 2).
 */
export function readFaults(texts: readonly string[]): Partial<ExchangeFaults> {
  const faults: Record<string, unknown> = {};
  const violations: Violation[] = [];
  for (const text of texts) {
    const [name, value] = splitOnce(text, '=');
    const read = name in NO_FAULTS ? readFault(name as keyof ExchangeFaults, value) : undefined;
    if (read === undefined) {
      const allowed =
        name in NO_FAULTS ? allowedFor(name as keyof ExchangeFaults) : Object.keys(NO_FAULTS).join(', ');
      violations.push({ path: '--fault', found: text, allowed });
    } else faults[name] = read;
  }
  if (violations.length === 0) return faults;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `unknown fault: ${violations.map((violation) => violation.found).join(', ')}`,
    remedy: 'name faults as `--fault NAME` or `--fault NAME=VALUE`',
    violations,
  });
}

function readFault(name: keyof ExchangeFaults, value: string | undefined): unknown {
  if (name === 'lostAnswer') {
    const [kind, times = '1'] = splitOnce(value ?? '', ':');
    const count = Number(times);
    return LOST_ANSWERS.has(kind) && Number.isInteger(count) && count > 0
      ? { kind, times: count }
      : undefined;
  }
  if (name === 'unacknowledgedSymbols')
    return value === undefined || value === '' ? undefined : value.split(',');
  if (typeof NO_FAULTS[name] === 'boolean') return value === undefined ? true : undefined;
  const number = Number(value);
  if (value === undefined || value === '' || !Number.isFinite(number) || number < 0) return undefined;
  return isShare(name) && number > 1 ? undefined : number;
}

function allowedFor(name: keyof ExchangeFaults): string {
  if (name === 'lostAnswer')
    return `${name}=KIND or ${name}=KIND:TIMES, KIND one of ${[...LOST_ANSWERS].join(', ')}`;
  if (name === 'unacknowledgedSymbols') return `${name}=AAPL,F`;
  if (isShare(name)) return `${name}=0 to ${name}=1`;
  return typeof NO_FAULTS[name] === 'boolean' ? `${name}, without a value` : `${name}=NUMBER, 0 or more`;
}

function isShare(name: keyof ExchangeFaults): boolean {
  return name.endsWith('Probability');
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
