/** What tests of the host put into its inbox and read from its output. */
import { decimal, ZERO } from '../../src/domain/decimal.ts';
import type { Session } from '../../src/domain/market.ts';
import type { Account, Intent, Order, OrderIntent, Position } from '../../src/domain/order.ts';
import { parseMicros } from '../../src/domain/time.ts';
import { DEFAULT_HOST_LIMITS, type HostConfig, type InstanceConfig } from '../../src/engine/config.ts';
import type { HostOutput } from '../../src/engine/core.ts';
import type { StrategyBundle } from '../../src/strategies/bundle.ts';
import { Batch, EventKind } from '../../src/tape/batch.ts';
import type { ConsumerReport, DeskEvent, UnitAssignment } from '../../src/transport/messages.ts';

export const OPEN = parseMicros('2026-11-20T14:30:00Z')!;
export const MINUTE = 60_000_000;
export const SECOND = 1_000_000;

export const SESSION: Session = {
  date: '2026-11-20',
  openMicros: OPEN,
  closeMicros: OPEN + 390 * MINUTE,
  extendedOpenMicros: OPEN - 330 * MINUTE,
  extendedCloseMicros: OPEN + 630 * MINUTE,
};

export function hostConfig(
  instances: readonly InstanceConfig[],
  changes: Partial<HostConfig> = {},
): HostConfig {
  return {
    consumer: 'A',
    batchId: '0b1c2d3e-0000-4000-8000-000000000001',
    instances,
    assetClass: 'us_equity',
    marketHours: 'regular',
    feedHasBars: false,
    eventAgeMaxMs: 5_000,
    feedLagMaxMs: 5_000,
    feedDelayMs: 0,
    liquidateBeforeCloseMs: null,
    session: SESSION,
    limits: DEFAULT_HOST_LIMITS,
    ...changes,
  };
}

export function instance(bundle: StrategyBundle, changes: Partial<InstanceConfig> = {}): InstanceConfig {
  return { instanceId: bundle.name, bundle, parameters: {}, windows: [], isIntraday: true, ...changes };
}

export function assignment(
  instanceId: string,
  symbol: string,
  changes: Partial<UnitAssignment> = {},
): UnitAssignment {
  return {
    instanceId,
    symbol,
    algoRunId: '7',
    symbols: [symbol],
    state: null,
    orderSequence: 0,
    positions: [],
    openOrders: [],
    rejectedSymbols: [],
    ...changes,
  };
}

export class Recorder implements HostOutput {
  readonly intents: Intent[] = [];
  readonly reports: ConsumerReport[] = [];
  readonly lines: { level: string; message: string; fields: object }[] = [];

  intent(intent: Intent): void {
    this.intents.push(intent);
  }

  report(report: ConsumerReport): void {
    this.reports.push(report);
  }

  log(level: string, message: string, fields: object): void {
    this.lines.push({ level, message, fields });
  }

  get orders(): OrderIntent[] {
    return this.intents.filter((intent) => intent.kind === 'order');
  }

  of<Type extends ConsumerReport['type']>(type: Type): Extract<ConsumerReport, { type: Type }>[] {
    return this.reports.filter(
      (report): report is Extract<ConsumerReport, { type: Type }> => report.type === type,
    );
  }

  /** Messages that strategies logged. */
  get said(): string[] {
    return this.of('log').map(({ message }) => message);
  }
}

export interface TestTrade {
  readonly symbol: string;
  readonly atMicros: number;
  readonly price: number;
  readonly size?: number;
  readonly flags?: number;
  readonly receivedMicros?: number;
}

/** All batches of a test process share them. */
const IDS = new Map<string, number>();

export function symbolIdOf(symbol: string): number {
  const id = IDS.get(symbol) ?? IDS.size + 1;
  IDS.set(symbol, id);
  return id;
}

/** A batch that says its symbols' names first. */
export class BatchWriter {
  readonly batch: Batch;

  constructor(rows: number, baseMicros: number) {
    this.batch = Batch.create({ rows: rows + 64, heapBytes: rows * 32 + 4_096 }, 1, baseMicros);
  }

  define(symbol: string): void {
    const row = this.#row(EventKind.definition, symbol, this.batch.baseMicros, this.batch.baseMicros);
    this.batch.setHeapText(row, symbol);
  }

