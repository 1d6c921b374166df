import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/domain/exit.ts';
import {
  type EnvironmentInput,
  requireEnvironment,
  resolveEnvironment,
  resolveStorage,
} from '../../src/tradeplan/environment.ts';
import { parseTradeplan } from '../../src/tradeplan/load.ts';
import type { Mode } from '../../src/tradeplan/plan.ts';

const SECRET = 's3cret-value';
const KEYS = { APCA_API_KEY_ID: 'PK123', APCA_API_SECRET_KEY: SECRET };
const DATABASE = { DATABASE_URL: `postgres://openbell:${SECRET}@db.example:5432/openbell` };
const LOCAL = {
  APCA_API_BASE_URL: 'http://127.0.0.1:4001',
  APCA_API_DATA_URL: 'http://127.0.0.1:4001',
  APCA_API_STREAM_URL: 'ws://127.0.0.1:4001',
};

function planIn(mode: Mode) {
  const result = parseTradeplan(`mode: ${mode}\nstrategies: [{name: a, symbols: [A]}]`, '/plans/plan.yaml');
  if (!result.ok) throw new Error('the plan is wrong');
  return result.plan;
}

function input(mode: Mode, env: Record<string, string>, isLiveFlagSet = false): EnvironmentInput {
  return { plan: planIn(mode), env, isLiveFlagSet };
}

function refusedPaths(given: EnvironmentInput): string[] {
  const result = resolveEnvironment(given);
  return result.ok ? [] : result.violations.map((violation) => violation.path);
}

function accepted(given: EnvironmentInput) {
  const result = resolveEnvironment(given);
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return result;
}

