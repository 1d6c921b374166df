/**
 * Whether new risk may be taken at all: the kill switch, the loss limit, the state of the broker's connection and of
 * reconciliation, the session and the end of day. What is decided by a person or by a loss is kept over a restart: a
 * loss of the day for its session, all else until a person takes it back.
 */
import { type Decimal, decimal, formatDecimal, formatFixed } from '../../domain/decimal.ts';
import type { DenialReason, RiskState } from '../../domain/order.ts';
import { formatMicros, MICROS_PER_MILLISECOND } from '../../domain/time.ts';
import type { KeptRisk } from '../contract.ts';
import { denialText } from '../orders/denials.ts';
import type { DeskState } from '../state.ts';
import { DailyLoss } from './dailyLoss.ts';
import { HighWater, isReached } from './drawdown.ts';
import { StrategyRisk } from './strategyRisk.ts';

const MONEY_PLACES = 2;

export class RiskGate {
  readonly #state: DeskState;
  readonly dailyLoss = new DailyLoss();
  readonly strategies: StrategyRisk;
  readonly #highWater: HighWater | null;
  #drawdown: Extract<DenialReason, { code: 'drawdown' }> | null = null;
  #haltReason: string | null = null;
  #lossReason: string | null = null;
  /** Instances that were liquidated by command take no new risk until `resume`. */
  readonly #liquidated = new Map<string, string>();
  #loss: Decimal | null = null;
  /** From the journal, until the session it belongs to is known to be this one. */
  #kept: KeptRisk | null = null;

  constructor(state: DeskState) {
    this.#state = state;
    this.strategies = new StrategyRisk(state);
    const { drawdownMax } = state.config.risk;
    this.#highWater = drawdownMax === null ? null : new HighWater(decimal(drawdownMax));
  }

