// biome-ignore-all lint/suspicious/noTemplateCurlyInString: such texts are what this is about.
/**
 * Parameters out of the environment: a value of `parameters:` that is `${OPENBELL_NAME}`, or `${OPENBELL_NAME:-5}` with a
 * default, is what the variable holds, read as YAML. Other variables cannot be named: parameters stand in rows, logs and
 * reports, where no key belongs.
 */
import { type Path, readPlanDocument } from './document.ts';
import type { EnvironmentVariables } from './environment.ts';

const REFERENCE = /^\$\{([^}:]*)(?::-([^}]*))?\}$/;
const NAME = /^OPENBELL_[A-Z0-9_]+$/;
/** A value is a number, a word or a short list. */
const VALUE_CHARACTERS_MAX = 1_000;
/** Whose entries have parameters. */
const SECTIONS = ['strategies', 'scanners', 'miners'];

/**
 * The plan with what the variables hold.
 * @param report is told of each that cannot be filled in: it stays as it is written.
 */
export function withVariables(
  plan: unknown,
  env: EnvironmentVariables,
  report: (path: Path, allowed: string) => void,
): unknown {
  if (!isMapping(plan)) return plan;
  const filled = SECTIONS.filter((section) => section in plan).map((section): [string, unknown] => [
    section,
    mapEntries(plan[section], [section], (entry, path) => {
      if (!isMapping(entry) || !('parameters' in entry)) return entry;
      return { ...entry, parameters: fill(entry.parameters, [...path, 'parameters'], { env, report }) };
    }),
  ]);
  return { ...plan, ...Object.fromEntries(filled) };
}

interface Filling {
  readonly env: EnvironmentVariables;
  readonly report: (path: Path, allowed: string) => void;
}

function fill(value: unknown, path: Path, filling: Filling): unknown {
  if (typeof value !== 'string') return mapEntries(value, path, (inner, at) => fill(inner, at, filling));
  const [reference, name = '', standard] = REFERENCE.exec(value) ?? [];
  if (reference === undefined) return value;
  if (!NAME.test(name)) {
    filling.report(path, 'a variable whose name begins with OPENBELL_, such as ${OPENBELL_RISK}');
    return value;
  }
  const text = filling.env[name] || standard;
  if (text === undefined) {
    filling.report(path, `a variable ${name} that is set, or a default: \${${name}:-5}`);
    return value;
  }
  const read = text.length <= VALUE_CHARACTERS_MAX ? readPlanDocument(text) : null;
  if (read?.ok === true) return read.value;
  filling.report(path, `a variable ${name} that holds a value, as it would stand in the plan`);
  return value;
}

function mapEntries(value: unknown, path: Path, change: (inner: unknown, path: Path) => unknown): unknown {
  if (Array.isArray(value)) return value.map((inner: unknown, index) => change(inner, [...path, index]));
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, change(inner, [...path, key])]),
  );
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
