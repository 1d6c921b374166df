/**
 * The loss limits of single strategies: of the day, and from their highest P&L on. One that has reached a limit closes
 * and opens nothing; the others go on.
 */
import {
  add,
  type Decimal,
  decimal,
  decimalFromNumber,
  formatDecimal,
  formatFixed,
  subtract,
  ZERO,
} from '../../domain/decimal.ts';
import type { StrategyLimits } from '../../domain/limits.ts';
import type { DenialReason, Position } from '../../domain/order.ts';
import type { KeptStrategyRisk } from '../contract.ts';
import type { DeskState } from '../state.ts';
import { DailyLoss, realizedOf, unrealizedOf } from './dailyLoss.ts';
import { HighWater, isReached } from './drawdown.ts';
import type { Prices } from './prices.ts';

const MONEY_PLACES = 2;

type Barred = Extract<DenialReason, { code: 'daily_loss' | 'drawdown' }>;

interface Watched {
  readonly instanceId: string;
  readonly dailyLoss: DailyLoss;
  readonly dailyLossMax: Decimal | null;
  readonly highWater: HighWater | null;
  /** Why it takes no new risk: for the session, and until a person says otherwise. */
  lossReason: Barred | null;
  drawdownReason: Barred | null;
}

export class StrategyRisk {
  readonly #state: DeskState;
  readonly #watched = new Map<string, Watched>();

  constructor(state: DeskState) {
    this.#state = state;
  }