describe('a mode', () => {
  // Every half of a mode, alone and with others: none may start.
  it.each<[string, EnvironmentInput, string[]]>([
    ['paper without keys', input('paper', {}), ['APCA_API_KEY_ID', 'APCA_API_SECRET_KEY']],
    ['paper with half of the keys', input('paper', { APCA_API_KEY_ID: 'PK' }), ['APCA_API_SECRET_KEY']],
    ['paper with --live', input('paper', KEYS, true), ['--live']],
    [
      "paper on Alpaca's live host",
      input('paper', { ...KEYS, APCA_API_BASE_URL: 'https://api.alpaca.markets' }),
      ['APCA_API_BASE_URL'],
    ],
    [
      'paper on the live host in other letters, with a final dot and a port',
      input('paper', { ...KEYS, APCA_API_BASE_URL: 'https://API.Alpaca.Markets.:443/v2/' }),
      ['APCA_API_BASE_URL'],
    ],
    [
      'paper on the live host behind a user name that looks like the paper host',
      input('paper', { ...KEYS, APCA_API_BASE_URL: 'https://paper-api.alpaca.markets@api.alpaca.markets' }),
      ['APCA_API_BASE_URL'],
    ],
    [
      "paper on a host of Alpaca's that nobody knows",
      input('paper', { ...KEYS, APCA_API_BASE_URL: 'https://new-api.alpaca.markets' }),
      ['APCA_API_BASE_URL'],
    ],
    ['simulated with --live', input('simulated', {}, true), ['--live']],
    [
      'live without anything',
      input('live', {}),
      ['--live', 'DATABASE_URL', 'APCA_API_KEY_ID', 'APCA_API_SECRET_KEY'],
    ],
    ['live without --live', input('live', { ...KEYS, ...DATABASE }), ['--live']],
    ['live without DATABASE_URL', input('live', KEYS, true), ['DATABASE_URL']],
    ['live without keys', input('live', DATABASE, true), ['APCA_API_KEY_ID', 'APCA_API_SECRET_KEY']],
    [
      'live on the paper host',
      input('live', { ...KEYS, ...DATABASE, APCA_API_BASE_URL: 'https://paper-api.alpaca.markets' }, true),
      ['APCA_API_BASE_URL'],
    ],
    ['live with an empty DATABASE_URL', input('live', { ...KEYS, DATABASE_URL: '' }, true), ['DATABASE_URL']],
  ])('%s exits', (_name, given, paths) => {
    expect(refusedPaths(given)).toEqual(paths);
    expect(() => requireEnvironment(given)).toThrow(UserError);
    expect(JSON.stringify(resolveEnvironment(given))).not.toContain(SECRET);
  });

  it('simulated ignores keys and addresses of Alpaca, and says so', () => {
    const result = accepted(input('simulated', { ...KEYS, APCA_API_BASE_URL: 'nonsense' }));
    expect(result.environment).toMatchObject({
      mode: 'simulated',
      algoEnvironment: 'SIMULATED',
      alpaca: null,
    });
    expect(result.warnings).toEqual([
      'APCA_API_KEY_ID, APCA_API_SECRET_KEY, APCA_API_BASE_URL: ignored in simulated mode',
    ]);
    expect(accepted(input('simulated', {})).warnings).toEqual([]);
  });

  it('simulated takes what the local exchange tells, even beside keys of Alpaca', () => {
    const exchangeEnv = { ...LOCAL, APCA_API_KEY_ID: 'SIM', APCA_API_SECRET_KEY: 'SIMSECRET' };
    const { environment } = accepted({ ...input('simulated', KEYS), exchangeEnv });
    expect(environment.alpaca).toEqual({
      keyId: 'SIM',
      secretKey: 'SIMSECRET',
      baseUrl: 'http://127.0.0.1:4001',
      dataUrl: 'http://127.0.0.1:4001',
      streamUrl: 'ws://127.0.0.1:4001',
    });
  });

  it('simulated never leaves this machine', () => {
    const exchangeEnv = { ...LOCAL, ...KEYS, APCA_API_DATA_URL: 'https://data.alpaca.markets' };
    expect(refusedPaths({ ...input('simulated', {}), exchangeEnv })).toEqual(['APCA_API_DATA_URL']);
    expect(refusedPaths({ ...input('simulated', {}), exchangeEnv: KEYS })).toEqual(Object.keys(LOCAL));
  });

  it("paper reaches Alpaca's paper account and its data by default", () => {
    const { environment } = accepted(input('paper', KEYS));
    expect(environment.algoEnvironment).toBe('PAPER');
    expect(environment.databaseUrl).toBeNull();
    expect(environment.alpaca).toEqual({
      keyId: 'PK123',
      secretKey: SECRET,
      baseUrl: 'https://paper-api.alpaca.markets',
      dataUrl: 'https://data.alpaca.markets',
      streamUrl: 'wss://stream.data.alpaca.markets',
    });
  });

  it("paper takes the address as Alpaca's dashboard shows it, and servers on this machine", () => {
    const base = (url: string) =>
      accepted(input('paper', { ...KEYS, ...LOCAL, APCA_API_BASE_URL: url })).environment.alpaca?.baseUrl;
    expect(base('https://paper-api.alpaca.markets/v2')).toBe('https://paper-api.alpaca.markets');
    expect(base('http://localhost:8080/')).toBe('http://localhost:8080');
    expect(base('http://[::1]:8080')).toBe('http://[::1]:8080');
  });

  it('paper warns when orders stay on this machine but prices come from Alpaca', () => {
    const { warnings } = accepted(input('paper', { ...KEYS, APCA_API_BASE_URL: 'http://127.0.0.1:1' }));
    expect(warnings).toEqual([expect.stringMatching(/APCA_API_DATA_URL, APCA_API_STREAM_URL not set/)]);
  });

  it('live starts with plan, --live, database and keys, all of them', () => {
    const { environment } = accepted(input('live', { ...KEYS, ...DATABASE }, true));
    expect(environment).toMatchObject({
      mode: 'live',
      algoEnvironment: 'PROD',
      databaseUrl: DATABASE.DATABASE_URL,
      alpaca: { baseUrl: 'https://api.alpaca.markets' },
    });
    expect(Object.isFrozen(environment)).toBe(true);
  });
});

