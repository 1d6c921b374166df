/** The rows that make up nearly all of a stream: trades, quotes and bars. */
import { EventKind } from '../batch.ts';
import { conditionFlags, packedConditionFlags } from '../conditions.ts';
import { appendOverflow, encodeOverflow } from '../overflow.ts';
import type { DamageReason } from './damage.ts';
import type { Element } from './element.ts';
import { bitsOf, Slot } from './fields.ts';
import type { RowSink } from './sink.ts';

const TRADE_NUMBERS = bitsOf('p', 's');
const QUOTE_NUMBERS = bitsOf('bp', 'bs', 'ap', 'as');
const BAR_NUMBERS = bitsOf('o', 'h', 'l', 'c', 'v');
const BAR_NAMES = ['o', 'h', 'l', 'c', 'v', 'n', 'vw'] as const;
const BAR_HEAP_BYTES = 24;

export function writeTrade(element: Element, sink: RowSink): DamageReason | undefined {
  const { scanner } = element;
  if ((scanner.numeric & TRADE_NUMBERS) !== TRADE_NUMBERS) return 'field';
  const symbolId = element.symbolId();
  if (symbolId <= 0 || !element.hasTime()) return element.whyNot(symbolId);
  const packed = element.packedConditions();
  const hasId = element.readId('i');
  const isPlain = hasId && packed >= 0 && (scanner.long & TRADE_NUMBERS) === 0;
  if (!isPlain) return writeOddTrade(element, sink, { symbolId, packed, hasId });
  const row = sink.startRow(EventKind.trade, symbolId, element.moments.nanos, 0);
  writeTradeColumns(element, sink, row);
  sink.batch.conditions[row] = packed;
  sink.batch.flags[row] = packedConditionFlags(sink.batch.tape[row]!, packed);
  return undefined;
}

function writeTradeColumns(element: Element, sink: RowSink, row: number): void {
  const { batch } = sink;
  const { numbers } = element.scanner;
  batch.n0[row] = numbers[Slot.p]!;
  batch.n1[row] = numbers[Slot.s]!;
  batch.idLow[row] = element.idLow;
  batch.idHigh[row] = element.idHigh;
  batch.code0[row] = element.code(Slot.x);
  batch.code1[row] = element.code(Slot.tks);
  batch.tape[row] = element.code(Slot.z);
}

/** A trade with something that the columns cannot hold. */
function writeOddTrade(
  element: Element,
  sink: RowSink,
  known: { readonly symbolId: number; readonly packed: number; readonly hasId: boolean },
): DamageReason | undefined {
  const codes = known.packed < 0 ? element.conditionTexts() : [];
  if (codes === undefined) return 'field';
  const odd = encodeOverflow({
    ...element.longTexts(['p', 's']),
    ...(known.hasId ? {} : { i: element.idText('i') }),
    ...(known.packed < 0 ? { c: codes } : {}),
  });
  const row = sink.startRow(EventKind.trade, known.symbolId, element.moments.nanos, odd.length);
  writeTradeColumns(element, sink, row);
  const { batch } = sink;
  const tape = batch.tape[row]!;
  if (known.packed >= 0) {
    batch.conditions[row] = known.packed;
    batch.flags[row] = packedConditionFlags(tape, known.packed);
  } else {
    batch.flags[row] = conditionFlags(String.fromCharCode(tape), codes);
  }
  appendOverflow(batch, row, odd);
  return undefined;
}

/** A side that is null, as one with price 0, has no active quote. */
export function writeQuote(element: Element, sink: RowSink): DamageReason | undefined {
  const { scanner } = element;
  if ((scanner.numeric & QUOTE_NUMBERS) !== QUOTE_NUMBERS && !element.zeroNulls(QUOTE_NUMBERS))
    return 'field';
  const symbolId = element.symbolId();
  if (symbolId <= 0 || !element.hasTime()) return element.whyNot(symbolId);
  const packed = element.packedConditions();
  let odd: Uint8Array | undefined;
  if (packed < 0 || (scanner.long & QUOTE_NUMBERS) !== 0) {
    const codes = packed < 0 ? element.conditionTexts() : [];
    if (codes === undefined) return 'field';
    odd = encodeOverflow({
      ...element.longTexts(['bp', 'bs', 'ap', 'as']),
      ...(packed < 0 ? { c: codes } : {}),
    });
  }
  const row = sink.startRow(
    EventKind.quote,
    symbolId,
    element.moments.nanos,
    odd === undefined ? 0 : odd.length,
  );
  const { batch } = sink;
  const { numbers } = scanner;
  batch.n0[row] = numbers[Slot.bp]!;
  batch.n1[row] = numbers[Slot.bs]!;
  batch.n2[row] = numbers[Slot.ap]!;
  batch.n3[row] = numbers[Slot.as]!;
  batch.conditions[row] = Math.max(packed, 0);
  batch.code0[row] = element.code(Slot.bx);
  batch.code1[row] = element.code(Slot.ax);
  batch.tape[row] = element.code(Slot.z);
  if (odd !== undefined) appendOverflow(batch, row, odd);
  return undefined;
}

type BarKind = typeof EventKind.minuteBar | typeof EventKind.updatedBar | typeof EventKind.dailyBar;

/** A bar without `n` has no trades counted (0); one without `vw` has no vwap (NaN). */
export function writeBar(element: Element, sink: RowSink, kind: BarKind): DamageReason | undefined {
  const { scanner } = element;
  if ((scanner.numeric & BAR_NUMBERS) !== BAR_NUMBERS) return 'field';
  const symbolId = element.symbolId();
  if (symbolId <= 0 || !element.hasTime()) return element.whyNot(symbolId);
  const odd = scanner.long === 0 ? undefined : encodeOverflow(element.longTexts(BAR_NAMES));
  const heapBytes = BAR_HEAP_BYTES + (odd === undefined ? 0 : odd.length);
  const row = sink.startRow(kind, symbolId, element.moments.nanos, heapBytes);
  const { batch } = sink;
  const { numbers } = scanner;
  batch.n0[row] = numbers[Slot.o]!;
  batch.n1[row] = numbers[Slot.h]!;
  batch.n2[row] = numbers[Slot.l]!;
  batch.n3[row] = numbers[Slot.c]!;
  batch.setBarTail(row, numbers[Slot.v]!, element.numberOr(Slot.vw, Number.NaN), element.numberOr(Slot.n, 0));
  if (odd !== undefined) appendOverflow(batch, row, odd);
  return undefined;
}
