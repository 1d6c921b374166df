/** Process: the smallest script that could trade: ws, JSON.parse, one comparison, undici. */
import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import WebSocket from 'ws';
import { MARK_SIZE, markQuantity } from '../market/protocol.ts';

const { APCA_API_STREAM_URL, APCA_API_BASE_URL, APCA_API_KEY_ID, APCA_API_SECRET_KEY } = process.env;
const symbols = JSON.parse(process.argv[2] ?? '[]') as string[];
const broker = new Pool(APCA_API_BASE_URL ?? '', { connections: 16 });
const headers = {
  'APCA-API-KEY-ID': APCA_API_KEY_ID ?? '',
  'APCA-API-SECRET-KEY': APCA_API_SECRET_KEY ?? '',
  'content-type': 'application/json',
};
const socket = new WebSocket(APCA_API_STREAM_URL ?? '', { perMessageDeflate: false });
socket.on('open', () => {
  socket.send(JSON.stringify({ action: 'auth', key: APCA_API_KEY_ID, secret: APCA_API_SECRET_KEY }));
  socket.send(JSON.stringify({ action: 'subscribe', trades: symbols, quotes: symbols }));
});
socket.on('message', (data: Buffer) => {
  for (const event of JSON.parse(data.toString()) as { T: string; S: string; s: number }[]) {
    if (event.T === 't' && event.s >= MARK_SIZE) void order(event.S, markQuantity(event.s));
  }
});

async function order(symbol: string, quantity: number): Promise<void> {
  const client_order_id = randomUUID();
  const body = {
    symbol,
    qty: `${quantity}`,
    side: 'buy',
    type: 'market',
    time_in_force: 'day',
    client_order_id,
  };
  const answer = await broker.request({
    method: 'POST',
    path: '/v2/orders',
    headers,
    body: JSON.stringify(body),
  });
  await answer.body.dump();
}
