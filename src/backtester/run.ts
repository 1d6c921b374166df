/**
 * A run: the strategy host and the desk's machine, the same two that run live, joined in one thread on the data's own
 * time. They call each other; the broker stands between them and the data.
 *
 * Moment by moment: what was on its way arrives, timers and sessions fall due; then the exchange sees the rows of the
 * moment and fills the orders that were there before it; then the desk and the strategies hear of the fills; then the
 * strategies see the rows. So a row never fills an order that it has led to.
 */
import { SimulatedClock } from '../clock/simulated.ts';
import { decimal } from '../domain/decimal.ts';
import type { Intent } from '../domain/order.ts';
import { type EpochMicros, formatMicros, MICROS_PER_MILLISECOND } from '../domain/time.ts';
import { StrategyHost } from '../engine/host.ts';
import { DeskMachine } from '../execution/deskMachine.ts';
import { type Batch, EventKind } from '../tape/batch.ts';
import type { ConsumerReport } from '../transport/messages.ts';
import { SimulatedAccount } from './account.ts';
import { Asking, type ShortHistory } from './asking.ts';
import { SimulatedBroker } from './broker.ts';
import { CONSUMER, deskConfigOf, historyNeedOf, hostConfigOf } from './config.ts';
import type { EquityCurve } from './curve.ts';
import { DeskSide } from './deskSide.ts';
import { FillModel } from './fills/model.ts';
import { PastBars } from './history.ts';
import { MarketSide } from './marketSide.ts';
import { lossWatchedFrom, QuietRows } from './quiet.ts';
import { ROUNDS_MAX, restless } from './restless.ts';
import type { RunNote, RunOptions } from './runOptions.ts';
import { PickedUnits } from './scans/units.ts';
import { RunSessions } from './sessions.ts';
import { RoundTrips } from './trips.ts';
import { Valuation } from './valuation.ts';

/** The desk looks at the time at most this often, as it does live. */
const TICK_MICROS = 250 * MICROS_PER_MILLISECOND;
const NOTES_MAX = 50;

export class BacktestRun {
  readonly batchId: string;
  readonly account: SimulatedAccount;
  readonly trips = new RoundTrips();
  readonly machine: DeskMachine;
  readonly notes: RunNote[] = [];
  faults = 0;
  alerts = 0;
  fills = 0;
  events = 0;
  readonly #options: RunOptions;
  readonly #clock: SimulatedClock;
  readonly #model: FillModel;
  readonly #broker: SimulatedBroker;
  readonly #desk: DeskSide;
  readonly #host: StrategyHost;
  readonly #asking: Asking;
  readonly #valuation: Valuation;
  readonly #market: MarketSide;
  readonly #quiet: QuietRows;
  readonly #lossWatched: number;
  readonly #sessions: RunSessions;
  readonly #units: PickedUnits;
  #intents: Intent[] = [];
  #tickMicros = 0;
  #isStarted = false;

