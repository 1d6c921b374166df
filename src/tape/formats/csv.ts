/** Tables of bars, trades or quotes: what a file holds is told by the names of its columns. */
import { EXIT_USAGE, UserError } from '../../domain/exit.ts';
import { type EpochMicros, MICROS_PER_MINUTE } from '../../domain/time.ts';
import type { OnSkipped, TapeRecord } from './record.ts';
import { openText } from './source.ts';
import { TimeReader } from './zone.ts';

/** How a table is to be read. */
export interface TableOptions {
  readonly path: string;
  /** For files without a symbol column. */
  readonly symbol: string | undefined;
  /** Zone of times that name none (IANA), such as `America/New_York`. */
  readonly timeZone: string;
  /** Whether a bar's time is its start or its end. */
  readonly barTime: 'start' | 'end';
  /** How long its bars are: a minute unless given. Those whose time is a date are of a day. */
  readonly barMicros?: number;
  /** What the file calls its columns, where that is none of the known names. */
  readonly columns?: ColumnNames;
}

export interface CsvOptions extends TableOptions {
  readonly onSkipped: OnSkipped;
}

/** The names under which a column is found, in order of preference. */
const NAMES = {
  time: ['ts_ms', 'ts_ns', 'ts', 'time', 'timestamp', 'datetime', 'date', 't'],
  symbol: ['symbol', 'ticker', 'name', 's'],
  open: ['open', 'o'],
  high: ['high', 'h'],
  low: ['low', 'l'],
  close: ['close', 'c'],
  volume: ['volume', 'v', 'vol'],
  vwap: ['vwap', 'vw'],
  tradeCount: ['trade_count', 'tradecount', 'trades', 'n'],
  price: ['price', 'p'],
  size: ['size', 'qty', 'quantity', 'amount', 'volume'],
  exchange: ['exchange', 'x'],
  conditions: ['conditions', 'condition'],
  tape: ['tape', 'z'],
  id: ['id', 'trade_id', 'tid', 'i'],
  bidPrice: ['bid_price', 'bid', 'bidprice', 'bp'],
  bidSize: ['bid_size', 'bidsize', 'bs'],
  askPrice: ['ask_price', 'ask', 'askprice', 'ap'],
  askSize: ['ask_size', 'asksize', 'as'],
} as const;
export type Column = keyof typeof NAMES;
export const COLUMNS = Object.keys(NAMES) as readonly Column[];
export type ColumnNames = Readonly<Partial<Record<Column, string>>>;
export type CsvColumns = Readonly<Record<Column, number>>;

/** The columns of a file without a header. */
export const HEADERLESS = ['time', 'open', 'high', 'low', 'close', 'volume'];

/** The records of a file, in its order. Throws a UserError when it is no table of bars, trades or quotes. */
export async function* readCsv(options: CsvOptions): AsyncGenerator<TapeRecord, void, undefined> {
  const { path, onSkipped } = options;
  const times = new TimeReader(options.timeZone);
  const source = await openText(path);
  let read: ((fields: readonly string[]) => TapeRecord | string) | undefined;
  let line = 0;
  for await (const lines of source.lines) {
    for (const text of lines) {
      line += 1;
      if (text.trim() === '') continue;
      const fields = splitCsv(text);
      if (read === undefined) {
        const isHeader = fields.some((field) => /^[A-Za-z_]/.test(field));
        read = csvRecords(isHeader ? fields : HEADERLESS, options, times);
        if (isHeader) continue;
      }
      const record = read(fields);
      if (typeof record === 'string') onSkipped({ input: path, line, reason: record });
      else yield record;
    }
  }
}

/**
 * Where each column stands; -1 = the file has none. Of several known names the first of the list counts.
 * @throws {UserError} exit code 2 when the file has no column of a name that was given.
 */