  get riskState(): RiskState {
    if (this.#haltReason !== null) return 'halted';
    return this.riskReason === null ? 'active' : 'reducing';
  }

  /** Why new risk is not taken, null when it is. */
  get riskReason(): string | null {
    const { isReconciled, isConnected, account } = this.#state;
    if (this.#haltReason !== null) return this.#haltReason;
    if (this.#lossReason !== null) return this.#lossReason;
    if (this.#drawdown !== null) return denialText(this.#drawdown);
    if (!isConnected) return 'the trade-updates stream is down';
    if (!isReconciled) return 'not reconciled with the broker yet';
    if (account?.blockedReason != null) return account.blockedReason;
    return null;
  }

  /** Why the fall of the account's equity bars new risk, undefined when it does not. */
  get drawdown(): DenialReason | undefined {
    return this.#drawdown ?? undefined;
  }

  get loss(): Decimal | null {
    return this.#loss;
  }

  /** Why this instance may take no new risk at this moment although the account could. */
  gateOf(instanceId: string): DenialReason | undefined {
    const liquidated = this.#liquidated.get(instanceId);
    if (liquidated !== undefined) return { code: 'risk_state', state: 'reducing', why: liquidated };
    const barred = this.strategies.barring(instanceId);
    if (barred !== undefined) return barred;
    const { session, config, nowMicros } = this.#state;
    if (config.marketHours === 'always') return undefined;
    if (session === null) return { code: 'market_closed', detail: 'the session is not known yet' };
    const isExtended = config.marketHours === 'extended';
    const from = isExtended ? session.extendedOpenMicros : session.openMicros;
    const to = isExtended ? session.extendedCloseMicros : session.closeMicros;
    if (nowMicros < from) return { code: 'market_closed', detail: `opens at ${formatMicros(from)}` };
    if (nowMicros >= to) return { code: 'market_closed', detail: `closed at ${formatMicros(to)}` };
    if (this.isEndOfDay(instanceId)) {
      return {
        code: 'outside_window',
        detail: `positions are closed before ${formatMicros(session.closeMicros)}`,
      };
    }
    return undefined;
  }

  /** The plan's lead before the close has begun, and the instance must be flat at the close. */
  isEndOfDay(instanceId: string): boolean {
    const { session, config, nowMicros, instances } = this.#state;
    if (session === null || config.liquidateBeforeCloseMs === null) return false;
    if (instances.get(instanceId)?.isIntraday !== true) return false;
    const fromMicros = session.closeMicros - config.liquidateBeforeCloseMs * MICROS_PER_MILLISECOND;
    return nowMicros >= fromMicros && nowMicros >= session.openMicros;
  }

  halt(reason: string): void {
    this.#haltReason = reason;
    this.#changed();
  }

  liquidated(instanceIds: readonly string[], reason: string): void {
    for (const instanceId of instanceIds) this.#liquidated.set(instanceId, reason);
    this.#keep();
  }

  /**
   * Takes back what a person has ordered. A loss limit that was reached stays, as long as the loss does; a fall from the
   * highest is measured from here on.
   */
  resume(): void {
    this.#haltReason = null;
    if (this.#drawdown !== null) this.#highWater?.beginAnew(this.#state.account?.equity ?? null);
    this.#drawdown = null;
    this.strategies.resume();
    this.#liquidated.clear();
    this.#lossReason = null;
    this.#changed();
    this.watchLoss();
  }

  /** Looks at the loss anew, and stops new risk when the limit is reached. */
  watchLoss(): void {
    const { positions, prices, account, risk } = this.#state;
    this.#loss = this.dailyLoss.measure(positions.all(), prices, account);
    if (this.strategies.watch()) this.#keep();
    if (this.#lossReason !== null || this.#loss === null || this.#loss < risk.dailyLossMax) return;
    const loss = formatFixed(this.#loss, MONEY_PLACES);
    const limit = formatFixed(risk.dailyLossMax, MONEY_PLACES);
    this.#lossReason = `the session's loss of ${loss} reached the limit of ${limit}`;
    this.#state.alert('critical', 'daily_loss', this.#lossReason, { loss, limit });
    this.#changed();
  }

  /** The loss that bars new risk: at least the limit when the limit was reached before and the loss shrank since. */
  get barringLoss(): Decimal | null {
    return this.#lossReason === null ? null : this.#loss;
  }

  beginSession(): void {
    this.dailyLoss.begin(this.#state.positions.all(), this.#state.account);
    this.strategies.beginSession();
    this.#lossReason = null;
    this.#loss = null;
    if (this.#kept !== null) this.#resumeSession(this.#kept);
    this.#keep();
  }

  /** Takes over what the journal knows. A loss of the day is in force in the session that it was kept in. */
  restore(kept: KeptRisk | null): void {
    this.dailyLoss.begin(this.#state.positions.all(), null);
    this.strategies.beginSession();
    this.#kept = kept;
    if (kept === null) return;
    this.#restoreOrders(kept);
    this.#restoreDrawdown(kept);
    this.strategies.restoreMarks(kept.strategies ?? []);
    this.#resumeSession(kept);
  }

  #resumeSession(kept: KeptRisk): void {
    if (kept.sessionOpenMicros !== this.#state.session?.openMicros) return;
    this.#kept = null;
    const startEquity = kept.startEquity === null ? null : decimal(kept.startEquity);
    this.dailyLoss.resume(startEquity, decimal(kept.startRealized));
    this.strategies.restoreDay(kept.strategies ?? []);
    this.#lossReason = kept.lossReason;
    if (kept.lossReason !== null) this.#alertRestored(kept.lossReason);
  }

  /** What a person has ordered, only a person takes back, however long ago it was. */
  #restoreOrders({ haltReason, liquidated = [] }: KeptRisk): void {
    this.#haltReason = haltReason;
    for (const { instanceId, reason } of liquidated) this.#liquidated.set(instanceId, reason);
    const reason = haltReason ?? liquidated[0]?.reason ?? null;
    if (reason !== null) this.#alertRestored(reason);
  }

  #alertRestored(reason: string): void {
    this.#state.alert('warning', 'risk_restored', `still in force: ${reason}`, { reason });
  }

  onAccount(): void {
    const { account } = this.#state;
    if (account !== null && this.dailyLoss.onAccount(account)) this.#keep();
    if (account !== null) this.#watchDrawdown(account.equity);
    this.watchLoss();
  }

  #watchDrawdown(equity: Decimal): void {
    const highWater = this.#highWater;
    if (highWater === null || this.#drawdown !== null) return;
    const { limit } = highWater;
    const drawdown = highWater.watch(equity);
    if (!isReached(drawdown, limit)) {
      if (highWater.isDue) this.#keep();
      return;
    }
    this.#drawdown = { code: 'drawdown', drawdown, highest: highWater.highest ?? equity, limit };
    const [fall, most] = [formatFixed(drawdown, MONEY_PLACES), formatFixed(limit, MONEY_PLACES)];
    const message = `the account fell ${fall} from its highest equity: the limit is ${most}, it only closes now`;
    this.#state.alert('critical', 'drawdown', message, { drawdown: fall, limit: most });
    this.#changed();
  }

  /** Reached in an earlier session, it still is: only a person takes it back. */
  #restoreDrawdown({ drawdown }: KeptRisk): void {
    const highWater = this.#highWater;
    if (highWater === null || drawdown == null) return;
    if (drawdown.highest !== null) highWater.restore(decimal(drawdown.highest));
    if (drawdown.reached === null) return;
    const { limit } = highWater;
    const highest = highWater.highest ?? limit;
    this.#drawdown = { code: 'drawdown', drawdown: decimal(drawdown.reached), highest, limit };
    this.#alertRestored(denialText(this.#drawdown));
  }

  #changed(): void {
    this.#state.log('warn', 'risk state', { state: this.riskState, reason: this.riskReason });
    this.#keep();
    this.#state.tellAccount();
  }

  #keep(): void {
    const { session, nowMicros, keepsRecords } = this.#state;
    const { startEquity, startRealized } = this.dailyLoss;
    if (!keepsRecords) return;
    this.#state.emit({
      type: 'journal',
      entry: {
        entry: 'risk',
        atMicros: nowMicros,
        kept: {
          sessionOpenMicros: session?.openMicros ?? 0,
          startEquity: startEquity === null ? null : formatDecimal(startEquity),
          startRealized: formatDecimal(startRealized),
          haltReason: this.#haltReason,
          lossReason: this.#lossReason,
          drawdown: this.#keptDrawdown(),
          strategies: this.strategies.kept(),
          liquidated: [...this.#liquidated].map(([instanceId, reason]) => ({ instanceId, reason })),
        },
      },
    });
  }

  #keptDrawdown(): NonNullable<KeptRisk['drawdown']> {
    const highest = this.#highWater?.highest ?? null;
    this.#highWater?.noteKept();
    return {
      highest: highest === null ? null : formatDecimal(highest),
      reached: this.#drawdown === null ? null : formatDecimal(this.#drawdown.drawdown),
    };
  }
}
