/** The rows of which there are few: statuses, bands, corrections, cancels, imbalances, news. */
import { EventKind } from '../batch.ts';
import { appendOverflow, encodeOverflow } from '../overflow.ts';
import type { DamageReason } from './damage.ts';
import { type Element, parsedJson } from './element.ts';
import { bitsOf, Slot, type SlotName } from './fields.ts';
import type { RowSink } from './sink.ts';

export function writeStatus(element: Element, sink: RowSink): DamageReason | undefined {
  const statusCode = textOr(element, 'sc', undefined);
  if (statusCode === undefined) return 'field';
  const symbolId = element.symbolId();
  if (symbolId <= 0 || !element.hasTime()) return element.whyNot(symbolId);
  const told = encodeOverflow({
    sc: statusCode,
    sm: textOr(element, 'sm', ''),
    rc: textOr(element, 'rc', ''),
    rm: textOr(element, 'rm', ''),
  });
  const row = sink.startRow(EventKind.status, symbolId, element.moments.nanos, told.length);
  sink.batch.code0[row] = element.firstByte(Slot.sc);
  sink.batch.tape[row] = element.code(Slot.z);
  sink.batch.setHeapBytes(row, told);
  return undefined;
}

export function writeLuld(element: Element, sink: RowSink): DamageReason | undefined {
  return writeNumbers(element, sink, {
    kind: EventKind.luld,
    names: ['u', 'd'],
    bits: bitsOf('u', 'd'),
    codes: [Slot.i, -1],
    id: undefined,
  });
}

export function writeCancel(element: Element, sink: RowSink): DamageReason | undefined {
  return writeNumbers(element, sink, {
    kind: EventKind.cancel,
    names: ['p', 's'],
    bits: bitsOf('p', 's'),
    codes: [Slot.x, Slot.a],
    id: 'i',
  });
}

export function writeImbalance(element: Element, sink: RowSink): DamageReason | undefined {
  return writeNumbers(element, sink, {
    kind: EventKind.imbalance,
    names: ['p'],
    bits: bitsOf('p'),
    codes: [-1, -1],
    id: undefined,
  });
}

interface NumberRow {
  readonly kind: EventKind;
  /** The fields of n0, n1 and so on. */
  readonly names: readonly SlotName[];
  readonly bits: number;
  /** The slots of code0 and code1; -1 = none. */
  readonly codes: readonly [number, number];
  readonly id: 'i' | undefined;
}

function writeNumbers(element: Element, sink: RowSink, form: NumberRow): DamageReason | undefined {
  const { scanner } = element;
  if ((scanner.numeric & form.bits) !== form.bits) return 'field';
  const symbolId = element.symbolId();
  if (symbolId <= 0 || !element.hasTime()) return element.whyNot(symbolId);
  const hasId = form.id === undefined || element.readId(form.id);
  const odd = {
    ...element.longTexts(form.names),
    ...(form.id === undefined || hasId ? {} : { i: element.idText(form.id) }),
  };
  const encoded = Object.keys(odd).length === 0 ? undefined : encodeOverflow(odd);
  const row = sink.startRow(form.kind, symbolId, element.moments.nanos, encoded?.length ?? 0);
  const { batch } = sink;
  const columns = [batch.n0, batch.n1];
  for (const [index, name] of form.names.entries()) columns[index]![row] = scanner.numbers[Slot[name]]!;
  if (form.id !== undefined) {
    batch.idLow[row] = element.idLow;
    batch.idHigh[row] = element.idHigh;
  }
  if (form.codes[0] >= 0) batch.code0[row] = element.code(form.codes[0]);
  if (form.codes[1] >= 0) batch.code1[row] = element.code(form.codes[1]);
  batch.tape[row] = element.code(Slot.z);
  if (encoded !== undefined) appendOverflow(batch, row, encoded);
  return undefined;
}

/** The whole element travels in the heap, as its bytes came: `oi`, `ci` and both lists of conditions. */
export function writeCorrection(element: Element, sink: RowSink, json: Uint8Array): DamageReason | undefined {
  const { scanner } = element;
  const bits = bitsOf('op', 'os', 'cp', 'cs');
  if ((scanner.numeric & bits) !== bits) return 'field';
  const symbolId = element.symbolId();
  if (symbolId <= 0 || !element.hasTime()) return element.whyNot(symbolId);
  if (!isJson(json)) return 'syntax';
  element.readId('oi');
  const row = sink.startRow(EventKind.correction, symbolId, element.moments.nanos, json.length);
  const { batch } = sink;
  batch.n0[row] = scanner.numbers[Slot.op]!;
  batch.n1[row] = scanner.numbers[Slot.os]!;
  batch.n2[row] = scanner.numbers[Slot.cp]!;
  batch.n3[row] = scanner.numbers[Slot.cs]!;
  batch.idLow[row] = element.idLow;
  batch.idHigh[row] = element.idHigh;
  batch.code0[row] = element.code(Slot.x);
  batch.tape[row] = element.code(Slot.z);
  batch.setHeapBytes(row, json);
  return undefined;
}

/** News has the time at which it was written, or else was changed. */
export function writeNews(element: Element, sink: RowSink, json: Uint8Array): DamageReason | undefined {
  if (!isJson(json)) return 'syntax';
  if (!element.readTime('created_at') && !element.readTime('updated_at')) return 'time';
  element.readId('id');
  const row = sink.startRow(EventKind.news, 0, element.moments.nanos, json.length);
  sink.batch.idLow[row] = element.idLow;
  sink.batch.idHigh[row] = element.idHigh;
  sink.batch.setHeapBytes(row, json);
  return undefined;
}

function textOr<Otherwise>(element: Element, name: SlotName, otherwise: Otherwise): string | Otherwise {
  return element.has(name) ? (element.scanner.textOf(Slot[name]) ?? otherwise) : otherwise;
}

function isJson(bytes: Uint8Array): boolean {
  return parsedJson(new TextDecoder().decode(bytes)) !== undefined;
}
