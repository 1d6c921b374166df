/** The trader's scanner runner on the time and the data of a backtest: the same scans, ranks and refusals as live. */
import type {
  OpenScanners,
  ScanGround,
  ScannerResult,
  ScannerRuns,
  ScanPicks,
} from '../../backtester/scans/contract.ts';
import type { Clock } from '../../clock/clock.ts';
import { ScheduleRuns } from '../../clock/schedule.ts';
import type { Instrument } from '../../domain/market.ts';
import { success } from '../../domain/outcome.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { Log } from '../../observability/log.ts';
import type { Tradeplan } from '../../tradeplan/plan.ts';
import { type PreparedScanner, ScannerRunner } from './scanning.ts';

export interface BacktestScansOptions {
  readonly plan: Tradeplan;
  readonly scanners: readonly PreparedScanner[];
  /** The computer's own: for how long a scan may take. */
  readonly clock: Clock;
  readonly log: Log;
}

export function backtestScanners(options: BacktestScansOptions): OpenScanners {
  return (ground) => new BacktestScans(options, ground);
}

interface Planned {
  readonly scanner: PreparedScanner;
  readonly runs: readonly ScheduleRuns[];
  readonly picked: Set<string>;
}

class BacktestScans implements ScannerRuns {
  readonly #planned: readonly Planned[];
  readonly #runner: ScannerRunner;
  readonly #failures = new Map<string, string>();
  #nowMicros: EpochMicros;
  #picks: ScanPicks[] = [];

  constructor({ plan, scanners, clock, log }: BacktestScansOptions, ground: ScanGround) {
    const { calendar, history, startMicros, symbols } = ground;
    const { assetClass, marketHours: hours, limits } = plan;
    this.#nowMicros = startMicros;
    const wanted = new Set(plan.strategies.flatMap((strategy) => strategy.scanners));
    this.#planned = scanners
      .filter((scanner) => wanted.has(scanner.plan.scannerId))
      .map((scanner) => ({
        scanner,
        runs: scanner.plan.schedules.map(
          (schedule) => new ScheduleRuns(schedule, { calendar, hours }, startMicros),
        ),
        picked: new Set(),
      }));
    const instruments = () => symbols().map((symbol) => instrumentOf(symbol, assetClass));
    this.#runner = new ScannerRunner({
      scanners: this.#planned.map(({ scanner }) => scanner),
      market: { history, calendar, hours, instruments: async () => success(instruments()) },
      clock: { ...methodsOf(clock), nowMicros: () => this.#nowMicros },
      log,
      batchId: '',
      scanTimeoutMs: limits.scannerTimeoutMs,
      onPicks: (scannerId, picks) => {
        this.#picks.push({ scannerId, symbols: picks.map(({ symbol }) => symbol) });
      },
      recordPicks: async () => {},
    });
  }

  get nextMicros(): EpochMicros {
    return Math.min(
      ...this.#planned.flatMap(({ runs }) => runs.map((run) => run.next() ?? Infinity)),
      Infinity,
    );
  }

  /** One after another, in the plan's order: a run must come out the same each time. */
  async run(nowMicros: EpochMicros): Promise<readonly ScanPicks[]> {
    this.#nowMicros = nowMicros;
    this.#picks = [];
    for (const { scanner, runs, picked } of this.#planned) {
      let isDue = false;
      for (const run of runs) {
        const dueMicros = run.next();
        if (dueMicros === undefined || dueMicros > nowMicros) continue;
        run.ran(dueMicros, nowMicros);
        isDue = true;
      }
      if (!isDue) continue;
      const result = await this.#runner.scan(scanner);
      if (!result.ok) this.#failures.set(result.scannerId, result.message);
      else for (const { symbol } of result.picks) picked.add(symbol);
    }
    return this.#picks;
  }

  results(): readonly ScannerResult[] {
    return this.#runner.statuses.map(({ scannerId, scans, failures }) => ({
      scannerId,
      scans,
      failures,
      lastFailure: this.#failures.get(scannerId) ?? null,
      symbols: [
        ...(this.#planned.find(({ scanner }) => scanner.plan.scannerId === scannerId)?.picked ?? []),
      ].sort(),
    }));
  }
}

/** What is in the data can be traded. */
function instrumentOf(symbol: string, assetClass: Instrument['assetClass']): Instrument {
  return {
    symbol,
    name: symbol,
    assetClass,
    exchange: '',
    tradable: true,
    shortable: true,
    fractionable: true,
  };
}

function methodsOf(clock: Clock): Clock {
  return {
    nowMicros: () => clock.nowMicros(),
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, call) => clock.after(delayMs, call),
    every: (periodMs, call) => clock.every(periodMs, call),
  };
}
