/** Options with their defaults filled in, checked all at once. */
import { type Decimal, tryDecimal } from '../domain/decimal.ts';
import { EXIT_USAGE, UserError, type Violation } from '../domain/exit.ts';
import { DEFAULT_SYMBOLS } from './market/instruments.ts';
import {
  DEFAULT_KEY_ID,
  DEFAULT_LATENCY_MS,
  DEFAULT_LIMITS,
  DEFAULT_SECRET_KEY,
  DEFAULT_SESSION_SHAPE,
  DEFAULT_START_CASH,
  type ExchangeLimits,
  type ExchangeOptions,
  type SessionShape,
} from './options.ts';

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly seed: number;
  readonly symbols: readonly string[];
  /** The symbols were named; otherwise they are the defaults, or all of a tape. */
  readonly symbolsGiven: boolean;
  readonly ratePerSecond: number;
  readonly keyId: string;
  readonly secretKey: string;
  readonly startCash: Decimal;
  readonly liveliness: number;
  readonly haltsPerHour: number;
  readonly latencyMs: readonly [number, number];
  readonly shortingEnabled: boolean;
  readonly tradeUpdateFrames: 'binary' | 'text';
  readonly tape: string | null;
  readonly tapeOffsetMs: number;
  readonly tapeSpeed: number;
  readonly shape: SessionShape;
  readonly limits: ExchangeLimits;
}

const SYMBOL = /^[A-Z0-9.]{1,12}(\/[A-Z0-9]{1,12})?$/;
const DEFAULT_HALTS_PER_HOUR = 0.05;
const LIVELINESS_MAX = 20;
const TAPE_SPEED_MAX = 1_000;

/** @throws {UserError} naming every option that is out of range (exit 2). */
export function readSettings(options: ExchangeOptions): Settings {
  const violations: Violation[] = [];
  const expect = (isFine: boolean, violation: Violation) => {
    if (!isFine) violations.push(violation);
  };
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const symbols = options.symbols.length === 0 ? DEFAULT_SYMBOLS : [...new Set(options.symbols)];
  const bad = symbols.find((symbol) => !SYMBOL.test(symbol));
  expect(bad === undefined, {
    path: '--symbols',
    found: bad ?? '',
    allowed: 'tickers as AAPL, pairs as BTC/USD',
  });
  expect(symbols.length <= limits.symbolsMax, {
    path: '--symbols',
    found: `${symbols.length} symbols`,
    allowed: `at most ${limits.symbolsMax}`,
  });
  expect(options.ratePerSecond > 0 && options.ratePerSecond <= limits.eventsPerSecondMax, {
    path: '--rate',
    found: String(options.ratePerSecond),
    allowed: `more than 0, at most ${limits.eventsPerSecondMax} events a second`,
  });
  expect(Number.isInteger(options.port) && options.port >= 0 && options.port <= 65_535, {
    path: '--port',
    found: String(options.port),
    allowed: 'a port from 0 (any) to 65535',
  });
  expect(Number.isSafeInteger(options.seed), {
    path: '--seed',
    found: String(options.seed),
    allowed: 'a whole number',
  });
  const cash = tryDecimal(options.startCash ?? DEFAULT_START_CASH);
  expect(cash !== undefined && cash >= 0n, {
    path: 'startCash',
    found: options.startCash ?? '',
    allowed: 'an amount of USD, 0 or more',
  });
  const liveliness = options.liveliness ?? 1;
  expect(liveliness > 0 && liveliness <= LIVELINESS_MAX, {
    path: 'liveliness',
    found: String(liveliness),
    allowed: `more than 0, at most ${LIVELINESS_MAX}`,
  });
  const tapeSpeed = options.tapeSpeed ?? 1;
  expect(tapeSpeed > 0 && tapeSpeed <= TAPE_SPEED_MAX, {
    path: 'tapeSpeed',
    found: String(tapeSpeed),
    allowed: `more than 0, at most ${TAPE_SPEED_MAX}`,
  });
  const latencyMs = options.latencyMs ?? DEFAULT_LATENCY_MS;
  expect(latencyMs[0] >= 0 && latencyMs[1] >= latencyMs[0], {
    path: 'latencyMs',
    found: latencyMs.join(' to '),
    allowed: 'from 0 up, the second not below the first',
  });
  const shape = { ...DEFAULT_SESSION_SHAPE, ...options.sessions };
  expect(shape.lengthMinutes > shape.openedBeforeStartMinutes, {
    path: 'sessions.lengthMinutes',
    found: String(shape.lengthMinutes),
    allowed: 'longer than the time from the open to the start',
  });
  if (violations.length > 0) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: 'the local exchange cannot start with these options',
      remedy: 'correct what is named',
      violations,
    });
  }
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port,
    seed: options.seed,
    symbols,
    symbolsGiven: options.symbols.length > 0,
    ratePerSecond: options.ratePerSecond,
    keyId: options.keyId ?? DEFAULT_KEY_ID,
    secretKey: options.secretKey ?? DEFAULT_SECRET_KEY,
    startCash: cash!,
    liveliness,
    haltsPerHour: options.haltsPerHour ?? DEFAULT_HALTS_PER_HOUR,
    latencyMs,
    shortingEnabled: options.shortingEnabled ?? true,
    tradeUpdateFrames: options.tradeUpdateFrames ?? 'binary',
    tape: options.tape ?? null,
    tapeOffsetMs: options.tapeOffsetMs ?? 0,
    tapeSpeed,
    shape,
    limits,
  };
}
