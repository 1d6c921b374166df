/**
 * Runs the plan's scanners on their schedules. A scanner that fails or takes too long is logged and runs again at its
 * next time; the others never notice.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock, Timer } from '../../clock/clock.ts';
import { Scheduler } from '../../clock/scheduler.ts';
import type { JsonObject } from '../../domain/order.ts';
import { type EpochMicros, formatMicros } from '../../domain/time.ts';
import type { NewPick } from '../../models/contract.ts';
import type { Log } from '../../observability/log.ts';
import type { Candidate, Pick, ScannerContext } from '../../scanners/contract.ts';
import { rankCandidates } from '../../scanners/registry.ts';
import type { ScannerPlan } from '../../tradeplan/plan.ts';
import { openScanQueries, type ScanMarket } from './scanQueries.ts';

/** A scanner whose only run failed is tried again after this long: nothing else would ever run it. */
const RETRY_MS = 30_000;

/** A scanner of the plan, its code found and its parameters checked. */
export interface PreparedScanner {
  readonly plan: ScannerPlan;
  /** `momentum`, or the name that a user's file gives. */
  readonly name: string;
  /** Of a user's file; empty for a built-in one. */
  readonly version: string;
  /** Complete with the scanner's defaults. */
  readonly parameters: JsonObject;
  scan(context: Omit<ScannerContext<unknown>, 'parameters'>): Promise<readonly Candidate[]>;
}

export interface ScannerRunnerOptions {
  readonly scanners: readonly PreparedScanner[];
  readonly market: ScanMarket;
  readonly clock: Clock;
  readonly log: Log;
  readonly batchId: string;
  readonly scanTimeoutMs: number;
  /** What a scan found, best first, in place of what the one before found; not called for a scan that failed. */
  onPicks(scannerId: string, picks: readonly Pick[]): void;
  /** Writes the rows of `trending_tickers`; a failure is logged and costs nothing but the rows. */
  recordPicks(rows: readonly NewPick[]): Promise<void>;
}

export type ScanResult =
  | { readonly ok: true; readonly scannerId: string; readonly picks: readonly Pick[] }
  | { readonly ok: false; readonly scannerId: string; readonly message: string };

/** What the status shows of a scanner. */
export interface ScannerStatus {
  readonly scannerId: string;
  readonly scans: number;
  readonly failures: number;
  /** Symbols of the last scan that did not fail. */
  readonly symbols: readonly string[];
  readonly lastScanMicros: EpochMicros | null;
  /** Why the last scan failed, null when it did not. */
  readonly lastFailure: string | null;
}

export class ScannerRunner {
  readonly #options: ScannerRunnerOptions;
  readonly #scheduler: Scheduler;
  readonly #statuses = new Map<string, ScannerStatus>();
  readonly #stopping = new AbortController();
  readonly #retries = new Set<Timer>();
  #isStarted = false;
  /** By their ids. */
  readonly #jobs = new Map<string, { readonly scanner: PreparedScanner; readonly timer: Timer }>();

  constructor(options: ScannerRunnerOptions) {
    this.#options = options;
    this.#scheduler = new Scheduler(options.clock, options.market);
    for (const { plan } of options.scanners) this.#statuses.set(plan.scannerId, newStatus(plan.scannerId));
  }

  get statuses(): readonly ScannerStatus[] {
    return [...this.#statuses.values()];
  }

  start(): void {
    this.#isStarted = true;
    for (const scanner of this.#options.scanners) this.#add(scanner);
  }

  /**
   * The scanners of a plan that was read again: those with other code, parameters or times begin anew, those that are
   * gone end. Answers the ids of both.
   */
  follow(scanners: readonly PreparedScanner[]): { readonly started: string[]; readonly ended: string[] } {
    const ids = new Set(scanners.map(({ plan }) => plan.scannerId));
    const ended = [...this.#jobs.keys()].filter((scannerId) => !ids.has(scannerId));
    const fresh = scanners.filter((scanner) => {
      const known = this.#jobs.get(scanner.plan.scannerId)?.scanner;
      const isSame = known?.version === scanner.version && isDeepStrictEqual(known.plan, scanner.plan);
      return !isSame;
    });
    const started = fresh.map(({ plan }) => plan.scannerId);
    for (const scannerId of [...ended, ...started]) {
      this.#jobs.get(scannerId)?.timer.cancel();
      this.#jobs.delete(scannerId);
    }
    for (const scannerId of ended) {
      this.#statuses.delete(scannerId);
      this.#options.onPicks(scannerId, []);
    }
    for (const scanner of fresh) {
      const { scannerId } = scanner.plan;
      if (!this.#statuses.has(scannerId)) this.#statuses.set(scannerId, newStatus(scannerId));
      this.#add(scanner);
    }
    return { started, ended };
  }

  #add(scanner: PreparedScanner): void {
    const { scannerId, schedules } = scanner.plan;
    const timer = this.#scheduler.add({
      schedules,
      run: () => this.#runScheduled(scanner),
      onSkipped: () =>
        this.#options.log.warn({ scanner: scannerId }, 'scanner is still busy with its last scan'),
    });
    this.#jobs.set(scannerId, { scanner, timer });
  }

  /** Whether a plan that was read again has put another in its place, or none. */
  #isReplaced(scanner: PreparedScanner): boolean {
    const { scannerId } = scanner.plan;
    return this.#isStarted && this.#jobs.get(scannerId)?.scanner !== scanner;
  }

