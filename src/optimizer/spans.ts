/** How the time of the data is divided: what the search may see, the folds of the walk-forward, the hold-out. */
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { Span } from './contract.ts';

export interface Spans {
  /** What trials are chosen by. */
  readonly search: Span;
  /** Chosen on all that lies before, tested on what follows; no test overlaps another. */
  readonly folds: readonly { readonly train: Span; readonly test: Span }[];
  /** After all others; null without one. */
  readonly holdout: Span | null;
}

/** @throws {UserError} exit code 2: too short for so many parts. */
export function divide(whole: Span, of: { readonly folds: number; readonly holdoutShare: number }): Spans {
  const lengthMicros = whole.toMicros - whole.fromMicros;
  const endMicros = whole.fromMicros + Math.floor(lengthMicros * (1 - of.holdoutShare));
  const search = { fromMicros: whole.fromMicros, toMicros: endMicros };
  const partMicros = Math.floor((endMicros - whole.fromMicros) / (of.folds + 1));
  if (partMicros < 1) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: 'the data is too short to be divided',
      remedy: 'Name more data, or fewer folds and a smaller hold-out under `optimize:`.',
    });
  }
  const cut = (part: number) => (part === of.folds + 1 ? endMicros : whole.fromMicros + part * partMicros);
  return {
    search,
    folds: Array.from({ length: of.folds }, (_, fold) => ({
      train: { fromMicros: whole.fromMicros, toMicros: cut(fold + 1) },
      test: { fromMicros: cut(fold + 1) + 1, toMicros: cut(fold + 2) },
    })),
    holdout: of.holdoutShare === 0 ? null : { fromMicros: endMicros + 1, toMicros: whole.toMicros },
  };
}

export function overlap(one: Span, other: Span): boolean {
  return one.fromMicros <= other.toMicros && other.fromMicros <= one.toMicros;
}
