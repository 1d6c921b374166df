/** Market rows as the machine's inputs: the prices that risk judges by, and who may trade. */
import type { DeskInput } from '../execution/contract.ts';
import { tradingStatusOf } from '../execution/tradingStatus.ts';
import { type Batch, EventKind, RowFlag } from '../tape/batch.ts';
import type { SymbolTable } from '../tape/symbols.ts';

/** Takes definitions into `symbols`, and shows what the desk needs of the other rows to `feed`. */
export function feedMarket(batch: Batch, symbols: SymbolTable, feed: (input: DeskInput) => void): void {
  for (let row = 0; row < batch.count; row += 1) {
    switch (batch.kind[row]!) {
      case EventKind.definition:
        symbols.define(batch.symbolId[row]!, batch.heapText(row));
        break;
      case EventKind.quote:
        feed({
          type: 'quote',
          symbol: symbols.textOf(batch.symbolId[row]!),
          bidPrice: batch.n0[row]!,
          askPrice: batch.n2[row]!,
          atMicros: batch.receivedMicros(row),
        });
        break;
      case EventKind.trade:
        if ((batch.flags[row]! & RowFlag.notLast) === 0) {
          feed({
            type: 'trade',
            symbol: symbols.textOf(batch.symbolId[row]!),
            price: batch.n0[row]!,
            atMicros: batch.receivedMicros(row),
          });
        }
        break;
      case EventKind.status:
        feedStatus(batch, row, symbols, feed);
        break;
      default:
        break;
    }
  }
}

function feedStatus(batch: Batch, row: number, symbols: SymbolTable, feed: (input: DeskInput) => void): void {
  const code = String.fromCharCode(batch.code0[row]!);
  const tape = batch.tape[row] === 0 ? '' : String.fromCharCode(batch.tape[row]!);
  const status = tradingStatusOf(code, tape);
  if (status === undefined) return;
  feed({ type: 'trading_status', symbol: symbols.textOf(batch.symbolId[row]!), status });
}
