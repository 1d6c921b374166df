/**
 * Which trades move what, by their sale conditions. After the consolidated tapes' guidelines, as Alpaca's stock bars
 * apply them to minutes: odd lots and average prices count in volume and set no price; official open and close prints
 * count in nothing, since the trades behind them were already reported; trades outside regular hours (`T`) make the
 * bars of their minutes.
 */

export interface TradeEffect {
  /** Sets open and close of a bar, and the last price. */
  readonly movesLast: boolean;
  /** Sets high and low of a bar. */
  readonly movesRange: boolean;
  readonly countsInVolume: boolean;
}

const NOT_LAST = new Set(['C', 'G', 'H', 'I', 'M', 'N', 'P', 'Q', 'R', 'U', 'V', 'W', 'Z', '4', '7', '9']);
const NOT_RANGE = new Set(['C', 'H', 'I', 'M', 'N', 'Q', 'R', 'U', 'V', 'W', '7', '9']);
const NOT_VOLUME = new Set(['M', 'Q', '9']);

const FULL: TradeEffect = { movesLast: true, movesRange: true, countsInVolume: true };

export function effectOf(conditions: readonly string[]): TradeEffect {
  let effect = FULL;
  for (const code of conditions) {
    if (!NOT_LAST.has(code) && !NOT_RANGE.has(code) && !NOT_VOLUME.has(code)) continue;
    effect = {
      movesLast: effect.movesLast && !NOT_LAST.has(code),
      movesRange: effect.movesRange && !NOT_RANGE.has(code),
      countsInVolume: effect.countsInVolume && !NOT_VOLUME.has(code),
    };
  }
  return effect;
}

/**
 * The conditions of a recorded trade whose own effect is known (other vendors have other codes): where they do not
 * say it already, with the code that does. `M` moves nothing, `I` no price, `Z` not the last one.
 */
export function conditionsWith(effect: TradeEffect, conditions: readonly string[]): readonly string[] {
  const said = effectOf(conditions);
  const isSaid =
    (effect.movesLast || !said.movesLast) &&
    (effect.movesRange || !said.movesRange) &&
    (effect.countsInVolume || !said.countsInVolume);
  if (isSaid) return conditions;
  if (!effect.countsInVolume) return [...conditions, 'M'];
  return [...conditions, effect.movesRange ? 'Z' : 'I'];
}
