/**
 * The part of the host that runs inside a strategy's realm. The bundle's script answers {@link createGuest} bound to
 * the strategy's file, which is evaluated only after the realm's globals were made deterministic.
 *
 * Host objects stay in variables and private fields here. They are never passed to a built-in method, which a
 * strategy could have replaced.
 */
import type { AnyStrategy } from '../contract.ts';
import { installAmbient } from './ambient.ts';
import {
  CALL_DONE,
  CALL_FAILED,
  type CallResult,
  type Guest,
  type HostBridge,
  SERIES_MINUTE,
  type SeriesKind,
} from './bridge.ts';
import { connectContexts, GuestContext, shared } from './context.ts';
import {
  checkDefinition,
  checkParameters,
  describeDefinition,
  type HandlerName,
  isThenable,
} from './definition.ts';
import {
  closeOf,
  moveTo,
  putRow,
  quoteRow,
  readColumns,
  receivedMicros,
  setName,
  touchName,
  tradeRow,
} from './rows.ts';
import type { Series } from './series.ts';
import { GuestSymbol } from './symbol.ts';

const { parse, stringify } = JSON;
const { freeze } = Object;

const UNIVERSE = '*';

export function createGuest(bridge: HostBridge, load: () => unknown): Guest {
  let active = -1;
  let failure = '';
  let definition: AnyStrategy | undefined;
  const units: (GuestContext | undefined)[] = [];
  /** A universe has all its symbols in one unit. */
  let isUniverse = false;
  /** Only so that what `touch` reads has a use. */
  let touched = 0;

  installAmbient({
    nowMs: () => bridge.clock.nowMicros / 1_000,
    random: () => bridge.random(active),
    write: (level, message) => bridge.log(active, level, message, '{}'),
  });
  connectContexts(bridge);

  const loaded = (): AnyStrategy => {
    definition ??= checkDefinition(load());
    return definition;
  };

  const failed = (handler: string, error: unknown): CallResult => {
    failure = stringify({ handler, message: messageOf(error), stack: stackOf(error) });
    return CALL_FAILED;
  };

  const finish = (handler: HandlerName, result: unknown): CallResult => {
    if (result === undefined || !isThenable(result)) return CALL_DONE;
    // Nobody awaits it: a rejection would otherwise count as unhandled and end the thread.
    (result as Promise<unknown>).then(undefined, () => undefined);
    return failed(handler, new TypeError(`${handler} returned a promise; handlers are synchronous`));
  };

  const symbolAt = (unit: number, place: number): GuestSymbol => GuestContext.at(units[unit]!, place);

  const seriesOf = (unit: number, place: number, kind: SeriesKind): Series => {
    const symbol = symbolAt(unit, place);
    return kind === SERIES_MINUTE ? GuestSymbol.minuteSeries(symbol) : GuestSymbol.dailySeries(symbol);
  };

  /** Calls a handler that is not on the hot path. */
  const call = (unit: number, place: number, handler: HandlerName, argument: unknown): CallResult => {
    const strategy = loaded();
    const run = strategy[handler] as ((context: GuestContext, argument: unknown) => unknown) | undefined;
    if (run === undefined) return CALL_DONE;
    const context = units[unit]!;
    active = unit;
    GuestContext.enter(context, place);
    try {
      return finish(handler, run.call(strategy, context, argument));
    } catch (error) {
      return failed(handler, error);
    }
  };

  const showBar = (unit: number, context: GuestContext, series: Series): CallResult => {
    active = unit;
    try {
      const result: unknown = definition!.onBar!(context, series.at(-1)!);
      return result === undefined ? CALL_DONE : finish('onBar', result);
    } catch (error) {
      return failed('onBar', error);
    }
  };

  return {
    describe: () => stringify(describeDefinition(loaded())),
    checkParameters: (parametersJson) => {
      const checked = checkParameters(loaded(), parse(parametersJson));
      if (checked.ok) shared.parameters = checked.value;
      return stringify(checked);
    },
    fault: () => failure,

    addUnit: (unit, symbol) => {
      units[unit] = new GuestContext(unit, symbol);
      isUniverse = symbol === UNIVERSE;
    },
    setState: (unit, stateJson) => {
      active = unit;
      try {
        const context = units[unit]!;
        context.state = stateJson === null ? loaded().initialState(shared.parameters) : parse(stateJson);
        return CALL_DONE;
      } catch (error) {
        return failed('initialState', error);
      }
    },
    removeUnit: (unit) => {
      units[unit] = undefined;
    },
    addSymbol: (unit, place, market, barsMax) => {
      const symbol = new GuestSymbol(market, barsMax, () => parse(bridge.openOrders(unit, place)));
      setName(isUniverse ? place : unit, symbol.symbol);
      GuestContext.add(units[unit]!, place, symbol);
    },
    removeSymbol: (unit, place) => GuestContext.remove(units[unit]!, place),
    setPosition: (unit, place, quantity, averagePrice, realizedPnl) => {
      GuestSymbol.setPosition(symbolAt(unit, place), quantity, averagePrice, realizedPnl);
    },
    changeOpenOrders: (unit, place) => GuestSymbol.changeOpenOrders(symbolAt(unit, place)),
    setSession: (date, openMicros, closeMicros) => {
      shared.session = freeze({ date, openMicros, closeMicros });
    },
    setAccount: (equity, cash, buyingPower, riskState) => {
      shared.portfolio = freeze({ equity, cash, buyingPower, riskState });
    },
    saveState: (unit) => {
      active = unit;
      try {
        return stringify(units[unit]!.state) ?? 'null';
      } catch (error) {
        failed('state', error);
        return null;
      }
    },

    read: (columns) => readColumns(columns),
    touch: (aheadUnits, aheadPlaces, count) => {
      for (let index = 0; index < count; index += 1) {
        const unit = aheadUnits[index]!;
        touched = (touched + touchName(isUniverse ? aheadPlaces[index]! : unit)) | 0;
        // Its type stands in the state's first words. A universe has one state, which is near anyway.
        if (!isUniverse && typeof units[unit]?.state === 'object') touched = (touched + 1) | 0;
      }
    },
    putBar: (unit, place, kind, bar) => {
      const { timeMicros, open, high, low, close, volume, vwap, tradeCount, incomplete } = bar;
      const values = { timeMicros, open, high, low, close, volume, vwap, tradeCount, incomplete };
      seriesOf(unit, place, kind).put(values);
    },
    bars: (unit, place, kind) => seriesOf(unit, place, kind).toText(),
    putBars: (unit, place, kind, barsJson) => seriesOf(unit, place, kind).putText(barsJson),
    putBarRow: (unit, place, row) => {
      putRow(GuestSymbol.minuteSeries(symbolAt(unit, place)), row);
    },

    start: (unit) => call(unit, -1, 'onStart', undefined),
    trade: (unit, place, row) => {
      const context = units[unit]!;
      active = unit;
      if (isUniverse) GuestContext.enter(context, place);
      moveTo(row, isUniverse ? place : unit);
      try {
        const result: unknown = definition!.onTrade!(context, tradeRow);
        return result === undefined ? CALL_DONE : finish('onTrade', result);
      } catch (error) {
        return failed('onTrade', error);
      }
    },
    quote: (unit, place, row) => {
      const context = units[unit]!;
      active = unit;
      if (isUniverse) GuestContext.enter(context, place);
      moveTo(row, isUniverse ? place : unit);
      try {
        const result: unknown = definition!.onQuote!(context, quoteRow);
        return result === undefined ? CALL_DONE : finish('onQuote', result);
      } catch (error) {
        return failed('onQuote', error);
      }
    },
    bar: (unit, place) => {
      const context = units[unit]!;
      if (isUniverse) GuestContext.enter(context, place);
      return showBar(unit, context, GuestSymbol.minuteSeries(GuestContext.at(context, place)));
    },
    barRow: (unit, place, row) => {
      const context = units[unit]!;
      if (isUniverse) GuestContext.enter(context, place);
      const series = GuestSymbol.minuteSeries(GuestContext.at(context, place));
      putRow(series, row);
      return showBar(unit, context, series);
    },
    barRows: (unit, place, { from, to }, lastPrice) => {
      const context = units[unit]!;
      if (isUniverse) GuestContext.enter(context, place);
      const series = GuestSymbol.minuteSeries(GuestContext.at(context, place));
      const { clock } = bridge;
      const { figures, at } = lastPrice;
      for (let row = from; ; ) {
        figures[at] = closeOf(row);
        putRow(series, row);
        if (showBar(unit, context, series) !== CALL_DONE) return ~row;
        row += 1;
        if (row === to || clock.isPaused) return row;
        clock.nowMicros = receivedMicros(row);
        clock.sequence += 1;
      }
    },
    fill: (unit, place, fillJson) => call(unit, place, 'onFill', parse(fillJson)),
    order: (unit, place, updateJson) => call(unit, place, 'onOrder', parse(updateJson)),
    denial: (unit, place, denialJson) => call(unit, place, 'onDenial', parse(denialJson)),
    gap: (unit, place, gapJson) => call(unit, place, 'onGap', parse(gapJson)),
    timer: (unit, name) => call(unit, -1, 'onTimer', name),
  };
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${String(error)}`;
  } catch {
    return 'thrown: a value without text';
  }
}

function stackOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.stack) : '';
  } catch {
    return '';
  }
}
