/** The local exchange: Alpaca's protocols over loopback, on one port. Here its parts are built and joined. */
import type { AddressInfo } from 'node:net';
import { newId, seededRandom, seedFromText } from '../clock/chance.ts';
import { EXIT_UNREACHABLE, UserError } from '../domain/exit.ts';
import { type ExchangeFaults, FaultSwitches } from './faults.ts';
import { TEST_SYMBOL } from './market/instruments.ts';
import { buildMarket } from './market/setup.ts';
import type { ExchangeOptions } from './options.ts';
import { accountRoutes } from './rest/accountRest.ts';
import { dataRoutes } from './rest/dataRest.ts';
import { HttpFront } from './rest/http.ts';
import { tradingRoutes } from './rest/tradingRest.ts';
import { readSettings, type Settings } from './settings.ts';
import { DataStream } from './streams/dataStream.ts';
import { SocketFront } from './streams/sockets.ts';
import { TradingStream } from './streams/tradingStream.ts';
import { Account } from './trading/account.ts';
import { Activities } from './trading/activities.ts';
import { Ledger } from './trading/ledger.ts';
import { OrderStore } from './trading/orderStore.ts';
import { Venue } from './trading/venue.ts';

export { type ExchangeFaults, readFaults } from './faults.ts';
export type { ExchangeLog, ExchangeOptions } from './options.ts';

/** Counts since the start; connections are those open now. */
export interface ExchangeStatistics {
  readonly trades: number;
  readonly quotes: number;
  readonly bars: number;
  readonly requests: number;
  readonly ordersAccepted: number;
  readonly ordersOpen: number;
  readonly fills: number;
  readonly dataConnections: number;
  readonly tradingConnections: number;
  readonly dataFramesSent: number;
  readonly slowClientsCut: number;
}

export interface RunningExchange {
  readonly port: number;
  /** What a client's environment must hold to reach this exchange. */
  readonly env: {
    readonly APCA_API_BASE_URL: string;
    readonly APCA_API_DATA_URL: string;
    readonly APCA_API_STREAM_URL: string;
    readonly APCA_API_KEY_ID: string;
    readonly APCA_API_SECRET_KEY: string;
  };
  readonly symbols: readonly string[];
  statistics(): ExchangeStatistics;
  /** Switches faults on and off; what is not named stays as it is. */
  setFaults(changes: Partial<ExchangeFaults>): void;
  /** Cuts every open connection of a stream without a closing handshake. */
  disconnect(stream: 'data' | 'trading'): void;
  /** Ends every connection and frees the port. */
  close(): Promise<void>;
}

/** How often the fault `disconnectEveryMs` is looked at. */
const DISCONNECT_CHECK_MS = 50;

/**
 * Starts the exchange; resolves when its port is open and its history stands.
 * @throws {UserError} when an option is out of range (exit 2), the tape cannot be read (2), or the port is taken (3).
 */
export async function startExchange(options: ExchangeOptions): Promise<RunningExchange> {
  const settings = readSettings(options);
  const { clock, log } = options;
  const { limits } = settings;
  const { market, close: closeMarket } = await buildMarket({ settings, clock, log });
  const now = () => clock.nowMicros();

  const faults = new FaultSwitches(options.faults);
  const ledger = new Ledger(settings.startCash);
  const store = new OrderStore(limits);
  const activities = new Activities(limits);
  const { shortingEnabled } = settings;
  const account = new Account({
    accountId: newId(),
    ledger,
    store,
    market,
    shortingEnabled,
    createdAtMicros: now(),
  });
  const venue = new Venue({
    market,
    ledger,
    store,
    activities,
    clock,
    random: seededRandom(seedFromText(`${settings.seed}/venue`)),
    faults,
    latencyMs: settings.latencyMs,
  });

  const credentials = { keyId: settings.keyId, secretKey: settings.secretKey };
  const data = new DataStream({ market, credentials, faults, limits, clock, log });
  const trading = new TradingStream({
    credentials,
    faults,
    limits,
    clock,
    random: seededRandom(seedFromText(`${settings.seed}/updates`)),
    jsonFrames: settings.tradeUpdateFrames,
  });
  const http = new HttpFront({
    routes: [
      ...tradingRoutes({ market, ledger, store, account, limits, venue, faults, now }),
      ...accountRoutes({ account, activities, faults, market, now }),
      ...dataRoutes({ market, now }),
    ],
    credentials,
    faults,
    limits,
    clock,
    log,
  });
  const sockets = new SocketFront({ data, trading, credentials, faults, limits });
  sockets.attach(http.server);
  venue.listen((update) => trading.publish(update));
  market.listen({
    onTick: (event) => venue.onTick(event),
    onEvents: (events) => data.publish(events),
    onSessionOpen: (session) => venue.onSessionOpen(session),
    onSessionClose: (session) => {
      venue.onSessionClose(session);
      account.closeDay(session.closeMicros);
    },
  });
  venue.begin();

  const port = await listen(http, settings);
  market.start();
  let lastCutMs = clock.monotonicMs();
  const cutting = clock.every(DISCONNECT_CHECK_MS, () => {
    const every = faults.current.disconnectEveryMs;
    if (every === null || clock.monotonicMs() - lastCutMs < every) return;
    lastCutMs = clock.monotonicMs();
    data.cut();
    trading.cut();
  });
  const address = `${settings.host}:${port}`;
  log.info({ address, symbols: market.records.size, seed: settings.seed }, 'the local exchange is open');

  return {
    port,
    env: {
      APCA_API_BASE_URL: `http://${address}`,
      APCA_API_DATA_URL: `http://${address}`,
      APCA_API_STREAM_URL: `ws://${address}`,
      APCA_API_KEY_ID: settings.keyId,
      APCA_API_SECRET_KEY: settings.secretKey,
    },
    symbols: [...market.records.keys()].filter((symbol) => symbol !== TEST_SYMBOL),
    statistics: () => ({
      ...market.counts,
      requests: http.requests,
      ordersAccepted: venue.counts.accepted,
      ordersOpen: store.openCount,
      fills: venue.counts.fills,
      dataConnections: data.connections,
      tradingConnections: trading.connections,
      dataFramesSent: data.framesSent,
      slowClientsCut: data.slowClientsCut,
    }),
    setFaults: (changes) => faults.set(changes),
    disconnect: (stream) => (stream === 'data' ? data.cut() : trading.cut()),
    close: async () => {
      market.stop();
      cutting.cancel();
      data.cut();
      trading.cut();
      sockets.close();
      http.server.closeAllConnections();
      await new Promise<void>((resolve) => http.server.close(() => resolve()));
      await closeMarket();
    },
  };
}

function listen(http: HttpFront, settings: Settings): Promise<number> {
  return new Promise((resolve, reject) => {
    http.server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      reject(
        new UserError({
          exitCode: EXIT_UNREACHABLE,
          cause: isTaken
            ? `port ${settings.port} on ${settings.host} is in use`
            : `cannot listen on ${settings.host}:${settings.port}: ${error.message}`,
          remedy: 'name another port, or 0 for any free one',
        }),
      );
    });
    http.server.listen(settings.port, settings.host, () => {
      resolve((http.server.address() as AddressInfo).port);
    });
  });
}
