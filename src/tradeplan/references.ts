/**
 * What one part of a plan says of another. Works on the values as they were read, so that these violations are
 * reported together with those of the schema and not after them; what has the wrong type here is the schema's.
 */

import { parseAddress } from './address.ts';
import type { Path } from './document.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { instanceIdsOf } from './names.ts';
import { suggest } from './suggestion.ts';

const MINUTE = 60_000;
const FEEDS = {
  us_equity: ['iex', 'sip', 'delayed_sip', 'boats', 'overnight', 'test'],
  crypto: ['crypto', 'us', 'us-1', 'us-2', 'eu-1', 'bs-1'],
} as const;

/** The longest session of each kind, in milliseconds from the regular open. */
const SESSIONS = {
  regular: { fromMs: 0, toMs: 390 * MINUTE },
  extended: { fromMs: -330 * MINUTE, toMs: 630 * MINUTE },
  always: { fromMs: -570 * MINUTE, toMs: 870 * MINUTE },
  crypto: { fromMs: 0, toMs: 1_440 * MINUTE },
} as const;

type Report = (path: Path, allowed: string) => void;
type Mapping = Readonly<Record<string, unknown>>;

export function checkReferences(value: unknown, report: Report): void {
  const plan = mapping(value);
  const isCrypto = plan.asset_class === 'crypto';
  checkFeed(plan, isCrypto ? FEEDS.crypto : FEEDS.us_equity, report);
  checkScanners(mapping(plan.scanners), report);
  const session = sessionOf(plan, isCrypto);
  const instances = new Map<string, number>();
  for (const [index, entry] of sequence(plan.strategies).entries()) {
    checkStrategy(mapping(entry), {
      path: ['strategies', index],
      plan,
      session,
      isCrypto,
      instances,
      report,
    });
  }
  checkOptimize(plan, report);
  checkSymbols(mapping(plan.simulation).symbols, { path: ['simulation', 'symbols'], isCrypto, report });
  for (const symbol of Object.keys(mapping(mapping(plan.risk).symbols))) {
    checkAssetClass(symbol, { path: ['risk', 'symbols', symbol], isCrypto, report });
  }
  const deciders = [
    ...sequence(plan.strategies),
    ...Object.keys({ ...mapping(plan.scanners), ...mapping(plan.miners) }),
  ];
  if (deciders.length === 0) {
    report(['strategies'], 'at least one strategy, scanner or miner');
  }
  if (plan.mode === 'live' && plan.broker === 'paper') {
    report(['broker'], 'a real broker in live mode; `mode: paper` or `simulated` for the paper broker');
  }
  const closeMs = durationOf(plan.liquidate_before_close);
  if (closeMs !== undefined && closeMs >= session.toMs - Math.max(0, session.fromMs)) {
    report(['liquidate_before_close'], `less than the session of ${formatDuration(session.toMs)}`);
  }
  const webhook = mapping(plan.alerts).webhook;
  if (typeof webhook === 'string') checkWebhook(webhook, report);
}

interface StrategyCheck {
  readonly path: Path;
  readonly plan: Mapping;
  readonly session: { readonly fromMs: number; readonly toMs: number };
  readonly isCrypto: boolean;
  /** Given ids and the index of the strategy that has each. */
  readonly instances: Map<string, number>;
  readonly report: Report;
}

function checkStrategy(strategy: Mapping, check: StrategyCheck): void {
  const { path, plan, report, instances } = check;
  checkSource(strategy, path, report);
  const { id } = strategy;
  if (typeof id === 'string') {
    const other = instances.get(id);
    if (other !== undefined) report([...path, 'id'], `another id: strategies[${other}] has this one`);
    else instances.set(id, Number(path[1]));
  }
  checkSymbols(strategy.symbols, { path: [...path, 'symbols'], isCrypto: check.isCrypto, report });
  const known = Object.keys(mapping(plan.scanners));
  for (const [index, name] of sequence(strategy.scanners).entries()) {
    if (typeof name !== 'string' || known.includes(name)) continue;
    const nearest = suggest(name, known);
    const hint = nearest === undefined ? '' : `did you mean \`${nearest}\`? `;
    const names = known.length === 0 ? 'the plan has none' : known.join(', ');
    report([...path, 'scanners', index], `${hint}a scanner of this plan: ${names}`);
  }
  if (sequence(strategy.symbols).length === 0 && sequence(strategy.scanners).length === 0) {
    const isMissing = strategy.symbols === undefined && strategy.scanners === undefined;
    if (isMissing || Array.isArray(strategy.symbols) || Array.isArray(strategy.scanners)) {
      report([...path, 'symbols'], 'at least one symbol, or `scanners:` whose picks it trades');
    }
  }
  checkWindows(sequence(strategy.windows), check);
}

