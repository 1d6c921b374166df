/** A recorded session beside what it would have been with a change, for people. */
import type { BacktestResult } from '../backtester/result.ts';
import type { WhatIfResult } from '../replay/whatIf.ts';
import { type Column, paintAmount, print, renderTable } from './output.ts';
import { remarksOf } from './remarks.ts';

export function showWhatIf(result: WhatIfResult): void {
  const { batchId, from, to, session, unchanged, changed } = result;
  print(`The market of batch ${batchId}, ${from} to ${to}:`);
  print('');
  const count = (value: number) => value.toLocaleString('en-US');
  const row = (name: string, live: string, of: (result: BacktestResult) => string): Row => ({
    name,
    session: live,
    both: [of(unchanged), of(changed)],
  });
  const rows: readonly Row[] = [
    row('orders', count(session.orders), ({ metrics }) => count(metrics.orders)),
    row('denials', count(session.denials), ({ metrics }) => count(metrics.denials)),
    row('fills', count(session.fills), ({ fills }) => count(fills)),
    row('fees', session.fees, ({ metrics }) => metrics.fees),
    ...instanceRows({ session, unchanged, changed }),
    row('final equity', '', ({ finalEquity }) => finalEquity),
    row('return %', '', ({ metrics }) => paintAmount(`${metrics.returnPercent}`)),
    row('largest fall %', '', ({ metrics }) => `${metrics.maxDrawdownPercent}`),
    row('faults', '', ({ faults }) => count(faults)),
    row('batch', batchId.slice(0, 8), (of) => of.batchId.slice(0, 8)),
  ];
  print(renderTable(COLUMNS, rows, ''));
  for (const line of [...picksInWords(result), ...remarksOf(changed)]) print(line);
}

/** Where the symbols of strategies with scanners came from. */
function picksInWords({ picks, unchanged, changed }: WhatIfResult): readonly string[] {
  return picks.flatMap(({ instanceId, scanners, unchanged: was, changed: is }) => {
    const names = scanners.join(', ');
    if (is === null) return [`${instanceId} takes no picks with the change.`];
    if (is === 'session')
      return [`${instanceId} got what ${names} picked in the session, at the same moments.`];
    const pickedBy = (result: BacktestResult) => symbolsOf(result, scanners);
    const before =
      was === 'tape'
        ? `, before the change: ${pickedBy(unchanged)}`
        : "; without the change it got the session's";
    return [
      `${instanceId}: ${names} looked again, at the symbols of the session's tape only, and picked: ${pickedBy(changed)}${before}.`,
    ];
  });
}

function symbolsOf({ scanners = [] }: BacktestResult, ids: readonly string[]): string {
  const symbols = scanners.filter(({ scannerId }) => ids.includes(scannerId)).flatMap((one) => one.symbols);
  return [...new Set(symbols)].sort().join(' ') || 'nothing';
}

interface Row {
  readonly name: string;
  readonly session: string;
  /** The backtest as it was, and with the change. */
  readonly both: readonly string[];
}

/** What each strategy realised in each symbol. */
function instanceRows(of: Pick<WhatIfResult, 'session' | 'unchanged' | 'changed'>): readonly Row[] {
  type Realized = { readonly instanceId: string; readonly symbol: string; readonly realizedPnl: string };
  const lists: readonly (readonly Realized[])[] = [
    of.session.positions,
    of.unchanged.instances,
    of.changed.instances,
  ];
  const keys = [...new Set(lists.flat().map(({ instanceId, symbol }) => `${instanceId} ${symbol}`))].sort();
  return keys.map((key) => {
    const [session = '', ...both] = lists.map((list) =>
      paintAmount(
        list.find(({ instanceId, symbol }) => `${instanceId} ${symbol}` === key)?.realizedPnl ?? '0',
      ),
    );
    return { name: `${key} realised`, session, both };
  });
}

const COLUMNS: readonly Column<Row>[] = [
  { title: '', value: (row) => row.name },
  { title: 'session', align: 'right', value: (row) => row.session },
  { title: 'backtest', align: 'right', value: (row) => row.both[0] ?? '' },
  { title: 'with the change', align: 'right', value: (row) => row.both[1] ?? '' },
];