export function csvColumns(
  header: readonly string[],
  { path, columns = {} }: Pick<TableOptions, 'path' | 'columns'>,
): CsvColumns {
  const names = header.map((name) => name.trim().toLowerCase());
  const placeOf = (column: Column): number => {
    const given = columns[column];
    if (given === undefined) {
      return NAMES[column].map((name) => names.indexOf(name)).find((index) => index >= 0) ?? -1;
    }
    const place = names.indexOf(given.trim().toLowerCase());
    if (place >= 0) return place;
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${path} has no column ${given}: it has ${names.join(', ')}`,
      remedy: 'Name its columns with --columns, such as time=Date close=Last.',
    });
  };
  return Object.fromEntries(COLUMNS.map((column) => [column, placeOf(column)])) as CsvColumns;
}

/**
 * Reads the lines of a file: what it answers for a line's fields is a record, or why the line is none.
 * Throws a UserError when the header is none of bars, trades or quotes.
 */
export function csvRecords(
  header: readonly string[],
  options: TableOptions,
  times: TimeReader,
): (fields: readonly string[]) => TapeRecord | string {
  const at = csvColumns(header, options);
  const kind = kindOf(at);
  if (kind === undefined || at.time < 0) {
    const names = header.map((name) => name.trim().toLowerCase());
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${options.path} has the columns ${names.join(', ')}, which are neither bars nor trades nor quotes`,
      remedy:
        'It needs a time and open, high, low, close; or price and size; or bid, ask and their sizes (bid_size, ask_size). Where it calls them otherwise, say so with --columns, such as time=Date close=Last.',
    });
  }
  if (at.symbol < 0 && options.symbol === undefined) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${options.path} has no symbol column`,
      remedy: 'Say whose data it is with --symbol.',
    });
  }
  return (fields) => {
    const text = (column: Column) => (at[column] < 0 ? '' : (fields[at[column]] ?? '').trim());
    const time = times.parse(text('time'));
    if (time === undefined) return `no time: ${text('time').slice(0, 40)}`;
    const event = {
      symbol: at.symbol < 0 ? options.symbol! : text('symbol'),
      timeMicros: time.micros,
    };
    if (event.symbol === '') return 'no symbol';
    switch (kind) {
      case 'trade':
        return tradeOf(event, text, time.nanos);
      case 'quote':
        return quoteOf(event, text, time.nanos);
      case 'bar': {
        const isMinute = !time.isDate;
        const shift = isMinute && options.barTime === 'end' ? (options.barMicros ?? MICROS_PER_MINUTE) : 0;
        return barOf({ ...event, timeMicros: event.timeMicros - shift }, text, {
          kind: isMinute ? 'minuteBar' : 'dailyBar',
          hasVolume: at.volume >= 0,
        });
      }
    }
  };
}

function kindOf(at: CsvColumns): 'bar' | 'trade' | 'quote' | undefined {
  if (at.open >= 0 && at.high >= 0 && at.low >= 0 && at.close >= 0) return 'bar';
  if (at.bidPrice >= 0 && at.askPrice >= 0) return 'quote';
  return at.price >= 0 && at.size >= 0 ? 'trade' : undefined;
}

interface Stamp {
  readonly symbol: string;
  readonly timeMicros: EpochMicros;
}
type Text = (column: Column) => string;

function tradeOf(event: Stamp, text: Text, nanos: number): TapeRecord | string {
  const price = numberOf(text('price'));
  const size = numberOf(text('size'));
  if (price === undefined || size === undefined) return 'no price or size';
  const codes = text('conditions');
  return {
    kind: 'trade',
    nanos,
    value: {
      ...event,
      price,
      size,
      exchange: text('exchange'),
      // A blank is a code too: `|` stands between codes.
      conditions: codes === '' ? [] : codes.split('|'),
      tape: text('tape'),
      id: text('id'),
    },
  };
}

function quoteOf(event: Stamp, text: Text, nanos: number): TapeRecord | string {
  const bidPrice = numberOf(text('bidPrice')) ?? 0;
  const askPrice = numberOf(text('askPrice')) ?? 0;
  if (bidPrice <= 0 && askPrice <= 0) return 'no bid and no ask';
  const bidSize = numberOf(text('bidSize')) ?? 0;
  const askSize = numberOf(text('askSize')) ?? 0;
  return { kind: 'quote', nanos, value: { ...event, bidPrice, bidSize, askPrice, askSize } };
}

function barOf(
  event: Stamp,
  text: Text,
  { kind, hasVolume }: { readonly kind: 'minuteBar' | 'dailyBar'; readonly hasVolume: boolean },
): TapeRecord | string {
  const [open, high, low, close] = (['open', 'high', 'low', 'close'] as const).map((name) =>
    numberOf(text(name)),
  );
  if (open === undefined || high === undefined || low === undefined || close === undefined)
    return 'a blank price';
  if (low > Math.min(open, close) || high < Math.max(open, close))
    return 'open or close outside low and high';
  return {
    kind,
    nanos: 0,
    value: {
      ...event,
      open,
      high,
      low,
      close,
      volume: numberOf(text('volume')) ?? (hasVolume ? 0 : Number.NaN),
      vwap: numberOf(text('vwap')) ?? Number.NaN,
      tradeCount: numberOf(text('tradeCount')) ?? 0,
    },
  };
}

function numberOf(text: string): number | undefined {
  if (text === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** Fields of one line; a field in quotes may hold commas and doubled quotes, but no line break. */
export function splitCsv(line: string): string[] {
  if (!line.includes('"')) return line.split(line.includes(',') || !line.includes(';') ? ',' : ';');
  const fields: string[] = [];
  const form = /(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g;
  for (const match of line.matchAll(form)) fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
  return fields;
}
