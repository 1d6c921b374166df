/**
 * Scanners that look at every snapshot of the market and go on with the best. The look is pure: where the snapshots are
 * in another thread it is done there, and only what it found comes back.
 */
import type { Candidate, DaySnapshot, ScannerContext, ScannerDefinition } from './contract.ts';
import { highest } from './figures.ts';

/** What is found in a snapshot: plain data, ranked by score. */
export interface Sifted {
  readonly symbol: string;
  readonly score: number;
}

export interface SiftFacts<Parameters> {
  readonly parameters: Parameters;
  /** Negative before the session's regular open. */
  readonly minutesSinceOpen: number;
}

/** A look over the whole market by a built-in scanner: what is needed to do it elsewhere. */
export interface SiftRequest extends SiftFacts<unknown> {
  readonly scanner: string;
}

/** The context of a scan whose snapshots are in another thread. */
export interface SiftingContext {
  sift?(request: SiftRequest): Promise<readonly Sifted[]>;
}

export interface SiftingDefinition<Parameters> extends ScannerDefinition<Parameters> {
  /** The highest ranked of the snapshots. */
  sift(snapshots: Iterable<DaySnapshot>, facts: SiftFacts<Parameters>): readonly Sifted[];
}

export interface SiftingScanner<Parameters, Item extends Sifted>
  extends Omit<ScannerDefinition<Parameters>, 'scan'> {
  /** Whether it is time to look; left out, always. */
  isTime?(context: ScannerContext<Parameters>): boolean;
  /** Undefined where the snapshot is not what is looked for. */
  sift(snapshot: DaySnapshot, facts: SiftFacts<Parameters>): Item | undefined;
  /** Of those found, the highest ranked go on. */
  itemsMax(parameters: Parameters): number;
  /** What becomes of them. */
  choose(
    items: readonly Item[],
    context: ScannerContext<Parameters>,
  ): Promise<readonly Candidate[]> | readonly Candidate[];
}

export function defineSiftingScanner<Parameters, Item extends Sifted>(
  of: SiftingScanner<Parameters, Item>,
): SiftingDefinition<Parameters> {
  const sift = (snapshots: Iterable<DaySnapshot>, facts: SiftFacts<Parameters>): readonly Item[] => {
    const found: Item[] = [];
    for (const snapshot of snapshots) {
      const item = of.sift(snapshot, facts);
      if (item !== undefined) found.push(item);
    }
    return highest(found, of.itemsMax(facts.parameters));
  };
  return {
    name: of.name,
    description: of.description,
    parameters: of.parameters,
    sift,
    async scan(context) {
      if (of.isTime?.(context) === false) return [];
      const { parameters, minutesSinceOpen } = context;
      const facts = { parameters, minutesSinceOpen };
      const elsewhere = context as SiftingContext;
      const items =
        elsewhere.sift === undefined
          ? sift((await context.snapshots()).values(), facts)
          : ((await elsewhere.sift({ ...facts, scanner: of.name })) as readonly Item[]);
      return of.choose(items, context);
    },
  };
}
