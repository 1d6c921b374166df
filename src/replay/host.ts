/**
 * A strategy host run again from its inbox, its intents compared with those that the desk took from it. A consumer that
 * was restarted has several lives on its tapes; each is a host of its own.
 */

import type { Intent } from '../domain/order.ts';
import { type EpochMicros, formatMicros } from '../domain/time.ts';
import type { HostConfig } from '../engine/config.ts';
import { StrategyHost } from '../engine/host.ts';
import { type HostNote, historyOf } from '../engine/inbox.ts';
import { differingFields, intentFields } from '../execution/fields.ts';
import type { Batch } from '../tape/batch.ts';
import { EventKind } from '../tape/batch.ts';
import type { InboxEntry } from '../tape/inbox.ts';
import type { SymbolTable } from '../tape/symbols.ts';
import type { Difference, MachineReplay } from './contract.ts';
import { commandInWords, deskEventInWords, rowInWords, timerInWords } from './events.ts';
import { Losses, UNWRITTEN_MICROS } from './losses.ts';

const FAULTS_MAX = 20;

export interface HostReplayOptions {
  readonly consumer: string;
  readonly symbols: SymbolTable;
  /** What the desk took of the consumer, in order. */
  readonly recorded: readonly Intent[];
  /** The desk's tape ends here. */
  readonly recordEndMicros: EpochMicros;
  /** Other code or parameters for the same inbox. */
  readonly change?: (config: HostConfig) => HostConfig;
}

interface Step {
  readonly atMicros: EpochMicros;
  /** What came out of the inbox so many places before the last of the step, in words; empty: a timer. */
  readonly event: (fromLast: number) => string;
}

export class HostReplay {
  readonly #options: HostReplayOptions;
  readonly #machine: string;
  #host: StrategyHost | null = null;
  #isStopped = false;
  #emitted: Intent[] = [];
  /** The next of the recorded ones. */
  #next = 0;
  /** An intent that the desk may have had no time to take: a difference unless its life ends there. */
  #unsent: Difference | null = null;
  #unsentMicros: EpochMicros = 0;
  #unsentCount = 0;
  #difference: Difference | null = null;
  #losses = new Losses();
  #fromMicros: EpochMicros | null = null;
  #toMicros: EpochMicros = 0;
  #entries = 0;
  #events = 0;
  #equal = 0;
  /** Of the lives before. */
  #rowsLost = 0;
  #unconfirmed = 0;
  readonly #faults: string[] = [];

  constructor(options: HostReplayOptions) {
    this.#options = options;
    this.#machine = `consumer ${options.consumer}`;
  }

  /** Nothing more can be compared: what follows need not be read. */
  get isOver(): boolean {
    return this.#difference !== null;
  }

  /** Whether the tape's first entry says what the host was built from. */
  get hasBegun(): boolean {
    return this.#fromMicros !== null;
  }

  take(entry: InboxEntry): void {
    if (entry.type === 'lost') {
      this.#losses.note(entry.rows, this.#toMicros);
      return;
    }
    const atMicros = entry.type === 'batch' ? entry.takenMicros : entry.atMicros;
    const note = entry.type === 'note' ? (entry.value as HostNote) : null;
    if (note?.type === 'start') this.#begin(note.config, atMicros);
    else if (this.#host !== null && !this.#losses.areAny) {
      this.#confirmUnsent(atMicros);
      if (entry.type === 'batch') this.#batch(this.#host, entry.batch, atMicros);
      else this.#note(this.#host, note!, atMicros);
    }
    this.#entries += 1;
    this.#toMicros = atMicros;
  }

