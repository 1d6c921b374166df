/** What a person should know of a backtest beside its figures. */
import type { BacktestResult } from '../backtester/result.ts';

export function remarksOf(result: BacktestResult): readonly string[] {
  const { data } = result;
  const lines: string[] = [];
  const tell = (
    count: number,
    what: string,
    examples: readonly { file: string; row: number; reason: string }[],
  ) => {
    if (count === 0) return;
    lines.push(`${count} ${what}, such as:`);
    for (const { file, row, reason } of examples.slice(0, 5)) lines.push(`  ${file} row ${row}: ${reason}`);
  };
  tell(data.bad, 'rows that cannot be right were left out', data.badExamples);
  tell(data.gaps, 'gaps in the bars', data.gapExamples);
  tell(data.jumps, 'jumps of the price', data.jumpExamples);
  if (data.sorted > 0) lines.push(`${data.sorted} rows stood in the wrong order and were sorted`);
  if (result.missingSymbols.length > 0) lines.push(`no data of ${result.missingSymbols.join(', ')}`);
  for (const { symbol, wanted, found } of result.shortWarmUps) {
    lines.push(`${symbol}: ${found} of ${wanted} bars of history were there before the first decision`);
  }
  for (const { scannerId, failures, lastFailure } of result.scanners ?? []) {
    if (lastFailure !== null) lines.push(`scanner ${scannerId} failed ${failures} times: ${lastFailure}`);
  }
  if (result.openOrders > 0) lines.push(`${result.openOrders} orders were still open at the end`);
  for (const { at, code, message } of result.notes) lines.push(`${minute(at)} ${code}: ${message}`);
  return lines;
}

/** To the minute, as people read it. */
export function minute(moment: string): string {
  return moment.slice(0, 16).replace('T', ' ');
}
