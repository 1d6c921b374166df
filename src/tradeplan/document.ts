/** A plan's YAML text as plain values, each with the line it stands in. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { tryDecimal } from '../domain/decimal.ts';
import type { Violation } from '../domain/exit.ts';

/** Longer than any plan written by hand. */
export const PLAN_BYTES_MAX = 1_048_576;
/** Values of a plan, each use of an alias counted anew, so that nested aliases cannot fill the memory. */
const VALUES_MAX = 20_000;
const DEPTH_MAX = 32;
/** Decimal digits that every double keeps. */
const EXACT_DIGITS_MAX = 15;

/** Lists whose words are symbols: YAML would read the tickers TRUE and NULL as something else than text. */
const SYMBOL_LISTS = new Set(['symbols']);

export type Path = readonly PropertyKey[];

export type PlanDocument =
  | { readonly ok: true; readonly value: unknown; readonly lineOf: (path: Path) => number | undefined }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** `strategies[1].windows[0].start`, and `the plan` for the whole. */
export function pathText(path: Path): string {
  if (path.length === 0) return 'the plan';
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

/**
 * Reads YAML 1.2. A number that floating point cannot hold exactly stays text, so that amounts lose nothing.
 * All syntax errors are answered at once, with line and column.
 */
export function readPlanDocument(text: string): PlanDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const violations = [...document.errors, ...document.warnings].map((error): Violation => {
    const { line, col } = lines.linePos(error.pos[0]);
    return {
      path: `line ${line}, column ${col}`,
      found: lineText(text, line),
      allowed: `valid YAML: ${firstSentence(error.message)}`,
      line,
    };
  });
  if (violations.length > 0) return { ok: false, violations };
  const walker = new Walker(document, lines);
  const value = walker.read(document.contents, []);
  if (walker.violations.length > 0) return { ok: false, violations: walker.violations };
  return { ok: true, value, lineOf: (path) => walker.lineOf(path) };
}

class Walker {
  readonly violations: Violation[] = [];
  readonly #document: Document;
  readonly #lineCounter: LineCounter;
  readonly #lines = new Map<string, number>();
  #values = 0;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lineCounter = lines;
  }

  /** The line of a value, or of the nearest one around it. */
  lineOf(path: Path): number | undefined {
    for (let length = path.length; length > 0; length -= 1) {
      const line = this.#lines.get(pathText(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return undefined;
  }

  read(node: unknown, path: Path): unknown {
    this.#values += 1;
    if (this.#values > VALUES_MAX || path.length > DEPTH_MAX) {
      if (this.violations.length === 0) {
        const allowed = `at most ${VALUES_MAX} values, nested at most ${DEPTH_MAX} deep, aliases followed`;
        this.violations.push({ path: pathText(path), found: 'more', allowed });
      }
      return null;
    }
    this.#remember(node, path);
    if (isAlias(node)) return this.read(node.resolve(this.#document), path);
    if (isMap(node)) return this.#mapping(node.items, path);
    if (isSeq(node)) return node.items.map((item, index) => this.read(item, [...path, index]));
    if (!isScalar(node)) return null;
    const isSymbol = typeof path.at(-1) === 'number' && SYMBOL_LISTS.has(String(path.at(-2)));
    if (isSymbol && node.source !== undefined) return node.source;
    return typeof node.value === 'number' ? exactNumber(node.value, node.source) : node.value;
  }

  #mapping(items: readonly { key: unknown; value: unknown }[], path: Path): Record<string, unknown> {
    const mapping: Record<string, unknown> = {};
    for (const { key, value } of items) {
      const name = isScalar(key) ? (key.source ?? String(key.value)) : undefined;
      if (name === undefined || name === '__proto__') {
        this.violations.push({
          path: pathText(path),
          found: name ?? 'a key of several values',
          allowed: 'a name',
        });
        continue;
      }
      this.#remember(key, [...path, name]);
      mapping[name] = this.read(value, [...path, name]);
    }
    return mapping;
  }

  #remember(node: unknown, path: Path): void {
    const range = (node as { range?: readonly number[] | null } | null)?.range;
    const text = pathText(path);
    if (range?.[0] === undefined || this.#lines.has(text)) return;
    this.#lines.set(text, this.#lineCounter.linePos(range[0]).line);
  }
}

function exactNumber(value: number, source: string | undefined): number | string {
  if (source === undefined || tryDecimal(source) === undefined) return value;
  const digits = source
    .replace(/[eE].*$/, '')
    .replace(/[^\d]/g, '')
    .replace(/^0+/, '');
  return digits.length > EXACT_DIGITS_MAX ? source : value;
}

function lineText(text: string, line: number): string {
  // Only the key: a value in a damaged line may be a secret.
  const content = text.split('\n')[line - 1]?.trim() ?? '';
  const key = /^(?:- )?["']?[\w-]+["']?\s*:/.exec(content);
  return key === null ? content.slice(0, 12) : key[0];
}

function firstSentence(message: string): string {
  return message.split('\n')[0] ?? message;
}
