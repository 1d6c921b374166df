/** Market events that came too late to be acted on: counted, said once a second, told as a gap when it is over. */
import { type EpochMicros, MICROS_PER_SECOND } from '../domain/time.ts';
import type { HostCore } from './core.ts';
import type { SymbolMarket } from './market.ts';
import { Route } from './table.ts';

export class Staleness {
  readonly #core: HostCore;

  constructor(core: HostCore) {
    this.#core = core;
  }

  /** `completeMicros` is when the event was complete: for a bar the end of its minute. */
  hold(
    market: SymbolMarket,
    event: {
      readonly timeMicros: EpochMicros;
      readonly completeMicros: EpochMicros;
      readonly takenMicros: EpochMicros;
    },
  ): void {
    const { routes } = this.#core.table;
    const count = market.slot * Route.length + Route.staleCount;
    if (routes[count] === 0) market.staleFromMicros = event.timeMicros;
    market.staleToMicros = event.timeMicros;
    routes[count]! += 1;
    const nowMicros = Math.max(event.takenMicros, this.#core.clock.nowMicros);
    this.#log(market, nowMicros, (nowMicros - event.completeMicros) / MICROS_PER_SECOND);
  }

  /** The gap that has ended with a fresh event. */
  end(market: SymbolMarket): { fromMicros: EpochMicros; toMicros: EpochMicros; count: number } {
    const { routes } = this.#core.table;
    const at = market.slot * Route.length + Route.staleCount;
    const count = routes[at]!;
    routes[at] = 0;
    return { fromMicros: market.staleFromMicros, toMicros: market.staleToMicros, count };
  }

  /** One line per symbol and second, however many events were held back. */
  #log(market: SymbolMarket, nowMicros: EpochMicros, lagSeconds: number): void {
    const second = Math.floor(nowMicros / MICROS_PER_SECOND);
    if (second === market.staleLoggedSecond) return;
    market.staleLoggedSecond = second;
    const { consumer } = this.#core.config;
    const { symbol } = market;
    this.#core.output.log('warn', `consumer ${consumer} ${symbol} out of sync w ${lagSeconds.toFixed(1)}s`, {
      consumer,
      symbol,
      lagMs: Math.round(lagSeconds * 1_000),
      eventsHeldBack: this.#core.table.routes[market.slot * Route.length + Route.staleCount]!,
    });
  }
}
