/** A recorded session run again: first the desk, which has what the strategies decided, then each consumer. */
import type { HostConfig } from '../engine/config.ts';
import { readInbox } from '../tape/inbox.ts';
import { SymbolTable } from '../tape/symbols.ts';
import type { MachineReplay, ReplayResult } from './contract.ts';
import { DeskReplay } from './desk.ts';
import { HostReplay } from './host.ts';
import { type BatchTapes, incomplete } from './tapes.ts';

export interface ReplayOptions {
  readonly tapes: BatchTapes;
  /** Other code or parameters for the same inboxes: shows where they would first have decided otherwise. */
  readonly change?: (config: HostConfig) => HostConfig;
  readonly onProgress?: (share: number, text: string) => void;
}

/** Entries between two words on progress. */
const PROGRESS_ENTRIES = 1_024;

/** @throws {UserError} exit code 2 when tapes are missing or damaged. */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { tapes } = options;
  const machines: MachineReplay[] = [];
  const steps = tapes.consumers.size + 1;
  const tell = (text: string) => options.onProgress?.(machines.length / steps, text);
  const desk = await replayDesk(tapes, tell);
  machines.push(desk.end());
  for (const consumer of desk.intents.keys()) {
    if (!tapes.consumers.has(consumer)) throw incomplete(tapes.batchId, `the inbox of consumer ${consumer}`);
  }
  for (const [consumer, inbox] of tapes.consumers) {
    const symbols = new SymbolTable();
    const host = new HostReplay({
      consumer,
      symbols,
      recorded: desk.intents.get(consumer) ?? [],
      recordEndMicros: desk.toMicros,
      ...(options.change === undefined ? {} : { change: options.change }),
    });
    let entries = 0;
    for await (const entry of readInbox({ inbox, ...marketOf(tapes), symbols })) {
      host.take(entry);
      if (!host.hasBegun)
        throw incomplete(tapes.batchId, `the beginning of the inbox of consumer ${consumer}`);
      if (host.isOver) break;
      entries += 1;
      if (entries % PROGRESS_ENTRIES === 0) tell(`consumer ${consumer}`);
    }
    machines.push(host.end());
  }
  const differences = machines.flatMap(({ difference }) => difference ?? []);
  return {
    batchId: tapes.batchId,
    environment: 'REPLAY',
    isEqual: differences.length === 0 && machines.every(({ rowsLost }) => rowsLost === 0),
    decisions: machines.reduce((sum, { equal }) => sum + equal, 0),
    firstDifference: differences.toSorted((a, b) => (a.at < b.at ? -1 : 1))[0] ?? null,
    machines,
  };
}

/** The desk's machine at the end of its inbox. @throws {UserError} exit code 2 when its tapes are damaged or incomplete. */
export async function replayDesk(tapes: BatchTapes, tell: (text: string) => void): Promise<DeskReplay> {
  const desk = new DeskReplay();
  let entries = 0;
  for await (const entry of readInbox({ inbox: tapes.desk, ...marketOf(tapes) })) {
    desk.take(entry);
    if (desk.machine === null) throw incomplete(tapes.batchId, "the beginning of the desk's inbox");
    entries += 1;
    if (entries % PROGRESS_ENTRIES === 0) tell('desk');
  }
  return desk;
}

function marketOf({ market }: BatchTapes): { readonly market?: readonly string[] } {
  return market.length === 0 ? {} : { market };
}
