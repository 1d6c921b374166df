/** `[scanners]` of LiuAlgoTrader as the scanners of a plan. */
import { formatDuration } from '../duration.ts';
import { Ids } from './names.ts';
import type { Notes } from './notes.ts';
import type { PlainToml, TomlTable, TomlValue } from './toml.ts';

const MS_PER_MINUTE = 60_000;
const PICKS_MAX = 1_000;

/** A file of the user's that was Python, and what its table held. */
export interface OwnFile {
  readonly kind: 'strategy' | 'scanner';
  readonly id: string;
  /** Its class there. */
  readonly className: string;
  /** Its Python file there; null where none was named. */
  readonly fileName: string | null;
  readonly parameters: { readonly [key: string]: PlainToml };
}

export interface ConvertedScanners {
  /** By their ids, as a plan holds them. */
  readonly scanners: Readonly<Record<string, object>>;
  readonly files: readonly OwnFile[];
  /** Ids of those that name no strategy, and of those that do by the strategy's class. */
  readonly forAll: readonly string[];
  readonly forClass: ReadonlyMap<string, readonly string[]>;
}

export function convertScanners(table: TomlTable | undefined, notes: Notes): ConvertedScanners {
  const scanners: Record<string, object> = {};
  const files: OwnFile[] = [];
  const forAll: string[] = [];
  const forClass = new Map<string, string[]>();
  const ids = new Ids();
  for (const [name, scanner] of table?.takeTables() ?? []) {
    const id = ids.idOf(name);
    const target = notes.read(scanner.take('target_strategy_name'), 'string');
    if (target === undefined) forAll.push(id);
    else forClass.set(target, [...(forClass.get(target) ?? []), id]);
    const times = timesOf(scanner.take('recurrence'), notes);
    if (name === 'momentum') scanners[id] = { ...momentum(scanner, notes), ...times };
    else {
      const fileName = notes.read(scanner.take('filename'), 'string') ?? null;
      const parameters = Object.fromEntries(
        scanner.rest().map(([key]) => [key, scanner.toPlain()[key] as PlainToml]),
      );
      files.push({ kind: 'scanner', id, className: name, fileName, parameters });
      scanners[id] = { path: `./${id}.scanner.ts`, ...times, max_picks: PICKS_MAX, parameters };
      notes.toDo(
        scanner,
        `${id}.scanner.ts has its parameters; what it picks is to be written in TypeScript`,
      );
    }
  }
  for (const [, value] of table?.rest() ?? []) notes.leftOut(value, 'it is no scanner');
  return { scanners, files, forAll, forClass };
}

const KEPT = ['min_volume', 'min_last_dv', 'min_share_price', 'max_share_price'] as const;

function momentum(table: TomlTable, notes: Notes): object {
  const parameters: Record<string, number> = {};
  for (const key of KEPT) {
    const value = notes.read(table.take(key), 'number');
    if (value !== undefined) parameters[key] = value;
  }
  const change = table.take('today_change_percent');
  const gap = table.take('min_gap');
  const percent = notes.read(change, 'number') ?? notes.read(gap, 'number');
  if (percent !== undefined) {
    parameters.today_change_percent = percent;
    notes.changed(
      (change ?? gap)!,
      "compares the last price with yesterday's close; there it was today's open. The scanner `gap` compares the open",
    );
  }
  if (change !== undefined && gap !== undefined) notes.leftOut(gap, 'today_change_percent stands beside it');
  const fromOpen = table.take('from_market_open');
  const minutes = notes.read(fromOpen, 'number');
  if (fromOpen !== undefined && minutes !== undefined) {
    parameters.from_market_open = minutes;
    notes.changed(fromOpen, 'it counts: before that minute nothing is picked');
  }
  const most = table.take('max_symbols');
  const symbolsMax = notes.read(most, 'number');
  if (most !== undefined && symbolsMax !== undefined) {
    parameters.max_symbols = Math.min(PICKS_MAX, Math.max(1, Math.round(symbolsMax)));
    notes.changed(most, 'it counts: the most traded are kept');
  }
  const provider = table.take('provider');
  if (provider !== undefined) notes.leftOut(provider, "the plan's `provider:` is asked");
  notes.restOf(table, 'the momentum scanner has no such parameter');
  return { name: 'momentum', max_picks: parameters.max_symbols ?? PICKS_MAX, parameters };
}

function timesOf(value: TomlValue | undefined, notes: Notes): { every?: string } {
  const minutes = notes.read(value, 'number');
  if (value === undefined || minutes === undefined) return {};
  const everyMs = Math.round(minutes * MS_PER_MINUTE);
  if (everyMs >= 1_000 && everyMs <= 1_440 * MS_PER_MINUTE) return { every: formatDuration(everyMs) };
  notes.leftOut(value, 'a scanner runs again after a second to a day; it runs once');
  return {};
}