  /** Cancels what is planned and ends scans under way. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the daemon stops'));
    for (const timer of this.#retries) timer.cancel();
    await this.#scheduler.stop();
  }

  /** Runs all scanners once, now, at the same time, whatever their schedules say. */
  scanNow(): Promise<readonly ScanResult[]> {
    return Promise.all(this.#options.scanners.map((scanner) => this.scan(scanner)));
  }

  /** One scan: asks, ranks, hands on and records. Never rejects. */
  async scan(scanner: PreparedScanner): Promise<ScanResult> {
    const { clock, log } = this.#options;
    const { scannerId } = scanner.plan;
    const startMicros = clock.nowMicros();
    try {
      const picks = await this.#search(scanner, startMicros);
      if (this.#isReplaced(scanner)) return { ok: true, scannerId, picks: [] };
      const symbols = picks.map((pick) => pick.symbol);
      const tookMs = Math.round((clock.nowMicros() - startMicros) / 1_000);
      log.info({ scanner: scannerId, symbols, tookMs }, 'scanned');
      this.#note(scannerId, { symbols, lastScanMicros: startMicros, lastFailure: null });
      this.#options.onPicks(scannerId, picks);
      if (picks.length > 0) await this.#record(scannerId, picks, startMicros);
      return { ok: true, scannerId, picks };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (this.#stopping.signal.aborted) return { ok: false, scannerId, message };
      const { failures = 0 } = this.#statuses.get(scannerId) ?? {};
      this.#note(scannerId, { failures: failures + 1, lastScanMicros: startMicros, lastFailure: message });
      log.warn({ scanner: scannerId, reason: message }, 'scanner failed; it runs again at its next time');
      return { ok: false, scannerId, message };
    }
  }

  async #runScheduled(scanner: PreparedScanner): Promise<void> {
    const result = await this.scan(scanner);
    const isLast = scanner.plan.schedules.every((schedule) => schedule.type === 'once');
    if (result.ok || !isLast || this.#stopping.signal.aborted) return;
    const timer = this.#options.clock.after(RETRY_MS, () => {
      this.#retries.delete(timer);
      if (!this.#isReplaced(scanner)) void this.#runScheduled(scanner);
    });
    this.#retries.add(timer);
  }

  async #search(scanner: PreparedScanner, nowMicros: EpochMicros): Promise<readonly Pick[]> {
    const { clock, market, scanTimeoutMs } = this.#options;
    const { scannerId, picksMax } = scanner.plan;
    const ending = new AbortController();
    const end = () => ending.abort(this.#stopping.signal.reason);
    if (this.#stopping.signal.aborted) end();
    this.#stopping.signal.addEventListener('abort', end, { once: true });
    const timer = clock.after(scanTimeoutMs, () =>
      ending.abort(new Error(`no answer within ${scanTimeoutMs} ms`)),
    );
    const aborted = new Promise<never>((_, reject) => {
      const fail = () => reject(ending.signal.reason as Error);
      if (ending.signal.aborted) fail();
      ending.signal.addEventListener('abort', fail, { once: true });
    });
    const search = async () => {
      const queries = await openScanQueries(market, nowMicros, ending.signal);
      const log = this.#options.log.child({ scanner: scannerId });
      const found = await scanner.scan({
        ...queries,
        log: (level, message, fields) => log[level](fields ?? {}, message),
      });
      const tradable = new Set(queries.instruments.map((instrument) => instrument.symbol));
      return this.#accepted(scannerId, found, tradable);
    };
    try {
      return rankCandidates(await Promise.race([search(), aborted]), picksMax);
    } finally {
      timer.cancel();
      this.#stopping.signal.removeEventListener('abort', end);
    }
  }

  /** Leaves out what cannot be traded or ranked: a user's scanner may answer anything. */
  #accepted(
    scannerId: string,
    found: readonly Candidate[],
    tradable: ReadonlySet<string>,
  ): readonly Candidate[] {
    const isCandidate = (candidate: Candidate | null) =>
      tradable.has(candidate?.symbol ?? '') &&
      Number.isFinite(candidate?.score) &&
      typeof candidate?.reason === 'string';
    if (!Array.isArray(found)) throw new Error('the scanner answered no list');
    const accepted = (found as readonly Candidate[]).filter(isCandidate);
    const refused = found.length - accepted.length;
    if (refused > 0) {
      this.#options.log.warn(
        { scanner: scannerId, refused },
        'candidates without a tradable symbol, a finite score and a reason are left out',
      );
    }
    return accepted;
  }

  async #record(scannerId: string, picks: readonly Pick[], atMicros: EpochMicros): Promise<void> {
    const { batchId, log } = this.#options;
    const pickedAt = formatMicros(atMicros);
    const rows = picks.map(({ symbol, rank, reason }) => ({
      batchId,
      symbol,
      scanner: scannerId,
      rank,
      reason,
      pickedAt,
    }));
    try {
      await this.#options.recordPicks(rows);
    } catch (error) {
      log.warn({ scanner: scannerId, reason: String(error) }, 'picks are not recorded');
    }
  }

  #note(scannerId: string, news: Partial<ScannerStatus>): void {
    const status = this.#statuses.get(scannerId);
    if (status !== undefined) this.#statuses.set(scannerId, { ...status, scans: status.scans + 1, ...news });
  }
}

function newStatus(scannerId: string): ScannerStatus {
  return { scannerId, scans: 0, failures: 0, symbols: [], lastScanMicros: null, lastFailure: null };
}
