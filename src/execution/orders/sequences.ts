/** The last sequence that stands in a client order id, so that a consumer that starts again goes on behind it. */
import { deriveClientOrderId, type Intent, type Order } from '../../domain/order.ts';
import type { Unit } from '../../transport/messages.ts';

const ALL_SYMBOLS = '*';

export class Sequences {
  /** By everything of the id before the sequence: batch, orderer and symbol. */
  readonly #lastByPrefix = new Map<string, number>();
  /** The prefix that was met last, with its dot, and the highest id that has it: the next one mostly has it too. */
  #prefix = '';
  #highest = '';

  /** The sequence of an id, 0 when it has none. */
  static of(clientOrderId: string): number {
    const sequence = Number(clientOrderId.slice(clientOrderId.lastIndexOf('.') + 1));
    return Number.isSafeInteger(sequence) && sequence > 0 ? sequence : 0;
  }

  note(intent: Intent): void {
    // A cancel names an order that was noted when it was placed.
    if (intent.kind !== 'cancel') this.#note(intent.clientOrderId);
  }

  noteOrder(order: Order): void {
    // An exit's id is made of the id of the order that it came with.
    if (order.parent === undefined || order.replaces !== undefined) this.#note(order.clientOrderId);
  }

  /** The highest of the unit in this batch; of all its symbols for a universe; 0 when it has not ordered yet. */
  last(unit: Unit, batchId: string): number {
    this.#keepLast();
    const isUniverse = unit.symbol === ALL_SYMBOLS;
    const start = prefixOf(deriveClientOrderId(batchId, unit.instanceId, isUniverse ? 'X' : unit.symbol, 1));
    if (!isUniverse) return this.#lastByPrefix.get(start) ?? 0;
    const beforeSymbol = start.slice(0, -'X'.length);
    let last = 0;
    for (const [prefix, sequence] of this.#lastByPrefix) {
      if (prefix.startsWith(beforeSymbol)) last = Math.max(last, sequence);
    }
    return last;
  }

  #note(clientOrderId: string): void {
    const length = clientOrderId.lastIndexOf('.') + 1;
    if (length !== this.#prefix.length || !clientOrderId.startsWith(this.#prefix)) {
      this.#keepLast();
      this.#prefix = clientOrderId.slice(0, length);
      this.#highest = clientOrderId;
    } else if (isHigher(clientOrderId, this.#highest)) this.#highest = clientOrderId;
  }

  #keepLast(): void {
    if (this.#prefix === '') return;
    const prefix = prefixOf(this.#prefix);
    const known = this.#lastByPrefix.get(prefix) ?? 0;
    this.#lastByPrefix.set(prefix, Math.max(known, Sequences.of(this.#highest)));
  }
}

/**
 * Of two ids of one prefix, whose sequences are written without leading zeros: the longer one, or the later in the
 * order of texts. Reading the number out of each order's id took 0.3 us.
 */
function isHigher(clientOrderId: string, other: string): boolean {
  return clientOrderId.length === other.length ? clientOrderId > other : clientOrderId.length > other.length;
}

function prefixOf(clientOrderId: string): string {
  return clientOrderId.slice(0, clientOrderId.lastIndexOf('.'));
}
