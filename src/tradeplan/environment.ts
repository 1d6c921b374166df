/**
 * What the environment, the plan and `--live` together allow. Modes fail closed: a half of a mode is a violation, and
 * what comes out names every address and key that may be used, so that nothing else ever has to read the environment.
 */
import { resolve } from 'node:path';
import { EXIT_USAGE, UserError, type Violation } from '../domain/exit.ts';
import { type AlpacaAccess, checkAlpacaAccess, checkExchangeAccess, setAlpacaNames } from './access.ts';
import { NOT_SHOWN } from './address.ts';
import type { Mode, Tradeplan } from './plan.ts';

export type { AlpacaAccess } from './access.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevelName = (typeof LOG_LEVELS)[number];

export const DEFAULT_DATA_DIRECTORY = '.openbell';
const DEFAULT_LOG_LEVEL: LogLevelName = 'info';

/** What is read: `process.env`. A variable that is empty counts as unset. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** What commands need that read no plan: where the data are and how much is logged. */
export interface Storage {
  /** Absolute. */
  readonly dataDirectory: string;
  readonly logLevel: LogLevelName;
  /** Null = the embedded database in the data directory. A secret. */
  readonly databaseUrl: string | null;
}

export interface Environment extends Storage {
  readonly mode: Mode;
  /** `algo_env` of the rows. */
  readonly algoEnvironment: 'SIMULATED' | 'PAPER' | 'PROD';
  /** Null in `simulated` mode before the local exchange was started. */
  readonly alpaca: AlpacaAccess | null;
}

export interface StorageInput {
  readonly env: EnvironmentVariables;
  /** `--data-dir` and `--log-level`, which win over the environment. */
  readonly options?: { readonly dataDirectory?: string; readonly logLevel?: string };
}

export interface EnvironmentInput extends StorageInput {
  readonly plan: Tradeplan;
  /** Whether `--live` was given. */
  readonly isLiveFlagSet: boolean;
  /** The `APCA_*` variables that the local exchange told, null before it was started and in the other modes. */
  readonly exchangeEnv?: EnvironmentVariables | null;
}

export type EnvironmentResult =
  | { readonly ok: true; readonly environment: Environment; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly violations: readonly Violation[] };

export type StorageResult =
  | { readonly ok: true; readonly storage: Storage }
  | { readonly ok: false; readonly violations: readonly Violation[] };

const ALGO_ENVIRONMENTS = { simulated: 'SIMULATED', paper: 'PAPER', live: 'PROD' } as const;

/** Everything that a trading command may use, or every reason why it may not start. */
export function resolveEnvironment(input: EnvironmentInput): EnvironmentResult {
  const { plan, env, isLiveFlagSet } = input;
  const violations: Violation[] = [];
  const warnings: string[] = [];
  const stored = resolveStorage(input);
  if (!stored.ok) violations.push(...stored.violations);
  violations.push(...checkLiveIntent(plan.mode, env, isLiveFlagSet));

  let alpaca: AlpacaAccess | null = null;
  if (plan.mode === 'simulated') {
    const ignored = setAlpacaNames(env);
    if (ignored.length > 0) warnings.push(`${ignored.join(', ')}: ignored in simulated mode`);
    if (input.exchangeEnv) {
      const access = checkExchangeAccess(input.exchangeEnv);
      violations.push(...access.violations);
      alpaca = access.access;
    }
  } else {
    const access = checkAlpacaAccess(plan.mode, env);
    violations.push(...access.violations);
    warnings.push(...access.warnings);
    alpaca = access.access;
  }
  if (violations.length > 0 || !stored.ok) return { ok: false, violations };
  const environment = Object.freeze({
    ...stored.storage,
    mode: plan.mode,
    algoEnvironment: ALGO_ENVIRONMENTS[plan.mode],
    alpaca,
  });
  return { ok: true, environment, warnings };
}

/** As {@link resolveEnvironment}. @throws {UserError} exit code 2, with every violation. */
export function requireEnvironment(input: EnvironmentInput): {
  readonly environment: Environment;
  readonly warnings: readonly string[];
} {
  const result = resolveEnvironment(input);
  if (!result.ok) throw environmentError(result.violations, `mode ${input.plan.mode}`);
  return result;
}

/** The part of the environment that is the same for every plan, for commands that read none. */
export function resolveStorage(input: StorageInput): StorageResult {
  const { env, options = {} } = input;
  const violations: Violation[] = [];
  const logLevel = options.logLevel ?? (env.OPENBELL_LOG_LEVEL || DEFAULT_LOG_LEVEL);
  if (!isLogLevel(logLevel)) {
    const path = options.logLevel === undefined ? 'OPENBELL_LOG_LEVEL' : '--log-level';
    violations.push({ path, found: logLevel, allowed: LOG_LEVELS.join(', ') });
  }
  const databaseUrl = env.DATABASE_URL || null;
  if (databaseUrl !== null && !isPostgresUrl(databaseUrl)) {
    violations.push({
      path: 'DATABASE_URL',
      found: NOT_SHOWN,
      allowed: 'postgres://user:password@host:5432/database, or unset for the embedded database',
    });
  }
  if (violations.length > 0 || !isLogLevel(logLevel)) return { ok: false, violations };
  const dataDirectory = resolve(options.dataDirectory || env.OPENBELL_DATA_DIR || DEFAULT_DATA_DIRECTORY);
  return { ok: true, storage: Object.freeze({ dataDirectory, logLevel, databaseUrl }) };
}

/** As {@link resolveStorage}. @throws {UserError} exit code 2, with every violation. */
export function requireStorage(input: StorageInput): Storage {
  const result = resolveStorage(input);
  if (!result.ok) throw environmentError(result.violations, 'this command');
  return result.storage;
}

/** Real money asks for three yeses: the plan's, the command line's, and a database that outlives this machine. */
function checkLiveIntent(
  mode: Mode,
  env: EnvironmentVariables,
  isLiveFlagSet: boolean,
): readonly Violation[] {
  const violations: Violation[] = [];
  if (mode === 'live' && !isLiveFlagSet) {
    violations.push({
      path: '--live',
      found: 'not given',
      allowed: 'given, because the plan says `mode: live`: it trades with real money',
    });
  }
  if (mode === 'live' && !env.DATABASE_URL) {
    violations.push({
      path: 'DATABASE_URL',
      found: 'not set',
      allowed: 'a PostgreSQL: live trading is not recorded in the embedded database',
    });
  }
  if (mode !== 'live' && isLiveFlagSet) {
    violations.push({
      path: '--live',
      found: 'given',
      allowed: `left out, or \`mode: live\` in the plan, which says \`mode: ${mode}\``,
    });
  }
  return violations;
}

function environmentError(violations: readonly Violation[], needs: string): UserError {
  const count = violations.length === 1 ? 'one problem' : `${violations.length} problems`;
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `the environment has ${count} for ${needs}`,
    remedy: 'Set what is named below and start again.',
    violations,
  });
}

function isLogLevel(text: string): text is LogLevelName {
  return LOG_LEVELS.some((level) => level === text);
}

function isPostgresUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') return false;
  // Without a host it is a Unix socket, whose folder then stands in the query.
  return url.hostname !== '' || url.searchParams.has('host');
}
