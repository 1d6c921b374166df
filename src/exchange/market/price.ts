/**
 * A synthetic price. Its logarithm is a slow fair value (a random walk with regimes of drift, weakly pulled back to
 * an anchor), plus a fast deviation that returns to zero (Ornstein-Uhlenbeck), plus occasional jumps.
 * Both parts are stepped by their exact transition, so the step's length does not change their law.
 */
import type { Random } from '../../clock/chance.ts';
import type { Temper } from './instruments.ts';

/** Of a trading year: 252 sessions of 23,400 seconds. */
const TRADING_SECONDS_A_YEAR = 252 * 23_400;
/** Over which the fair value forgets where it wandered: long enough for trends, short enough to stay near its base. */
const ANCHOR_SECONDS = 5_400;

interface Character {
  /** Drift of a regime, in one-minute standard deviations a minute. */
  readonly drift: readonly [number, number];
  readonly regimeSeconds: readonly [number, number];
  /** Share of regimes without drift. */
  readonly quietShare: number;
  /** Standard deviation of the fast part, in one-minute standard deviations. */
  readonly deviation: number;
  readonly halfLifeSeconds: number;
}

const CHARACTERS: Readonly<Record<Temper, Character>> = {
  trending: {
    drift: [0.7, 1.6],
    regimeSeconds: [90, 300],
    quietShare: 0.15,
    deviation: 0.5,
    halfLifeSeconds: 15,
  },
  reverting: {
    drift: [0.1, 0.3],
    regimeSeconds: [120, 400],
    quietShare: 0.5,
    deviation: 2.2,
    halfLifeSeconds: 40,
  },
  mixed: { drift: [0.3, 1], regimeSeconds: [60, 240], quietShare: 0.4, deviation: 1.2, halfLifeSeconds: 30 },
};

/** Seconds between jumps on average, and their size in one-minute standard deviations. */
const JUMP_SECONDS = 1_500;
const JUMP_SIZE: readonly [number, number] = [2.5, 6];

export class PriceProcess {
  readonly #random: Random;
  readonly #character: Character;
  /** Standard deviation of the fair value's logarithm over one second. */
  readonly #secondDeviation: number;
  readonly #liveliness: number;
  #anchor: number;
  #fair: number;
  #deviation = 0;
  #driftPerSecond = 0;
  #regimeLeftSeconds = 0;
  #spareNormal: number | null = null;

  constructor(options: {
    random: Random;
    price: number;
    annualVolatility: number;
    temper: Temper;
    liveliness: number;
  }) {
    this.#random = options.random;
    this.#character = CHARACTERS[options.temper];
    this.#liveliness = options.liveliness;
    this.#secondDeviation =
      (options.annualVolatility * options.liveliness) / Math.sqrt(TRADING_SECONDS_A_YEAR);
    this.#anchor = Math.log(options.price);
    this.#fair = this.#anchor;
  }

  /** The middle of the market. */
  get price(): number {
    return Math.exp(this.#fair + this.#deviation);
  }

  /** Standard deviation of a minute's return. */
  get minuteDeviation(): number {
    return this.#secondDeviation * Math.sqrt(60);
  }

  /** Whether the fair value is being driven up (1), down (-1) or not (0): takers lean that way. */
  get lean(): number {
    return Math.sign(this.#driftPerSecond);
  }

  step(seconds: number): void {
    if (seconds <= 0) return;
    const minute = this.minuteDeviation;
    this.#regimeLeftSeconds -= seconds;
    if (this.#regimeLeftSeconds <= 0) this.#nextRegime(minute);
    const pull = -Math.expm1(-seconds / ANCHOR_SECONDS);
    this.#fair += this.#driftPerSecond * Math.min(seconds, 60) + (this.#anchor - this.#fair) * pull;
    this.#fair += this.#secondDeviation * Math.sqrt(seconds) * this.normal();
    if (this.#random() < -Math.expm1(-seconds / JUMP_SECONDS)) this.#jump(minute);
    const decay = Math.exp((-Math.LN2 * seconds) / this.#character.halfLifeSeconds);
    const spread = this.#character.deviation * minute * Math.sqrt(1 - decay * decay);
    this.#deviation = this.#deviation * decay + spread * this.normal();
  }

  /** The night between two sessions: the anchor itself moves, and the market opens with a gap. */
  overnight(): void {
    this.#anchor += this.#secondDeviation * Math.sqrt(23_400) * 0.6 * this.normal();
    this.#fair = this.#anchor + (this.#fair - this.#anchor) * 0.5;
    this.#deviation = 0;
    this.#regimeLeftSeconds = 0;
  }

  /** A standard normal number (Box-Muller, both halves used). */
  normal(): number {
    const spare = this.#spareNormal;
    if (spare !== null) {
      this.#spareNormal = null;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.#random()));
    const angle = 2 * Math.PI * this.#random();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  #nextRegime(minute: number): void {
    const { drift, regimeSeconds, quietShare } = this.#character;
    this.#regimeLeftSeconds = this.#between(regimeSeconds);
    const isQuiet = this.#random() < quietShare;
    // Far from its anchor a price turns back more often than it runs on.
    const away = (this.#fair - this.#anchor) / (minute * 12);
    const up = this.#random() < 0.5 - Math.max(-0.35, Math.min(0.35, away));
    const size = (this.#between(drift) * minute) / 60;
    this.#driftPerSecond = isQuiet ? 0 : up ? size : -size;
  }

  #jump(minute: number): void {
    const size = this.#between(JUMP_SIZE) * minute * Math.min(1, this.#liveliness);
    this.#fair += this.#random() < 0.5 ? size : -size;
  }

  #between([low, high]: readonly [number, number]): number {
    return low + (high - low) * this.#random();
  }
}