  /** Limits of an instance, or others in their place; what was reached stays. */
  learn(instanceId: string, limits: StrategyLimits | null): void {
    const before = this.#watched.get(instanceId);
    const { dailyLossMax = null, drawdownMax = null } = limits ?? {};
    if (dailyLossMax === null && drawdownMax === null) {
      this.#watched.delete(instanceId);
      return;
    }
    const highWater = drawdownMax === null ? null : new HighWater(decimal(drawdownMax));
    const highest = before?.highWater?.highest ?? null;
    if (highest !== null) highWater?.restore(highest);
    this.#watched.set(instanceId, {
      instanceId,
      dailyLoss: before?.dailyLoss ?? this.#begun(instanceId),
      dailyLossMax: dailyLossMax === null ? null : decimal(dailyLossMax),
      highWater,
      lossReason: before?.lossReason ?? null,
      drawdownReason: before?.drawdownReason ?? null,
    });
  }

  /** Why the instance may take no new risk now. */
  barring(instanceId: string): DenialReason | undefined {
    const watched = this.#watched.get(instanceId);
    return watched?.drawdownReason ?? watched?.lossReason ?? undefined;
  }

  /** Looks at all of them anew; true when something is to be written down. */
  watch(): boolean {
    let hasChanged = false;
    for (const watched of this.#watched.values()) {
      const positions = this.#positionsOf(watched.instanceId);
      if (this.#watchLoss(watched, positions)) hasChanged = true;
      if (this.#watchDrawdown(watched, positions)) hasChanged = true;
    }
    return hasChanged;
  }

  beginSession(): void {
    for (const watched of this.#watched.values()) {
      watched.dailyLoss.begin(this.#positionsOf(watched.instanceId), null);
      watched.lossReason = null;
    }
  }

  /** A person lets them trade again: from here on, and as long as the day's loss is not over its limit. */
  resume(): void {
    for (const watched of this.#watched.values()) {
      watched.lossReason = null;
      if (watched.drawdownReason === null) continue;
      watched.drawdownReason = null;
      watched.highWater?.beginAnew(this.#worthOf(watched.instanceId));
    }
  }

  /** For the journal. */
  kept(): readonly KeptStrategyRisk[] {
    return [...this.#watched.values()].map((watched) => {
      watched.highWater?.noteKept();
      const highest = watched.highWater?.highest ?? null;
      return {
        instanceId: watched.instanceId,
        startRealized: formatDecimal(watched.dailyLoss.startRealized),
        highest: highest === null ? null : formatDecimal(highest),
        isLossReached: watched.lossReason !== null,
        isDrawdownReached: watched.drawdownReason !== null,
      };
    });
  }

  /** What the journal knows whatever the session: one that fell too far closes until a person says otherwise. */
  restoreMarks(kept: readonly KeptStrategyRisk[]): void {
    for (const { instanceId, highest, isDrawdownReached } of kept) {
      const watched = this.#watched.get(instanceId);
      const highWater = watched?.highWater ?? null;
      if (watched === undefined || highWater === null || highest === null) continue;
      const mark = decimal(highest);
      highWater.restore(mark);
      if (!isDrawdownReached) continue;
      const { limit } = highWater;
      watched.drawdownReason = { code: 'drawdown', instanceId, drawdown: limit, highest: mark, limit };
    }
  }

  /** What it knows of the session that goes on. */
  restoreDay(kept: readonly KeptStrategyRisk[]): void {
    for (const { instanceId, startRealized, isLossReached } of kept) {
      const watched = this.#watched.get(instanceId);
      if (watched === undefined) continue;
      watched.dailyLoss.resume(null, decimal(startRealized));
      const { dailyLossMax: limit } = watched;
      if (isLossReached && limit !== null) {
        watched.lossReason = { code: 'daily_loss', instanceId, loss: limit, limit };
      }
    }
  }

  #watchLoss(watched: Watched, positions: readonly Position[]): boolean {
    const { instanceId, dailyLoss, dailyLossMax: limit } = watched;
    if (limit === null) return false;
    const loss = dailyLoss.measure(positions, this.#state.prices, null);
    const isNew = watched.lossReason === null;
    if (loss === null || (isNew && !isReached(loss, limit))) return false;
    watched.lossReason = { code: 'daily_loss', instanceId, loss, limit };
    if (isNew) this.#tell(watched, 'strategy_daily_loss', `lost ${money(loss)} this session`, limit);
    return isNew;
  }

  #watchDrawdown(watched: Watched, positions: readonly Position[]): boolean {
    const { instanceId, highWater } = watched;
    const worth = highWater === null ? null : worthOf(positions, this.#state.prices);
    if (highWater === null || worth === null) return false;
    const isNew = watched.drawdownReason === null;
    // A mark that rises while nothing new is opened would only make the limit harder to leave.
    const drawdown = isNew ? highWater.watch(worth) : subtract(highWater.highest ?? worth, worth);
    if (isNew && !isReached(drawdown, highWater.limit)) return highWater.isDue;
    const highest = highWater.highest ?? worth;
    watched.drawdownReason = { code: 'drawdown', instanceId, drawdown, highest, limit: highWater.limit };
    if (isNew) {
      const text = `fell ${money(drawdown)} from its highest P&L of ${money(highest)}`;
      this.#tell(watched, 'strategy_drawdown', text, highWater.limit);
    }
    return isNew;
  }

  #tell({ instanceId }: Watched, code: string, what: string, limit: Decimal): void {
    const message = `${instanceId} ${what}: the limit is ${money(limit)}, it only closes now`;
    this.#state.alert('critical', code, message, { instanceId, limit: money(limit) });
  }

  #begun(instanceId: string): DailyLoss {
    const dailyLoss = new DailyLoss();
    dailyLoss.begin(this.#positionsOf(instanceId), null);
    return dailyLoss;
  }

  #positionsOf(instanceId: string): readonly Position[] {
    return this.#state.positions.all().filter((position) => position.instanceId === instanceId);
  }

  #worthOf(instanceId: string): Decimal | null {
    return worthOf(this.#positionsOf(instanceId), this.#state.prices);
  }
}

/** Realised and open P&L since the ledger began; null while the market has no price of something that is held. */
function worthOf(positions: readonly Position[], prices: Prices): Decimal | null {
  let open = 0;
  for (const position of positions) {
    const gain = position.quantity === ZERO ? 0 : unrealizedOf(position, prices);
    if (gain === null) return null;
    open += gain;
  }
  return add(realizedOf(positions), decimalFromNumber(open, MONEY_PLACES));
}

function money(amount: Decimal): string {
  return formatFixed(amount, MONEY_PLACES);
}
