/** A report's page as a file. */
import { writeFileSync } from 'node:fs';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { ReportDocument } from '../report/document.ts';
import { renderPage } from '../report/page.ts';

/** @throws {UserError} exit code 2 when the file cannot be written. */
export function writeReport(path: string, document: ReportDocument): void {
  try {
    writeFileSync(path, renderPage(document));
  } catch (error) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `the report cannot be written to ${path}: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'Name a file in a folder that exists and may be written to.',
    });
  }
}
