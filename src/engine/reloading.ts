/** The host's strategy instances: opened at its start, and again when the plan was read again. */
import { seededRandom, seedFromText } from '../clock/chance.ts';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { GuestParameters } from '../strategies/guest/bridge.ts';
import { openRealm } from '../strategies/realm.ts';
import type { Assignments } from './assignments.ts';
import type { InstanceConfig } from './config.ts';
import type { HostCore } from './core.ts';
import type { Proposals } from './proposals.ts';
import { Instance, type Unit } from './unit.ts';

export class Reloading {
  readonly #core: HostCore;
  readonly #assignments: Assignments;
  readonly #proposals: Proposals;

  constructor(parts: { core: HostCore; assignments: Assignments; proposals: Proposals }) {
    this.#core = parts.core;
    this.#assignments = parts.assignments;
    this.#proposals = parts.proposals;
  }

  /**
   * Opens a realm for each instance that is new. Where code or parameters changed, its units begin anew in another realm,
   * with their states, positions and orders; where only its times changed, they go on as they are.
   * @param configs in their order; none that was there is left out.
   * @throws {UserError} exit code 2 when a strategy cannot be loaded or its parameters do not fit.
   */
  follow(configs: readonly InstanceConfig[]): void {
    const { instances } = this.#core;
    for (const config of configs) {
      const known = this.#core.findInstance(config.instanceId);
      if (known === undefined) instances.push(this.#open(config, instances.length));
      else if (isSameCode(known.config, config)) known.follow(config);
      else this.#restart(known, this.#open(config, known.index));
    }
  }

  #restart(known: Instance, next: Instance): void {
    const units = [...known.units.values()];
    for (const unit of units) this.#assignments.saveState(unit);
    this.#core.instances[known.index] = next;
    const again = units.map((unit) => this.#again(unit));
    // Only now: what is known of their markets goes with the last who looks at them.
    for (const unit of units) this.#assignments.remove(unit);
    this.#assignments.begin(again);
  }

  /** The unit in the instance's new realm: what the desk knows of it has not changed. */
  #again(unit: Unit): Unit {
    const viewers = unit.symbols.filter((viewer) => viewer !== undefined);
    const { instanceId } = unit.instance.config;
    const again = this.#assignments.create({
      instanceId,
      symbol: unit.symbol,
      algoRunId: unit.algoRunId,
      symbols: viewers.map(({ market }) => market.symbol),
      state: unit.savedState,
      orderSequence: unit.orderSequence,
      positions: viewers.flatMap(({ position }) => position ?? []),
      openOrders: [],
      rejectedSymbols: viewers.flatMap(({ isRejected, market }) => (isRejected ? [market.symbol] : [])),
    })!;
    for (const before of viewers) {
      const viewer = again.find(before.market.symbol)!;
      for (const [id, order] of before.openOrders) viewer.openOrders.set(id, order);
      for (const id of before.cancelling) viewer.cancelling.add(id);
      if (viewer.openOrders.size > 0) this.#core.showOpenOrders(viewer);
      if (before.closing === null) continue;
      viewer.closing = { ...before.closing, retry: null };
      this.#proposals.continueClosing(viewer);
    }
    return again;
  }

  #open(config: InstanceConfig, index: number): Instance {
    const host = this.#core.config;
    const moduleRandom = seededRandom(seedFromText(`${host.batchId}/${config.instanceId}`));
    const { guest, description } = openRealm(config.bundle, this.#proposals.bridge(moduleRandom));
    const checked = JSON.parse(guest.checkParameters(JSON.stringify(config.parameters))) as GuestParameters;
    if (!checked.ok) {
      const [first] = checked.violations;
      throw new UserError({
        exitCode: EXIT_USAGE,
        cause: `parameters of ${config.instanceId}: ${first?.path.join('.')}: ${first?.message}`,
        remedy: 'correct the plan; `openbell check` lists every violation',
      });
    }
    const instance = new Instance({ index, config, guest, description, warmUp: checked.warmUp, host });
    this.#core.showSession(instance);
    return instance;
  }
}

function isSameCode(before: InstanceConfig, after: InstanceConfig): boolean {
  return (
    before.bundle.version === after.bundle.version &&
    JSON.stringify(before.parameters) === JSON.stringify(after.parameters)
  );
}
