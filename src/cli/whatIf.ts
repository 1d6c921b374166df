/** The options that change a recorded session, and the table that shows it beside the original. */
import { InvalidArgumentError } from 'commander';
import type { BacktestResult } from '../backtester/result.ts';
import { liveClock } from '../clock/live.ts';
import type { JsonValue } from '../domain/order.ts';
import { otherTestable, type ParameterChange, withChanges } from '../replay/changes.ts';
import type { BatchTapes } from '../replay/tapes.ts';
import { type WhatIfResult, whatIf } from '../replay/whatIf.ts';
import { strategiesOf } from './otherStrategies.ts';
import { type Column, paintAmount, print, renderTable } from './output.ts';
import { openProgress } from './progress.ts';

const CHANGE = /^([a-z][a-z0-9-]*)\.(\w+)=(.+)$/s;

/** Collects `--set strategy.parameter=value`; a value is JSON, or else text. */
export function parameterChange(
  text: string,
  before: readonly ParameterChange[],
): readonly ParameterChange[] {
  const [, instanceId, parameter, value] = CHANGE.exec(text) ?? [];
  if (instanceId === undefined || parameter === undefined || value === undefined) {
    throw new InvalidArgumentError('A change looks like momentum.lookback=20.');
  }
  return [...before, { instanceId, parameter, value: jsonOrText(value) }];
}

/** @throws {UserError} exit code 2 when tapes are missing or damaged, or the change does not fit. */
export async function runWhatIf(
  tapes: BatchTapes,
  of: { readonly planPath: string | undefined; readonly changes: readonly ParameterChange[] },
): Promise<WhatIfResult> {
  const progress = openProgress(liveClock);
  return whatIf({
    tapes,
    clock: liveClock,
    change: async (recorded, session) => {
      if (of.planPath === undefined) return withChanges(recorded, of.changes, session);
      const { plan, instances } = await strategiesOf(of.planPath);
      return withChanges(otherTestable(plan, instances, session), of.changes, session);
    },
    onProgress: (share, text) => progress.update(share, text),
  }).finally(() => progress.done());
}

export function showWhatIf({ batchId, from, to, session, unchanged, changed }: WhatIfResult): void {
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
  ];
  print(renderTable(COLUMNS, rows, ''));
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

function jsonOrText(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