function checkWindows(windows: readonly unknown[], check: StrategyCheck): void {
  const { path, session, report } = check;
  const range = `${formatDuration(session.fromMs)} to ${formatDuration(session.toMs)}`;
  const seen: { readonly fromMs: number; readonly toMs: number }[] = [];
  for (const [index, entry] of windows.entries()) {
    const window = mapping(entry);
    const place = [...path, 'windows', index];
    const fromMs = durationOf(window.start);
    if (fromMs === undefined) continue;
    if (fromMs < session.fromMs || fromMs >= session.toMs) {
      report([...place, 'start'], `within the session, ${range} from the open`);
      continue;
    }
    const lengthMs = window.duration === undefined ? session.toMs - fromMs : durationOf(window.duration);
    if (lengthMs === undefined || lengthMs <= 0) continue;
    const toMs = fromMs + lengthMs;
    if (toMs > session.toMs) {
      const most = formatDuration(session.toMs - fromMs);
      report(
        [...place, 'duration'],
        `at most ${most} here: the session ends ${formatDuration(session.toMs)} after the open`,
      );
    }
    const other = seen.findIndex((one) => fromMs < one.toMs && one.fromMs < toMs);
    if (other !== -1) report(place, `a window that does not overlap windows[${other}]`);
    seen.push({ fromMs, toMs });
  }
}

function checkOptimize(plan: Mapping, report: Report): void {
  const { strategies, scanners } = mapping(plan.optimize);
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const instanceIds = instanceIdsOf(
    sequence(plan.strategies).map((entry) => {
      const { id, name, path } = mapping(entry);
      return { id: text(id), name: text(name), path: text(path) };
    }),
  );
  const check = (kind: 'strategies' | 'scanners', given: unknown, known: readonly string[]) => {
    for (const name of Object.keys(mapping(given))) {
      if (known.includes(name)) continue;
      const names = known.length === 0 ? 'the plan has none' : known.join(', ');
      report(['optimize', kind, name], `one of the plan's ${kind}: ${names}`);
    }
  };
  check('strategies', strategies, instanceIds);
  check('scanners', scanners, Object.keys(mapping(plan.scanners)));
}

function checkScanners(scanners: Mapping, report: Report): void {
  for (const [name, entry] of Object.entries(scanners)) {
    const { name: builtIn, path } = mapping(entry);
    if (builtIn !== undefined && path !== undefined) {
      report(['scanners', name, 'path'], 'left out: `name` and `path` exclude each other');
    }
  }
}

function checkSource(entry: Mapping, path: Path, report: Report): void {
  if (entry.name !== undefined && entry.path !== undefined) {
    report([...path, 'path'], 'left out: `name` and `path` exclude each other');
  }
  if (entry.name === undefined && entry.path === undefined) {
    report([...path, 'name'], 'the name of a built-in strategy, or `path:` of your own');
  }
}

function checkSymbols(
  value: unknown,
  { path, isCrypto, report }: { path: Path; isCrypto: boolean; report: Report },
): void {
  const seen = new Set<unknown>();
  for (const [index, symbol] of sequence(value).entries()) {
    if (typeof symbol !== 'string') continue;
    if (seen.has(symbol)) report([...path, index], 'each symbol once');
    seen.add(symbol);
    checkAssetClass(symbol, { path: [...path, index], isCrypto, report });
  }
}

function checkAssetClass(
  symbol: string,
  { path, isCrypto, report }: { path: Path; isCrypto: boolean; report: Report },
): void {
  if (isCrypto === symbol.includes('/')) return;
  report(path, isCrypto ? 'a pair such as BTC/USD' : 'a stock; pairs need `asset_class: crypto`');
}

function checkFeed(plan: Mapping, feeds: readonly string[], report: Report): void {
  if (typeof plan.feed !== 'string' || feeds.includes(plan.feed)) return;
  const nearest = suggest(plan.feed, feeds);
  report(
    ['feed'],
    `${nearest === undefined ? '' : `did you mean \`${nearest}\`? `}one of: ${feeds.join(', ')}`,
  );
}

function checkWebhook(webhook: string, report: Report): void {
  const url = URL.canParse(webhook) ? new URL(webhook) : undefined;
  // A token in the query is how some services know their callers.
  if (url !== undefined) url.search = '';
  const parsed = parseAddress('alerts.webhook', url?.href ?? webhook, 'http');
  if (!parsed.ok) report(['alerts', 'webhook'], parsed.violation.allowed);
}

function sessionOf(plan: Mapping, isCrypto: boolean): { readonly fromMs: number; readonly toMs: number } {
  if (isCrypto) return SESSIONS.crypto;
  if (plan.market_hours === 'extended') return SESSIONS.extended;
  if (plan.market_hours === 'always') return SESSIONS.always;
  return SESSIONS.regular;
}

function mapping(value: unknown): Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
}

function sequence(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function durationOf(value: unknown): number | undefined {
  return typeof value === 'string' || value === 0 ? parseDuration(String(value)) : undefined;
}
