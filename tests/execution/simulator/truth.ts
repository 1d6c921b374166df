/** What the exchange knows to be true, against what the desk, its journal and the database say. */
import { cashOf as dealCash } from '../../../src/domain/cash.ts';
import {
  absolute,
  add,
  type Decimal,
  decimal,
  formatDecimal,
  multiply,
  subtract,
  ZERO,
} from '../../../src/domain/decimal.ts';
import { isTerminal, type OrderStatus } from '../../../src/domain/order.ts';
import type { ExchangeOrder } from '../../../src/exchange/trading/orders.ts';
import { applyFill } from '../../../src/execution/books/positions.ts';
import { type Database, PORTFOLIO } from './database.ts';
import type { SimulatedExchange } from './exchange.ts';
import type { Life } from './life.ts';
import type { Trader } from './trader.ts';

/** Average prices have nine places: what a thousand fills may lose by rounding. */
const ROUNDING = decimal('0.00001');

export const ALL = {
  status: 'all',
  direction: 'asc',
  limit: 100_000,
  after: null,
  until: null,
  isNested: false,
  symbols: null,
  side: null,
  assetClass: null,
  beforeOrderId: null,
  afterOrderId: null,
} as const;

interface World {
  readonly exchange: SimulatedExchange;
  readonly database: Database;
  readonly trader: Trader;
  readonly life: Life;
}

/** Every difference, in words; none when the desk has lost, doubled and invented nothing. */
export function differences(world: World): readonly string[] {
  return [
    ...orderDifferences(world),
    ...fillDifferences(world),
    ...positionDifferences(world),
    ...cashDifferences(world),
  ];
}

function exchangeOrders(exchange: SimulatedExchange) {
  return exchange.store.list(ALL);
}

function orderDifferences({ exchange, database, trader, life }: World): string[] {
  const wrong: string[] = [];
  const ids = new Set<string>();
  for (const order of exchangeOrders(exchange)) {
    const id = ourIdOf(order, exchange, trader);
    const row = database.orders.get(id);
    if (ids.has(id)) wrong.push(`doubled: ${id}`);
    ids.add(id);
    const wanted = trader.proposed.get(id);
    if (wanted === undefined && !id.includes('.desk.')) wrong.push(`nobody proposed ${id}`);
    const amount = trader.amounts.get(id);
    if (amount !== undefined && order.filledNotional > amount)
      wrong.push(`${id} has spent beyond its amount`);
    if (amount === undefined && wanted !== undefined && filledThrough(id, exchange, trader) > wanted)
      wrong.push(`${id} is filled beyond its quantity`);
    if (row === undefined) {
      wrong.push(`orphan: ${id} is ${order.status} at the exchange and has no row`);
      continue;
    }
    if (row.status !== order.status) wrong.push(`${id} is ${order.status}, its row says ${row.status}`);
    if (row.brokerOrderId !== order.id) wrong.push(`${id} has another broker's id in its row`);
    const filled = formatDecimal(order.filledQuantity);
    if (row.filledQty !== filled) wrong.push(`${id} is filled by ${filled}, its row says ${row.filledQty}`);
  }
  for (const row of database.orders.values()) {
    if (!isTerminal(row.status as OrderStatus)) wrong.push(`${row.clientOrderId} is left ${row.status}`);
    if (row.filledQty !== '0' && !ids.has(row.clientOrderId))
      wrong.push(`${row.clientOrderId} was never there`);
  }
  for (const order of life.openOrders()) wrong.push(`${order.clientOrderId} is still open: ${order.status}`);
  return wrong;
}

/** What an order was filled by, and before it those whose place it took and whose quantity it shares. */
function filledThrough(clientOrderId: string, exchange: SimulatedExchange, trader: Trader): Decimal {
  const filled = filledOf(clientOrderId, exchange);
  const replacement = trader.replacements.get(clientOrderId);
  // One that never took the other's place sets it no bound.
  if (replacement === undefined || filled === ZERO) return filled;
  const { replaces, hasQuantity } = replacement;
  if (!hasQuantity) return add(filled, filledThrough(replaces, exchange, trader));
  return add(filled, filledOf(replaces, exchange));
}

function filledOf(clientOrderId: string, exchange: SimulatedExchange): Decimal {
  return exchange.store.byClientOrderId(clientOrderId)?.filledQuantity ?? ZERO;
}

/** The exchange calls exits by names of its own; those that replace them have ours again. */
function ourIdOf(order: ExchangeOrder, exchange: SimulatedExchange, trader: Trader): string {
  const parent = order.parentId === null ? undefined : exchange.store.byId(order.parentId);
  if (parent === undefined || trader.proposed.has(order.clientOrderId)) return order.clientOrderId;
  return `${parent.clientOrderId}.${order.type === 'limit' ? 'take_profit' : 'stop_loss'}`;
}

