/**
 * QuantConnect Lean's US equity files: a zip of one CSV for each symbol and day.
 *
 * Times are milliseconds after midnight in New York, prices ten-thousandths of a dollar. Ticks of trades:
 * ms, price, size, exchange, condition (hexadecimal bits), suspicious. Ticks of quotes: ms, bid, bid size, ask, ask
 * size, exchange, condition, suspicious; each row is one side of one exchange, the other side is 0. Minute bars of
 * trades: ms, open, high, low, close, volume.
 */
import { basename } from 'node:path';
import { SessionCalendar, usEquityRules } from '../../clock/calendar.ts';
import { UserError } from '../../domain/exit.ts';
import { type EpochMicros, MICROS_PER_MILLISECOND } from '../../domain/time.ts';
import { RowFlag } from '../batch.ts';
import { BestQuote } from './bestQuote.ts';
import type { OnSkipped, TapeRecord } from './record.ts';
import { openText } from './source.ts';
import { TimeReader } from './zone.ts';

export interface LeanOptions {
  readonly path: string;
  /** Taken from the file's name by default, as is the date (`YYYY-MM-DD`). */
  readonly symbol: string | undefined;
  readonly date: string | undefined;
  readonly onSkipped: OnSkipped;
}

const PRICE_UNIT = 10_000;
/**
 * Condition bits 5, 13 and 29: in the regular session Lean's own bars leave such trades out of their prices. Outside it
 * every trade has one of them, and Lean's bars there are made of all.
 */
const NO_PRICE_BITS = (1 << 5) | (1 << 13) | (1 << 29);
const NO_PRICE = RowFlag.notLast | RowFlag.notRange;
const REGULAR = ['0', '1'];
/** `20131007_ibm_Trade_Tick.csv`, `20131007_ibm_minute_trade.csv` */
const ENTRY_NAME =
  /^(\d{4})(\d{2})(\d{2})_([^_]+)_(?:(trade|quote)_(tick)|(tick|second|minute)_(trade|quote))\.csv$/i;

interface Day {
  readonly symbol: string;
  readonly midnight: EpochMicros;
  /** The regular session; empty on a day without one. */
  readonly openMicros: EpochMicros;
  readonly closeMicros: EpochMicros;
}

/** The records of a file, in its order. Throws a UserError when it is none of Lean's files that are understood. */
export async function* readLean(options: LeanOptions): AsyncGenerator<TapeRecord, void, undefined> {
  const source = await openText(options.path);
  const name = ENTRY_NAME.exec(basename(source.name));
  const content = `${name?.[5] ?? name?.[8] ?? ''} ${name?.[6] ?? name?.[7] ?? ''}`.toLowerCase();
  const isKnown = content === 'trade tick' || content === 'quote tick' || content === 'trade minute';
  if (name === null || !isKnown) {
    await source.lines.return();
    throw new UserError({
      exitCode: 2,
      cause: `${options.path} holds ${basename(source.name)}: no Lean ticks and no minute bars of trades`,
      remedy:
        'Name files such as tick/ibm/20131007_trade.zip, tick/ibm/20131007_quote.zip, minute/ibm/20131007_trade.zip.',
    });
  }
  const date = options.date ?? `${name[1]}-${name[2]}-${name[3]}`;
  const [session] = new SessionCalendar(usEquityRules).sessions(date, date);
  const day: Day = {
    symbol: options.symbol ?? (name[4] ?? '').toUpperCase(),
    midnight: new TimeReader('America/New_York').midnight(date),
    openMicros: session?.openMicros ?? 0,
    closeMicros: session?.closeMicros ?? 0,
  };
  const best = new BestQuote(day.symbol);
  let line = 0;
  for await (const lines of source.lines) {
    for (const text of lines) {
      line += 1;
      if (text === '') continue;
      const fields = text.split(',');
      const record =
        content === 'trade tick'
          ? tradeTick(fields, day)
          : content === 'quote tick'
            ? quoteTick(fields, day, best)
            : minuteBar(fields, day);
      if (typeof record === 'string') options.onSkipped({ input: options.path, line, reason: record });
      else if (record !== undefined) yield record;
    }
  }
}

function tradeTick(fields: readonly string[], day: Day): TapeRecord | string {
  const [ms = '', price = '', size = '', exchange = '', condition = '', suspicious = ''] = fields;
  const timeMicros = timeOf(ms, day);
  if (timeMicros === undefined || !isNumber(price) || !isNumber(size)) return 'no trade';
  const bits = Number.parseInt(condition, 16);
  const isRegular = timeMicros >= day.openMicros && timeMicros < day.closeMicros;
  const hasPrice = !isRegular || (bits & NO_PRICE_BITS) === 0;
  return {
    kind: 'trade',
    nanos: 0,
    flags: (hasPrice ? 0 : NO_PRICE) | (suspicious === '1' ? NO_PRICE | RowFlag.notVolume : 0),
    value: {
      symbol: day.symbol,
      timeMicros,
      price: Number(price) / PRICE_UNIT,
      size: Number(size),
      exchange,
      conditions: REGULAR.includes(condition) ? [] : [condition],
      tape: '',
      id: '',
    },
  };
}

/** The best quote of all exchanges, where the row changes it. */
function quoteTick(fields: readonly string[], day: Day, best: BestQuote): TapeRecord | string | undefined {
  const [ms = '', bid = '', bidSize = '', ask = '', askSize = '', exchange = '', , suspicious = ''] = fields;
  const timeMicros = timeOf(ms, day);
  if (timeMicros === undefined || ![bid, bidSize, ask, askSize].every(isNumber)) return 'no quote';
  if (suspicious === '1') return 'marked suspicious';
  const value = best.update({
    exchange,
    timeMicros,
    bidPrice: Number(bid) / PRICE_UNIT,
    bidSize: Number(bidSize),
    askPrice: Number(ask) / PRICE_UNIT,
    askSize: Number(askSize),
  });
  return value === undefined ? undefined : { kind: 'quote', nanos: 0, value };
}

function minuteBar(fields: readonly string[], day: Day): TapeRecord | string {
  const [ms = '', open = '', high = '', low = '', close = '', volume = ''] = fields;
  const timeMicros = timeOf(ms, day);
  if (timeMicros === undefined || ![open, high, low, close, volume].every(isNumber)) return 'no bar';
  return {
    kind: 'minuteBar',
    nanos: 0,
    value: {
      symbol: day.symbol,
      timeMicros,
      open: Number(open) / PRICE_UNIT,
      high: Number(high) / PRICE_UNIT,
      low: Number(low) / PRICE_UNIT,
      close: Number(close) / PRICE_UNIT,
      volume: Number(volume),
      vwap: Number.NaN,
      tradeCount: 0,
    },
  };
}

function timeOf(ms: string, day: Day): EpochMicros | undefined {
  return isNumber(ms) ? day.midnight + Math.round(Number(ms) * MICROS_PER_MILLISECOND) : undefined;
}

function isNumber(text: string): boolean {
  return /^\d+(\.\d+)?$/.test(text);
}
