/** Small real servers on loopback that do exactly what a test tells them, wrong things included. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface TestServer {
  readonly port: number;
  readonly httpUrl: string;
  readonly wsUrl: string;
  close(): Promise<void>;
}

export interface Behaviour {
  onRequest?(request: IncomingMessage, body: string, response: ServerResponse): void;
  /** An upgraded connection; `index` counts from 0. */
  onWebSocket?(socket: WebSocket, index: number, request: IncomingMessage): void;
  /** Instead of the upgrade. Answers whether it took care of the connection. */
  onUpgrade?(request: IncomingMessage, socket: Socket, index: number): boolean;
}

export async function startServer(behaviour: Behaviour): Promise<TestServer> {
  const open = new Set<Socket>();
  let upgrades = 0;
  const webSockets = new WebSocketServer({ noServer: true, autoPong: true });
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => behaviour.onRequest?.(request, Buffer.concat(chunks).toString(), response));
  });
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => {});
  });
  server.on('upgrade', (request, socket, head) => {
    const index = upgrades;
    upgrades += 1;
    if (behaviour.onUpgrade?.(request, socket as Socket, index)) return;
    webSockets.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => {});
      behaviour.onWebSocket?.(client, index, request);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    httpUrl: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = await startServer({});
  await server.close();
  return server.port;
}