  end(): MachineReplay {
    this.#endLife(Number.POSITIVE_INFINITY);
    return {
      machine: this.#machine,
      from: formatMicros(this.#fromMicros ?? 0),
      to: formatMicros(this.#toMicros),
      entries: this.#entries,
      events: this.#events,
      equal: this.#equal,
      difference: this.#difference,
      rowsLost: this.#rowsLost,
      unconfirmed: this.#unconfirmed,
      faults: this.#faults,
    };
  }

  #begin(config: HostConfig, atMicros: EpochMicros): void {
    this.#endLife(atMicros);
    this.#fromMicros ??= atMicros;
    this.#isStopped = false;
    this.#host = new StrategyHost(this.#options.change?.(config) ?? config, {
      intent: (intent) => {
        this.#emitted.push(intent);
      },
      report: (report) => {
        if (report.type !== 'fault' || this.#faults.length === FAULTS_MAX) return;
        this.#faults.push(
          `${report.unit.instanceId} ${report.symbol}: ${report.handler} threw ${report.message}`,
        );
      },
      log: () => {},
    });
  }

  /** Row by row, so that the event behind a decision is known. */
  #batch(host: StrategyHost, batch: Batch, atMicros: EpochMicros): void {
    const { symbols } = this.#options;
    for (let row = 0; row < batch.count && this.#difference === null; row += 1) {
      host.handleBatch(batch, atMicros, row, row + 1);
      if (batch.kind[row] !== EventKind.definition) this.#events += 1;
      this.#compare(host, { atMicros, event: (back) => (back === 0 ? rowInWords(batch, row, symbols) : '') });
    }
  }

  #note(host: StrategyHost, note: Exclude<HostNote, { type: 'start' }>, atMicros: EpochMicros): void {
    switch (note.type) {
      case 'command':
        host.handleCommand(note.command, atMicros);
        this.#isStopped ||= note.command.type === 'stop';
        break;
      case 'history':
        host.handleCommand(historyOf(note), atMicros);
        break;
      case 'desk':
        host.handleDesk(note.events, atMicros);
        this.#compare(host, {
          atMicros,
          event: (back) => {
            const event = note.events.at(-1 - back);
            return event === undefined ? '' : deskEventInWords(event);
          },
        });
        return;
      case 'advance':
        host.advanceTo(atMicros);
        this.#compare(host, { atMicros, event: () => '' });
        return;
    }
    this.#compare(host, { atMicros, event: (back) => (back === 0 ? commandInWords(note) : '') });
  }

  #compare(host: StrategyHost, step: Step): void {
    if (this.#difference !== null) return;
    const { recorded } = this.#options;
    const sequence = host.inboxSequence;
    if (this.#emitted.length > 0) {
      const emitted = this.#emitted;
      this.#emitted = [];
      for (const intent of emitted) this.#compareOne(intent, step, sequence);
    }
    const missed = recorded[this.#next];
    // A later life counts anew, and decides later.
    const isDue = (intent: Intent) => intent.causedBy <= sequence && intent.decidedAtMicros <= step.atMicros;
    if (this.#difference === null && missed !== undefined && isDue(missed)) {
      this.#differ(missed, null, eventOf(step, sequence - missed.causedBy, missed));
    }
  }

  #compareOne(intent: Intent, step: Step, sequence: number): void {
    if (this.#difference !== null) return;
    const event = eventOf(step, sequence - intent.causedBy, intent);
    const expected = this.#options.recorded[this.#next];
    if (expected === undefined || expected.decidedAtMicros > step.atMicros) {
      this.#unsentCount += 1;
      if (this.#unsent !== null) return;
      this.#unsent = this.#differenceOf(null, intent, event);
      this.#unsentMicros = intent.decidedAtMicros;
      return;
    }
    // The desk has what came after it: it was not on its way, it was never there.
    if (this.#unsent !== null) {
      this.#difference = this.#unsent;
      return;
    }
    if (differingFields(intentFields(expected), intentFields(intent)).length > 0) {
      this.#differ(expected, intent, event);
      return;
    }
    this.#next += 1;
    this.#equal += 1;
  }

  #confirmUnsent(nowMicros: EpochMicros): void {
    if (this.#unsent === null || this.#unsentMicros + UNWRITTEN_MICROS > this.#options.recordEndMicros)
      return;
    if (nowMicros - this.#unsentMicros > UNWRITTEN_MICROS) this.#difference ??= this.#unsent;
  }

  /** What the desk has of this life and the tape has not, or the other way round, at the end of a life that was killed. */
  #endLife(nextMicros: EpochMicros): void {
    const losses = this.#losses;
    this.#losses = new Losses();
    this.#rowsLost += losses.rows({ isOrderly: this.#isStopped, lastMicros: this.#toMicros });
    if (this.#host === null || this.#difference !== null) return;
    const { recorded, recordEndMicros } = this.#options;
    if (this.#unsent !== null) {
      const isRecordOpen = this.#unsentMicros + UNWRITTEN_MICROS > recordEndMicros;
      if (this.#isStopped && !isRecordOpen) this.#difference = this.#unsent;
      else this.#unconfirmed += this.#unsentCount;
    }
    this.#unsent = null;
    this.#unsentCount = 0;
    for (let left = recorded[this.#next]; left !== undefined && left.decidedAtMicros < nextMicros; ) {
      if (this.#isStopped && !this.#losses.areAny) {
        this.#differ(left, null, 'the end of the inbox');
        return;
      }
      this.#unconfirmed += 1;
      this.#next += 1;
      left = recorded[this.#next];
    }
    this.#host = null;
  }

  #differ(recorded: Intent | null, replayed: Intent | null, event: string): void {
    this.#difference = this.#differenceOf(recorded, replayed, event);
  }

  #differenceOf(recorded: Intent | null, replayed: Intent | null, event: string): Difference {
    const was = recorded === null ? null : intentFields(recorded);
    const is = replayed === null ? null : intentFields(replayed);
    return {
      machine: this.#machine,
      index: this.#equal + 1,
      at: formatMicros((replayed ?? recorded)!.decidedAtMicros),
      event,
      recorded: was,
      replayed: is,
      fields: was === null || is === null ? [] : differingFields(was, is),
    };
  }
}

/** What the intent names as its cause; what the step cannot tell was a timer on the way. */
function eventOf(step: Step, fromLast: number, intent: Intent): string {
  const event = step.event(fromLast);
  return event === '' ? timerInWords(intent.decidedAtMicros) : event;
}
