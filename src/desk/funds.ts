/**
 * What people do to the cash of portfolios while the desk trades: asked of the tables at the start, when every earlier
 * execution is in them, and from time to time. The machine hears of changes only.
 */
import { type Clock, delay } from '../clock/clock.ts';
import { EXIT_UNREACHABLE, UserError } from '../domain/exit.ts';
import { DatabaseFailure, failureFrom } from '../models/failure.ts';
import type { PortfolioFunds, PortfolioStores } from '../models/portfolios.ts';
import type { Log } from '../observability/log.ts';

const RETRY_DELAY_MS = 500;

type FundsStores = Pick<PortfolioStores, 'portfolioFunds'>;

export interface FundsOptions {
  /** Of all portfolios that instances trade for at the start. */
  readonly portfolioIds: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  onChange(funds: readonly PortfolioFunds[]): void;
}

export class Funds {
  readonly #options: FundsOptions;
  #last = '';
  #isAsking = false;
  #isSilent = false;
  #portfolioIds: readonly string[];

  constructor(options: FundsOptions) {
    this.#options = options;
    this.#portfolioIds = options.portfolioIds;
  }

  /** Instances of a plan that was read again trade for these, too. */
  add(portfolioIds: readonly string[]): void {
    this.#portfolioIds = [...new Set([...this.#portfolioIds, ...portfolioIds])];
  }

  get isNeeded(): boolean {
    return this.#portfolioIds.length > 0;
  }

  /** @throws {UserError} exit 3 when the database does not answer in time: nobody would know what may be spent. */
  async begin(stores: FundsStores, timeoutMs: number): Promise<readonly PortfolioFunds[]> {
    if (!this.isNeeded) return [];
    const { clock } = this.#options;
    const portfolioIds = this.#portfolioIds;
    const startedMs = clock.monotonicMs();
    for (;;) {
      try {
        const funds = await stores.portfolioFunds(portfolioIds);
        if (funds.length < portfolioIds.length) {
          throw new DatabaseFailure('invalid', `of ${portfolioIds.join(', ')} not all are there`);
        }
        this.#last = figuresOf(funds);
        return funds;
      } catch (error) {
        const failure = failureFrom(error);
        if (!failure.retry || clock.monotonicMs() - startedMs > timeoutMs)
          throw unknownFunds(failure.message);
        await delay(clock, RETRY_DELAY_MS);
      }
    }
  }

  /** One question at a time; a database that does not answer is asked again the next time. */
  async ask(stores: FundsStores | null): Promise<void> {
    if (!this.isNeeded || stores === null || this.#isAsking) return;
    this.#isAsking = true;
    try {
      const funds = await stores.portfolioFunds(this.#portfolioIds);
      const figures = figuresOf(funds);
      if (figures !== this.#last) this.#options.onChange(funds);
      this.#last = figures;
      this.#isSilent = false;
    } catch (error) {
      if (!this.#isSilent)
        this.#options.log.warn({ why: String(error) }, 'what portfolios hold is not known anew');
      this.#isSilent = true;
    } finally {
      this.#isAsking = false;
    }
  }
}

/** The start could not write down what an earlier desk had traded. */
export function unknownFunds(why: string): UserError {
  return new UserError({
    exitCode: EXIT_UNREACHABLE,
    cause: `the database did not say what the plan's portfolios hold: ${why}`,
    remedy: 'Check DATABASE_URL and that the database answers; `openbell portfolio list` asks it too.',
  });
}

/** All but the cash, which follows our own fills. */
function figuresOf(funds: readonly PortfolioFunds[]): string {
  return funds
    .map(({ portfolioId, funded, credit }) => `${portfolioId} ${funded} ${credit}`)
    .sort()
    .join();
}
