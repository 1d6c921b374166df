/**
 * Reads a little of what the next rows will need. Row by row each cache miss is waited for; here they overlap, since no
 * read depends on another row's. Each loop is of a few instructions, so that the processor looks many rows ahead.
 */
import { type Batch, EventKind } from '../tape/batch.ts';
import type { HostCore } from './core.ts';
import { INSTANCE_SHIFT, Route, RouteFlag } from './table.ts';
import { AHEAD_ROWS } from './unit.ts';

// Copies in this module: V8 folds its constants, and reads an imported one anew at each use.
const { trade: TRADE } = EventKind;
const { length: ROUTE, flags: FLAGS, unit: UNIT, place: PLACE } = Route;
const ONE_VIEWER = RouteFlag.trades | RouteFlag.quotes;
const SHIFT = INSTANCE_SHIFT;
const ROWS = AHEAD_ROWS;

export class Ahead {
  readonly #core: HostCore;
  /** Slots of the rows that are looked at. */
  readonly #slots = new Int32Array(ROWS);
  /** Only so that the reads have a use. */
  touched = 0;

  constructor(core: HostCore) {
    this.#core = core;
  }

  /** @param slots of the market table by symbol id; -1: nobody looks at it. */
  touch(batch: Batch, from: number, slots: Int32Array): void {
    const { instances, table } = this.#core;
    const { routes, bars } = table;
    const { kind, symbolId } = batch;
    const count = Math.min(ROWS, batch.count - from);
    const found = this.#slots;
    let touched = 0;
    for (let index = 0; index < count; index += 1) {
      const id = symbolId[from + index]!;
      // Asked first: an array that was once read beyond its end is read slowly ever after.
      const slot = id < slots.length ? slots[id]! : -1;
      found[index] = slot;
      if (slot >= 0) touched |= routes[slot * ROUTE + FLAGS]!;
    }
    for (let index = 0; index < count; index += 1) {
      const slot = found[index]!;
      if (kind[from + index] === TRADE && slot >= 0) touched |= bars.touch(slot);
    }
    this.touched = touched;
    for (let index = 0; index < count; index += 1) {
      const slot = found[index]!;
      if (slot < 0) continue;
      const route = slot * ROUTE;
      const flags = routes[route + FLAGS]!;
      if ((flags & ONE_VIEWER) === 0) continue;
      const { ahead } = instances[flags >> SHIFT]!;
      ahead.units[ahead.count] = routes[route + UNIT]!;
      ahead.places[ahead.count] = routes[route + PLACE]!;
      ahead.count += 1;
    }
    for (const { ahead, guest } of instances) {
      guest.touch(ahead.units, ahead.places, ahead.count);
      ahead.count = 0;
    }
  }
}
