/** One run: a desk that trades, is hit by everything and killed again and again; then peace, and the reckoning. */
import { SimulatedClock } from '../../../src/clock/simulated.ts';
import type { DeskLimits } from '../../../src/desk/config.ts';
import { DESK_STEPS, type DeskStep } from '../../../src/desk/steps.ts';
import type { Session } from '../../../src/domain/market.ts';
import { NO_FAULTS } from '../../../src/exchange/faults.ts';
import type { SessionShape } from '../../../src/exchange/options.ts';
import { Database } from './database.ts';
import { Dice } from './dice.ts';
import { Disk } from './disk.ts';
import { SimulatedExchange } from './exchange.ts';
import { INSTANCES, Life } from './life.ts';
import { Trader } from './trader.ts';
import { ALL, differences } from './truth.ts';
import type { Mishaps } from './wire.ts';

const START = Date.UTC(2026, 10, 20, 15) * 1_000;
const MICROS_PER_MS = 1_000;
const TICK_MS = 200;
const MS_PER_MINUTE = 60_000;
/** Before a session, when the journal is looked at. */
const SESSION_CHECK_MS = 1_000;
const MORNING_MICROS = 60_000_000;

export interface RunOptions {
  readonly seed: number;
  /** How long it trades, and how many kills fall into that time. */
  readonly tradingMs?: number;
  readonly kills?: number;
  /** Kill at this step only. */
  readonly step?: DeskStep;
  /** How often strategies act and the market moves; several times a second unless given. */
  readonly actEveryMs?: number;
  readonly tickMs?: number;
  /** A market that closes: so many sessions, with a night behind each, instead of `tradingMs`. */
  readonly week?: {
    readonly sessions: number;
    readonly sessionMinutes: number;
    readonly nightMinutes: number;
  };
  readonly limits?: Partial<DeskLimits>;
}

export interface RunResult {
  readonly differences: readonly string[];
  readonly orders: number;
  readonly fills: number;
  /** Orders that took another's place at the exchange. */
  readonly replaced: number;
  /** Exits that were filled. */
  readonly exits: number;
  readonly kills: readonly (DeskStep | 'any moment' | 'power')[];
  readonly alerts: readonly string[];
  /** As each session ended, and the night behind it. */
  readonly days: readonly Day[];
  /** All in all; most of it is not there any more. */
  readonly journalBytesWritten: number;
}

export interface Day {
  /** What strategies hold that must be flat over night, and those that need not. */
  readonly intraday: number;
  readonly overnight: number;
  readonly executions: number;
  /** Of the journal on disk, when the night is over. */
  readonly journalBytes: number;
}

const NONE: Mishaps = {
  notSent: 0,
  requestLost: 0,
  answerLost: 0,
  gatewayError: 0,
  rateLimited: 0,
  repeated: 0,
  late: 0,
  frameLost: 0,
  frameRepeated: 0,
  frameLate: 0,
};

export async function run(options: RunOptions): Promise<RunResult> {
  const world = new World(options);
  await world.trade();
  return await world.settle();
}

