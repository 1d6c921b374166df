/** What a conversion has to say of the lines it read. */
import type { TomlTable, TomlValue } from './toml.ts';

export interface Note {
  readonly line: number;
  readonly path: string;
  /** `changed`: it stands in the plan, and means something else there. `left_out`: it does not. `to_do`: it needs you. */
  readonly outcome: 'changed' | 'left_out' | 'to_do';
  readonly text: string;
}

interface Kinds {
  readonly string: string;
  readonly number: number;
  readonly boolean: boolean;
}

type Place = Pick<TomlValue, 'line' | 'path'>;

export class Notes {
  readonly #notes: Note[] = [];

  changed(place: Place, text: string): void {
    this.#add('changed', place, text);
  }

  leftOut(place: Place, text: string): void {
    this.#add('left_out', place, text);
  }

  toDo(place: Place, text: string): void {
    this.#add('to_do', place, text);
  }

  /** Names what nobody took of a table. */
  restOf(table: TomlTable, why: string): void {
    for (const [, value] of table.rest()) this.leftOut(value, why);
  }

  /** A value of the wanted type; another one is left out, and said so. */
  read<Kind extends keyof Kinds>(value: TomlValue | undefined, kind: Kind): Kinds[Kind] | undefined {
    if (value === undefined) return undefined;
    if (isOfKind(value.value, kind)) return value.value;
    this.leftOut(value, `it is not a ${kind}`);
    return undefined;
  }

  /** In the file's order. */
  all(): readonly Note[] {
    return [...this.#notes].sort((a, b) => a.line - b.line);
  }

  #add(outcome: Note['outcome'], { line, path }: Place, text: string): void {
    this.#notes.push({ line, path, outcome, text });
  }
}

function isOfKind<Kind extends keyof Kinds>(value: unknown, kind: Kind): value is Kinds[Kind] {
  const type: string = typeof value;
  return type === kind;
}
