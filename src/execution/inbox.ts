/**
 * The desk's inbox on tape. Its batches of the market stand there as they were taken; their rows are
 * the machine's prices (`marketRows.ts`), taken at the moment that stands there. Everything else is a note: an input,
 * and behind it what the machine decided on it, so that a replay has something to compare with.
 */
import type { EpochMicros } from '../domain/time.ts';
import type { Batch } from '../tape/batch.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import type { RecordingPort } from '../transport/recording.ts';
import type { DeskAction, DeskInput, DeskMachineConfig } from './contract.ts';
import { type DeskDecision, decisionsOf } from './decisions.ts';

/** What a note of the desk's inbox tape says. */
export type DeskNote =
  /** What the machine was built from, and the plan of the session. */
  | { readonly type: 'start'; readonly config: DeskMachineConfig; readonly plan: RecordedPlan }
  | {
      readonly type: 'input';
      readonly input: DeskInput;
    }
  /** What the machine decided on the input before; left out where that was nothing. */
  | { readonly type: 'decided'; readonly decisions: readonly DeskDecision[] };

/** Without what may hold secrets. */
export type RecordedPlan = Omit<Tradeplan, 'alerts'>;

/** Records what the machine takes, and behind each what it decided on it. */
export class DeskInbox {
  readonly #recording: RecordingPort;

  constructor(recording: RecordingPort) {
    this.#recording = recording;
  }

  start(config: DeskMachineConfig, plan: Tradeplan, nowMicros: EpochMicros): void {
    const { alerts: _, ...recorded } = plan;
    this.#note({ type: 'start', config, plan: recorded }, nowMicros);
  }

  batch(batch: Batch, nowMicros: EpochMicros): void {
    this.#recording.taken(batch, nowMicros);
  }

  input(input: DeskInput, nowMicros: EpochMicros): void {
    this.#note({ type: 'input', input }, nowMicros);
  }

  decided(actions: readonly DeskAction[], nowMicros: EpochMicros): void {
    const decisions = decisionsOf(actions);
    if (decisions.length > 0) this.#note({ type: 'decided', decisions }, nowMicros);
  }

  close(): void {
    this.#recording.close();
  }

  #note(note: DeskNote, nowMicros: EpochMicros): void {
    this.#recording.note(note, nowMicros);
  }
}