function activities(exchange: SimulatedExchange) {
  return exchange.activities
    .list({ after: null, until: null, date: null, direction: 'asc', pageSize: 1_000_000, pageToken: null })
    .map((fields) => ({
      executionId: String(fields.id).split('::')[1]!,
      orderId: String(fields.order_id),
      symbol: String(fields.symbol),
      side: fields.side as 'buy' | 'sell',
      quantity: decimal(String(fields.qty)),
      price: decimal(String(fields.price)),
    }));
}

function fillDifferences({ exchange, database, trader }: World): string[] {
  const wrong: string[] = [];
  const known = new Set<string>();
  for (const execution of activities(exchange)) {
    known.add(execution.executionId);
    const row = database.trades.get(execution.executionId);
    const order = exchange.store.byId(execution.orderId);
    const id = order === undefined ? '' : ourIdOf(order, exchange, trader);
    if (row === undefined) {
      wrong.push(`lost: an execution of ${id} has no row`);
      continue;
    }
    const isSame =
      row.clientOrderId === id &&
      decimal(row.qty) === execution.quantity &&
      decimal(row.price) === execution.price &&
      row.side === execution.side;
    if (!isSame) wrong.push(`an execution of ${id} has another row: ${JSON.stringify(row)}`);
  }
  for (const row of database.trades.values()) {
    if (!known.has(row.executionId)) wrong.push(`invented: ${row.executionId} of ${row.clientOrderId}`);
  }
  return wrong;
}

/** Of every instance by the exchange's executions, in the order in which they happened. */
function positionDifferences({ exchange, life, trader }: World): string[] {
  const expected = new Map<string, ReturnType<typeof flat>>();
  for (const execution of activities(exchange)) {
    const instanceId = ownerOf(execution.orderId, exchange, trader);
    const key = `${instanceId} ${execution.symbol}`;
    const before = expected.get(key) ?? flat(instanceId, execution.symbol);
    expected.set(key, applyFill(before, { ...execution, fee: ZERO, algoRunId: '' }));
  }
  const wrong: string[] = [];
  const { positions } = life.core.machine.status();
  for (const [key, position] of expected) {
    const [instanceId, symbol] = key.split(' ');
    const found = positions.find((other) => other.instanceId === instanceId && other.symbol === symbol);
    if ((found?.quantity ?? ZERO) !== position.quantity) {
      wrong.push(
        `${key}: ${formatDecimal(position.quantity)} by the exchange, ${formatDecimal(found?.quantity ?? ZERO)} by the desk`,
      );
    }
  }
  for (const position of positions) {
    const earned = cashOf(exchange, trader, position);
    const gain = subtract(position.realizedPnl, position.fees);
    if (position.quantity !== ZERO || absolute(subtract(gain, earned)) <= ROUNDING) continue;
    const { instanceId, symbol } = position;
    wrong.push(
      `${instanceId} ${symbol} is flat and earned ${formatDecimal(earned)}, the ledger says ${formatDecimal(gain)}`,
    );
  }
  const symbols = new Set(positions.map(({ symbol }) => symbol));
  for (const symbol of symbols) {
    const net = positions.filter((position) => position.symbol === symbol);
    const sum = net.reduce((total, { quantity }) => add(total, quantity), ZERO);
    const truth = exchange.ledger.quantity(symbol);
    if (sum !== truth)
      wrong.push(`${symbol}: ${formatDecimal(truth)} held, ${formatDecimal(sum)} by the desk`);
  }
  return wrong;
}

/** The portfolio's cash by the exchange's executions, by the table, and by the desk. */
function cashDifferences({ exchange, database, life }: World): string[] {
  let cash: Decimal = PORTFOLIO.cash;
  for (const execution of activities(exchange)) cash = add(cash, dealCash({ ...execution, fee: ZERO }));
  const known = life.core.machine.status().portfolios.map((portfolio) => portfolio.cash);
  const figures = [database.cash, ...known].map(formatDecimal);
  if (known.length === 1 && figures.every((figure) => figure === formatDecimal(cash))) return [];
  return [
    `the portfolio has ${formatDecimal(cash)} by the exchange, ${figures.join(' and ')} by table and desk`,
  ];
}

function ownerOf(orderId: string, exchange: SimulatedExchange, trader: Trader): string {
  const order = exchange.store.byId(orderId);
  return order === undefined ? '' : (ourIdOf(order, exchange, trader).split('.')[1] ?? '');
}

/** What an instance's sales brought less what its purchases cost. */
function cashOf(
  exchange: SimulatedExchange,
  trader: Trader,
  { instanceId, symbol }: { readonly instanceId: string; readonly symbol: string },
) {
  let cash = ZERO;
  for (const execution of activities(exchange)) {
    const owner = ownerOf(execution.orderId, exchange, trader);
    if (owner !== instanceId || execution.symbol !== symbol) continue;
    const amount = multiply(execution.price, execution.quantity);
    cash = execution.side === 'sell' ? add(cash, amount) : subtract(cash, amount);
  }
  return cash;
}

function flat(instanceId: string, symbol: string) {
  return {
    instanceId,
    algoRunId: '',
    symbol,
    quantity: ZERO,
    averagePrice: ZERO,
    realizedPnl: ZERO,
    fees: ZERO,
  };
}