  /** @throws {UserError} exit code 2 when a strategy cannot be loaded. */
  constructor(options: RunOptions) {
    const { plan, instances, batchId, startMicros, feedHasBars } = options;
    this.#options = options;
    this.batchId = batchId;
    this.#clock = new SimulatedClock(startMicros);
    this.#sessions = new RunSessions(plan, startMicros, options.sessions);
    this.#model = new FillModel(plan.backtest);
    this.account = new SimulatedAccount(decimal(plan.backtest.startingCash));
    this.#lossWatched = lossWatchedFrom(plan);
    this.#broker = new SimulatedBroker({
      model: this.#model,
      account: this.account,
      assetClass: plan.assetClass,
      onUpdate: (update) => this.#desk.onUpdate(update),
    });
    this.#valuation = new Valuation(this.account, startMicros);
    const run = {
      batchId,
      session: this.#sessions.current,
      feedHasBars,
      isLogged: options.log !== undefined,
      keepsRecords: options.log !== undefined || options.onTrade !== undefined,
    };
    this.machine = new DeskMachine(deskConfigOf(plan, instances, run));
    this.#desk = new DeskSide(
      {
        machine: this.machine,
        broker: this.#broker,
        latencyMicros: this.#model.latencyMicros,
        session: this.#sessions.current,
      },
      {
        onFill: (_, position) => {
          this.fills += 1;
          this.trips.note(position);
        },
        onAlert: (code, message, atMicros) => {
          this.alerts += 1;
          this.#note(code, message, atMicros);
        },
        onOrder: (row) => options.onOrder?.(row),
        onTrade: (row) => options.onTrade?.(row),
        log: (level, message, fields) => options.log?.(level, message, fields),
      },
    );
    this.#host = new StrategyHost(hostConfigOf(plan, instances, run), {
      intent: (intent) => {
        this.#intents.push(intent);
        options.onIntent?.(intent);
        this.#host.pause();
      },
      report: (report) => this.#onReport(report),
      log: (level, message, fields) => options.log?.(level, message, fields),
    });
    const factor = options.warmUpFactor ?? 1;
    const need = historyNeedOf(plan, instances, factor);
    const past = new PastBars(need, this.#sessions.calendar, options.recalled);
    this.#units = new PickedUnits({
      instances,
      batchId,
      statesOf: (units) => this.machine.unitStates(units),
    });
    this.#quiet = new QuietRows({
      broker: this.#broker,
      valuation: this.#valuation,
      sessions: this.#sessions,
      lossWatched: this.#lossWatched,
    });
    this.#asking = new Asking(past, { startMicros, factor });
    this.#market = new MarketSide({
      broker: this.#broker,
      valuation: this.#valuation,
      past,
      symbols: options.symbols,
    });
  }

  get warmUps(): readonly ShortHistory[] {
    return this.#asking.short;
  }

  get bars(): number {
    return this.#market.bars;
  }

  get curve(): EquityCurve {
    return this.#valuation.curve;
  }

  get nowMicros(): EpochMicros {
    // Strategies may be shown rows in one go: their time is then ahead.
    return Math.max(this.#clock.nowMicros(), this.#host.nowMicros);
  }

  /** Rows that were known before the run's first moment. */
  handlePast(batch: Batch, from: number, to: number): void {
    this.#define();
    for (let row = from; row < to; row += 1) {
      const atMicros = batch.receivedMicros(row);
      this.#market.exchange(batch, row, atMicros);
      this.#market.close(batch, row, atMicros);
      this.#status(batch, row);
    }
  }

  /** Rows in the order in which they became known: `receivedNs`. */
  handle(batch: Batch, from: number, to: number): void {
    this.#define();
    if (!this.#isStarted) this.#start();
    this.#quiet.begin();
    const { receivedNs } = batch;
    for (let row = from; row < to; ) {
      const quietTo = this.#desk.hasWork ? row : this.#quiet.end(batch, row, to, this.#nextWakeMicros());
      if (quietTo > row) {
        row = this.#quietRows(batch, row, quietTo);
        continue;
      }
      const ns = receivedNs[row]!;
      let end = row + 1;
      while (end < to && receivedNs[end] === ns) end += 1;
      this.#moment(batch, row, end);
      row = end;
    }
  }

  /** What a scanner picks from now on, in place of what it picked before: its strategies get those symbols. */
  pick(scannerId: string, symbols: readonly string[]): void {
    const { nowMicros } = this;
    for (const command of this.#units.pick(scannerId, symbols)) this.#host.handleCommand(command, nowMicros);
    this.#settle(nowMicros);
  }

  /** Lets time pass where there are no rows: what falls due up to the moment happens. */
  advanceTo(moment: EpochMicros): void {
    this.#define();
    if (!this.#isStarted) this.#start();
    if (this.#nextWakeMicros() <= moment) this.#wake(moment);
    this.#clock.advanceTo(moment);
  }

  /** Strategies first, as far as they say nothing, then the exchange: neither learns of the other. */
  #quietRows(batch: Batch, from: number, to: number): number {
    const end = this.#host.handleMoments(batch, batch.baseMicros, from, to);
    this.#market.pass(batch, from, end);
    this.events += end - from;
    const atMicros = batch.receivedMicros(end - 1);
    this.#clock.advanceTo(atMicros);
    if (this.#intents.length > 0 || this.#asking.isWaiting) this.#settle(atMicros);
    return end;
  }

  /** The data has ended: what was on its way arrives, and nothing more is decided. */
  finish(): void {
    if (!this.#isStarted) this.#start();
    const endMicros = this.nowMicros + 2 * this.#model.latencyMicros;
    while (this.#desk.deliveries.nextDueMicros <= endMicros) {
      this.#clock.advanceTo(this.#desk.deliveries.nextDueMicros);
      this.#desk.deliver(this.nowMicros);
      this.#settle(this.nowMicros);
    }
    this.#host.handleCommand({ type: 'stop' }, this.nowMicros);
    // What is still held is valued at the last prices, by the desk too.
    this.#tellPrices(this.nowMicros);
    if (this.#sessions.hasBegun(this.nowMicros)) this.#valuation.endSession();
    else this.#valuation.revalue();
    this.curve.note(this.nowMicros, this.#valuation.equity);
  }

  #start(): void {
    this.#isStarted = true;
    const { startMicros } = this.#options;
    this.#desk.start(startMicros);
    this.#desk.beginSession(this.#sessions.current, startMicros);
    this.#desk.work(startMicros);
    for (const command of this.#units.place()) this.#host.handleCommand(command, startMicros);
    this.#settle(startMicros);
  }

  #moment(batch: Batch, from: number, to: number): void {
    const atMicros = batch.receivedMicros(from);
    if (this.#nextWakeMicros() < atMicros) this.#wake(atMicros - 1);
    for (let row = from; row < to; row += 1) this.#market.exchange(batch, row, atMicros);
    if (this.#nextWakeMicros() <= atMicros) this.#wake(atMicros);
    this.#clock.advanceTo(atMicros);
    for (let row = from; row < to; row += 1) {
      this.#market.close(batch, row, atMicros);
      this.#status(batch, row);
    }
    this.events += to - from;
    if (this.#isTickDue(atMicros)) this.#tick(atMicros);
    this.#host.handleBatch(batch, batch.baseMicros, from, to);
    if (this.#intents.length > 0 || this.#asking.isWaiting) this.#settle(atMicros);
  }

  #status(batch: Batch, row: number): void {
    if (batch.kind[row] !== EventKind.status) return;
    const input = this.#market.status(batch, row);
    if (input !== null) this.#desk.feed(input);
  }

  /** Names symbols to the broker and the host before their first row. */
  #define(): void {
    const names = this.#market.define();
    if (names !== null) this.#host.handleBatch(names, 0);
  }

  /** Tells the desk the prices that have changed since it was last told: they do nothing until it decides. */
  #tellPrices(nowMicros: EpochMicros): void {
    for (;;) {
      const market = this.#valuation.takeUntold();
      if (market === undefined) return;
      const { symbol, atMicros, last, bid, ask, hasQuotes } = market;
      if (hasQuotes) {
        this.machine.handle({ type: 'quote', symbol, bidPrice: bid, askPrice: ask, atMicros }, nowMicros);
      }
      if (!Number.isNaN(last))
        this.machine.handle({ type: 'trade', symbol, price: last, atMicros }, nowMicros);
    }
  }

  #nextWakeMicros(): EpochMicros {
    return Math.min(
      this.#desk.deliveries.nextDueMicros,
      this.#host.nextTimerMicros,
      this.#sessions.nextMicros,
      this.#broker.nextExpiryMicros,
    );
  }

  /** Everything that falls due up to the moment, in the order of time. */
  #wake(throughMicros: EpochMicros): void {
    for (;;) {
      const dueMicros = this.#nextWakeMicros();
      if (dueMicros > throughMicros) return;
      this.#clock.advanceTo(dueMicros);
      const nowMicros = this.nowMicros;
      if (this.#desk.deliver(dueMicros)) {
        this.#settle(nowMicros);
      } else if (this.#broker.nextExpiryMicros <= dueMicros) {
        this.#broker.expire(nowMicros);
      } else if (this.#sessions.nextMicros <= dueMicros) {
        this.#nextOfSession(nowMicros);
      } else {
        this.#host.advanceTo(nowMicros);
        this.#settle(nowMicros);
      }
    }
  }

  #nextOfSession(nowMicros: EpochMicros): void {
    const { openMicros: before } = this.#sessions.current;
    const next = this.#sessions.advance();
    if (next.type === 'closing') {
      this.#tick(nowMicros);
      return;
    }
    const session = this.#sessions.current;
    this.account.endSession(next.days, this.#model.borrowPerYear);
    this.#valuation.endSession();
    for (const { symbol, exMicros, amount } of this.#options.dividends ?? []) {
      if (exMicros > before && exMicros <= session.openMicros) this.account.payDividend(symbol, amount);
    }
    this.#valuation.revalue();
    this.#desk.beginSession(session, nowMicros);
    this.#host.handleCommand({ type: 'session', session }, nowMicros);
    this.#settle(nowMicros);
  }

  /**
   * Live the desk is told the time four times a second. Here only where something can come of it: orders that wait,
   * positions to be closed before the close, a loss that comes near its limit.
   */
  #isTickDue(atMicros: EpochMicros): boolean {
    const isWatched =
      this.#broker.openCount > 0 ||
      this.#valuation.sessionEquity - this.#valuation.equity >= this.#lossWatched ||
      this.#sessions.isClosing(atMicros);
    return isWatched && atMicros - this.#tickMicros >= TICK_MICROS;
  }

  #tick(nowMicros: EpochMicros): void {
    this.#tickMicros = nowMicros;
    this.#desk.feed({ type: 'tick' });
    this.#settle(nowMicros);
  }

  /** Desk and host call each other until nothing is left to say. */
  #settle(nowMicros: EpochMicros): void {
    const fillsBefore = this.fills;
    for (let round = 0; ; round += 1) {
      if (round > ROUNDS_MAX) throw restless(nowMicros);
      if (this.#intents.length > 0) {
        this.#desk.feed({ type: 'intents', consumer: CONSUMER, intents: this.#takeIntents() });
      }
      if (this.#desk.hasWork) {
        this.#tellPrices(nowMicros);
        this.#desk.work(nowMicros);
      }
      const events = this.#desk.takeEvents();
      if (events.length > 0) this.#host.handleDesk(events, nowMicros);
      else if (this.#asking.isWaiting) {
        for (const answer of this.#asking.answers(nowMicros)) this.#host.handleCommand(answer, nowMicros);
      } else if (this.#intents.length === 0) break;
    }
    if (this.fills !== fillsBefore) this.#valuation.revalue();
  }

  #takeIntents(): readonly Intent[] {
    const intents = this.#intents;
    this.#intents = [];
    return intents;
  }

  /** The others are about threads. */
  #onReport(report: ConsumerReport): void {
    if (report.type === 'history_request') {
      this.#asking.take(report);
      this.#host.pause();
    } else if (report.type === 'symbols') this.#units.onSymbols(report.unit, report.symbols);
    else if (report.type === 'plot') this.#options.onPlot?.(report);
    else if (report.type === 'states') this.#units.onStates(report.states);
    else if (report.type === 'log') {
      this.#options.log?.(report.level, report.message, { ...report.unit, ...report.fields });
    } else if (report.type === 'fault') {
      const { unit, symbol, handler, message } = report;
      this.faults += 1;
      const text = `strategy ${unit.instanceId} was stopped for ${symbol}: ${handler} threw ${message}`;
      this.#note('strategy_fault', text, this.nowMicros);
    }
  }

  #note(code: string, message: string, atMicros: EpochMicros): void {
    if (this.notes.length < NOTES_MAX) this.notes.push({ at: formatMicros(atMicros), code, message });
  }
}
