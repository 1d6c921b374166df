/**
 * Thread: a receiver of the product's batches that calls the naive pipeline's strategy for each row: what the way to
 * the strategy costs without the strategy host.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type Batch, EventKind } from '../../src/tape/batch.ts';
import { SymbolTable } from '../../src/tape/symbols.ts';
import { MarketReceiver } from '../../src/transport/market.ts';
import { kernelThreadId } from './cpu.ts';
import { Mark } from './frames.ts';
import { Marks } from './marks.ts';
import type { Progress } from './report.ts';
import { ReadingStrategy } from './strategy.ts';

const TRADE = EventKind.trade;
const QUOTE = EventKind.quote;
const DEFINITION = EventKind.definition;

const report = (progress: Progress) => parentPort?.postMessage(progress);
const { port } = workerData as { port: MessagePort };
const symbols = new SymbolTable();
let strategy = new ReadingStrategy();
const marks = new Marks((mark) => {
  if (mark === Mark.block) report({ type: 'block' });
  else if (mark === Mark.end) report({ type: 'end', events: strategy.events });
  else {
    strategy = new ReadingStrategy();
    report({ type: 'begin' });
  }
});
report({ type: 'thread', role: 'consumer', threadId: kernelThreadId() });
new MarketReceiver(port, {
  onBatch: (batch) => {
    dispatch(batch);
    marks.look(batch);
  },
});

function dispatch(batch: Batch): void {
  const { count, kind, symbolId, n0, n1, n2 } = batch;
  for (let row = 0; row < count; row += 1) {
    const id = symbolId[row] ?? 0;
    if (kind[row] === QUOTE) strategy.onQuote(symbols.textOf(id), n0[row] ?? 0, n2[row] ?? 0);
    else if (kind[row] === TRADE) strategy.onTrade(symbols.textOf(id), n0[row] ?? 0, n1[row] ?? 0);
    else if (kind[row] === DEFINITION) symbols.define(id, batch.heapText(row));
  }
}
