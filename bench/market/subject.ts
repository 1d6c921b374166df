/** A venue, and a subject that trades on it: the daemon as users run it, or another program. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { VenueCommand, VenueOptions, VenueReport } from './protocol.ts';

type Figures = Extract<VenueReport, { type: 'figures' }>;

export class VenueProcess {
  readonly #child: ChildProcess;
  readonly env: Readonly<Record<string, string>>;

  private constructor(child: ChildProcess, env: Readonly<Record<string, string>>) {
    this.#child = child;
    this.env = env;
  }

  static async start(options: VenueOptions): Promise<VenueProcess> {
    const child = fork(fileURLToPath(new URL('./venue.js', import.meta.url)), [JSON.stringify(options)]);
    const ready = await reportOf(child, 'ready');
    return new VenueProcess(child, ready.env);
  }

  tell(command: VenueCommand): void {
    this.#child.send(command);
  }

  figures(): Promise<Figures> {
    const answer = reportOf(this.#child, 'figures');
    this.tell({ type: 'figures' });
    return answer;
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}

function reportOf<Type extends VenueReport['type']>(
  child: ChildProcess,
  type: Type,
): Promise<Extract<VenueReport, { type: Type }>> {
  return new Promise((done, failed) => {
    const fail = () => failed(new Error('the venue ended'));
    const listen = (report: VenueReport) => {
      if (report.type !== type) return;
      child.off('message', listen);
      child.off('exit', fail);
      done(report as Extract<VenueReport, { type: Type }>);
    };
    child.on('message', listen);
    child.once('exit', fail);
  });
}

/** A real database is used where `DATABASE_URL` names one. */
export interface DaemonOptions {
  readonly journal: 'written' | 'synced';
  /** The symbols of each strategy instance, by its id. */
  readonly instances: Readonly<Record<string, readonly string[]>>;
  readonly consumers: number;
  /** How often the strategy's loop runs in a turn of holding up its thread. */
  readonly spinsPerTurn?: number;
}

/** A real database is used where one is given. */
function inherited(): Record<string, string> {
  const { PATH = '', HOME = '/', DATABASE_URL } = process.env;
  return { PATH, HOME, ...(DATABASE_URL === undefined ? {} : { DATABASE_URL }) };
}

const SAID_CHARACTERS_MAX = 4_000;

/** The daemon with a plan whose limits let every order through. */
export class DaemonProcess {
  readonly child: ChildProcess;
  /** The end of its log. */
  #said = '';
  #isClosing = false;
  readonly directory: string;

  constructor(venue: VenueProcess, options: DaemonOptions) {
    this.directory = mkdtempSync(join(tmpdir(), 'openbell-bench-'));
    const plan = join(this.directory, 'tradeplan.yaml');
    writeFileSync(plan, stringify(planOf(options)));
    const program = resolve('dist/cli/openbell.js');
    const data = join(this.directory, 'data');
    this.child = spawn(
      process.execPath,
      [program, 'trade', plan, '--data-dir', data, '--log-level', 'warn'],
      {
        env: { ...inherited(), ...venue.env },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    this.child.stderr?.on('data', (text: Buffer) => {
      this.#said = (this.#said + text.toString()).slice(-SAID_CHARACTERS_MAX);
    });
    this.child.once('exit', () => {
      if (!this.#isClosing) throw new Error(`the daemon ended: ${this.#said}`);
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const ended = new Promise<void>((done) => this.child.once('exit', () => done()));
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function planOf({ journal, instances, consumers, spinsPerTurn = 0 }: DaemonOptions): object {
  const path = fileURLToPath(new URL('../../../../bench/market/strategy.ts', import.meta.url));
  return {
    mode: 'paper',
    feed: 'sip',
    channels: ['trades', 'quotes'],
    market_hours: 'regular',
    consumers,
    journal,
    strategies: Object.entries(instances).map(([id, symbols]) => ({
      path,
      id,
      symbols,
      parameters: { spinsPerTurn },
    })),
    risk: {
      max_order_notional: 1_000_000,
      max_position_notional: 1_000_000_000,
      max_open_orders: 1_000,
      max_orders_per_minute: 10_000,
      max_daily_loss: 10_000_000,
    },
  };
}
