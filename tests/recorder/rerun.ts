/** Runs a strategy host again from its inbox tapes. */
import type { Intent } from '../../src/domain/order.ts';
import { StrategyHost } from '../../src/engine/host.ts';
import { type HostNote, historyOf } from '../../src/engine/inbox.ts';
import type { DeskNote } from '../../src/execution/inbox.ts';
import { type InboxTapes, readInbox } from '../../src/tape/inbox.ts';

export interface Rerun {
  readonly intents: readonly Intent[];
  readonly batches: number;
  readonly lost: number;
  readonly faults: readonly string[];
}

export async function rerunHost(tapes: InboxTapes): Promise<Rerun> {
  const intents: Intent[] = [];
  const faults: string[] = [];
  let host: StrategyHost | undefined;
  let batches = 0;
  let lost = 0;
  for await (const entry of readInbox(tapes)) {
    if (entry.type === 'lost') lost += entry.rows;
    else if (entry.type === 'batch') {
      batches += 1;
      host?.handleBatch(entry.batch, entry.takenMicros);
    } else {
      const note = entry.value as HostNote;
      if (note.type === 'start')
        host = new StrategyHost(note.config, {
          intent: (intent) => intents.push(intent),
          report: (report) => {
            if (report.type === 'fault') faults.push(report.message);
          },
          log: () => {},
        });
      else if (note.type === 'command') host?.handleCommand(note.command, entry.atMicros);
      else if (note.type === 'history') host?.handleCommand(historyOf(note), entry.atMicros);
      else if (note.type === 'desk') host?.handleDesk(note.events, entry.atMicros);
      else host?.advanceTo(entry.atMicros);
    }
  }
  return { intents, batches, lost, faults };
}

/** What the desk took of a consumer, in order. */
export async function intentsAtDesk(tapes: InboxTapes, consumer: string): Promise<readonly Intent[]> {
  const intents: Intent[] = [];
  for await (const entry of readInbox(tapes)) {
    if (entry.type !== 'note') continue;
    const note = entry.value as DeskNote;
    if (note.type !== 'input' || note.input.type !== 'intents') continue;
    if (note.input.consumer === consumer) intents.push(...note.input.intents);
  }
  return intents;
}
