/**
 * Strategies that stand in the table `trade_plan`, followed while the daemon runs: a row runs from its date on until it
 * expires, on one daemon. One that is wrong is told once for each change, and the others never notice.
 */
import type { SessionCalendar } from '../../clock/calendar.ts';
import type { Clock, Timer } from '../../clock/clock.ts';
import { EXIT_USAGE, UserError, type Violation } from '../../domain/exit.ts';
import { formatMicros } from '../../domain/time.ts';
import type { Environment } from '../../models/contract.ts';
import type { TradePlanRow, TradePlanStores } from '../../models/tradePlans.ts';
import type { Log } from '../../observability/log.ts';
import type { Tradeplan } from '../../tradeplan/plan.ts';
import type { Alerts } from '../alerts.ts';
import type { PreparedInstance } from '../preparation.ts';
import { instanceIdOf, prepareRow } from './tradePlanRow.ts';

export interface TradePlansOptions {
  readonly stores: TradePlanStores;
  readonly calendar: SessionCalendar;
  readonly clock: Clock;
  readonly log: Log;
  readonly alerts: Alerts;
  readonly batchId: string;
  readonly environment: Environment;
  readonly pollMs: number;
  readonly rowsMax: number;
  /** The plan's file as it runs now. */
  plan(): Tradeplan;
  /** Why the row's portfolio is not for this daemon; none where it is. */
  refusals(instance: PreparedInstance): Promise<readonly Violation[]>;
}

interface Held {
  readonly row: TradePlanRow;
  readonly instance: PreparedInstance;
}

export class TradePlans {
  readonly #options: TradePlansOptions;
  /** Those that run here, by their ids. */
  readonly #held = new Map<string, Held>();
  /** What was told of rows that are wrong, by their ids: the change that it was told of. */
  readonly #told = new Map<string, string>();
  #timer: Timer | null = null;
  #looking: Promise<void> | null = null;
  #isStopping = false;

  constructor(options: TradePlansOptions) {
    this.#options = options;
  }

  /** Those that are to run, in the order in which they were taken. */
  get instances(): readonly PreparedInstance[] {
    return [...this.#held.values()].map(({ instance }) => instance);
  }

  /** Looks once. @throws what the database answers: at a start nothing is known yet. */
  async begin(): Promise<void> {
    await this.#look();
  }

  /** Looks again and again. `onChange` is called when other instances are to run, and says when they do. */
  follow(onChange: () => Promise<void>): void {
    this.#timer = this.#options.clock.every(this.#options.pollMs, () => {
      this.#looking ??= this.#lookAgain(onChange).finally(() => {
        this.#looking = null;
      });
    });
  }

  /**
   * Those that run, with their files read again by a plan that was read again.
   * @throws {UserError} exit 2: what is wrong with them.
   */
  async prepared(plan: Tradeplan): Promise<readonly PreparedInstance[]> {
    await this.#looking;
    const violations: Violation[] = [];
    for (const [tradePlanId, { row }] of [...this.#held]) {
      const again = await prepareRow(row, plan);
      if (again.ok) this.#held.set(tradePlanId, { row, instance: again.instance });
      else violations.push(...again.violations);
    }
    if (violations.length === 0) return this.instances;
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: 'strategies of the table trade_plan cannot go on with this plan',
      remedy: 'The old plan goes on. Correct what is named, or let the rows expire.',
      violations,
    });
  }

  async stop(reason: string): Promise<void> {
    this.#isStopping = true;
    this.#timer?.cancel();
    await this.#looking;
    await this.#end(null, reason);
  }

  async #lookAgain(onChange: () => Promise<void>): Promise<void> {
    const { log } = this.#options;
    const before = new Map(this.#held);
    try {
      const gone = await this.#look();
      const after = [...this.#held];
      const isSame = after.length === before.size && after.every(([id, held]) => before.get(id) === held);
      if (isSame || this.#isStopping) return;
      await onChange();
      await this.#end(gone, 'expired');
    } catch (error) {
      this.#held.clear();
      for (const [id, held] of before) this.#held.set(id, held);
      log.warn({ reason: String(error) }, 'rows of trade_plan could not be followed; looking again');
    }
  }

  /** Answers the ids of rows that ran here and are not to run any more. */
  async #look(): Promise<readonly string[]> {
    const { calendar, clock, rowsMax, stores } = this.#options;
    const nowMicros = clock.nowMicros();
    const date = calendar.dateAt(nowMicros).toString();
    const rows = await stores.activeTradePlans({ date, at: formatMicros(nowMicros), limit: rowsMax });
    if (rows.length === rowsMax)
      this.#tellOnce('', String(rowsMax), `only the first ${rowsMax} rows are followed`);
    const active = new Set(rows.map(({ tradePlanId }) => tradePlanId));
    const gone = [...this.#held.keys()].filter((tradePlanId) => !active.has(tradePlanId));
    for (const tradePlanId of gone) this.#held.delete(tradePlanId);
    for (const row of rows) await this.#lookAt(row);
    return gone;
  }

  async #lookAt(row: TradePlanRow): Promise<void> {
    const { tradePlanId, modifiedAt } = row;
    const known = this.#held.get(tradePlanId);
    if (known?.row.modifiedAt === modifiedAt) return;
    const plan = this.#options.plan();
    const prepared = await prepareRow(row, plan);
    const violations = prepared.ok ? await this.#unfit(prepared.instance, plan) : prepared.violations;
    if (!prepared.ok || violations.length > 0) {
      const [first] = violations;
      const what = `${first?.path}: found ${first?.found}, allowed: ${first?.allowed}`;
      const more = violations.length > 1 ? `, and ${violations.length - 1} more` : '';
      const fate = known === undefined ? 'is not placed' : 'goes on as it was';
      this.#tellOnce(tradePlanId, modifiedAt, `the strategy ${instanceIdOf(row)} ${fate}: ${what}${more}`);
      return;
    }
    if (known === undefined && !(await this.#take(tradePlanId))) return;
    this.#held.set(tradePlanId, { row, instance: prepared.instance });
  }

  async #unfit(instance: PreparedInstance, plan: Tradeplan): Promise<readonly Violation[]> {
    const { instanceId } = instance;
    if (plan.strategies.some((strategy) => strategy.instanceId === instanceId)) {
      return [{ path: 'trade_plan', found: instanceId, allowed: "an id that the plan's file has not given" }];
    }
    return this.#options.refusals(instance);
  }

  async #take(tradePlanId: string): Promise<boolean> {
    const { batchId, clock, environment, log, stores } = this.#options;
    const takenAt = formatMicros(clock.nowMicros());
    const answer = await stores.takeTradePlan({ tradePlanId, batchId, environment, takenAt });
    if (answer === 'elsewhere') log.debug({ tradePlanId }, 'another daemon runs this row of trade_plan');
    return answer === 'taken';
  }

  async #end(tradePlanIds: readonly string[] | null, reason: string): Promise<void> {
    const { batchId, clock, stores } = this.#options;
    await stores.endTradePlans({
      ...{ batchId, tradePlanIds, reason },
      endedAt: formatMicros(clock.nowMicros()),
    });
  }

  #tellOnce(tradePlanId: string, change: string, message: string): void {
    if (this.#told.get(tradePlanId) === change) return;
    this.#told.set(tradePlanId, change);
    const fields = { tradePlanId };
    this.#options.alerts.raise({ severity: 'warning', code: 'trade_plan_refused', message, fields });
  }
}
