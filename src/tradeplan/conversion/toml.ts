/** TOML as tables whose keys are taken one by one, each with its line: what nobody took can be told. */
import { type AST, ParseError, parseTOML } from 'toml-eslint-parser';
import type { Violation } from '../../domain/exit.ts';

export type TomlScalar = string | number | boolean;

/** A value and where it stands. Dates and times are text, as they were written. */
export interface TomlValue {
  readonly line: number;
  /** `strategies.MomentumLong.schedule[0].start` */
  readonly path: string;
  readonly value: TomlScalar | readonly TomlValue[] | TomlTable;
}

export class TomlTable {
  readonly path: string;
  /** Of the table's first mention. */
  readonly line: number;
  readonly #values = new Map<string, TomlValue>();
  readonly #taken = new Set<string>();

  constructor(path: string, line: number) {
    this.path = path;
    this.line = line;
  }

  set(key: string, value: TomlValue): void {
    this.#values.set(key, value);
  }

  get(key: string): TomlValue | undefined {
    return this.#values.get(key);
  }

  /** The value, which the caller now answers for. */
  take(key: string): TomlValue | undefined {
    this.#taken.add(key);
    return this.#values.get(key);
  }

  /** As {@link take}; what is no table stays. */
  takeTable(key: string): TomlTable | undefined {
    const inner = this.#values.get(key)?.value;
    if (!(inner instanceof TomlTable)) return undefined;
    this.#taken.add(key);
    return inner;
  }

  /** All tables by their names, in the file's order. */
  takeTables(): readonly (readonly [string, TomlTable])[] {
    return [...this.#values.keys()].flatMap((key) => {
      const table = this.takeTable(key);
      return table === undefined ? [] : [[key, table] as const];
    });
  }

  /** What nobody has taken. */
  rest(): readonly (readonly [string, TomlValue])[] {
    return [...this.#values].filter(([key]) => !this.#taken.has(key));
  }

  toPlain(): { readonly [key: string]: PlainToml } {
    return Object.fromEntries([...this.#values].map(([key, value]) => [key, asPlain(value)]));
  }
}

export type PlainToml = TomlScalar | readonly PlainToml[] | { readonly [key: string]: PlainToml };

export type TomlResult =
  | { readonly ok: true; readonly table: TomlTable }
  | { readonly ok: false; readonly violation: Violation };

/** Reads TOML 1.0; the first error of syntax is told with line and column. */
export function readToml(text: string): TomlResult {
  try {
    const root = new TomlTable('', 1);
    for (const node of parseTOML(text, { tomlVersion: '1.0' }).body[0].body) {
      if (node.type === 'TOMLKeyValue') setPair(root, node);
      else {
        const table = tableAt(root, node.resolvedKey, node.loc.start.line);
        for (const pair of node.body) setPair(table, pair);
      }
    }
    return { ok: true, table: root };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const { lineNumber: line, column, message } = error;
    return {
      ok: false,
      violation: { path: `line ${line}, column ${column}`, found: 'no TOML', allowed: message, line },
    };
  }
}

/** As JSON would hold it. */
export function asPlain({ value }: TomlValue): PlainToml {
  if (value instanceof TomlTable) return value.toPlain();
  return typeof value === 'object' ? value.map(asPlain) : value;
}

/** The tables of `[[name]]`, or of `name = [{...}]`; undefined where it is not a list of tables. */
export function asTables({ value }: TomlValue): readonly TomlTable[] | undefined {
  if (typeof value !== 'object' || value instanceof TomlTable) return undefined;
  const tables = value.map((item) => item.value).filter((item) => item instanceof TomlTable);
  return tables.length === value.length ? tables : undefined;
}

/** The table that a header names; a number is the place in a list of `[[...]]`. */
function tableAt(root: TomlTable, key: readonly (string | number)[], line: number): TomlTable {
  let table = root;
  for (const [index, name] of key.entries()) {
    if (typeof name === 'number') continue;
    const place = key[index + 1];
    table =
      typeof place === 'number' ? tableOfList(table, { name, place, line }) : innerTable(table, name, line);
  }
  return table;
}

function innerTable(table: TomlTable, name: string, line: number): TomlTable {
  const present = table.get(name)?.value;
  if (present instanceof TomlTable) return present;
  const path = pathOf(table.path, name);
  const inner = new TomlTable(path, line);
  table.set(name, { line, path, value: inner });
  return inner;
}

function tableOfList(
  table: TomlTable,
  { name, place, line }: { readonly name: string; readonly place: number; readonly line: number },
): TomlTable {
  const path = pathOf(table.path, name);
  const present = table.get(name);
  const list = Array.isArray(present?.value) ? (present.value as readonly TomlValue[]) : [];
  const known = list[place]?.value;
  if (known instanceof TomlTable) return known;
  const inner = new TomlTable(`${path}[${place}]`, line);
  table.set(name, {
    line: present?.line ?? line,
    path,
    value: [...list, { line, path: inner.path, value: inner }],
  });
  return inner;
}

function setPair(table: TomlTable, pair: AST.TOMLKeyValue): void {
  const line = pair.loc.start.line;
  const names = pair.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value));
  const inner = names.slice(0, -1).reduce((outer, name) => innerTable(outer, name, line), table);
  const last = names.at(-1)!;
  const path = pathOf(inner.path, last);
  inner.set(last, { line, path, value: contentOf(pair.value, path) });
}

function contentOf(node: AST.TOMLContentNode, path: string): TomlValue['value'] {
  switch (node.type) {
    case 'TOMLArray':
      return node.elements.map((element, index) => {
        const inner = `${path}[${index}]`;
        return { line: element.loc.start.line, path: inner, value: contentOf(element, inner) };
      });
    case 'TOMLInlineTable': {
      const table = new TomlTable(path, node.loc.start.line);
      for (const pair of node.body) setPair(table, pair);
      return table;
    }
    case 'TOMLValue':
      return 'datetime' in node ? node.datetime : node.value;
  }
}

function pathOf(outer: string, name: string): string {
  return outer === '' ? name : `${outer}.${name}`;
}
