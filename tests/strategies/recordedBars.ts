/** Bars of the recorded data, as the strategies' history and prices. */
import { execFileSync } from 'node:child_process';
import type { Bar } from '../../src/domain/market.ts';
import { MINUTE } from '../engine/inbox.ts';
import { csvRows, recorded } from '../support/recorded.ts';
import { sessionOn } from './market.ts';

const MINUTES = 'masonblier+eqker/data';
export const MINUTE_DATES = ['2019-02-11', '2019-02-12', '2019-02-13', '2019-02-14', '2019-02-15'] as const;

export const minutesOf = (symbol: string) => recorded(`${MINUTES}/${symbol}_1min.csv`);
export const universeOfDays = recorded('CNuge+kaggle-code/individual_stocks_5yr.tar.gz');

/** Minutes of a symbol from 2019-02-11 to 15, oldest first. The files tell each by its end, newest first. */
export function recordedMinutes(symbol: string): Bar[] {
  return csvRows(minutesOf(symbol).path)
    .map((row): Bar => {
      const [date = '', time = ''] = (row.datetime ?? '').split(' ');
      const [hours = 0, minutes = 0] = time.split(':').map(Number);
      const sinceOpen = hours * 60 + minutes - (9 * 60 + 30) - 1;
      return barOf(symbol, sessionOn(date).openMicros + sinceOpen * MINUTE, row);
    })
    .sort((a, b) => a.timeMicros - b.timeMicros);
}

/** Daily bars of a member of the S&P 500, 2012-08-13 to 2017-08-11, each at its session's open; without rows with blanks. */
export function recordedDays(symbol: string): (Bar & { readonly date: string })[] {
  const file = `stock_data/individual_stocks_5yr/${symbol}_data.csv`;
  const text = execFileSync('tar', ['-xzOf', universeOfDays.path, file], { encoding: 'utf8' });
  const [, ...lines] = text.trim().split(/\r?\n/);
  return lines.flatMap((line) => {
    const [date = '', open = '', high = '', low = '', close = '', volume = ''] = line.split(',');
    if ([open, high, low, close, volume].includes('')) return [];
    const bar = barOf(symbol, sessionOn(date).openMicros, { open, high, low, close, volume });
    return [{ ...bar, date }];
  });
}

function barOf(symbol: string, timeMicros: number, row: Readonly<Record<string, string>>): Bar {
  const [open, high, low, close] = [Number(row.open), Number(row.high), Number(row.low), Number(row.close)];
  const vwap = (high + low + close) / 3;
  return { symbol, timeMicros, open, high, low, close, volume: Number(row.volume), vwap, tradeCount: 1 };
}
