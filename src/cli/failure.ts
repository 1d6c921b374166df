/** How a command fails in front of the user: one line of cause, what to do, every violation, and the exit code. */
import colours from 'picocolors';
import { EXIT_UNEXPECTED, UserError } from '../domain/exit.ts';

/** Writes the failure to standard error and answers the exit code. */
export function reportFailure(error: unknown, isVerbose: boolean): number {
  if (error instanceof UserError) {
    const lines = [`${colours.red('error:')} ${error.message}`];
    for (const violation of error.violations) {
      const found = violation.found === '' ? '' : ` is ${violation.found}`;
      lines.push(`  ${colours.bold(violation.path)}${found}; ${violation.allowed}`);
    }
    if (error.remedy !== '') lines.push(`${colours.cyan('what to do:')} ${error.remedy}`);
    process.stderr.write(`${lines.join('\n')}\n`);
    return error.exitCode;
  }
  const cause = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${colours.red('unexpected failure:')} ${cause}\n`);
  if (isVerbose && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  else
    process.stderr.write(
      'This is a bug of Openbell. Set OPENBELL_LOG_LEVEL=debug to see where it happened.\n',
    );
  return EXIT_UNEXPECTED;
}
