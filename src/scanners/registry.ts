/** Which scanners there are, and what their parameters must be. */
import type { Violation } from '../domain/exit.ts';
import type { JsonObject } from '../domain/order.ts';
import { gap } from './builtin/gap.ts';
import { list } from './builtin/list.ts';
import { momentum } from './builtin/momentum.ts';
import { mostActive } from './builtin/mostActive.ts';
import { newHighs } from './builtin/newHighs.ts';
import { relativeVolume } from './builtin/relativeVolume.ts';
import { sql } from './builtin/sql.ts';
import type { AnyScanner, Candidate, Pick } from './contract.ts';
import type { SiftingDefinition } from './sifting.ts';

export const builtinScanners: readonly AnyScanner[] = [
  list,
  momentum,
  gap,
  relativeVolume,
  mostActive,
  newHighs,
  sql,
];

/** A query may be long. */
const FOUND_CHARACTERS_MAX = 200;

export function findScanner(name: string): AnyScanner | undefined {
  return builtinScanners.find((scanner) => scanner.name === name);
}

// biome-ignore lint/suspicious/noExplicitAny: a list of scanners mixes parameters of any type.
type AnySiftingScanner = SiftingDefinition<any>;

/** A built-in scanner that begins with a look at every snapshot of the market. */
export function findSiftingScanner(name: string): AnySiftingScanner | undefined {
  const scanner = findScanner(name);
  return scanner !== undefined && 'sift' in scanner ? (scanner as AnySiftingScanner) : undefined;
}

export type ScannerParameters =
  /** `parameters` are complete with the schema's defaults. */
  | { readonly ok: true; readonly parameters: unknown }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** @param path where the parameters stand in the plan, such as `scanners.movers.parameters`. */
export function checkScannerParameters(
  scanner: AnyScanner,
  parameters: JsonObject,
  path: string,
): ScannerParameters {
  const checked = scanner.parameters.safeParse(parameters);
  if (checked.success) return { ok: true, parameters: checked.data };
  const violations = checked.error.issues.flatMap((issue): Violation[] => {
    const keys =
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return keys.map((key) => ({
      path: [path, ...key.map(String)].join('.'),
      found: (JSON.stringify(valueAt(parameters, key)) ?? 'nothing').slice(0, FOUND_CHARACTERS_MAX),
      allowed: issue.code === 'unrecognized_keys' ? `a parameter of ${scanner.name}` : issue.message,
    }));
  });
  return { ok: false, violations };
}

/** The best of a scan: each symbol once, the highest score first, equal ones by symbol, at most `picksMax`. */
export function rankCandidates(candidates: readonly Candidate[], picksMax: number): readonly Pick[] {
  const best = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const other = best.get(candidate.symbol);
    if (other === undefined || candidate.score > other.score) best.set(candidate.symbol, candidate);
  }
  return [...best.values()]
    .sort((a, b) => b.score - a.score || (a.symbol < b.symbol ? -1 : 1))
    .slice(0, picksMax)
    .map(({ symbol, score, reason }, index) => ({ symbol, score, reason, rank: index + 1 }));
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null)?.[key], value);
}
