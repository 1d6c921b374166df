/** A strategy's file and all it imports, as one script: what is run, what is recorded, what has a version. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildFailure, type BuildOptions, build, type Message } from 'esbuild';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import { builtinFile, builtinNames } from './builtins.ts';
import { ownFile, strategyImports } from './imports.ts';
import { describeBundle } from './realm.ts';

/** Plain data, so that it can be handed to a thread. */
export interface StrategyBundle {
  /** The strategy's own name, as its definition says. */
  readonly name: string;
  /** SHA-256 of the script in hexadecimal: the strategy's version in `algo_run`. */
  readonly version: string;
  /** The file it was made from. */
  readonly path: string;
  /** One script for a realm of its own; its value is a function that the realm calls. */
  readonly source: string;
  /** JSON of the source map, so that a fault names the line of the author's file. */
  readonly sourceMap: string;
}

export interface BundleRequest {
  /** A built-in's name, or null when `path` names a file. */
  readonly name: string | null;
  readonly path: string | null;
  /** Relative paths count from here: the plan's folder. */
  readonly baseDirectory: string;
}

/** Packages that ship with us, such as `zod` and `trading-signals`, for a strategy outside of any project. */
const OWN_PACKAGES = fileURLToPath(new URL('../../node_modules', import.meta.url));

/**
 * Bundles a strategy with everything it imports and reads its definition in a realm of its own.
 * @throws {UserError} exit code 2: no such strategy or file, an error in it (with file and line), an import that
 * strategies may not have, a default export that is no strategy.
 */
export async function bundleStrategy(request: BundleRequest): Promise<StrategyBundle> {
  const path = locate(request);
  const { code, sourceMap, inputs } = await compile(path);
  const version = createHash('sha256').update(withoutPaths(code, inputs)).digest('hex');
  const unnamed = { name: '', version, path, source: code, sourceMap };
  return { ...unnamed, name: describeBundle(unnamed).name };
}

function locate(request: BundleRequest): string {
  if (request.path !== null) {
    const path = resolve(request.baseDirectory, request.path);
    if (existsSync(path)) return path;
    throw refused(`strategy file not found: ${path}`, "correct the path; it counts from the plan's folder");
  }
  const file = request.name === null ? undefined : builtinFile(request.name);
  if (file !== undefined) return file;
  throw refused(
    `no built-in strategy is called ${JSON.stringify(request.name)}`,
    `use one of ${builtinNames.join(', ')}, or name your own file by path`,
  );
}

/** The bundler names its modules by their paths; the same strategy elsewhere is still the same. */
function withoutPaths(code: string, inputs: readonly string[]): string {
  return inputs.reduce((text, input) => text.replaceAll(`${JSON.stringify(input)}(`, '""('), code);
}

/** What the strategy's script and the guest's have in common. */
const SCRIPT_OPTIONS = {
  bundle: true,
  write: false,
  outfile: 'strategy.js',
  // The script's value is what it exports.
  format: 'cjs',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  conditions: ['import', 'module', 'default'],
  target: 'es2023',
  // An import that is left for later becomes a `require`, which the realm does not have.
  supported: { 'dynamic-import': false, 'top-level-await': false },
  // Comments with paths of this machine would give the same strategy another version elsewhere.
  minifyWhitespace: true,
  legalComments: 'none',
  charset: 'utf8',
  logLevel: 'silent',
} satisfies BuildOptions;

let guestMade: Promise<string> | undefined;

/** Our part of every script, made once in a process. */
function guestScript(): Promise<string> {
  guestMade ??= build({
    ...SCRIPT_OPTIONS,
    entryPoints: [ownFile('guest/guest')],
  }).then(({ outputFiles }) => outputFiles[0]!.text.trim());
  return guestMade;
}

interface Compiled {
  readonly code: string;
  readonly sourceMap: string;
  readonly inputs: readonly string[];
}

async function compile(path: string): Promise<Compiled> {
  // A namespace, so that a missing default export is told by the guest, in its own words.
  const entry = `import * as file from ${JSON.stringify(path)};
export const exported = file.default;`;
  const guest = await guestScript();
  try {
    const result = await build({
      stdin: { contents: entry, resolveDir: dirname(path), sourcefile: 'openbell-entry.js', loader: 'js' },
      ...SCRIPT_OPTIONS,
      metafile: true,
      absWorkingDir: dirname(path),
      // The guest stands first, where the strategy's source map says nothing. The strategy's modules are imported
      // statically, so that only what they use of ours is in the script, but inside a function: they are evaluated
      // when the guest asks, after the globals were replaced. Strict, as modules are; sloppy functions would also
      // show who called them.
      banner: {
        js: `(()=>{"use strict";const guest={exports:{}};((module)=>{${guest}})(guest);const load=()=>{const module={exports:{}};`,
      },
      footer: {
        js: 'return module.exports.exported};return(bridge)=>guest.exports.createGuest(bridge,load)})()',
      },
      sourcemap: 'external',
      sourcesContent: false,
      nodePaths: [OWN_PACKAGES],
      plugins: [strategyImports],
    });
    const text = (suffix: string) =>
      result.outputFiles.find((file) => file.path.endsWith(suffix))?.text ?? '';
    return { code: text('.js'), sourceMap: text('.js.map'), inputs: Object.keys(result.metafile.inputs) };
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (errors === undefined || errors.length === 0) throw error;
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${path}: ${describe(errors[0]!, path)}`,
      remedy: 'correct the file; see docs/STRATEGIES.md for what a strategy may use',
      violations: errors.map((message) => ({
        path: place(message, path),
        found: message.location?.lineText.trim() ?? '',
        allowed: message.text,
      })),
    });
  }
}

function place(message: Message, path: string): string {
  const { location } = message;
  if (location === null) return path;
  return `${resolve(dirname(path), location.file)}:${location.line}:${location.column + 1}`;
}

function describe(message: Message, path: string): string {
  return message.location === null ? message.text : `${message.text} (${place(message, path)})`;
}

function refused(cause: string, remedy: string): UserError {
  return new UserError({ exitCode: EXIT_USAGE, cause, remedy });
}
