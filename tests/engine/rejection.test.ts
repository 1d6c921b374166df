/** "Never this symbol again today": over crashes and restarts, and not over the day. */
import { describe, expect, it } from 'vitest';
import { decimal } from '../../src/domain/decimal.ts';
import { StrategyHost } from '../../src/engine/host.ts';
import {
  assignment,
  filled,
  hostConfig,
  instance,
  MINUTE,
  OPEN,
  positionOf,
  Recorder,
  SESSION,
  tradesBatch,
} from './inbox.ts';
import { scripted } from './scripts.ts';

const NOON = OPEN + 60 * MINUTE;

async function hostOf(members: string, changes: Parameters<typeof hostConfig>[1] = {}) {
  const bundle = await scripted('test', members);
  const output = new Recorder();
  return { host: new StrategyHost(hostConfig([instance(bundle)], changes), output), output };
}

function assign(host: StrategyHost, symbol: string, state: string | null = null): void {
  host.handleCommand({ type: 'assign', units: [assignment('test', symbol, { state })] }, NOON);
}

function trade(host: StrategyHost, symbol: string, atMicros: number, price: number): void {
  host.handleBatch(tradesBatch([{ symbol, atMicros, price }]), atMicros);
}

describe('a rejected symbol', () => {
  it('is never shown again, and what is held of it is closed', async () => {
    const { host, output } = await hostOf(`onTrade(context, trade) {
      context.log('info', String(trade.price));
      if (trade.price === 1) context.buy({ quantity: 10, reason: 'in' }); else context.reject('no more'); },`);
    assign(host, 'AAPL');
    trade(host, 'AAPL', NOON, 1);
    host.handleDesk([filled(output.orders[0]!, '10', '1')], NOON);
    trade(host, 'AAPL', NOON, 2);
    trade(host, 'AAPL', NOON, 3);
    expect(output.said).toEqual(['1', '2']);
    expect(output.of('rejected')).toMatchObject([{ symbol: 'AAPL', reason: 'no more' }]);
    expect(output.orders[1]).toMatchObject({ side: 'sell', quantity: decimal('10'), reduceOnly: true });
    host.handleCommand({ type: 'session', session: { ...SESSION, date: '2026-11-23' } }, NOON);
    trade(host, 'AAPL', NOON, 4);
    expect(output.said).toEqual(['1', '2', '4']);
  });

  it('is closed after a crash, and the strategy starts with the next session', async () => {
    const { host, output } = await hostOf(`onStart(context) { context.log('info', 'start'); },
      onTrade(context, trade) { context.log('info', String(trade.price)); context.buy({ quantity: 10, reason: 'in' }); },`);
    const before = await hostOf(`onTrade(context) { context.buy({ quantity: 10, reason: 'in' }); },`);
    assign(before.host, 'AAPL');
    trade(before.host, 'AAPL', NOON, 1);
    const restored = assignment('test', 'AAPL', {
      orderSequence: 1,
      positions: [positionOf(before.output.orders[0]!, '10')],
      rejectedSymbols: ['AAPL'],
    });
    host.handleCommand({ type: 'assign', units: [restored] }, NOON);
    trade(host, 'AAPL', NOON, 2);
    expect(output.said).toEqual([]);
    expect(output.orders).toMatchObject([{ side: 'sell', quantity: decimal('10'), reduceOnly: true }]);
    host.handleCommand({ type: 'session', session: { ...SESSION, date: '2026-11-23' } }, NOON);
    trade(host, 'AAPL', NOON, 3);
    expect(output.said).toEqual(['start', '3']);
  });

  it('stays rejected when the daemon is started again on the same day, and not on another', async () => {
    const members = `onTrade(context, trade) {
      context.log('info', String(trade.price)); if (trade.price === 1) context.reject('no more'); },`;
    const before = await hostOf(members);
    assign(before.host, 'AAPL');
    trade(before.host, 'AAPL', NOON, 1);
    const { state } = before.output.of('states').at(-1)!.states[0]!;

    const sameDay = await hostOf(members);
    assign(sameDay.host, 'AAPL', state);
    trade(sameDay.host, 'AAPL', NOON, 2);
    expect(sameDay.output.said).toEqual([]);

    const nextDay = await hostOf(members, { session: { ...SESSION, date: '2026-11-23' } });
    assign(nextDay.host, 'AAPL', state);
    trade(nextDay.host, 'AAPL', NOON, 2);
    expect(nextDay.output.said).toEqual(['2']);
  });
});
