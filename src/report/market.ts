/** What a report knows of one symbol: its prices, who has it, what was dealt. */
import type { Side } from '../domain/order.ts';
import type { EpochMicros } from '../domain/time.ts';
import { BoundedSeries } from './series.ts';
import type { OpenTrip } from './trip.ts';

/** A deal on the price chart. */
export interface Marker {
  readonly atMicros: EpochMicros;
  readonly side: Side;
  readonly price: number;
  readonly quantity: number;
  readonly reason: string;
}

/** More cannot be told apart on a screen. */
const MARKERS_MAX = 600;
/** Too many are thinned by an odd number, so that of purchases and sales in turn both remain. */
const THINNING = 3;

/** A point of a strategy's own series. */
export interface PlotPoint {
  readonly instanceId: string;
  readonly series: string;
  readonly symbol: string;
  readonly value: number;
  readonly atMicros: EpochMicros;
}

/** Series of a symbol that are drawn, of all strategies together: those that began first. */
const PLOTS_MAX = 32;

export class ReportMarket {
  readonly symbol: string;
  readonly prices = new BoundedSeries();
  /** Series of strategies, by `instance: name`. */
  readonly plots = new Map<string, BoundedSeries>();
  /** All deals, or every third of them, every ninth and so on when they are many. */
  markers: Marker[] = [];
  /** Trips that are under way in it. */
  readonly open = new Set<OpenTrip>();
  /** What it was worth when each day ended; NaN before the first price. */
  readonly closes: number[] = [];
  fills = 0;
  /** First price of the market; NaN before it. */
  first = Number.NaN;
  /** A trade's, or a bar's close; of symbols with quotes only between bid and ask; without prices what we paid. */
  last = Number.NaN;
  /** The feed has shown bars or trades of it. */
  hasDeals = false;
  bid = 0;
  ask = 0;
  /** Signed, of all instances together. */
  held = 0;
  /** What `held` is valued at. */
  mark = Number.NaN;
  #every = 1;

  constructor(symbol: string) {
    this.symbol = symbol;
  }

  /** What the feed has said, as distinct from what we paid. */
  get hasPrices(): boolean {
    return !Number.isNaN(this.first);
  }

  /** What a share is worth: the side that it could be sold to, or bought back from; else the last price. */
  worth(): number {
    const side = this.held >= 0 ? this.bid : this.ask;
    return side > 0 ? side : this.last;
  }

  plot({ instanceId, series, atMicros, value }: PlotPoint): void {
    const name = `${instanceId}: ${series}`;
    const known = this.plots.get(name);
    if (known === undefined && this.plots.size >= PLOTS_MAX) return;
    const plot = known ?? new BoundedSeries();
    this.plots.set(name, plot);
    plot.noteValue(atMicros, value);
  }

  mention(marker: Marker): void {
    if (this.fills % this.#every === 0) this.markers.push(marker);
    this.fills += 1;
    if (this.markers.length <= MARKERS_MAX) return;
    this.markers = this.markers.filter((_, index) => index % THINNING === 0);
    this.#every *= THINNING;
  }
}
