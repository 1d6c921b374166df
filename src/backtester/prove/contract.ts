/** What a proof finds. Moments are text, as everywhere in JSON. */
import type { Fields } from '../../execution/fields.ts';

/** The first of the strategies' decisions that is not the same. */
export interface ChangedDecision {
  /** Which decision of the run it is, counted from 1. */
  readonly index: number;
  readonly at: string;
  /** With the data as it is; null where it was not made. */
  readonly before: Fields | null;
  /** With the data changed; null where it was not made. */
  readonly after: Fields | null;
  readonly fields: readonly string[];
}

/** Everything that happened after the moment was changed: decisions up to it must stay as they were. */
export interface MomentProof {
  readonly at: string;
  /** A moment of a decision, or a row of the data. */
  readonly of: 'decision' | 'row';
  /** Decisions that were compared. */
  readonly decisions: number;
  readonly change: ChangedDecision | null;
}

export interface WarmUpProof {
  /** So many times the history that strategies ask for was given to them. */
  readonly factor: number;
  readonly from: string;
  readonly decisions: number;
  /** By strategy: the first decision that a longer history changes. */
  readonly changes: readonly (ChangedDecision & { readonly instanceId: string })[];
  /** Symbols of which there was not so much history: nothing is proved for them. */
  readonly short: readonly string[];
}

export interface ProofResult {
  readonly batchId: string;
  readonly isClean: boolean;
  readonly seed: number;
  readonly decisions: number;
  readonly from: string;
  readonly to: string;
  readonly moments: readonly MomentProof[];
  readonly warmUp: WarmUpProof | null;
  /** What in the data or the plan lets strategies look ahead. Any of them, and the result is not clean. */
  readonly causes: readonly string[];
  /** What kept the proof from being complete. */
  readonly remarks: readonly string[];
}
