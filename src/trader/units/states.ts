/**
 * The newest saved state of every unit: in memory for a consumer that is started again, in the database for a daemon
 * that is. Writing never holds anything up: what could not be written is tried again with the next.
 */
import type { Environment, StateRow, Stores } from '../../models/contract.ts';
import type { Log } from '../../observability/log.ts';
import type { Unit } from '../../transport/messages.ts';

export class States {
  readonly #stores: Stores;
  readonly #environment: Environment;
  readonly #log: Log;
  readonly #newest = new Map<string, StateRow>();
  readonly #unsaved = new Map<string, StateRow>();
  #saving: Promise<void> | null = null;

  constructor(options: { stores: Stores; environment: Environment; log: Log }) {
    this.#stores = options.stores;
    this.#environment = options.environment;
    this.#log = options.log;
  }

  /** Reads what earlier batches left. A simulated account begins anew each time, so its states do too. */
  async load(instanceIds: readonly string[]): Promise<void> {
    if (this.#environment === 'SIMULATED') return;
    for (const row of await this.#stores.loadStates(instanceIds, this.#environment))
      this.#newest.set(keyOf(row), row);
  }

  /** JSON text, null when the unit has none. */
  of(unit: Unit): string | null {
    return this.#newest.get(keyOf(unit))?.state ?? null;
  }

  note(rows: readonly StateRow[]): void {
    for (const row of rows) {
      this.#newest.set(keyOf(row), row);
      this.#unsaved.set(keyOf(row), row);
    }
    void this.save();
  }

  /** Writes what is not written yet; resolves when that is done or has failed. */
  save(): Promise<void> {
    this.#saving ??= this.#write().finally(() => {
      this.#saving = null;
    });
    return this.#saving;
  }

  async #write(): Promise<void> {
    while (this.#unsaved.size > 0) {
      const rows = [...this.#unsaved.values()];
      this.#unsaved.clear();
      try {
        await this.#stores.saveStates(rows, this.#environment);
      } catch (error) {
        // Newer states may have come meanwhile: those win.
        for (const row of rows) if (!this.#unsaved.has(keyOf(row))) this.#unsaved.set(keyOf(row), row);
        this.#log.warn(
          { states: rows.length, reason: String(error) },
          'states could not be saved; trying again with the next',
        );
        return;
      }
    }
  }
}

function keyOf(unit: Unit): string {
  return `${unit.instanceId}\u0000${unit.symbol}`;
}
