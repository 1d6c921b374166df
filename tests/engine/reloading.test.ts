/** Strategy instances whose code, parameters or times change while the host runs. */
import { describe, expect, it } from 'vitest';
import { decimal, ZERO } from '../../src/domain/decimal.ts';
import type { InstanceConfig } from '../../src/engine/config.ts';
import { StrategyHost } from '../../src/engine/host.ts';
import {
  assignment,
  filled,
  hostConfig,
  instance,
  MINUTE,
  OPEN,
  orderOf,
  Recorder,
  SECOND,
  tradesBatch,
} from './inbox.ts';
import { scripted } from './scripts.ts';

const NOON = OPEN + 60 * MINUTE;

/** Counts its trades, says what it is, and buys one share at the first. */
const members = (name: string) => `
  initialState: () => ({ trades: 0 }),
  onStart(context) {
    context.log('info', '${name} ' + JSON.stringify(context.state) + ' holds ' + context.position.quantity + ' open ' + context.openOrders.length + ' last ' + context.lastPrice);
  },
  onTrade(context) {
    context.state.trades += 1;
    if (context.state.trades === 1) context.buy({ quantity: 1, reason: 'first' });
    if (context.state.trades === 9) context.flatten('ninth');
    if (context.state.trades === 10) context.buy({ quantity: 1, reason: 'tenth' });
  },
  onFill(context, fill) { context.log('info', '${name} filled ' + fill.quantity); },`;

interface Stage {
  readonly host: StrategyHost;
  readonly output: Recorder;
  readonly config: InstanceConfig;
}

async function stage(text = members('old')): Promise<Stage> {
  const config = instance(await scripted('test', text));
  const output = new Recorder();
  const host = new StrategyHost(hostConfig([config]), output);
  host.handleCommand({ type: 'assign', units: [assignment('test', 'AAPL')] }, NOON);
  return { host, output, config };
}

let now = NOON;
function trade(host: StrategyHost, symbol = 'AAPL'): void {
  now += SECOND;
  host.handleBatch(tradesBatch([{ symbol, atMicros: now, price: 100 }]), now);
}

function follow(host: StrategyHost, ...instances: InstanceConfig[]): void {
  host.handleCommand({ type: 'instances', instances }, now);
}

describe('a strategy host whose plan is read again', () => {
  it('begins an instance with other code anew, with its state, position, orders and market', async () => {
    const { host, output, config } = await stage();
    trade(host);
    const [bought] = output.orders;
    host.handleDesk([{ type: 'order', order: orderOf(bought!) }], now);
    follow(host, { ...config, bundle: await scripted('test', members('new')) });
    expect(output.said).toEqual([
      'old {"trades":0} holds 0 open 0 last NaN',
      'new {"trades":1} holds 0 open 1 last 100',
    ]);
    host.handleDesk([filled(bought!, '1', '100')], now);
    expect(output.said.at(-1)).toBe('new filled 1');
    for (let count = 2; count <= 9; count += 1) trade(host);
    expect(output.orders.at(-1)).toMatchObject({
      side: 'sell',
      reduceOnly: true,
      quantity: decimal('1'),
      clientOrderId: '0b1c2d3e0000.test.AAPL.2',
    });
  });

  it('goes on closing what was being closed', async () => {
    const { host, output, config } = await stage();
    trade(host);
    host.handleDesk([filled(output.orders[0]!, '1', '100')], now);
    for (let count = 2; count <= 9; count += 1) trade(host);
    const closing = output.orders.at(-1)!;
    expect(closing.side).toBe('sell');
    follow(host, { ...config, bundle: await scripted('test', members('new')) });
    const canceled = orderOf(closing, { status: 'canceled', statusReason: 'by the broker' });
    host.handleDesk([{ type: 'order', order: canceled }], now);
    host.advanceTo(now + MINUTE);
    expect(output.orders.at(-1)).toMatchObject({ side: 'sell', reduceOnly: true });
    expect(output.orders.at(-1)?.clientOrderId).not.toBe(closing.clientOrderId);
  });

  it('leaves an instance alone that only has other times, and keeps to them', async () => {
    const { host, output, config } = await stage();
    follow(host, { ...config, windows: [{ startMs: 0, durationMs: 60_000 }] });
    trade(host);
    expect(output.said).toHaveLength(1);
    expect(output.orders).toEqual([]);
  });

  it('lets one that the plan no longer has take no new risk, manage what it holds, and leave when it is flat', async () => {
    const { host, output, config } = await stage();
    trade(host);
    host.handleDesk([filled(output.orders[0]!, '1', '100')], now);
    follow(host, { ...config, isEnding: true });
    const unit = { instanceId: 'test', symbol: 'AAPL' };
    host.handleCommand({ type: 'symbols', unit, symbols: [] }, now);
    expect(output.of('symbols').at(-1)).toEqual({ type: 'symbols', unit, symbols: ['AAPL'] });
    for (let count = 2; count <= 9; count += 1) trade(host);
    const sold = output.orders.at(-1)!;
    expect(sold.side).toBe('sell');
    host.handleDesk([filled(sold, '0', '100')], now);
    trade(host);
    expect(output.orders).toHaveLength(2);
    expect(output.lines.at(-1)).toMatchObject({ message: 'denied: outside_window' });
    host.handleCommand({ type: 'symbols', unit, symbols: [] }, now);
    expect(output.of('symbols').at(-1)).toEqual({ type: 'symbols', unit, symbols: [] });
    expect(output.of('states').at(-1)?.states[0]?.state).toContain('"trades":10');
  });

  it('lets a unit that failed begin again with corrected code, in the state before', async () => {
    const { host, output, config } = await stage(
      members('old').replace('context.state.trades === 9', 'fail()'),
    );
    trade(host);
    expect(output.of('fault')).toHaveLength(1);
    follow(host, { ...config, bundle: await scripted('test', members('new')) });
    expect(output.said.at(-1)).toMatch(/^new \{"trades":[01]\} holds 0 open 1/);
    trade(host);
    expect(output.of('fault')).toHaveLength(1);
  });

  it('opens new instances behind those that were there, and takes their units', async () => {
    const { host, output, config } = await stage();
    const other = instance(await scripted('other', members('other')));
    follow(host, config, other);
    host.handleCommand({ type: 'assign', units: [assignment('other', 'MSFT')] }, now);
    trade(host, 'MSFT');
    expect(output.said.at(-1)).toBe('other {"trades":0} holds 0 open 0 last NaN');
    expect(output.orders).toMatchObject([{ instanceId: 'other', symbol: 'MSFT' }]);
  });

  it('is told a position that another consumer has filled meanwhile, whole', async () => {
    const { host, output, config } = await stage();
    const position = {
      ...{ instanceId: 'test', algoRunId: '7', symbol: 'AAPL', quantity: decimal('3') },
      ...{ averagePrice: decimal('99.5'), realizedPnl: decimal('12'), fees: ZERO },
    };
    host.handleDesk([{ type: 'position', position }], now);
    follow(host, { ...config, bundle: await scripted('test', members('new')) });
    expect(output.said.at(-1)).toBe('new {"trades":0} holds 3 open 0 last NaN');
  });
});
