/** The desk's machine run again from its inbox, its decisions compared with those that stand behind each input. */

import type { Session } from '../domain/market.ts';
import type { Intent } from '../domain/order.ts';
import { type EpochMicros, formatMicros } from '../domain/time.ts';
import { type DeskDecision, decisionsOf } from '../execution/decisions.ts';
import { DeskMachine } from '../execution/deskMachine.ts';
import { decisionFields, differingFields } from '../execution/fields.ts';
import type { DeskNote, RecordedPlan } from '../execution/inbox.ts';
import type { MarketRows } from '../execution/risk/marketRows.ts';
import type { InboxEntry } from '../tape/inbox.ts';
import type { Difference, MachineReplay } from './contract.ts';
import { inputInWords } from './events.ts';
import { Losses } from './losses.ts';

export class DeskReplay {
  /** What it took of each consumer, in order. */
  readonly intents = new Map<string, Intent[]>();
  /** Of the session. */
  plan: RecordedPlan | null = null;
  /** That it was told of, each once. */
  readonly sessions = new Map<EpochMicros, Session>();
  fromMicros: EpochMicros = 0;
  toMicros: EpochMicros = 0;
  machine: DeskMachine | null = null;
  /** Told to strategies. */
  fills = 0;
  #rows: MarketRows | null = null;
  /** Decisions of the last input that no note has named yet. */
  #open: readonly DeskDecision[] = [];
  #event = '';
  #isStopped = false;
  #difference: Difference | null = null;
  readonly #losses = new Losses();
  #entries = 0;
  #events = 0;
  #equal = 0;
  #unconfirmed = 0;

  take(entry: InboxEntry): void {
    if (entry.type === 'lost') {
      this.#losses.note(entry.rows, this.toMicros);
      return;
    }
    const atMicros = entry.type === 'batch' ? entry.takenMicros : entry.atMicros;
    if (entry.type === 'batch') this.#batch(entry);
    else this.#note(entry.value as DeskNote, atMicros);
    this.#entries += 1;
    this.toMicros = atMicros;
  }

  end(): MachineReplay {
    if (this.#isStopped) this.#settle();
    else this.#unconfirmed += this.#open.length;
    return {
      machine: 'desk',
      from: formatMicros(this.fromMicros),
      to: formatMicros(this.toMicros),
      entries: this.#entries,
      events: this.#events,
      equal: this.#equal,
      difference: this.#difference,
      rowsLost: this.#losses.rows({ isOrderly: this.#isStopped, lastMicros: this.toMicros }),
      unconfirmed: this.#unconfirmed,
      faults: [],
    };
  }

  get #isComparing(): boolean {
    return this.#difference === null && !this.#losses.areAny;
  }

  #batch({ batch, takenMicros }: Extract<InboxEntry, { type: 'batch' }>): void {
    this.#settle();
    this.#events += batch.count;
    if (this.machine === null || this.#rows === null || !this.#isComparing) return;
    this.machine.takeMarket(this.#rows, batch, takenMicros);
  }

  #note(note: DeskNote, atMicros: EpochMicros): void {
    switch (note.type) {
      case 'start':
        this.machine = new DeskMachine(note.config);
        this.#rows = this.machine.marketRows();
        this.plan = note.plan;
        if (note.config.session !== null) this.#keepSession(note.config.session);
        this.fromMicros = atMicros;
        return;
      case 'input': {
        this.#settle();
        const { input } = note;
        if (input.type === 'intents') this.#keep(input.consumer, input.intents);
        else if (input.type === 'session') this.#keepSession(input.session);
        this.#isStopped ||= input.type === 'command' && input.command === 'stop';
        if (this.machine === null || !this.#isComparing) return;
        this.#event = inputInWords(input);
        const actions = this.machine.handle(input, atMicros);
        for (const action of actions)
          if (action.type === 'tell' && action.event.type === 'fill') this.fills += 1;
        this.#open = decisionsOf(actions);
        return;
      }
      case 'decided':
        if (this.#isComparing) this.#compare(note.decisions);
        return;
    }
  }

  #keepSession(session: Session): void {
    this.sessions.set(session.openMicros, session);
  }

  #keep(consumer: string, intents: readonly Intent[]): void {
    const known = this.intents.get(consumer);
    if (known === undefined) this.intents.set(consumer, [...intents]);
    else known.push(...intents);
  }

  #compare(recorded: readonly DeskDecision[]): void {
    const replayed = this.#open;
    this.#open = [];
    for (let index = 0; index < Math.max(recorded.length, replayed.length); index += 1) {
      const was = recorded[index];
      const is = replayed[index];
      if (was !== undefined && is !== undefined) {
        const fields = differingFields(decisionFields(was), decisionFields(is));
        if (fields.length === 0) {
          this.#equal += 1;
          continue;
        }
      }
      this.#differ(was ?? null, is ?? null);
      return;
    }
  }

  /** The next thing comes: what the input before led to would have been noted by now. */
  #settle(): void {
    const [first] = this.#open;
    this.#open = [];
    if (first !== undefined && this.#isComparing) this.#differ(null, first);
  }

  #differ(recorded: DeskDecision | null, replayed: DeskDecision | null): void {
    const was = recorded === null ? null : decisionFields(recorded);
    const is = replayed === null ? null : decisionFields(replayed);
    this.#difference = {
      machine: 'desk',
      index: this.#equal + 1,
      at: formatMicros(this.toMicros),
      event: this.#event,
      recorded: was,
      replayed: is,
      fields: was === null || is === null ? [] : differingFields(was, is),
    };
  }
}
