/** The page about a backtest, made while it runs: its price charts and comparisons take time, nobody else pays. */
import type { RunWatcher } from '../backtester/backtest.ts';
import type { BacktestInstance } from '../backtester/config.ts';
import type { BacktestResult } from '../backtester/result.ts';
import { decimal } from '../domain/decimal.ts';
import type { Environment } from '../models/contract.ts';
import { documentOf } from '../report/document.ts';
import { daysPerYearOf } from '../report/figures.ts';
import { BacktestWatch } from '../report/watch.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import { remarksOf } from './remarks.ts';
import { writeReport } from './reportFile.ts';

export class BacktestReport {
  readonly #plan: Tradeplan;
  readonly #instances: readonly BacktestInstance[];
  readonly #environment: Environment;
  readonly #watch: BacktestWatch;

  constructor(
    { plan, instances }: { readonly plan: Tradeplan; readonly instances: readonly BacktestInstance[] },
    environment: Environment,
  ) {
    this.#plan = plan;
    this.#instances = instances;
    this.#environment = environment;
    this.#watch = new BacktestWatch(decimal(plan.backtest.startingCash), (algoRunId) =>
      algoRunId.slice(algoRunId.indexOf('/') + 1),
    );
  }

  /** Of the run. */
  get watcher(): RunWatcher {
    return this.#watch;
  }

  /** @throws {UserError} exit code 2 when the file cannot be written. */
  write(path: string, result: BacktestResult, benchmark: string | undefined): void {
    const { walk } = this.#watch;
    if (walk === null) return;
    const document = documentOf(walk, {
      batchId: result.batchId,
      environment: this.#environment,
      strategies: this.#instances.map(({ instanceId }) => instanceId),
      settings: this.#instances.map(({ instanceId, bundle: { version }, parameters }, index) => ({
        ...{ number: index + 1, instanceId, version, parameters, since: result.from },
      })),
      daysPerYear: daysPerYearOf(this.#plan.assetClass),
      ...(benchmark === undefined ? {} : { benchmark }),
      notes: remarksOf(result),
    });
    writeReport(path, document);
  }
}
