/** `[strategies]` of LiuAlgoTrader as the strategies of a plan. */
import { Ids } from './names.ts';
import type { Notes } from './notes.ts';
import type { ConvertedScanners, OwnFile } from './scanners.ts';
import type { PlainToml, TomlTable } from './toml.ts';
import { convertSchedule } from './windows.ts';

export interface ConvertedStrategies {
  readonly strategies: readonly ConvertedStrategy[];
  readonly files: readonly OwnFile[];
  /** Ids by classes there. */
  readonly ids: ReadonlyMap<string, string>;
  readonly hasFractions: boolean;
}

export interface ConvertedStrategy {
  readonly id: string;
  readonly path: string;
  readonly symbols?: readonly string[];
  readonly scanners?: readonly string[];
  readonly windows?: readonly object[];
  readonly parameters?: { readonly [key: string]: PlainToml };
}

const SYMBOL = /^[A-Z][A-Z0-9]{0,11}([./][A-Z0-9]{1,8})*$/;
/** Keys of a strategy's table that are its symbols, when they hold symbols. */
const SYMBOL_KEYS = ['symbols', 'symbol'] as const;

export function convertStrategies(
  table: TomlTable | undefined,
  {
    scanners,
    symbols,
    sessionMinutes,
    notes,
  }: {
    readonly scanners: ConvertedScanners;
    /** For those that neither name symbols nor have a scanner. */
    readonly symbols: readonly string[];
    readonly sessionMinutes: number;
    readonly notes: Notes;
  },
): ConvertedStrategies {
  const strategies: ConvertedStrategy[] = [];
  const files: OwnFile[] = [];
  const byClass = new Map<string, string>();
  const ids = new Ids();
  let hasFractions = false;
  for (const [className, strategy] of table?.takeTables() ?? []) {
    const id = ids.idOf(className);
    byClass.set(className, id);
    const fileName = notes.read(strategy.take('filename'), 'string') ?? null;
    const windows = convertSchedule(strategy.take('schedule'), sessionMinutes, notes);
    const own = ownSymbols(strategy);
    const fromScanners = [...(scanners.forClass.get(className) ?? []), ...scanners.forAll];
    const portfolio = strategy.take('portfolio_id');
    if (portfolio !== undefined) {
      notes.toDo(
        portfolio,
        `its portfolio has no counterpart yet: openbell portfolio create NAME, and \`portfolio: NAME\` at ${id}`,
      );
    }
    const fractional = strategy.take('fractional');
    if (notes.read(fractional, 'boolean') === true) {
      hasFractions = true;
      notes.changed(fractional!, '`risk.allow_fractions` allows it, for all strategies together');
    }
    const parameters = parametersOf(strategy);
    const wanted = own.length > 0 || fromScanners.length > 0 ? own : symbols;
    if (wanted.length === 0 && fromScanners.length === 0) {
      notes.toDo(strategy, 'no scanner picks for it: name its symbols by --symbols');
    }
    files.push({ kind: 'strategy', id, className, fileName, parameters });
    notes.toDo(strategy, `${id}.ts has its parameters; its decisions are to be written in TypeScript`);
    strategies.push({
      id,
      path: `./${id}.ts`,
      ...(wanted.length > 0 ? { symbols: wanted } : {}),
      ...(fromScanners.length > 0 ? { scanners: fromScanners } : {}),
      ...(windows.length > 0 ? { windows } : {}),
      ...(Object.keys(parameters).length > 0 ? { parameters } : {}),
    });
  }
  for (const [, value] of table?.rest() ?? []) notes.leftOut(value, 'it is no strategy');
  for (const [className, unknown] of scanners.forClass) {
    if (byClass.has(className)) continue;
    for (const id of unknown) {
      const path = `scanners.${id}.target_strategy_name`;
      notes.toDo(
        { line: table?.line ?? 1, path },
        `there is no strategy ${className}: nobody takes its picks`,
      );
    }
  }
  return { strategies, files, ids: byClass, hasFractions };
}

function ownSymbols(strategy: TomlTable): readonly string[] {
  for (const key of SYMBOL_KEYS) {
    const plain = strategy.toPlain()[key];
    const symbols: readonly unknown[] = Array.isArray(plain) ? plain : [plain];
    if (!symbols.every((symbol) => typeof symbol === 'string' && SYMBOL.test(symbol))) continue;
    strategy.take(key);
    return [...new Set(symbols as readonly string[])];
  }
  return [];
}

function parametersOf(strategy: TomlTable): { readonly [key: string]: PlainToml } {
  const plain = strategy.toPlain();
  return Object.fromEntries(strategy.rest().map(([key]) => [key, plain[key]!]));
}
