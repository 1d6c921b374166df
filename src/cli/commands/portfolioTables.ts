/** What `openbell portfolio` prints for people, and as CSV. */
import {
  add,
  type Decimal,
  decimal,
  divide,
  formatDecimal,
  formatFixed,
  multiply,
  ZERO,
} from '../../domain/decimal.ts';
import type { TradeRow } from '../../models/contract.ts';
import type {
  BookingDifference,
  EquityPoint,
  PortfolioHistory,
  PortfolioHolding,
  PortfolioRow,
  Recalculation,
} from '../../models/portfolios.ts';
import { type Column, paintAmount, print, printJson, renderCsv, renderTable } from '../output.ts';
import { TRADE_COLUMNS, TRADE_KEYS } from './rows.ts';

interface Format {
  readonly json?: boolean;
  readonly csv?: boolean;
}

const MONEY_PLACES = 2;
const DAYS_SHOWN = 10;
const HUNDRED = decimal('100');

export function printList(rows: readonly PortfolioRow[], format: Format): void {
  show(rows, format, { columns: PORTFOLIO_COLUMNS, keys: PORTFOLIO_KEYS, whenEmpty: 'no portfolios yet' });
  if (isForPeople(format) && rows.length > 0) {
    print(`\n${rows.length} portfolios: ${money(sum(rows.map((row) => row.cash)))} in cash`);
  }
}

export function printEquity(points: readonly EquityPoint[], format: Format): void {
  show(points, format, { columns: EQUITY_COLUMNS, keys: EQUITY_KEYS, whenEmpty: 'nothing was booked yet' });
}

export function printTrades(rows: readonly TradeRow[], format: Format): void {
  show(rows, format, { columns: TRADE_COLUMNS, keys: TRADE_KEYS, whenEmpty: 'no trades yet' });
  if (isForPeople(format) && rows.length > 0) print(`\n${rows.length} trades`);
}

export function summaryOf(row: PortfolioRow, history: PortfolioHistory): string {
  const last = history.equity.at(-1);
  const equity = last?.equity ?? row.cash;
  const gain = last?.gain ?? '0';
  const funded = decimal(row.funded);
  const share = funded > ZERO ? ` (${percentOf(decimal(gain), funded)} of what was paid in)` : '';
  const facts = [
    ['portfolio', `${row.portfolioId}, ${row.assets}, ${row.environment ?? 'not traded for yet'}`],
    ['cash', `${row.cash}, credit ${row.credit}`],
    ['equity', `${equity}, gain ${paintAmount(gain)}${share}`],
    ['paid in', `${row.funded}, size ${row.size}`],
    ['traded', `${row.trades} trades in ${row.batches} batches`],
    ['strategies', history.strategies.join(', ') || 'none yet'],
  ];
  const held = renderTable(HOLDING_COLUMNS, history.holdings, 'nothing is held');
  const days = renderTable(EQUITY_COLUMNS, history.equity.slice(-DAYS_SHOWN), 'nothing was booked yet');
  const head = facts.map(([name = '', value]) => `${name.padEnd(12)}${value}`).join('\n');
  return `${head}\n\n${held}\n\n${days}`;
}

export function printRecalculation(result: Recalculation, isDryRun: boolean): void {
  const { differences, tradesChecked, cashBefore, cashAfter } = result;
  if (differences.length > 0) print(`${renderTable(DIFFERENCE_COLUMNS, differences, '')}\n`);
  const found = `${tradesChecked} trades compared, ${differences.length} booked otherwise than they should be`;
  if (decimal(cashBefore) === decimal(cashAfter)) print(`${found}; cash is right: ${cashAfter}`);
  else print(`${found}; cash was ${cashBefore} and ${isDryRun ? 'should be' : 'is now'} ${cashAfter}`);
}

function isForPeople({ json, csv }: Format): boolean {
  return json !== true && csv !== true;
}

function show<Row extends object>(
  rows: readonly Row[],
  { json, csv }: Format,
  of: {
    readonly columns: readonly Column<Row>[];
    readonly keys: readonly (keyof Row & string)[];
    readonly whenEmpty: string;
  },
): void {
  if (json) printJson(rows);
  else if (csv) print(renderCsv(of.keys, rows));
  else print(renderTable(of.columns, rows, of.whenEmpty));
}

function sum(amounts: readonly string[]): Decimal {
  return amounts.reduce((total, amount) => add(total, decimal(amount)), ZERO);
}

function money(amount: Decimal): string {
  return formatDecimal(amount);
}

function percentOf(part: Decimal, whole: Decimal): string {
  return `${formatFixed(divide(multiply(part, HUNDRED), whole), MONEY_PLACES)} %`;
}

const PORTFOLIO_COLUMNS: readonly Column<PortfolioRow>[] = [
  { title: 'portfolio', value: (row) => row.portfolioId },
  { title: 'assets', value: (row) => row.assets },
  { title: 'environment', value: (row) => row.environment ?? '' },
  { title: 'size', align: 'right', value: (row) => row.size },
  { title: 'cash', align: 'right', value: (row) => row.cash },
  { title: 'credit', align: 'right', value: (row) => row.credit },
  { title: 'paid in', align: 'right', value: (row) => row.funded },
  { title: 'trades', align: 'right', value: (row) => String(row.trades) },
  { title: 'batches', align: 'right', value: (row) => String(row.batches) },
];

const EQUITY_COLUMNS: readonly Column<EquityPoint>[] = [
  { title: 'day', value: (row) => row.date },
  { title: 'cash', align: 'right', value: (row) => row.cash },
  { title: 'invested', align: 'right', value: (row) => row.invested },
  { title: 'equity', align: 'right', value: (row) => row.equity },
  { title: 'paid in', align: 'right', value: (row) => row.funded },
  { title: 'gain', align: 'right', value: (row) => paintAmount(row.gain) },
];

const HOLDING_COLUMNS: readonly Column<PortfolioHolding>[] = [
  { title: 'symbol', value: (row) => row.symbol },
  { title: 'quantity', align: 'right', value: (row) => row.qty },
  { title: 'average', align: 'right', value: (row) => row.avgPrice },
  { title: 'price', align: 'right', value: (row) => row.price },
  { title: 'value', align: 'right', value: (row) => row.value },
];

const DIFFERENCE_COLUMNS: readonly Column<BookingDifference>[] = [
  { title: 'trade', align: 'right', value: (row) => row.tradeId },
  { title: 'executed (UTC)', value: (row) => row.executedAt.slice(0, 23).replace('T', ' ') },
  { title: 'symbol', value: (row) => row.symbol },
  { title: 'booked', align: 'right', value: (row) => row.booked ?? 'not at all' },
  { title: 'right', align: 'right', value: (row) => row.right },
];

const PORTFOLIO_KEYS = [
  ...(['portfolioId', 'assets', 'environment', 'size', 'cash', 'credit', 'funded'] as const),
  ...(['batches', 'trades', 'createdAt'] as const),
];

const EQUITY_KEYS = ['date', 'cash', 'invested', 'equity', 'funded', 'gain'] as const;
