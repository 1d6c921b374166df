/** Trades and quotes as handlers see them: one object each per realm, reading the batch's columns in place. */
import { isEligibleQuote } from '../../domain/conditions.ts';
import type { QuoteUpdateView, TradeView } from '../contract.ts';
import type { Columns } from './bridge.ts';
import type { Series } from './series.ts';

// Module variables, because nothing that a strategy holds may lead to them.
let columns: Columns;
/** Of the columns: a getter of the host's, and each call over the border costs more than what is read by it. */
let baseMicros = 0;
let row = 0;
let named = 0;
/**
 * The symbols' texts: of a universe by place, else by unit. Only read when a strategy asks: a text of its own is a cache
 * miss of its own.
 */
const names: string[] = [];

// The tape's row flags; the numbers stand in tape files.
const FLAG_INCOMPLETE = 4;
const FLAG_NOT_LAST = 16;
const FLAG_NOT_RANGE = 32;
const FLAG_NOT_VOLUME = 64;

const CHARACTERS: readonly string[] = Array.from({ length: 256 }, (_, code) =>
  code === 0 ? '' : String.fromCharCode(code),
);

export function readColumns(next: Columns): void {
  columns = next;
  baseMicros = next.baseMicros;
}

/** Points {@link tradeRow} and {@link quoteRow} at a row, whose symbol has that name. */
export function moveTo(nextRow: number, nextName: number): void {
  row = nextRow;
  named = nextName;
}

export function setName(at: number, symbol: string): void {
  names[at] = symbol;
}

/** Brings a name into the cache; what it answers means nothing. */
export function touchName(at: number): number {
  return names[at]?.length ?? 0;
}

/**
 * The getters on an object of a class of its own. A literal with getters is a dictionary to V8, and so is a second object
 * that begins like the first but has other getters: each read of a field took 17 nanoseconds, and takes one or two here.
 */
function viewOf<View extends object>(getters: View): View {
  const view = Object.defineProperties(new (class {})(), Object.getOwnPropertyDescriptors(getters));
  return Object.freeze(view) as View;
}

function conditions(): readonly string[] {
  const codes: string[] = [];
  for (let rest = columns.conditions[row]!; rest !== 0; rest >>>= 8) codes.push(CHARACTERS[rest & 0xff]!);
  return codes;
}

function timeMicros(): number {
  return baseMicros + Math.floor(columns.timeNs[row]! / 1_000);
}

export const tradeRow: TradeView = viewOf<TradeView>({
  get symbol() {
    return names[named]!;
  },
  get timeMicros() {
    return timeMicros();
  },
  get price() {
    return columns.n0[row]!;
  },
  get size() {
    return columns.n1[row]!;
  },
  get exchange() {
    return CHARACTERS[columns.code0[row]!]!;
  },
  get movesLast() {
    return (columns.flags[row]! & FLAG_NOT_LAST) === 0;
  },
  get movesRange() {
    return (columns.flags[row]! & FLAG_NOT_RANGE) === 0;
  },
  get countsInVolume() {
    return (columns.flags[row]! & FLAG_NOT_VOLUME) === 0;
  },
  get conditions() {
    return conditions();
  },
});

export const quoteRow: QuoteUpdateView = viewOf<QuoteUpdateView>({
  get symbol() {
    return names[named]!;
  },
  get timeMicros() {
    return timeMicros();
  },
  get bidPrice() {
    return columns.n0[row]!;
  },
  get bidSize() {
    return columns.n1[row]!;
  },
  get askPrice() {
    return columns.n2[row]!;
  },
  get askSize() {
    return columns.n3[row]!;
  },
  get mid() {
    return middle(columns.n0[row]!, columns.n2[row]!);
  },
  get conditions() {
    return conditions();
  },
  get isEligible() {
    return isEligibleQuote(CHARACTERS[columns.tape[row]!]!, conditions());
  },
});

/** Middle of bid and ask; NaN when a side is empty or the quote is crossed or locked. */
export function middle(bidPrice: number, askPrice: number): number {
  return bidPrice > 0 && askPrice > bidPrice ? (bidPrice + askPrice) / 2 : Number.NaN;
}

/** When a row was received. */
export function receivedMicros(at: number): number {
  return baseMicros + Math.floor(columns.receivedNs[at]! / 1_000);
}

/** The close of the bar that a row holds. */
export function closeOf(at: number): number {
  return columns.n3[at]!;
}

/** Puts the bar that a row holds into a series. */
export function putRow(series: Series, at: number): void {
  const timeMicros = baseMicros + Math.floor(columns.timeNs[at]! / 1_000);
  const place = series.makePlace(timeMicros);
  if (place < 0) return;
  const { heapNumbers } = columns;
  const offset = columns.heapOffset[at]!;
  const tail = offset >> 3;
  // Read here where it can be: `heapFloat` is the host's, and each call over the border costs more than the rest.
  const isNear = heapNumbers !== null && (offset & 7) === 0;
  series.write(
    place,
    timeMicros,
    columns.n0[at]!,
    columns.n1[at]!,
    columns.n2[at]!,
    columns.n3[at]!,
    isNear ? heapNumbers[tail]! : columns.heapFloat(at, 0),
    isNear ? heapNumbers[tail + 1]! : columns.heapFloat(at, 1),
    isNear ? heapNumbers[tail + 2]! : columns.heapFloat(at, 2),
    (columns.flags[at]! & FLAG_INCOMPLETE) !== 0 ? 1 : 0,
  );
}
