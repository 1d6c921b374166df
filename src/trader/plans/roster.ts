/**
 * The strategy instances of the daemon in the order in which its consumers know them: those of the plan, and those that
 * it no longer has, which take no new risk and end when they are flat. An instance keeps its place.
 */
import { isDeepStrictEqual } from 'node:util';
import type { InstanceConfig } from '../../engine/config.ts';
import type { InstanceRules } from '../../transport/messages.ts';
import { instanceConfigOf, instanceRulesOf } from '../configuration.ts';
import type { PreparedInstance } from '../preparation.ts';
import type { RunSubject } from '../runs.ts';
import type { InstanceShape } from '../units/universe.ts';

/** Ids of instances by what became of them. */
export interface RosterChange {
  readonly added: readonly string[];
  /** Their code or their parameters are others: they begin anew, with their states. */
  readonly restarted: readonly string[];
  /** Only their symbols, scanners, windows or `intraday` are others: they go on. */
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

interface Entry {
  readonly instance: PreparedInstance;
  readonly isEnding: boolean;
}

export class Roster {
  #entries: readonly Entry[];

  constructor(instances: readonly PreparedInstance[]) {
    this.#entries = instances.map((instance) => ({ instance, isEnding: false }));
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Whether some have ended or are about to. */
  get hasEnding(): boolean {
    return this.#entries.some(({ isEnding }) => isEnding);
  }

  idAt(index: number): string | undefined {
    return this.#entries[index]?.instance.instanceId;
  }

  find(instanceId: string): PreparedInstance | undefined {
    return this.#entries.find(({ instance }) => instance.instanceId === instanceId)?.instance;
  }

  subjectOf(instanceId: string): RunSubject | undefined {
    const instance = this.find(instanceId);
    if (instance === undefined) return undefined;
    const { bundle, parameters, plan } = instance;
    const subject = { instanceId, strategy: bundle.name, version: bundle.version, parameters };
    return plan.portfolioId === null ? subject : { ...subject, portfolioId: plan.portfolioId };
  }

  isEnding(instanceId: string): boolean {
    return this.#entries.some(({ instance, isEnding }) => isEnding && instance.instanceId === instanceId);
  }

  /** What each is to trade; nothing more where it ends. */
  shapes(): readonly InstanceShape[] {
    return this.#entries.map(({ instance, isEnding }) =>
      isEnding ? { ...instance, symbols: [], scanners: [] } : instance,
    );
  }

  /** As consumers are told. */
  configs(): readonly InstanceConfig[] {
    return this.#entries.map(({ instance, isEnding }) => ({
      ...instanceConfigOf(instance),
      ...(isEnding ? { isEnding } : {}),
    }));
  }

  /** As the desk is told. What has no place in the plan any more names no symbols: it adopts nothing. */
  rules(): readonly InstanceRules[] {
    return this.#entries.map(({ instance, isEnding }) => ({
      ...instanceRulesOf(instance),
      ...(isEnding ? { symbols: [] } : {}),
    }));
  }

  /** What a plan that was read again would change. */
  changesTo(next: readonly PreparedInstance[]): RosterChange {
    const planned = this.#entries.filter(({ isEnding }) => !isEnding);
    const known = new Map(planned.map(({ instance }) => [instance.instanceId, instance]));
    const ids = new Set(next.map(({ instanceId }) => instanceId));
    const pairs = next.flatMap((after) => {
      // One that is still about to end takes its place again.
      const before = known.get(after.instanceId) ?? this.find(after.instanceId);
      return before === undefined ? [] : [{ before, after, isBack: !known.has(after.instanceId) }];
    });
    const isRestarted = ({ before, after }: (typeof pairs)[number]) => !isSameCode(before, after);
    const isChanged = ({ before, after, isBack }: (typeof pairs)[number]) =>
      isBack || !isDeepStrictEqual(before.plan, after.plan);
    const idOf = ({ after }: (typeof pairs)[number]) => after.instanceId;
    return {
      added: next.map(({ instanceId }) => instanceId).filter((id) => this.find(id) === undefined),
      restarted: pairs.filter(isRestarted).map(idOf),
      changed: pairs.filter((pair) => !isRestarted(pair) && isChanged(pair)).map(idOf),
      removed: [...known.keys()].filter((id) => !ids.has(id)),
    };
  }

  /** The plan's instances from now on. */
  follow(next: readonly PreparedInstance[]): RosterChange {
    const change = this.changesTo(next);
    const planned = new Map(next.map((instance) => [instance.instanceId, instance]));
    const kept = this.#entries.map(({ instance }): Entry => {
      const after = planned.get(instance.instanceId);
      return after === undefined ? { instance, isEnding: true } : { instance: after, isEnding: false };
    });
    const added = next.filter(({ instanceId }) => change.added.includes(instanceId));
    this.#entries = [...kept, ...added.map((instance) => ({ instance, isEnding: false }))];
    return change;
  }
}

function isSameCode(before: PreparedInstance, after: PreparedInstance): boolean {
  return (
    before.bundle.version === after.bundle.version &&
    isDeepStrictEqual(before.plan.parameters, after.plan.parameters)
  );
}
