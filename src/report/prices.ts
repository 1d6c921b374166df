/** Shows a walk the prices of a batch of market data: bars, trades and quotes, in the order in which they were known. */
import type { EpochMicros } from '../domain/time.ts';
import { type Batch, EventKind, RowFlag } from '../tape/batch.ts';
import type { SymbolTable } from '../tape/symbols.ts';
import type { ReportMarket } from './market.ts';
import type { BatchWalk } from './walk.ts';

export function walkPrices(
  walk: BatchWalk,
  batch: Batch,
  of: { readonly from: number; readonly to: number; readonly symbols: SymbolTable },
): void {
  for (let row = of.from; row < of.to; row += 1) {
    const kind = batch.kind[row]!;
    const isBar = kind === EventKind.minuteBar;
    const isTrade = kind === EventKind.trade && (batch.flags[row]! & RowFlag.notLast) === 0;
    if (!isBar && !isTrade && kind !== EventKind.quote) continue;
    const market = walk.market(of.symbols.textOf(batch.symbolId[row]!));
    const atMicros = batch.receivedMicros(row);
    const n0 = batch.n0[row]!;
    if (kind === EventKind.quote) {
      const ask = batch.n2[row]!;
      const isCrossed = n0 > 0 && ask > 0 && n0 >= ask;
      // Fills that were made before this quote are valued before it.
      walk.before(atMicros);
      market.bid = isCrossed ? 0 : n0;
      market.ask = isCrossed ? 0 : ask;
      const worth = market.worth();
      if (!market.hasDeals && !isCrossed && n0 > 0 && ask > 0) showPrice(market, atMicros, (n0 + ask) / 2);
      if (Number.isNaN(worth)) continue;
      walk.price(market, atMicros, { low: worth, high: worth });
      continue;
    }
    const high = isBar ? batch.n1[row]! : n0;
    const low = isBar ? batch.n2[row]! : n0;
    const close = isBar ? batch.n3[row]! : n0;
    walk.before(atMicros);
    market.hasDeals = true;
    if (!market.hasPrices) market.first = n0;
    market.last = close;
    market.prices.note(isBar ? batch.timeMicros(row) : atMicros, { open: n0, high, low, close });
    walk.price(market, atMicros, { low, high });
  }
}

/** Of a symbol that only has quotes: between its bid and ask. */
function showPrice(market: ReportMarket, atMicros: EpochMicros, price: number): void {
  if (!market.hasPrices) market.first = price;
  market.last = price;
  market.prices.noteValue(atMicros, price);
}
