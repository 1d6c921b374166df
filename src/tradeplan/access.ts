/** Which of Alpaca's hosts a mode may reach, and with which keys. */
import type { Violation } from '../domain/exit.ts';
import { type AddressKind, addressText, hostOf, isLoopback, NOT_SHOWN, parseAddress } from './address.ts';

/** Where Alpaca's protocols are spoken and how to enter. Addresses have no slash at their end. */
export interface AlpacaAccess {
  readonly keyId: string;
  /** A secret. */
  readonly secretKey: string;
  /** Trading REST; its trade-updates WebSocket is `/stream` on the same host, with `ws` for `http`. */
  readonly baseUrl: string;
  readonly dataUrl: string;
  /** Base of the market-data WebSocket; the feed's path is appended. */
  readonly streamUrl: string;
}

export interface AccessResult {
  readonly access: AlpacaAccess | null;
  readonly violations: readonly Violation[];
  readonly warnings: readonly string[];
}

type Variables = Readonly<Record<string, string | undefined>>;
type Allows = (url: URL) => string | null;

const ALPACA_VARIABLES = [
  'APCA_API_KEY_ID',
  'APCA_API_SECRET_KEY',
  'APCA_API_BASE_URL',
  'APCA_API_DATA_URL',
  'APCA_API_STREAM_URL',
] as const;

const LIVE_HOST = 'api.alpaca.markets';
const PAPER_HOST = 'paper-api.alpaca.markets';
const DATA_URL = 'https://data.alpaca.markets';
const STREAM_URL = 'wss://stream.data.alpaca.markets';

/** Names of Alpaca's variables that are set. */
export function setAlpacaNames(env: Variables): readonly string[] {
  return ALPACA_VARIABLES.filter((name) => Boolean(env[name]));
}

/** Keys and addresses of the modes that reach Alpaca itself, or a server on this machine that speaks like it. */
export function checkAlpacaAccess(mode: 'paper' | 'live', env: Variables): AccessResult {
  const reader = new AccessReader(env);
  const keyId = reader.key('APCA_API_KEY_ID', mode);
  const secretKey = reader.key('APCA_API_SECRET_KEY', mode);
  const host = mode === 'paper' ? PAPER_HOST : LIVE_HOST;
  const baseUrl = reader.address('APCA_API_BASE_URL', 'http', {
    standard: `https://${host}`,
    allows: mode === 'paper' ? allowsPaper : allowsLive,
  });
  const dataUrl = reader.address('APCA_API_DATA_URL', 'http', { standard: DATA_URL });
  const streamUrl = reader.address('APCA_API_STREAM_URL', 'websocket', { standard: STREAM_URL });
  const warnings: string[] = [];
  if (baseUrl !== null && isLoopback(new URL(baseUrl))) {
    const missing = ['APCA_API_DATA_URL', 'APCA_API_STREAM_URL'].filter((name) => !env[name]);
    if (missing.length > 0) {
      warnings.push(
        `orders go to ${baseUrl} on this machine, but prices come from Alpaca: ${missing.join(', ')} not set`,
      );
    }
  }
  return result(reader.violations, warnings, { keyId, secretKey, baseUrl, dataUrl, streamUrl });
}

/** What the local exchange says of itself must be whole, and lie on this machine. */
export function checkExchangeAccess(exchangeEnv: Variables): AccessResult {
  const reader = new AccessReader(exchangeEnv);
  const allows: Allows = (url) => (isLoopback(url) ? null : 'an address of this machine in simulated mode');
  const keyId = reader.key('APCA_API_KEY_ID', 'simulated');
  const secretKey = reader.key('APCA_API_SECRET_KEY', 'simulated');
  const baseUrl = reader.address('APCA_API_BASE_URL', 'http', { standard: null, allows });
  const dataUrl = reader.address('APCA_API_DATA_URL', 'http', { standard: null, allows });
  const streamUrl = reader.address('APCA_API_STREAM_URL', 'websocket', { standard: null, allows });
  return result(reader.violations, [], { keyId, secretKey, baseUrl, dataUrl, streamUrl });
}

class AccessReader {
  readonly violations: Violation[] = [];
  readonly #env: Variables;

  constructor(env: Variables) {
    this.#env = env;
  }

  key(path: string, mode: string): string | null {
    const text = this.#env[path];
    if (!text) {
      this.violations.push({ path, found: 'not set', allowed: `your Alpaca key: mode ${mode} needs it` });
      return null;
    }
    // Keys travel in HTTP headers; a line break or blank comes from pasting.
    if (!/^[\x21-\x7e]+$/.test(text)) {
      this.violations.push({ path, found: NOT_SHOWN, allowed: 'a key without blanks or line breaks' });
      return null;
    }
    return text;
  }

  address(
    path: string,
    kind: AddressKind,
    rule: { readonly standard: string | null; readonly allows?: Allows },
  ): string | null {
    const text = this.#env[path] || rule.standard;
    if (text === null) {
      this.violations.push({ path, found: 'not set', allowed: 'the address that the local exchange told' });
      return null;
    }
    const parsed = parseAddress(path, text.trim(), kind);
    if (!parsed.ok) {
      this.violations.push(parsed.violation);
      return null;
    }
    const allowed = rule.allows?.(parsed.url) ?? null;
    if (allowed !== null) {
      this.violations.push({ path, found: addressText(parsed.url), allowed });
      return null;
    }
    // Alpaca's own dashboard shows its addresses with the version, which every request adds by itself.
    return addressText(parsed.url).replace(/\/v2$/, '');
  }
}

/** Of Alpaca's own hosts only the paper one: a host that is not known to be harmless is not reached with orders. */
function allowsPaper(url: URL): string | null {
  const host = hostOf(url);
  const isAlpaca = host === 'alpaca.markets' || host.endsWith('.alpaca.markets');
  if (!isAlpaca || host === PAPER_HOST) return null;
  return `https://${PAPER_HOST} in paper mode, never a host for real money`;
}

function allowsLive(url: URL): string | null {
  const host = hostOf(url);
  const isAlpaca = host === 'alpaca.markets' || host.endsWith('.alpaca.markets');
  if (!isAlpaca || host === LIVE_HOST) return null;
  return `https://${LIVE_HOST} in live mode; for Alpaca's paper account say \`mode: paper\` in the plan`;
}

function result(
  violations: readonly Violation[],
  warnings: readonly string[],
  parts: { readonly [Key in keyof AlpacaAccess]: string | null },
): AccessResult {
  const { keyId, secretKey, baseUrl, dataUrl, streamUrl } = parts;
  const isWhole =
    keyId !== null && secretKey !== null && baseUrl !== null && dataUrl !== null && streamUrl !== null;
  const access = isWhole ? Object.freeze({ keyId, secretKey, baseUrl, dataUrl, streamUrl }) : null;
  return { access, violations, warnings };
}
