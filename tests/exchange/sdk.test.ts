/** Alpaca's own SDK as the referee: what it understands is Alpaca's protocol. */
import { streaming, trading } from '@alpacahq/alpaca-trade-api';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { allowLoopbackOnly, closeAll, eventually, start, whileTimePasses } from './harness.ts';

beforeAll(allowLoopbackOnly);
afterEach(closeAll);

it('lets the official SDK stream the market in msgpack and trade on it', async () => {
  const test = await start();
  const { env } = test.exchange;
  const credentials = { keyId: env.APCA_API_KEY_ID, secret: env.APCA_API_SECRET_KEY };
  const configuration = new trading.Configuration({ basePath: env.APCA_API_BASE_URL, ...credentials });
  const orders = new trading.OrdersApi(configuration);

  const market = new streaming.StockDataStream({ credentials, url: `${env.APCA_API_STREAM_URL}/v2/iex` });
  const trades: { symbol?: string; price?: number }[] = [];
  const quotes: unknown[] = [];
  const bars: unknown[] = [];
  market.onTrade((trade) => trades.push(trade as (typeof trades)[number]));
  market.onQuote((quote) => quotes.push(quote));
  market.onBar((bar) => bars.push(bar));
  market.subscribeForTrades(['AAPL']);
  market.subscribeForQuotes(['AAPL']);
  market.subscribeForBars(['*']);
  const updates = new streaming.TradingStream({ credentials, url: `${env.APCA_API_STREAM_URL}/stream` });
  const events: { event: string; qty: string | undefined }[] = [];
  updates.onTradeUpdate((update) => events.push({ event: update.event, qty: update.qty }));
  updates.subscribeTradeUpdates();
  try {
    market.connect();
    updates.connect();
    // No time passes before they are in: the exchange gives up on a client that does not authenticate.
    await eventually(() => {
      expect(market.getState()).toBe(streaming.STATE.AUTHENTICATED);
      expect(updates.getState()).toBe(streaming.STATE.AUTHENTICATED);
    });
    await whileTimePasses(test, () => {
      expect(trades.length).toBeGreaterThan(0);
      expect(quotes.length).toBeGreaterThan(0);
      expect(bars.length).toBeGreaterThan(0);
    });
    expect(trades[0]).toMatchObject({ symbol: 'AAPL' });
    expect(trades[0]?.price).toBeGreaterThan(0);

    const order = await orders.postOrder({
      postOrderRequest: {
        symbol: 'AAPL',
        qty: '10',
        side: 'buy',
        type: 'market',
        timeInForce: 'day',
        clientOrderId: 'sdk-1',
      },
    });
    expect(order.clientOrderId).toBe('sdk-1');
    await whileTimePasses(test, () => expect(events.map(({ event }) => event)).toContain('fill'));
    expect(events.map(({ event }) => event).slice(0, 2)).toEqual(['pending_new', 'new']);

    const filled = await orders.getOrderByClientOrderId({ clientOrderId: 'sdk-1' });
    expect(filled).toMatchObject({ status: 'filled', filledQty: '10', filledAvgPrice: expect.any(String) });
    const positions = await new trading.PositionsApi(configuration).getAllOpenPositions();
    expect(positions).toMatchObject([{ symbol: 'AAPL', qty: '10', side: 'long' }]);
    const account = await new trading.AccountsApi(configuration).getAccount();
    expect(account.status).toBe('ACTIVE');
    await eventually(() => expect(test.exchange.statistics().fills).toBeGreaterThan(0));
  } finally {
    market.disconnect();
    updates.disconnect();
  }
});
