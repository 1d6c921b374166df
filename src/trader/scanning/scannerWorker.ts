/** The thread of a user's scanner: opens its bundle in a realm of its own and runs one job. */
import { constants, createContext, Script } from 'node:vm';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { seededRandom } from '../../clock/chance.ts';
import { assert } from '../../domain/assert.ts';
import type { JsonObject } from '../../domain/order.ts';
import type { AnyScanner, ScannerContext } from '../../scanners/contract.ts';
import { checkScannerParameters } from '../../scanners/registry.ts';
import type { QueryAnswer, QueryName, ScanFacts, ScannerJob, ScannerMessage } from './scannerMessages.ts';

/** What the bundle's first lines install as the realm's time, chance and console. */
interface Ambient {
  nowMs(): number;
  random(): number;
  write(level: string, message: string): void;
}

const port = parentPort;
assert(!isMainThread && port !== null, 'this file is the entry of a thread');
const tell = (message: ScannerMessage) => port.postMessage(message);
const job = workerData as ScannerJob;

try {
  const scanner = openScanner(job);
  const checked = checkScannerParameters(scanner, job.parameters, job.parametersPath);
  if (job.facts === null || !checked.ok) {
    tell({
      ...{ type: 'described', name: scanner.name },
      parameters: checked.ok ? (plain(checked.parameters) as JsonObject) : {},
      violations: checked.ok ? [] : checked.violations,
    });
  } else {
    const candidates = await scanner.scan(contextOf(job.facts, checked.parameters));
    tell({ type: 'found', candidates: plain(candidates) });
  }
} catch (error) {
  // An error of the realm is no instance of this one's Error.
  const { message } = error as { message?: unknown };
  tell({ type: 'failed', message: typeof message === 'string' ? message : String(error) });
}

function openScanner({ source, path, nowMicros, seed }: ScannerJob): AnyScanner {
  const realm = createContext(constants.DONT_CONTEXTIFY, {
    name: path,
    codeGeneration: { strings: false, wasm: false },
  });
  const open = new Script(source, { filename: path }).runInContext(realm) as (ambient: Ambient) => unknown;
  const scanner = open({
    nowMs: () => nowMicros / 1_000,
    random: seededRandom(seed),
    write: (_level, message) => tell({ type: 'log', level: 'info', message, fields: {} }),
  }) as Partial<AnyScanner> | undefined;
  if (
    typeof scanner?.name !== 'string' ||
    typeof scanner.scan !== 'function' ||
    !isSchema(scanner.parameters)
  ) {
    throw new TypeError(
      'the default export is no scanner: export default defineScanner({name, parameters, scan})',
    );
  }
  return scanner as AnyScanner;
}

function isSchema(value: unknown): boolean {
  return typeof (value as { safeParse?: unknown } | undefined)?.safeParse === 'function';
}

function contextOf(facts: ScanFacts, parameters: unknown): ScannerContext<unknown> {
  assert(port !== null, 'a thread has a port');
  const waiting = new Map<number, (answer: QueryAnswer) => void>();
  port.on('message', (answer: QueryAnswer) => {
    waiting.get(answer.queryId)?.(answer);
    waiting.delete(answer.queryId);
  });
  let lastQueryId = 0;
  async function ask<Value>(name: QueryName, values: readonly unknown[]): Promise<Value> {
    lastQueryId += 1;
    const queryId = lastQueryId;
    tell({ type: 'query', queryId, name, parameters: values });
    const answer = await new Promise<QueryAnswer>((done) => waiting.set(queryId, done));
    if (!answer.ok) throw new Error(answer.message);
    return answer.value as Value;
  }
  return {
    ...facts,
    parameters,
    // The thread is ended from outside when the time is over.
    signal: new AbortController().signal,
    snapshots: (symbols) => ask('snapshots', symbols === undefined ? [] : [[...symbols]]),
    dailyBars: (symbols, count) => ask('dailyBars', [[...symbols], count]),
    minuteBars: (symbols, count) => ask('minuteBars', [[...symbols], count]),
    select: (query, limits) => ask('select', [query, limits]),
    sessionVolumes: (symbols, sessions) => ask('sessionVolumes', [[...symbols], sessions]),
    log: (level, message, fields) =>
      tell({ type: 'log', level, message, fields: plain(fields ?? {}) as JsonObject }),
  };
}

/** As JSON carries it: objects of the realm lose what cannot cross. */
function plain<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value) ?? 'null') as Value;
}
