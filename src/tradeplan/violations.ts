/** zod's issues as violations: path, offending value with secrets cut, what is allowed, line. */
import type { z } from 'zod';
import type { Violation } from '../domain/exit.ts';
import { type Path, type PlanDocument, pathText } from './document.ts';
import { suggest } from './suggestion.ts';

const FOUND_LENGTH_MAX = 80;
const SECRET_NAME = /secret|password|passwd|token|key|webhook|credential|authorization|url/i;

export type ReadDocument = Extract<PlanDocument, { ok: true }>;

/** One violation of a document. `allowed` may be given for a path that is missing. */
export function violationAt(document: ReadDocument, path: Path, allowed: string): Violation {
  const line = document.lineOf(path);
  return {
    path: pathText(path),
    found: foundText(path, valueAt(document.value, path)),
    allowed,
    ...(line === undefined ? {} : { line }),
  };
}

export function violationsOfIssues(
  document: ReadDocument,
  issues: readonly z.core.$ZodIssue[],
): readonly Violation[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey(document, [...issue.path, key], issue.message.split(', ')));
    }
    if (issue.code === 'invalid_union') {
      // What may be a mapping and is one: what is wrong stands inside.
      const inside = issue.errors.find((issues) => issues.every(({ path }) => typeof path[0] === 'string'));
      const at = (inner: z.core.$ZodIssue) => ({ ...inner, path: [...issue.path, ...inner.path] });
      if (inside !== undefined) return violationsOfIssues(document, inside.map(at));
    }
    if (issue.code === 'invalid_key') {
      const inner = issue.issues[0]?.message ?? issue.message;
      const violation = violationAt(document, issue.path, `a name of ${inner}`);
      return [{ ...violation, found: String(issue.path.at(-1)) }];
    }
    return [violationAt(document, issue.path, issue.message)];
  });
}

function unknownKey(document: ReadDocument, path: Path, known: readonly string[]): Violation {
  const nearest = suggest(String(path.at(-1)), known);
  const allowed =
    nearest === undefined ? `a known key: ${known.join(', ')}` : `a known key; did you mean \`${nearest}\`?`;
  return violationAt(document, path, allowed);
}

function foundText(path: Path, value: unknown): string {
  if (value === undefined) return 'nothing';
  if (path.some((key) => typeof key === 'string' && SECRET_NAME.test(key))) return '[not shown]';
  const text = JSON.stringify(value, (name, inner: unknown) =>
    name !== '' && SECRET_NAME.test(name) ? '[not shown]' : inner,
  );
  const withoutCredentials = text.replace(/\/\/[^/@"\s]+@/g, '//[not shown]@');
  if (withoutCredentials.length <= FOUND_LENGTH_MAX) return withoutCredentials;
  return `${withoutCredentials.slice(0, FOUND_LENGTH_MAX - 1)}…`;
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[key];
  }
  return current;
}
