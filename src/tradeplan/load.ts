/** Reads a tradeplan: all its violations at once, or a plan that is complete, frozen and plain. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT_USAGE, UserError, type Violation } from '../domain/exit.ts';
import { completePlan } from './complete.ts';
import { PLAN_BYTES_MAX, readPlanDocument } from './document.ts';
import type { EnvironmentVariables } from './environment.ts';
import type { Tradeplan } from './plan.ts';
import { checkReferences } from './references.ts';
import { planSchema } from './schema.ts';
import { withVariables } from './variables.ts';
import { violationAt, violationsOfIssues } from './violations.ts';

export type PlanResult =
  | { readonly ok: true; readonly plan: Tradeplan }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/**
 * Reads and checks a plan's file. Parameters of strategies and scanners are left to their own schemas.
 * @param env of which `${OPENBELL_NAME}` in parameters is filled in.
 * @throws {UserError} exit code 2: no such file, or every violation with its path and line.
 */
export function loadTradeplan(path: string, env: EnvironmentVariables = process.env): Tradeplan {
  const file = resolve(path);
  const result = parseTradeplan(readPlanText(path, file), file, env);
  if (result.ok) return result.plan;
  const { length } = result.violations;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `${path} has ${length === 1 ? 'one problem' : `${length} problems`}`,
    remedy:
      'Correct what is named below; `openbell check` looks again. tradeplan.example.yaml explains every key.',
    violations: result.violations,
  });
}

/**
 * @param path of the file, absolute: relative paths in the plan are taken from its folder.
 * @param env of which `${OPENBELL_NAME}` in parameters is filled in.
 */
export function parseTradeplan(text: string, path: string, env: EnvironmentVariables = {}): PlanResult {
  const written = readPlanDocument(text);
  if (!written.ok) return written;
  const violations: Violation[] = [];
  const value = withVariables(written.value, env, (at, allowed) =>
    violations.push(violationAt(written, at, allowed)),
  );
  const document = { ...written, value };
  const parsed = planSchema.safeParse(document.value);
  if (!parsed.success) violations.push(...violationsOfIssues(document, parsed.error.issues));
  checkReferences(document.value, (at, allowed) => violations.push(violationAt(document, at, allowed)));
  if (!parsed.success || violations.length > 0) return { ok: false, violations: inOrder(violations) };
  return { ok: true, plan: completePlan(parsed.data, path) };
}

/** By line, and each path once: the first thing said of a value is the one that matters. */
function inOrder(violations: readonly Violation[]): readonly Violation[] {
  const first = new Map<string, Violation>();
  for (const violation of violations) {
    if (!first.has(violation.path)) first.set(violation.path, violation);
  }
  return [...first.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function readPlanText(path: string, file: string): string {
  const fail = (cause: string, remedy: string): never => {
    throw new UserError({ exitCode: EXIT_USAGE, cause, remedy });
  };
  try {
    const status = statSync(file);
    if (!status.isFile()) fail(`${path} is not a file`, 'Name the YAML file of a tradeplan.');
    if (status.size > PLAN_BYTES_MAX) {
      fail(`${path} is larger than ${PLAN_BYTES_MAX} bytes`, 'Name the YAML file of a tradeplan.');
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof TypeError) return fail(`${path} is not UTF-8 text`, 'Save it as UTF-8.');
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === 'ENOENT') {
      return fail(
        `there is no tradeplan ${path}`,
        'Name one, or begin with a copy of tradeplan.example.yaml: cp tradeplan.example.yaml tradeplan.yaml',
      );
    }
    return fail(`cannot read the tradeplan ${path}: ${code}`, 'Check its permissions.');
  }
}
