/** What Prometheus and a supervisor read over HTTP: `/metrics`, `/healthz`, `/readyz`. It answers questions only. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EXIT_UNREACHABLE, UserError } from '../../domain/exit.ts';
import { METRICS_CONTENT_TYPE, metricsText } from '../../observability/metrics.ts';
import { type Health, livenessOf, readinessOf } from '../control/health.ts';
import type { DaemonStatus } from '../control/status.ts';
import { metricFamilies } from './metrics.ts';

const CONNECTIONS_MAX = 32;
const REQUEST_TIMEOUT_MS = 10_000;
const HEADER_BYTES_MAX = 8_192;

export class MetricsServer {
  /** Where Prometheus reads. */
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, host: string) {
    const { port } = server.address() as AddressInfo;
    this.#server = server;
    this.url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/metrics`;
  }

  /**
   * @param place `port` 0 takes any free one.
   * @throws {UserError} exit code 3 when the port cannot be had.
   */
  static listen(place: { host: string; port: number }, status: () => DaemonStatus): Promise<MetricsServer> {
    const server = createServer(
      { requestTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: HEADER_BYTES_MAX },
      (request, response) => void answer(request, response, status),
    );
    server.maxConnections = CONNECTIONS_MAX;
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(place, error)));
      server.listen(place.port, place.host, () => resolve(new MetricsServer(server, place.host)));
    });
  }

  /** Ends what is being answered, too. */
  close(): Promise<void> {
    return new Promise((done) => {
      this.#server.close(() => done());
      this.#server.closeAllConnections();
    });
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: () => DaemonStatus,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response.setHeader('Allow', 'GET, HEAD'), { code: 405, text: 'only GET and HEAD\n' });
    return;
  }
  switch ((request.url ?? '').split('?')[0] ?? '') {
    case '/metrics':
      send(response, {
        code: 200,
        text: await metricsText(metricFamilies(status())),
        type: METRICS_CONTENT_TYPE,
      });
      return;
    case '/healthz':
      sendHealth(response, livenessOf(status()));
      return;
    case '/readyz':
      sendHealth(response, readinessOf(status()));
      return;
    default:
      send(response, { code: 404, text: 'there are /metrics, /healthz and /readyz\n' });
  }
}

function sendHealth(response: ServerResponse, { isWell, problems }: Health): void {
  send(response, { code: isWell ? 200 : 503, text: isWell ? 'ok\n' : `${problems.join('\n')}\n` });
}

function send(response: ServerResponse, { code, text, type }: { code: number; text: string; type?: string }) {
  response.writeHead(code, {
    'Content-Type': type ?? 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
  });
  // Node itself sends no body to HEAD.
  response.end(text);
}

function cannotListen({ host, port }: { host: string; port: number }, error: NodeJS.ErrnoException) {
  const reason = error.code === 'EADDRINUSE' ? 'the port is in use' : error.message;
  return new UserError({
    exitCode: EXIT_UNREACHABLE,
    cause: `the metrics endpoint cannot listen on ${host} port ${port}: ${reason}`,
    remedy: 'Name another port under metrics: in the plan, or 0 for any that is free.',
  });
}