class World {
  readonly #options: RunOptions;
  readonly #clock = new SimulatedClock(START);
  readonly #dice: Dice;
  readonly #exchange: SimulatedExchange;
  readonly #disk: Disk;
  readonly #database = new Database();
  readonly #trader: Trader;
  readonly #mishaps: Mishaps = { ...NONE };
  readonly #isSynced: boolean;
  readonly #kills: (DeskStep | 'any moment' | 'power')[] = [];
  readonly #alerts: string[] = [];
  readonly #days: Day[] = [];
  #life: Life;
  #lives = 0;
  /** The opening of the session that was told last. */
  #told = 0;
  #armed: { readonly step: DeskStep; left: number } | null = null;
  #failure: unknown = null;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#dice = new Dice(options.seed);
    this.#isSynced = this.#dice.chance(0.4);
    this.#disk = new Disk(this.#dice);
    this.#trader = new Trader(this.#dice);
    this.#exchange = new SimulatedExchange({
      clock: this.#clock,
      dice: this.#dice,
      seed: options.seed,
      tickMs: options.tickMs ?? TICK_MS,
      ...(options.week === undefined ? {} : { sessions: shapeOf(options.week) }),
      onQuote: (quote) => {
        if (this.#life.isDead) return;
        const { symbol, bidPrice, askPrice, timeMicros } = quote;
        this.#life.core.feed({ type: 'quote', symbol, bidPrice, askPrice, atMicros: timeMicros });
      },
      onUpdate: (update) => this.#life.updates?.publish(update),
    });
    if (options.week !== undefined) {
      this.#clock.every(SESSION_CHECK_MS, () => this.#tellSession());
    }
    this.#life = this.#begin();
  }

  async trade(): Promise<void> {
    const dice = this.#dice;
    const { week } = this.#options;
    const weekMs = week && week.sessions * (week.sessionMinutes + week.nightMinutes) * MS_PER_MINUTE;
    const tradingMs = weekMs ?? this.#options.tradingMs ?? 60_000;
    const endMicros = this.#clock.nowMicros() + tradingMs * MICROS_PER_MS;
    const kills = this.#options.kills ?? dice.integer(0, 6);
    this.#troubles();
    const acting = this.#clock.every(this.#options.actEveryMs ?? dice.integer(120, 900), () => this.#act());
    const troubling = this.#clock.every(3_000, () => this.#troubles());
    for (let kill = 0; kill < kills; kill += 1) {
      this.#clock.after(dice.between(500, tradingMs), () => this.#arm());
    }
    for (let day = 0; day < (week?.sessions ?? 0); day += 1) await this.#passDay();
    await this.#passTo(endMicros);
    acting.cancel();
    troubling.cancel();
  }

  /** A session, and the night until shortly before the next. */
  async #passDay(): Promise<void> {
    const { closeMicros } = this.#session();
    await this.#passTo(closeMicros);
    const { positions } = this.#life.core.machine.status();
    const held = (isIntraday: boolean) =>
      positions.filter(
        ({ instanceId, quantity }) => quantity !== 0n && (instanceId === 'alpha') === isIntraday,
      ).length;
    const evening = { intraday: held(true), overnight: held(false) };
    await this.#passTo(this.#session().openMicros - MORNING_MICROS);
    this.#days.push({
      ...evening,
      executions: this.#exchange.venue.counts.fills,
      journalBytes: this.#disk.text.length,
    });
  }

  /** As the daemon does it: the next session is told when one is over. */
  #tellSession(): void {
    const session = this.#session();
    if (session.openMicros === this.#told) return;
    this.#told = session.openMicros;
    if (!this.#life.isDead) this.#life.core.feed({ type: 'session', session });
  }

  /** The session under way, or the next one. */
  #session(): Session {
    const { openMicros, closeMicros, date } = this.#exchange.market.schedule.nextClose(
      this.#clock.nowMicros(),
    );
    const extended = { extendedOpenMicros: openMicros, extendedCloseMicros: closeMicros };
    return { date, openMicros, closeMicros, ...extended };
  }

  #calm(): void {
    Object.assign(this.#mishaps, NONE);
    this.#exchange.faults.set(NO_FAULTS);
    this.#disk.isFull = false;
    this.#database.isDown = false;
    this.#database.failsAfterCommit = 0;
  }

  /** No mishap any more: everything must come to rest, and be as the exchange knows it; also after one more start. */
  async settle(): Promise<RunResult> {
    this.#armed = null;
    this.#calm();
    await this.#pass(45_000);
    if (!this.#life.isTrading)
      throw new Error(
        `the desk did not come back: ${JSON.stringify([this.#life.isDead, this.#lives, this.#life.alerts, this.#life.core.machine.status().brokerConnected])}`,
      );
    const isLiquidated = this.#dice.chance(0.5);
    const command = isLiquidated ? 'liquidate' : 'halt';
    this.#life.core.feed({ type: 'command', command, reason: 'the run is over', instanceIds: null });
    // What a person has ordered is carried out by the desk that follows, too.
    if (this.#dice.chance(0.5)) {
      await this.#pass(this.#dice.integer(0, 2_000));
      this.#kill('any moment');
    }
    await this.#pass(120_000);
    const found = [...this.#differences('before the last start')];
    if (isLiquidated) {
      const held = this.#exchange.ledger.positions.map(({ symbol }) => symbol);
      if (held.length > 0) found.push(`not flat in ${held.join(', ')} after everything was liquidated`);
    }
    this.#kill('any moment');
    await this.#pass(20_000);
    found.push(...this.#differences('after the last start'));
    this.#alerts.push(...this.#life.alerts);
    return {
      differences: found,
      orders: this.#exchange.venue.counts.accepted,
      fills: this.#exchange.venue.counts.fills,
      exits: this.#exitsFilled(),
      replaced: [...this.#trader.replacements.keys()].filter((id) => this.#took(id)).length,
      kills: this.#kills,
      alerts: this.#alerts,
      days: this.#days,
      journalBytesWritten: this.#disk.written,
    };
  }

  #exitsFilled(): number {
    return this.#exchange.store
      .list(ALL)
      .filter(({ parentId, status }) => parentId !== null && status === 'filled').length;
  }

  #took(clientOrderId: string): boolean {
    return this.#exchange.store.byClientOrderId(clientOrderId)?.isAtVenue === true;
  }

  #differences(when: string): readonly string[] {
    const found = differences({
      exchange: this.#exchange,
      database: this.#database,
      trader: this.#trader,
      life: this.#life,
    });
    return found.map((difference) => `${when}: ${difference}`);
  }

  #begin(): Life {
    this.#lives += 1;
    const batchId = `batch-${String(this.#lives).padStart(4, '0')}`;
    const life = new Life({
      clock: this.#clock,
      dice: this.#dice,
      exchange: this.#exchange,
      disk: this.#disk,
      database: this.#database,
      mishaps: this.#mishaps,
      isSynced: this.#isSynced,
      batchId,
      algoRunIds: new Map(INSTANCES.map((instanceId) => [instanceId, `${batchId}-${instanceId}`])),
      session: this.#options.week === undefined ? null : this.#session(),
      ...(this.#options.limits === undefined ? {} : { limits: this.#options.limits }),
      reach: (step) => this.#onStep(step),
    });
    life.start().catch((error: unknown) => {
      this.#failure = error;
    });
    return life;
  }

  #act(): void {
    if (!this.#life.isTrading) return;
    const price = (symbol: string) => this.#exchange.market.record(symbol)?.lastQuote?.bidPrice ?? 100;
    for (let orders = this.#dice.integer(1, 3); orders > 0; orders -= 1) {
      if (this.#life.isTrading) this.#trader.act(this.#life, price);
    }
    if (this.#dice.chance(0.01)) {
      const command = this.#dice.pick(['halt', 'liquidate'] as const);
      this.#life.core.feed({ type: 'command', command, reason: 'chance', instanceIds: null });
    } else if (this.#dice.chance(0.05)) {
      this.#life.core.feed({ type: 'command', command: 'resume', reason: 'chance', instanceIds: null });
    }
  }

  /** Another mixture of mishaps every few seconds: long quiet, or one kind, or everything at once. */
  #troubles(): void {
    const dice = this.#dice;
    const badness = dice.pick([0, 0.3, 1, 3]);
    const often = (probability: number) => (dice.chance(0.5) ? probability * badness : 0);
    Object.assign(this.#mishaps, {
      notSent: often(0.03),
      requestLost: often(0.05),
      answerLost: often(0.08),
      gatewayError: often(0.04),
      rateLimited: often(0.02),
      repeated: often(0.05),
      late: often(0.04),
      frameLost: often(0.05),
      frameRepeated: often(0.1),
      frameLate: often(0.1),
    } satisfies Mishaps);
    this.#exchange.faults.set({
      lookupDelayMs: dice.chance(0.3) ? dice.integer(0, 2_000) : 0,
      duplicateExecutions: dice.chance(0.1 * badness),
      missingExecutions: dice.chance(0.08 * badness),
      fillBeforeAnswer: dice.chance(0.2),
      cancelRejected: dice.chance(0.05 * badness),
      rejectProbability: dice.chance(0.3) ? 0.1 : 0,
    });
    this.#database.isDown = dice.chance(0.1 * badness);
    this.#database.failsAfterCommit = often(0.05);
    this.#disk.isFull = dice.chance(0.01 * badness);
    if (dice.chance(0.1 * badness)) this.#life.updates?.cut(dice.between(0, 5_000));
  }

  #arm(): void {
    const { step } = this.#options;
    if (step === undefined && this.#dice.chance(0.3)) {
      this.#kill(this.#isSynced && this.#dice.chance(0.6) ? 'power' : 'any moment');
      return;
    }
    this.#armed = { step: step ?? this.#dice.pick(DESK_STEPS), left: this.#dice.integer(1, 3) };
  }

  #onStep(step: DeskStep): void {
    if (this.#armed?.step !== step) return;
    this.#armed.left -= 1;
    if (this.#armed.left === 0) this.#kill(step);
  }

  #kill(how: DeskStep | 'any moment' | 'power'): void {
    if (this.#life.isDead) return;
    this.#kills.push(how);
    this.#armed = null;
    this.#alerts.push(...this.#life.alerts);
    this.#life.isDead = true;
    // The power takes what no sync had reached; it is back when the disk is.
    this.#clock.after(0, () => {
      if (how === 'power') this.#disk.losePower();
    });
  }

  #pass(durationMs: number): Promise<void> {
    return this.#passTo(this.#clock.nowMicros() + durationMs * MICROS_PER_MS);
  }

  /** Lets time pass timer by timer: after each, all that hangs on promises is done before the next. */
  async #passTo(moment: number): Promise<void> {
    let deadSince: number | null = null;
    for (;;) {
      if (this.#failure !== null) throw this.#failure;
      if (this.#life.isDead) {
        deadSince ??= this.#clock.nowMicros();
        // Whoever watches over the daemon starts it again.
        if (this.#clock.nowMicros() - deadSince > 400_000) {
          deadSince = null;
          this.#life = this.#begin();
        }
      }
      const due = this.#clock.nextDueMicros;
      if (due === null || due > moment) break;
      this.#clock.advanceTo(due);
      await new Promise(setImmediate);
    }
    this.#clock.advanceTo(moment);
  }
}

function shapeOf(week: NonNullable<RunOptions['week']>): SessionShape {
  return {
    openedBeforeStartMinutes: 0,
    lengthMinutes: week.sessionMinutes,
    breakMinutes: week.nightMinutes,
    earlierDays: 1,
    earlierMinuteDays: 1,
  };
}
