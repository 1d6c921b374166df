/**
 * A user's scanner by path: bundled with what it imports, and run in a thread of its own that ends with each scan,
 * so that one that blocks or leaks harms nobody. It reaches no module of Node's, no network and no key.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type BuildFailure, build, type Plugin } from 'esbuild';
import { newSeed } from '../../clock/chance.ts';
import type { Clock } from '../../clock/clock.ts';
import type { Violation } from '../../domain/exit.ts';
import type { JsonObject } from '../../domain/order.ts';
import type { Candidate, ScannerContext } from '../../scanners/contract.ts';
import { ownFile, strategyImports } from '../../strategies/imports.ts';
import type { QueryAnswer, ScanFacts, ScannerJob, ScannerMessage } from './scannerMessages.ts';

/** For a file's own top level: it declares things, it does not compute. */
const DESCRIBE_TIMEOUT_MS = 10_000;
const HEAP_MAX_MB = 512;
const ENTRY = new URL('./scannerWorker.js', import.meta.url);
/** Packages that ship with us, such as `zod`, for a scanner outside of any project. */
const OWN_PACKAGES = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const OWN_EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const AUTHOR = fileURLToPath(new URL(`../../scanners/author.${OWN_EXTENSION}`, import.meta.url));

const scannerImports: Plugin = {
  name: 'scanner-imports',
  setup(bundler) {
    bundler.onResolve({ filter: /^openbell\/scanners$/ }, () => ({ path: AUTHOR }));
  },
};

export interface ScannerFile {
  readonly name: string;
  /** SHA-256 of its bundle. */
  readonly version: string;
  /** Complete with the scanner's defaults. */
  readonly parameters: JsonObject;
  scan(context: Omit<ScannerContext<unknown>, 'parameters'>): Promise<readonly Candidate[]>;
}

export interface ScannerFileRequest {
  /** Absolute. */
  readonly path: string;
  /** Where the scanner stands in the plan, such as `scanners.movers`. */
  readonly planPath: string;
  readonly parameters: JsonObject;
  readonly clock: Clock;
}

export type ScannerFileResult =
  | { readonly ok: true; readonly file: ScannerFile }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** Bundles and describes a scanner's file: all that is wrong with it or its parameters is answered. */
export async function openScannerFile(request: ScannerFileRequest): Promise<ScannerFileResult> {
  const { path, planPath, parameters, clock } = request;
  const wrong = (allowed: string): ScannerFileResult => ({
    ok: false,
    violations: [{ path: `${planPath}.path`, found: path, allowed }],
  });
  if (!existsSync(path)) return wrong("a file that exists; relative paths count from the plan's folder");
  const bundle = await bundleScanner(path);
  if (!bundle.ok) return wrong(`a file without errors: ${bundle.message}`);
  const job = { source: bundle.source, path, parameters, parametersPath: `${planPath}.parameters` };
  const ending = new AbortController();
  const timer = clock.after(DESCRIBE_TIMEOUT_MS, () =>
    ending.abort(new Error(`it was not read within ${DESCRIBE_TIMEOUT_MS} ms`)),
  );
  try {
    const told = await runJob({ ...job, facts: null, nowMicros: 0, seed: 0 }, { signal: ending.signal });
    if (told.type !== 'described') return wrong('a scanner');
    if (told.violations.length > 0) return { ok: false, violations: told.violations };
    const version = createHash('sha256').update(bundle.source).digest('hex');
    const scan: ScannerFile['scan'] = async (context) => {
      const { nowMicros } = context;
      const answer = await runJob({ ...job, facts: factsOf(context), nowMicros, seed: newSeed() }, context);
      return answer.type === 'found' ? answer.candidates : [];
    };
    return { ok: true, file: { name: told.name, version, parameters: told.parameters, scan } };
  } catch (error) {
    return wrong(`a scanner: ${(error as Error).message}`);
  } finally {
    timer.cancel();
  }
}

type Bundle =
  | { readonly ok: true; readonly source: string }
  | { readonly ok: false; readonly message: string };

async function bundleScanner(path: string): Promise<Bundle> {
  // The scanner is required, not imported: it is evaluated after the realm's globals were replaced.
  const entry = `
    import { installAmbient } from ${JSON.stringify(ownFile('guest/ambient'))};
    module.exports = (ambient) => { installAmbient(ambient); return require(${JSON.stringify(path)}).default; };`;
  try {
    const { outputFiles } = await build({
      stdin: { contents: entry, resolveDir: dirname(path), sourcefile: 'openbell-entry.js', loader: 'js' },
      bundle: true,
      write: false,
      absWorkingDir: dirname(path),
      format: 'cjs',
      banner: { js: '((module) => {' },
      footer: { js: 'return module.exports})({exports: {}})' },
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions: ['import', 'module', 'default'],
      target: 'es2023',
      supported: { 'dynamic-import': false, 'top-level-await': false },
      nodePaths: [OWN_PACKAGES],
      plugins: [scannerImports, strategyImports],
      logLevel: 'silent',
    });
    return { ok: true, source: outputFiles[0]?.text ?? '' };
  } catch (error) {
    const first = (error as Partial<BuildFailure>).errors?.[0];
    if (first === undefined) throw error;
    const place = first.location === null ? '' : ` (line ${first.location.line})`;
    return { ok: false, message: `${first.text}${place}` };
  }
}

type Context = Omit<ScannerContext<unknown>, 'parameters'>;

/** Runs one job in a new thread and ends it. Rejects when the job fails, the thread dies, or the signal aborts. */
async function runJob(
  job: ScannerJob,
  context: Pick<Context, 'signal'> & Partial<Context>,
): Promise<Extract<ScannerMessage, { type: 'found' | 'described' }>> {
  const worker = new Worker(ENTRY, {
    name: 'openbell scanner',
    workerData: job,
    // No key and no setting reaches it.
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MAX_MB },
  });
  try {
    return await new Promise((resolve, reject) => {
      const abort = () => reject(context.signal.reason as Error);
      if (context.signal.aborted) abort();
      context.signal.addEventListener('abort', abort, { once: true });
      worker.once('error', (error: Error) => reject(error));
      worker.once('exit', (code) => reject(new Error(`the scanner's thread ended with code ${code}`)));
      worker.on('message', (message: ScannerMessage) => {
        switch (message.type) {
          case 'found':
          case 'described':
            resolve(message);
            break;
          case 'failed':
            reject(new Error(message.message));
            break;
          case 'log':
            context.log?.(message.level, message.message, message.fields);
            break;
          case 'query':
            void answerQuery(message, context).then((answer) => worker.postMessage(answer));
            break;
        }
      });
    });
  } finally {
    await worker.terminate();
  }
}

async function answerQuery(
  query: Extract<ScannerMessage, { type: 'query' }>,
  context: Partial<Context>,
): Promise<QueryAnswer> {
  const { queryId, name, parameters } = query;
  try {
    const ask = context[name] as ((...values: readonly unknown[]) => Promise<unknown>) | undefined;
    return { queryId, ok: true, value: await ask?.(...parameters) };
  } catch (error) {
    return { queryId, ok: false, message: (error as Error).message };
  }
}

function factsOf({ nowMicros, session, minutesSinceOpen, instruments }: Context): ScanFacts {
  return { nowMicros, session, minutesSinceOpen, instruments };
}
