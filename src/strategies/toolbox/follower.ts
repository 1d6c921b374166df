/** Calculations that follow a symbol's closed bars: each bar is fed once, however often they are asked for. */
import type { BarSeries, BarView, SymbolView } from '../contract.ts';

interface Followed<Tools> {
  readonly tools: Tools;
  newest: BarView;
  /** A bar that was fed, and how many were fed after it: told apart when one was inserted between. */
  readonly markMicros: number;
  fedSinceMark: number;
}

/** What a follower needs of a context: parameters, session and the like are up to you. */
type Following = Pick<SymbolView, 'symbol' | 'minuteBars'>;

/**
 * Keeps tools of your making (indicators, mostly) current with closed bars, one set per symbol. They are made anew from
 * the whole series when bars were inserted or corrected, as after a gap, and after a restart: so what they say depends
 * on the bars alone.
 */
export class BarFollower<Tools, Context extends Following> {
  readonly #make: (context: Context) => Tools;
  readonly #feed: (tools: Tools, bar: BarView, context: Context) => void;
  readonly #followed = new Map<string, Followed<Tools>>();

  constructor(
    make: (context: Context) => Tools,
    feed: (tools: Tools, bar: BarView, context: Context) => void,
  ) {
    this.#make = make;
    this.#feed = feed;
  }

  /** The tools after the newest bar; undefined when there is none. A `universe` strategy names the view it asks for. */
  follow(context: Context, { symbol, minuteBars: bars }: Following = context): Tools | undefined {
    const newest = bars.at(-1);
    if (newest === undefined) return undefined;
    const known = this.#followed.get(symbol);
    // A series answers the same object until it changes.
    if (known?.newest === newest) return known.tools;
    const fresh = known === undefined ? 0 : unseen(bars, known);
    if (known === undefined || fresh === 0) return this.#rebuild(context, symbol, bars);
    for (let index = -fresh; index < 0; index += 1) this.#feed(known.tools, bars.at(index)!, context);
    known.fedSinceMark += fresh;
    known.newest = newest;
    return known.tools;
  }

  #rebuild(context: Context, symbol: string, bars: BarSeries): Tools {
    const tools = this.#make(context);
    for (let index = 0; index < bars.length; index += 1) this.#feed(tools, bars.at(index)!, context);
    // From the middle, so that it takes half the series' length until the mark drops out of a full one.
    const fedSinceMark = Math.floor((bars.length - 1) / 2);
    const markMicros = bars.at(-1 - fedSinceMark)!.timeMicros;
    this.#followed.set(symbol, { tools, newest: bars.at(-1)!, markMicros, fedSinceMark });
    return tools;
  }
}

/** How many bars are newer than those that were fed; 0 when others were added or changed, too. */
function unseen(bars: BarSeries, known: Followed<unknown>): number {
  let fresh = 0;
  while (fresh < bars.length && bars.at(-1 - fresh)!.timeMicros > known.newest.timeMicros) fresh += 1;
  const mark = bars.at(-1 - fresh - known.fedSinceMark);
  return mark?.timeMicros === known.markMicros ? fresh : 0;
}