  trade({ symbol, atMicros, price, size = 100, flags = 0, receivedMicros = atMicros }: TestTrade): void {
    const row = this.#row(EventKind.trade, symbol, atMicros, receivedMicros);
    this.batch.n0[row] = price;
    this.batch.n1[row] = size;
    this.batch.flags[row] = flags;
    this.batch.code0[row] = 'V'.charCodeAt(0);
  }

  quote(symbol: string, atMicros: number, prices: { readonly bid: number; readonly ask: number }): void {
    const row = this.#row(EventKind.quote, symbol, atMicros, atMicros);
    this.batch.n0[row] = prices.bid;
    this.batch.n1[row] = 2;
    this.batch.n2[row] = prices.ask;
    this.batch.n3[row] = 3;
  }

  bar(symbol: string, startMicros: number, close: number, kind: 3 | 4 = EventKind.minuteBar): void {
    const row = this.#row(kind, symbol, startMicros, startMicros + MINUTE);
    this.batch.n0[row] = close - 0.1;
    this.batch.n1[row] = close + 0.2;
    this.batch.n2[row] = close - 0.2;
    this.batch.n3[row] = close;
    this.batch.setBarTail(row, 1_000, close, 10);
  }

  gap(symbol: string | null, fromMicros: number, toMicros: number, code: number): void {
    const row = this.#row(EventKind.gap, symbol, fromMicros, toMicros);
    this.batch.n0[row] = (toMicros - this.batch.baseMicros) * 1_000;
    this.batch.n1[row] = Number.NaN;
    this.batch.code0[row] = code;
  }

  #row(kind: number, symbol: string | null, atMicros: number, receivedMicros: number): number {
    const row = this.batch.count;
    this.batch.count += 1;
    this.batch.kind[row] = kind;
    this.batch.symbolId[row] = symbol === null ? 0 : symbolIdOf(symbol);
    this.batch.timeNs[row] = (atMicros - this.batch.baseMicros) * 1_000;
    this.batch.receivedNs[row] = (receivedMicros - this.batch.baseMicros) * 1_000;
    return row;
  }
}

export function tradesBatch(trades: readonly TestTrade[]): Batch {
  const first = trades[0]?.atMicros ?? OPEN;
  const writer = new BatchWriter(trades.length, first);
  for (const symbol of new Set(trades.map((trade) => trade.symbol))) writer.define(symbol);
  for (const trade of trades) writer.trade(trade);
  writer.batch.seal();
  return writer.batch;
}

export function orderOf(intent: OrderIntent, changes: Partial<Order> = {}): Order {
  const { kind: _kind, causedBy: _cause, decidedAtMicros, ...fields } = intent;
  return {
    ...fields,
    brokerOrderId: `b-${intent.clientOrderId}`,
    status: 'new',
    filledQuantity: ZERO,
    averagePrice: null,
    statusReason: null,
    createdAtMicros: decidedAtMicros,
    updatedAtMicros: decidedAtMicros,
    ...changes,
  };
}

export function positionOf(intent: OrderIntent, quantity: string, price = '100'): Position {
  const { instanceId, algoRunId, symbol } = intent;
  return {
    instanceId,
    algoRunId,
    symbol,
    quantity: decimal(quantity),
    averagePrice: decimal(quantity === '0' ? '0' : price),
    realizedPnl: ZERO,
    fees: ZERO,
  };
}

/** The order filled whole, at `price`. */
export function filled(intent: OrderIntent, held: string, price: string): DeskEvent {
  const order = orderOf(intent, {
    status: 'filled',
    filledQuantity: intent.quantity,
    averagePrice: decimal(price),
  });
  return {
    type: 'fill',
    order,
    position: positionOf(intent, held, price),
    fill: {
      executionId: `x-${intent.clientOrderId}`,
      clientOrderId: intent.clientOrderId,
      brokerOrderId: order.brokerOrderId!,
      instanceId: intent.instanceId,
      algoRunId: intent.algoRunId,
      symbol: intent.symbol,
      side: intent.side,
      quantity: intent.quantity,
      price: decimal(price),
      fee: ZERO,
      executedAtMicros: intent.decidedAtMicros,
    },
  };
}

export const ACCOUNT: Account = {
  accountId: 'a',
  currency: 'USD',
  cash: decimal('100000'),
  equity: decimal('100000'),
  lastEquity: decimal('100000'),
  buyingPower: decimal('200000'),
  shortingEnabled: true,
  blockedReason: null,
};
