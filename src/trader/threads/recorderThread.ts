/** The recorder as the trader sees it. It may fail or die: then nothing is recorded any more, and trading goes on. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Clock } from '../../clock/clock.ts';
import type { RecorderConfig } from '../../recorder/config.ts';
import type { RecorderCommand, RecorderReport, RecordingSourceCounters } from '../../transport/messages.ts';
import type { Alerts } from '../alerts.ts';
import { Thread } from './thread.ts';

const ENTRY = new URL('../../recorder/worker.js', import.meta.url);

/** The newest statistics; nothing before the first. */
export interface RecordingFigures {
  readonly directory: string;
  readonly sources: readonly RecordingSourceCounters[];
  /** Why nothing is recorded any more; null while all is well. */
  readonly failure: string | null;
  readonly bytesPackedAway: number;
  readonly tapesRemoved: number;
}

export class RecorderThread {
  readonly #thread: Thread<RecorderCommand, RecorderReport>;
  readonly #clock: Clock;
  #figures: RecordingFigures;

  constructor(config: RecorderConfig, context: { clock: Clock; alerts: Alerts }) {
    const { clock, alerts } = context;
    const { directory } = config;
    this.#clock = clock;
    this.#figures = { directory, sources: [], failure: null, bytesPackedAway: 0, tapesRemoved: 0 };
    this.#thread = new Thread<RecorderCommand, RecorderReport>({
      name: 'recorder',
      entry: ENTRY,
      workerData: config,
      onReport: (report) => {
        if (report.type === 'trouble') {
          const { code, message } = report;
          alerts.raise({ severity: 'warning', code, message });
        } else if (report.type === 'statistics') {
          const { sources, failure, bytesPackedAway, tapesRemoved } = report;
          this.#figures = { directory, sources, failure, bytesPackedAway, tapesRemoved };
        }
      },
      onDeath: (cause) => {
        this.#figures = { ...this.#figures, failure: cause };
        const message = `nothing is recorded any more: the recorder's thread ended: ${cause.split('\n')[0]}`;
        alerts.raise({ severity: 'warning', code: 'recording_stopped', message });
      },
    });
  }

  get figures(): RecordingFigures {
    return this.#figures;
  }

  /** Gives a source (`market`, `desk`, `consumer A`) a recording port, a new one if it had one; answers its end. */
  attach(source: string): MessagePort {
    const channel = new MessageChannel();
    this.#thread.tell({ type: 'attach', source, port: channel.port1 }, [channel.port1]);
    return channel.port2;
  }

  tellSession(date: string): void {
    this.#thread.tell({ type: 'session', date });
  }

  /** Writes down what was handed to it, closes its tapes, and packs them as far as there is time. */
  async stop(timeoutMs: number): Promise<'ended' | 'terminated'> {
    this.#thread.tell({ type: 'stop' });
    return this.#thread.stop(this.#clock, timeoutMs);
  }
}
