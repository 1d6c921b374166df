/** What the strategies of a batch ran with, and with which of it each order was decided. */
import { isDeepStrictEqual } from 'node:util';
import type { RunRow, RunSettings } from '../models/contract.ts';

/** Code and parameters of an instance, until the next ones of the same instance. */
export interface InstanceSettings extends RunSettings {
  /** From 1, in the order of the list: trips name theirs by it. */
  readonly number: number;
  readonly instanceId: string;
}

export class BatchSettings {
  /** By instance and moment. An instance that runs on several consumers changes on all of them at once. */
  readonly list: readonly InstanceSettings[];
  readonly #runs: ReadonlyMap<string, RunRow>;

  /** @param runs of one batch. */
  constructor(runs: readonly RunRow[]) {
    this.#runs = new Map(runs.map((run) => [run.algoRunId, run]));
    const instanceIds = [...new Set(runs.map((run) => run.instanceId))].sort();
    const list: InstanceSettings[] = [];
    for (const instanceId of instanceIds) {
      const all = runs.filter((run) => run.instanceId === instanceId).flatMap((run) => run.settings);
      let last: RunSettings | null = null;
      for (const settings of all.toSorted((a, b) => (a.since < b.since ? -1 : 1))) {
        if (last !== null && isSame(last, settings)) continue;
        last = settings;
        list.push({ ...settings, instanceId, number: list.length + 1 });
      }
    }
    this.list = list;
  }

  /** With what a run decided at a moment; null where that is not known. */
  numberAt(algoRunId: string, moment: string | null): number | null {
    const run = this.#runs.get(algoRunId);
    if (run === undefined || moment === null) return null;
    const own = run.settings.findLast(({ since }) => since <= moment);
    if (own === undefined) return null;
    const fitting = this.list.findLast(
      (one) => one.instanceId === run.instanceId && one.since <= own.since && isSame(one, own),
    );
    return fitting?.number ?? null;
  }
}

function isSame(one: RunSettings, other: RunSettings): boolean {
  return one.version === other.version && isDeepStrictEqual(one.parameters, other.parameters);
}
