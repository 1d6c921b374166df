/**
 * Pearson's correlation between many columns at once, and groups of columns that hang together by it. For similar
 * instruments the columns are returns of the same days.
 */

export interface Neighbour {
  /** Place of the other column. */
  readonly index: number;
  /** From -1 to 1. */
  readonly correlation: number;
}

export interface SimilarColumns {
  /** For each column those most like it, the most alike first, equal ones by their places. */
  readonly neighbours: readonly (readonly Neighbour[])[];
  /**
   * For each column the lowest place of its group: columns are in one group where a chain of correlations of at least
   * the least one joins them (single linkage).
   */
  readonly groups: readonly number[];
}

/**
 * @param columns of one length, at least 2; one that never changes is like no other.
 * @param options `correlationMin`: less is no likeness; `neighboursMax`: kept for each column.
 */
export function similarColumns(
  columns: readonly Float64Array[],
  options: { readonly correlationMin: number; readonly neighboursMax: number },
): SimilarColumns {
  const { correlationMin, neighboursMax } = options;
  const unit = columns.map(unitColumn);
  const neighbours: Neighbour[][] = columns.map(() => []);
  const parents = Int32Array.from(columns, (_, index) => index);
  for (let a = 0; a < unit.length; a += 1) {
    const first = unit[a]!;
    for (let b = a + 1; b < unit.length; b += 1) {
      const correlation = dot(first, unit[b]!);
      if (!(correlation >= correlationMin)) continue;
      insert(neighbours[a]!, { index: b, correlation }, neighboursMax);
      insert(neighbours[b]!, { index: a, correlation }, neighboursMax);
      join(parents, a, b);
    }
  }
  return { neighbours, groups: Array.from(parents, (_, index) => rootOf(parents, index)) };
}

/** Mean 0 and length 1, so that a product of two is their correlation; all NaN where it never changes. */
function unitColumn(column: Float64Array): Float64Array {
  const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
  const centred = column.map((value) => value - mean);
  const scale = centred.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // What is left of a column that never changes is rounding.
  if (!(scale > Math.abs(mean) * 1e-12)) return centred.fill(Number.NaN);
  const length = Math.sqrt(centred.reduce((sum, value) => sum + (value / scale) ** 2, 0)) * scale;
  return centred.map((value) => value / length);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let row = 0; row < a.length; row += 1) sum += a[row]! * b[row]!;
  return Math.max(-1, Math.min(1, sum));
}

/** Keeps the list sorted and short. */
function insert(list: Neighbour[], neighbour: Neighbour, most: number): void {
  let place = list.length;
  while (place > 0 && list[place - 1]!.correlation < neighbour.correlation) place -= 1;
  if (place >= most) return;
  list.splice(place, 0, neighbour);
  if (list.length > most) list.pop();
}

function rootOf(parents: Int32Array, index: number): number {
  let root = index;
  while (parents[root] !== root) root = parents[root]!;
  // The next who asks has a shorter way.
  for (let at = index; at !== root; ) {
    const next = parents[at]!;
    parents[at] = root;
    at = next;
  }
  return root;
}

function join(parents: Int32Array, a: number, b: number): void {
  const [first, second] = [rootOf(parents, a), rootOf(parents, b)];
  if (first < second) parents[second] = first;
  else parents[first] = second;
}
