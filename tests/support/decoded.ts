/** What the decoder says of a frame, taken down row by row. */
import type { AssetClass } from '../../src/domain/market.ts';
import type { AlpacaControl } from '../../src/tape/alpaca/control.ts';
import type { DamagedElement } from '../../src/tape/alpaca/damage.ts';
import { AlpacaDecoder } from '../../src/tape/alpaca/decoder.ts';
import { EventKind } from '../../src/tape/batch.ts';
import { overflowOf } from '../../src/tape/overflow.ts';
import {
  barAt,
  conditionsAt,
  orderBookAt,
  quoteAt,
  statusAt,
  takerSideAt,
  tradeAt,
  tradeIdAt,
} from '../../src/tape/rows.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';

export const RECEIVED = Date.UTC(2023, 3, 6, 13, 15, 45) * 1_000 + 123_456;

export interface Row {
  readonly kind: number;
  readonly epochNs: bigint;
  readonly receivedMicros: number;
  readonly symbol: string;
  readonly numbers: readonly number[];
  readonly id: string;
  readonly conditions: readonly string[];
  readonly codes: string;
  readonly flags: number;
  readonly overflow: unknown;
  readonly tail: readonly number[];
  readonly value: unknown;
}

export interface Decoded {
  readonly rows: Row[];
  readonly controls: AlpacaControl[];
  readonly damaged: DamagedElement[];
  readonly decoder: AlpacaDecoder;
}

export function decode(
  frame: string | Uint8Array,
  assetClass: AssetClass = 'us_equity',
  batchSize = { rows: 16, heapBytes: 4_096 },
): Decoded {
  const symbols = new SymbolTable();
  const decoded: Decoded = {
    rows: [],
    controls: [],
    damaged: [],
    decoder: new AlpacaDecoder({
      symbols,
      assetClass,
      batchSize,
      onBatch: (batch) => {
        for (let row = 0; row < batch.count; row += 1) {
          const kind = batch.kind[row]!;
          const isBar = kind >= EventKind.minuteBar && kind <= EventKind.dailyBar;
          const code = (byte: number) => (byte === 0 ? '.' : String.fromCharCode(byte));
          decoded.rows.push({
            kind,
            epochNs: BigInt(batch.baseMicros) * 1_000n + BigInt(batch.timeNs[row]!),
            receivedMicros: batch.receivedMicros(row),
            symbol: symbols.textOf(batch.symbolId[row]!),
            numbers: [batch.n0[row]!, batch.n1[row]!, batch.n2[row]!, batch.n3[row]!],
            id: tradeIdAt(batch, row),
            conditions: conditionsAt(batch, row),
            codes: code(batch.code0[row]!) + code(batch.code1[row]!) + code(batch.tape[row]!),
            flags: batch.flags[row]!,
            overflow: overflowOf(batch, row),
            tail: isBar ? [0, 1, 2].map((index) => batch.heapFloat(row, index)) : [],
            value:
              kind === EventKind.trade
                ? tradeAt(batch, row, symbols)
                : kind === EventKind.quote
                  ? quoteAt(batch, row, symbols)
                  : kind === EventKind.status
                    ? statusAt(batch, row, symbols)
                    : kind === EventKind.orderBook
                      ? orderBookAt(batch, row, symbols)
                      : isBar
                        ? barAt(batch, row, symbols)
                        : kind === EventKind.trade
                          ? takerSideAt(batch, row)
                          : batch.heapText(row),
          });
        }
        return batch;
      },
      onControl: (message) => decoded.controls.push(message),
      onDamaged: (detail) => decoded.damaged.push(detail),
    }),
  };
  const bytes = typeof frame === 'string' ? new TextEncoder().encode(frame) : frame;
  decoded.decoder.decode(bytes, RECEIVED);
  decoded.decoder.flush();
  return decoded;
}

/** Nanoseconds since the epoch, by way of BigInt. */
export function nanosOf(text: string): bigint {
  const [whole, fraction = ''] = text.replace('Z', '').split('.');
  return BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}
