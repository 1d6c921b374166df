/**
 * Which units a run has, as its scanners pick: what the trader does live. New symbols are assigned, with the state that
 * their unit left behind; those that nobody picks any more leave when they are flat, which their host decides.
 */
import type { HostCommand } from '../../engine/host.ts';
import type { StateRow } from '../../models/contract.ts';
import type { Unit, UnitAssignment, UnitState } from '../../transport/messages.ts';
import { ALL_SYMBOLS, algoRunIdOf, type BacktestInstance } from '../config.ts';

export interface PickedUnitsParts {
  readonly instances: readonly BacktestInstance[];
  readonly batchId: string;
  /** What the desk knows of units. */
  readonly statesOf: (units: readonly Unit[]) => readonly UnitState[];
}

export class PickedUnits {
  readonly #parts: PickedUnitsParts;
  readonly #picks = new Map<string, readonly string[]>();
  /** Symbols of the units that the host has. */
  readonly #placed = new Map<string, readonly string[]>();
  /** Text of the newest state of each unit. */
  readonly #saved = new Map<string, string>();

  constructor(parts: PickedUnitsParts) {
    this.#parts = parts;
  }

  /** Commands for a host that follow from what a scanner picks from now on. */
  pick(scannerId: string, symbols: readonly string[]): readonly HostCommand[] {
    this.#picks.set(scannerId, symbols);
    return this.place();
  }

  /** Commands that bring the host to what is wanted now. */
  place(): readonly HostCommand[] {
    const wanted = this.#parts.instances.flatMap((instance) => this.#unitsOf(instance));
    const commands: HostCommand[] = [];
    const fresh = wanted.filter((unit) => !this.#placed.has(keyOf(unit)));
    for (const unit of wanted) {
      const known = this.#placed.get(keyOf(unit));
      this.#placed.set(keyOf(unit), unit.symbols);
      const isSame =
        known?.length === unit.symbols.length && unit.symbols.every((one) => known.includes(one));
      if (known !== undefined && !isSame) commands.push({ type: 'symbols', unit, symbols: unit.symbols });
    }
    const keys = new Set(wanted.map(keyOf));
    for (const key of this.#placed.keys()) {
      if (!keys.has(key)) commands.push({ type: 'symbols', unit: unitOf(key), symbols: [] });
    }
    if (fresh.length > 0)
      commands.push({ type: 'assign', units: fresh.map((unit) => this.#assignment(unit)) });
    return commands;
  }

  /** What a unit still has. What cannot leave yet is asked for again with the next pick. */
  onSymbols(unit: Unit, kept: readonly string[]): void {
    if (kept.length === 0) this.#placed.delete(keyOf(unit));
    else this.#placed.set(keyOf(unit), kept);
  }

  onStates(states: readonly StateRow[]): void {
    for (const row of states) this.#saved.set(keyOf(row), row.state);
  }

  #unitsOf({ instanceId, scope, symbols, plan }: BacktestInstance) {
    const picked = plan.scanners.flatMap((scannerId) => this.#picks.get(scannerId) ?? []);
    const all = [...new Set([...symbols, ...picked])];
    if (scope !== 'universe') return all.map((symbol) => ({ instanceId, symbol, symbols: [symbol] }));
    return all.length === 0 ? [] : [{ instanceId, symbol: ALL_SYMBOLS, symbols: all }];
  }

  #assignment(unit: Unit & { readonly symbols: readonly string[] }): UnitAssignment {
    const { batchId, statesOf } = this.#parts;
    const [known] = statesOf([unit]);
    return {
      ...unit,
      algoRunId: algoRunIdOf(batchId, unit.instanceId),
      state: this.#saved.get(keyOf(unit)) ?? null,
      orderSequence: known?.orderSequence ?? 0,
      positions: known?.positions ?? [],
      openOrders: known?.openOrders ?? [],
      rejectedSymbols: [],
    };
  }
}

function keyOf({ instanceId, symbol }: Unit): string {
  return `${instanceId} ${symbol}`;
}

function unitOf(key: string): Unit {
  const [instanceId = '', symbol = ''] = key.split(' ');
  return { instanceId, symbol };
}
