/**
 * Alerts: what a person should know now. Each goes to the log and into the status document; the plan may also send it
 * to a webhook (`POST` with JSON) and to a command (JSON on its standard input). Neither can hold up trading: they
 * run beside it, have a time limit, and at most {@link PENDING_MAX} are under way.
 */
import { spawn } from 'node:child_process';
import type { Clock } from '../clock/clock.ts';
import type { JsonObject } from '../domain/order.ts';
import { formatMicros } from '../domain/time.ts';
import type { Log } from '../observability/log.ts';
import type { AlertsPlan } from '../tradeplan/plan.ts';
import type { Severity } from '../transport/messages.ts';
import type { AlertRecord } from './control/status.ts';

const PENDING_MAX = 16;
const RECENT_MAX = 50;
/** The same alert code is sent out at most once in this time; the log and the status show every one. */
const REPEAT_MS = 60_000;

export interface Alert {
  readonly severity: Severity;
  /** Stable, for filters: `strategy_fault`, `consumer_blocked`, `feed_down` ... */
  readonly code: string;
  readonly message: string;
  readonly fields?: JsonObject;
}

export class Alerts {
  readonly #plan: AlertsPlan;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #batchId: string;
  readonly #sentAtMs = new Map<string, number>();
  #recent: AlertRecord[] = [];
  #pending = new Set<Promise<void>>();

  constructor(plan: AlertsPlan, context: { clock: Clock; log: Log; batchId: string }) {
    this.#plan = plan;
    this.#clock = context.clock;
    this.#log = context.log;
    this.#batchId = context.batchId;
  }

  /** The newest alerts, oldest first. */
  get recent(): readonly AlertRecord[] {
    return this.#recent;
  }

  raise(alert: Alert): void {
    const fields = alert.fields ?? {};
    const record: AlertRecord = {
      at: formatMicros(this.#clock.nowMicros()),
      severity: alert.severity,
      code: alert.code,
      message: alert.message,
      fields,
    };
    this.#recent = [...this.#recent, record].slice(-RECENT_MAX);
    const level = alert.severity === 'critical' ? 'error' : alert.severity === 'warning' ? 'warn' : 'info';
    this.#log[level]({ alert: alert.code, ...fields }, alert.message);
    if (alert.severity === 'info') return;
    const now = this.#clock.monotonicMs();
    const key = `${alert.code}/${alert.message}`;
    const sentAt = this.#sentAtMs.get(key);
    if (sentAt !== undefined && now - sentAt < REPEAT_MS) return;
    this.#sentAtMs.set(key, now);
    if (this.#sentAtMs.size > 1_000) this.#sentAtMs.clear();
    const text = JSON.stringify({ source: 'openbell', batchId: this.#batchId, ...record });
    if (this.#plan.webhookUrl !== null) this.#start(this.#post(this.#plan.webhookUrl, text));
    if (this.#plan.command !== null) this.#start(this.#run(this.#plan.command, text));
  }

  /** Waits for what is under way; each has its own time limit. */
  async settle(): Promise<void> {
    await Promise.allSettled([...this.#pending]);
  }

  #start(work: Promise<void>): void {
    if (this.#pending.size >= PENDING_MAX) {
      this.#log.warn(
        { pending: this.#pending.size },
        'too many alerts are under way; this one stays in the log only',
      );
      void work.catch(() => undefined);
      return;
    }
    const guarded = work
      .catch((error: unknown) =>
        this.#log.warn(
          { reason: error instanceof Error ? error.message : String(error) },
          'an alert could not be delivered',
        ),
      )
      .finally(() => this.#pending.delete(guarded));
    this.#pending.add(guarded);
  }

  async #post(url: string, text: string): Promise<void> {
    // Few plans have a webhook, and its hundred modules would be loaded at each start.
    const { request } = await import('undici');
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: text,
      headersTimeout: this.#plan.timeoutMs,
      bodyTimeout: this.#plan.timeoutMs,
    });
    await answer.body.dump();
    if (answer.statusCode >= 300) throw new Error(`the webhook answered ${answer.statusCode}`);
  }

  #run(command: readonly string[], text: string): Promise<void> {
    const [program = '', ...options] = command;
    return new Promise((done, fail) => {
      const child = spawn(program, options, {
        stdio: ['pipe', 'ignore', 'ignore'],
        env: { PATH: process.env.PATH ?? '' },
      });
      const timer = this.#clock.after(this.#plan.timeoutMs, () => child.kill('SIGKILL'));
      child.once('error', (error) => {
        timer.cancel();
        fail(error);
      });
      child.once('exit', (code, signal) => {
        timer.cancel();
        if (code === 0) done();
        else fail(new Error(`${program} ended with ${signal ?? `exit code ${code}`}`));
      });
      child.stdin.on('error', () => undefined);
      child.stdin.end(text);
    });
  }
}
