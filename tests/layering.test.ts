import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Who may import whom. A folder may always import itself; adapters' own folders are checked below. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  domain: [],
  clock: ['domain'],
  fincalcs: [],
  tape: ['domain', 'clock'],
  tradeplan: ['domain', 'clock'],
  observability: ['domain', 'clock'],
  strategies: ['domain', 'fincalcs'],
  scanners: ['domain', 'fincalcs'],
  miners: ['domain', 'fincalcs'],
  models: ['domain', 'clock', 'observability'],
  network: ['domain', 'clock'],
  providers: ['domain', 'clock', 'tape', 'observability', 'network'],
  brokers: ['domain', 'clock', 'tape', 'observability', 'network'],
  transport: ['domain', 'clock', 'tape', 'observability', 'models', 'providers'],
  execution: ['domain', 'clock', 'tape', 'tradeplan', 'brokers', 'models', 'transport'],
  engine: ['domain', 'clock', 'fincalcs', 'tape', 'tradeplan', 'strategies', 'transport', 'execution'],
  report: ['domain', 'clock', 'fincalcs', 'tape', 'models'],
  history: ['domain', 'clock', 'tape', 'providers'],
  exchange: ['domain', 'clock', 'tape'],
  producer: ['domain', 'clock', 'tape', 'observability', 'providers', 'transport'],
  recorder: ['domain', 'clock', 'tape', 'observability', 'transport'],
  consumer: ['domain', 'clock', 'tape', 'tradeplan', 'observability', 'strategies', 'transport', 'engine'],
  desk: [
    'domain',
    'clock',
    'tape',
    'tradeplan',
    'observability',
    'brokers',
    'models',
    'transport',
    'execution',
  ],
  backtester: [
    'domain',
    'clock',
    'fincalcs',
    'tape',
    'tradeplan',
    'strategies',
    'providers',
    'brokers',
    'models',
    'transport',
    'execution',
    'engine',
  ],
  replay: [
    'domain',
    'clock',
    'tape',
    'tradeplan',
    'strategies',
    'transport',
    'execution',
    'engine',
    'recorder',
    'backtester',
  ],
  optimizer: ['domain', 'clock', 'fincalcs', 'tape', 'tradeplan', 'strategies', 'models', 'backtester'],
  trader: ['*'],
  testing: ['*'],
  cli: ['*'],
};

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);

function importsOf(file: string): { specifier: string; target: string }[] {
  const text = readFileSync(join(source, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => {
    const specifier = match[1] ?? '';
    return { specifier, target: relative(source, resolve(source, dirname(file), specifier)) };
  });
}

describe('the house', () => {
  it('imports point down only', () => {
    const broken: string[] = [];
    for (const file of files) {
      const room = file.split('/')[0] ?? '';
      const allowed = MAY_IMPORT[room];
      if (allowed === undefined) {
        broken.push(`${file}: the folder ${room} has no row in the table`);
        continue;
      }
      for (const { target } of importsOf(file)) {
        const other = target.split('/')[0] ?? '';
        if (other === room || allowed.includes(other)) continue;
        if (allowed.includes('*') && other !== 'cli') continue;
        broken.push(`${file} imports ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('shows nothing of an adapter but its contract and its factory', () => {
    const broken: string[] = [];
    for (const file of files) {
      for (const { target } of importsOf(file)) {
        const [room, vendor, inner] = target.split('/');
        if (inner === undefined || (room !== 'brokers' && room !== 'providers')) continue;
        const isFactory = file === `${room}/factory.ts`;
        if (!isFactory && !file.startsWith(`${room}/${vendor}/`)) broken.push(`${file} imports ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('takes time and chance from src/clock only', () => {
    const ambient =
      /\bDate\.now\(|\bnew Date\(\)|\bsetTimeout\(|\bsetInterval\(|\bMath\.random\(|\bperformance\.now\(|\bhrtime\b|\brandomUUID\(|\bAbortSignal\.timeout\(|timers\/promises/;
    const broken = files
      .filter((file) => !file.startsWith('clock/'))
      .flatMap((file) =>
        readFileSync(join(source, file), 'utf8')
          .split('\n')
          .map((line, index) => ({ line, place: `${file}:${index + 1}` }))
          .filter(({ line }) => ambient.test(line) && !/^\s*(\*|\/\/)/.test(line))
          .map(({ line, place }) => `${place} ${line.trim()}`),
      );
    expect(broken).toEqual([]);
  });
});
