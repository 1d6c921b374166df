/** The exits a command can take other than success, and the error that carries one to the entry file. */
export const EXIT_DONE = 0;
export const EXIT_UNEXPECTED = 1;
export const EXIT_USAGE = 2;
export const EXIT_UNREACHABLE = 3;

export type ExitCode = typeof EXIT_UNEXPECTED | typeof EXIT_USAGE | typeof EXIT_UNREACHABLE;

/** One violated expectation about a plan, an option or the environment. */
export interface Violation {
  /** Where: `strategies[1].windows[0].start`, `APCA_API_KEY_ID`, `--port`. */
  readonly path: string;
  /** The value that was found, as text, with secrets left out. */
  readonly found: string;
  /** What is allowed, or what to do. */
  readonly allowed: string;
  /** Line in the file it stands in, counted from 1, where there is one. */
  readonly line?: number;
}

/**
 * An error meant for the user: one line of cause, what to do, and the right exit code. Crosses threads as plain
 * data (`toJSON`), because an Error posted over a port loses its class and fields.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly exitCode: ExitCode;
  /** What the user can do about it. */
  readonly remedy: string;
  readonly violations: readonly Violation[];

  constructor(options: {
    exitCode: ExitCode;
    cause: string;
    remedy: string;
    violations?: readonly Violation[];
  }) {
    super(options.cause);
    this.exitCode = options.exitCode;
    this.remedy = options.remedy;
    this.violations = options.violations ?? [];
  }

  toJSON(): PlainUserError {
    return { exitCode: this.exitCode, cause: this.message, remedy: this.remedy, violations: this.violations };
  }
}

export interface PlainUserError {
  readonly exitCode: ExitCode;
  readonly cause: string;
  readonly remedy: string;
  readonly violations: readonly Violation[];
}