describe('an address', () => {
  it.each([
    ['APCA_API_BASE_URL', 'http://paper-api.alpaca.markets', /of this machine only/],
    ['APCA_API_BASE_URL', 'http://192.168.0.2:8080', /of this machine only/],
    ['APCA_API_BASE_URL', 'http://localhost.example.com', /of this machine only/],
    ['APCA_API_BASE_URL', 'http://127.0.0.1.example.com', /of this machine only/],
    ['APCA_API_BASE_URL', 'http://0.0.0.0:8080', /of this machine only/],
    ['APCA_API_BASE_URL', 'paper-api.alpaca.markets', /an address such as https/],
    ['APCA_API_BASE_URL', 'wss://paper-api.alpaca.markets', /an address such as https/],
    ['APCA_API_DATA_URL', 'ftp://data.alpaca.markets', /an address such as https/],
    ['APCA_API_DATA_URL', 'https://data.alpaca.markets?key=s3cret-value', /without \? and #/],
    ['APCA_API_DATA_URL', 'https://u:s3cret-value@data.alpaca.markets', /without user name and password/],
    ['APCA_API_STREAM_URL', 'https://stream.data.alpaca.markets', /an address such as wss/],
    ['APCA_API_STREAM_URL', 'ws://stream.data.alpaca.markets', /of this machine only/],
    ['APCA_API_STREAM_URL', 's3cret-value', /an address such as wss/],
  ])('%s=%s is refused', (name, url, allowed) => {
    const result = resolveEnvironment(input('paper', { ...KEYS, [name]: url }));
    expect(result.ok).toBe(false);
    if (result.ok) return;
    expect(result.violations).toEqual([expect.objectContaining({ path: name })]);
    expect(result.violations[0]?.allowed).toMatch(allowed);
    expect(JSON.stringify(result)).not.toContain(SECRET);
  });

  it('is taken for every number of this machine', () => {
    for (const host of ['127.0.0.1', '127.8.9.10', '127.1', 'LOCALHOST', '[::1]']) {
      expect(refusedPaths(input('paper', { ...KEYS, APCA_API_BASE_URL: `http://${host}:80` }))).toEqual([]);
    }
  });
});

describe('a key', () => {
  it('with a blank or a line break from pasting is refused without being shown', () => {
    const given = input('paper', { APCA_API_KEY_ID: `${SECRET}\n`, APCA_API_SECRET_KEY: ` ${SECRET}` });
    expect(refusedPaths(given)).toEqual(['APCA_API_KEY_ID', 'APCA_API_SECRET_KEY']);
    expect(JSON.stringify(resolveEnvironment(given))).not.toContain(SECRET);
  });
});

describe('storage', () => {
  it('lies in .openbell with log level info unless told otherwise', () => {
    expect(resolveStorage({ env: { OPENBELL_DATA_DIR: '', DATABASE_URL: '' } })).toEqual({
      ok: true,
      storage: { dataDirectory: resolve('.openbell'), logLevel: 'info', databaseUrl: null },
    });
  });

  it('follows the environment, and options before it', () => {
    const env = { OPENBELL_DATA_DIR: '/var/lib/openbell', OPENBELL_LOG_LEVEL: 'debug' };
    expect(resolveStorage({ env })).toMatchObject({
      storage: { dataDirectory: '/var/lib/openbell', logLevel: 'debug' },
    });
    const options = { dataDirectory: 'here', logLevel: 'warn' };
    expect(resolveStorage({ env, options })).toMatchObject({
      storage: { dataDirectory: resolve('here'), logLevel: 'warn' },
    });
  });

  it.each([
    [{ env: { OPENBELL_LOG_LEVEL: 'loud' } }, 'OPENBELL_LOG_LEVEL'],
    [{ env: {}, options: { logLevel: 'loud' } }, '--log-level'],
    [{ env: { DATABASE_URL: 'mysql://host/db' } }, 'DATABASE_URL'],
    [{ env: { DATABASE_URL: 'host/db' } }, 'DATABASE_URL'],
    [{ env: { DATABASE_URL: 'postgres:///db' } }, 'DATABASE_URL'],
  ])('%j is refused at %s', (given, path) => {
    const result = resolveStorage(given);
    expect(result.ok ? [] : result.violations.map((violation) => violation.path)).toEqual([path]);
  });

  it('takes a database behind a Unix socket', () => {
    const DATABASE_URL = 'postgresql:///openbell?host=/var/run/postgresql';
    expect(resolveStorage({ env: { DATABASE_URL } })).toMatchObject({
      storage: { databaseUrl: DATABASE_URL },
    });
  });
});
