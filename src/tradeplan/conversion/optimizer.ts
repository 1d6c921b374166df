/** `[optimizer]` of LiuAlgoTrader as the `optimize:` of a plan. */
import type { Notes } from './notes.ts';
import { TomlTable } from './toml.ts';

type Ranges = Record<string, Record<string, { from: number; to: number; step: number }>>;

export interface ConvertedOptimizer {
  /** By the ids of the strategies. */
  readonly strategies: Readonly<Ranges>;
  /** Of the portfolio that each run was given there; null where none was named. */
  readonly startingCash: number | null;
}

export function convertOptimizer(
  table: TomlTable | undefined,
  ids: ReadonlyMap<string, string>,
  notes: Notes,
): ConvertedOptimizer {
  const strategies: Ranges = {};
  if (table === undefined) return { strategies, startingCash: null };
  for (const [key, option] of [
    ['start_date', '--from'],
    ['end_date', '--to'],
  ] as const) {
    const value = table.take(key);
    if (value !== undefined) notes.leftOut(value, `name it with ${option} of openbell optimize`);
  }
  let startingCash: number | null = null;
  for (const [className, keys] of strategiesOf(table.takeTable('parameters'), notes)) {
    for (const [, parameter] of keys.takeTables()) {
      const kind = notes.read(parameter.take('param_type'), 'string');
      const size = notes.read(parameter.take('size'), 'number');
      if (kind === 'portfolio' && size !== undefined && size > 0) {
        startingCash = size;
        notes.changed(parameter, `each trial begins with ${size}, by backtest.starting_cash`);
      } else notes.leftOut(parameter, `a parameter of ${className} that only the optimizer sets`);
      const credit = parameter.take('credit');
      if (credit !== undefined) notes.leftOut(credit, 'a backtest has a cash account');
    }
  }
  for (const [className, keys] of strategiesOf(table.takeTable('hyperparameters'), notes)) {
    const id = ids.get(className);
    for (const [key, range] of keys.takeTables()) {
      const values = rangeOf(range, notes);
      if (id === undefined) notes.leftOut(range, `there is no strategy ${className}`);
      else if (values !== undefined) strategies[id] = { ...strategies[id], [key]: values };
    }
  }
  notes.restOf(table, 'the search has no such key');
  return { strategies, startingCash };
}

function strategiesOf(table: TomlTable | undefined, notes: Notes): readonly (readonly [string, TomlTable])[] {
  const strategies = table?.takeTable('strategies');
  for (const [, value] of table?.rest() ?? []) {
    const isScanner = value.value instanceof TomlTable && value.path.endsWith('.scanners');
    notes.leftOut(value, isScanner ? 'backtests do not run scanners' : 'only strategies are searched');
  }
  return strategies?.takeTables() ?? [];
}

function rangeOf(range: TomlTable, notes: Notes): { from: number; to: number; step: number } | undefined {
  const kind = notes.read(range.take('param_type'), 'string');
  const from = notes.read(range.take('min'), 'number');
  const to = notes.read(range.take('max'), 'number');
  const delta = notes.read(range.take('delta'), 'number');
  const step = kind === 'int' ? (delta ?? 1) : delta;
  notes.restOf(range, 'a range has param_type, min, max and delta');
  if (from !== undefined && to !== undefined && step !== undefined && step > 0 && to >= from) {
    return { from, to, step };
  }
  notes.leftOut(range, 'it is no range from min to max by delta');
  return undefined;
}
