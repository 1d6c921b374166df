/**
 * A strategy host's inbox on tape: all that it takes beside market batches, as notes. Given them and the batches in
 * their order, a host that is built from the first note does the same again.
 */
import type { Bar } from '../domain/market.ts';
import type { EpochMicros } from '../domain/time.ts';
import type { DeskEvent, HistoryAnswer } from '../transport/messages.ts';
import type { RecordingPort } from '../transport/recording.ts';
import type { HostConfig } from './config.ts';
import type { HostCommand } from './host.ts';

type HistoryCommand = Extract<HostCommand, { type: 'history' }>;

/** What a note of a consumer's inbox tape says. */
export type HostNote =
  /** What the host was built from. */
  | { readonly type: 'start'; readonly config: HostConfig }
  | { readonly type: 'command'; readonly command: Exclude<HostCommand, HistoryCommand> }
  | {
      readonly type: 'history';
      readonly requestId: number;
      readonly symbol: string;
      readonly answer:
        | {
            readonly ok: true;
            readonly minuteBars: readonly BarNote[];
            readonly dailyBars: readonly BarNote[];
          }
        | { readonly ok: false; readonly message: string };
    }
  | { readonly type: 'desk'; readonly events: readonly DeskEvent[] }
  /** The host was told the time, for its timers. */
  | { readonly type: 'advance' };

/** Time in microseconds, open, high, low, close, volume, vwap (null: none), trade count, and 1 where incomplete. */
export type BarNote = readonly [
  timeMicros: EpochMicros,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
  vwap: number | null,
  tradeCount: number,
  incomplete?: 1,
];

/** Records what a host takes, each before the host is told. */
export class HostInbox {
  readonly #recording: RecordingPort;

  constructor(recording: RecordingPort) {
    this.#recording = recording;
  }

  start(config: HostConfig, nowMicros: EpochMicros): void {
    this.#note({ type: 'start', config }, nowMicros);
  }

  command(command: HostCommand, nowMicros: EpochMicros): void {
    if (command.type !== 'history') this.#note({ type: 'command', command }, nowMicros);
    else if (this.#recording.isOpen) {
      // A thousand bars are the longest notes there are: numbers only, so that JSON alone can hold them.
      this.#recording.noteText(JSON.stringify(historyNote(command)), nowMicros);
    }
  }

  desk(events: readonly DeskEvent[], nowMicros: EpochMicros): void {
    this.#note({ type: 'desk', events }, nowMicros);
  }

  advance(nowMicros: EpochMicros): void {
    this.#note({ type: 'advance' }, nowMicros);
  }

  #note(note: HostNote, nowMicros: EpochMicros): void {
    this.#recording.note(note, nowMicros);
  }
}

/** The command that a note of type `history` stands for. */
export function historyOf(note: Extract<HostNote, { type: 'history' }>): HistoryCommand {
  const { requestId, symbol, answer } = note;
  const bars = (notes: readonly BarNote[]) => notes.map((bar) => barOf(bar, symbol));
  const told: HistoryAnswer = answer.ok
    ? { ok: true, minuteBars: bars(answer.minuteBars), dailyBars: bars(answer.dailyBars) }
    : answer;
  return { type: 'history', requestId, symbol, answer: told };
}

function historyNote({ requestId, symbol, answer }: HistoryCommand): HostNote {
  const told = answer.ok
    ? {
        ok: true as const,
        minuteBars: answer.minuteBars.map(barNote),
        dailyBars: answer.dailyBars.map(barNote),
      }
    : answer;
  return { type: 'history', requestId, symbol, answer: told };
}

function barNote(bar: Bar): BarNote {
  const { timeMicros, open, high, low, close, volume, vwap, tradeCount } = bar;
  const told = [timeMicros, open, high, low, close, volume, finite(vwap), tradeCount] as const;
  return bar.incomplete === true ? [...told, 1] : told;
}

function barOf(note: BarNote, symbol: string): Bar {
  const [timeMicros, open, high, low, close, volume, vwap, tradeCount, incomplete] = note;
  const bar = { symbol, timeMicros, open, high, low, close, volume, vwap: vwap ?? Number.NaN, tradeCount };
  return incomplete === 1 ? { ...bar, incomplete: true } : bar;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
