/** A task of the pool: compares columns. Runs in a piscina worker. */
import { type SimilarColumns, similarColumns } from '../../fincalcs/correlation.ts';

export interface CompareTask {
  readonly columns: readonly Float64Array[];
  readonly options: { readonly correlationMin: number; readonly neighboursMax: number };
}

export default function compare({ columns, options }: CompareTask): SimilarColumns {
  return similarColumns(columns, options);
}
