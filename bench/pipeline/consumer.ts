/** Thread: a receiver of the product's batches that hands every event to the strategy. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type Batch, EventKind } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { MarketReceiver } from '../../src/transport/market.ts';
import { kernelThreadId } from './cpu.ts';
import { BEGIN_SYMBOL, END_SYMBOL } from './frames.ts';
import type { Progress } from './report.ts';
import { ReadingStrategy } from './strategy.ts';

const report = (progress: Progress) => parentPort?.postMessage(progress);
const { port } = workerData as { port: MessagePort };
const symbols = new SymbolTable();
// Ids of the marks' symbols, known when their definitions have come.
let beginId = -1;
let endId = -1;
let strategy = new ReadingStrategy();
report({ type: 'thread', role: 'consumer', threadId: kernelThreadId() });
new MarketReceiver(port, { onBatch });

function define(symbolId: number, symbol: string): void {
  symbols.define(symbolId, symbol);
  if (symbol === BEGIN_SYMBOL) beginId = symbolId;
  if (symbol === END_SYMBOL) endId = symbolId;
}

function onBatch(batch: Batch): void {
  for (let row = 0; row < batch.count; row += 1) {
    const symbolId = batch.symbolId[row] ?? 0;
    switch (batch.kind[row]) {
      case EventKind.quote:
        strategy.onQuote(symbols.textOf(symbolId), batch.n0[row] ?? 0, batch.n2[row] ?? 0);
        break;
      case EventKind.trade:
        strategy.onTrade(symbols.textOf(symbolId), batch.n0[row] ?? 0, batch.n1[row] ?? 0);
        break;
      case EventKind.definition:
        define(symbolId, batch.heapText(row));
        break;
      default:
        break;
    }
    if (symbolId === beginId && batch.kind[row] === EventKind.trade) {
      strategy = new ReadingStrategy();
      report({ type: 'begin' });
    } else if (symbolId === endId && batch.kind[row] === EventKind.trade) {
      report({ type: 'end', events: strategy.events - 1, checksum: strategy.checksum });
    }
  }
}
