/**
 * The second half of `npm run build`. Node takes longer to find and read hundreds of small modules than a short command
 * takes for its work; so the program of each process and thread is joined, with the packages it imports, to a few files
 * (`dist/bundle`), and its entry among the compiled modules only names them. What strategies and scanners import is
 * joined to one file each, for it is read again with every strategy that is loaded.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { build, transform } from 'esbuild';

const SOURCES = 'src';
const MODULES = 'dist';
const BUNDLE = 'dist/bundle';
const COMMAND_LINE = 'src/cli/openbell.ts';
const IMPORTED_BY_AUTHORS = ['src/strategies/author.ts', 'src/scanners/author.ts'];
/** They load files of their own folder, or are there for some of their users only. */
const APART = ['@electric-sql/pglite', 'esbuild', 'piscina', 'pino', 'pino-pretty', 'pg-native'];
/** How the sources name the file of a thread. */
const THREAD = /new URL\('(\.[^']+)\.js', import\.meta\.url\)/g;

const entries = [...new Set([COMMAND_LINE, ...readdirSync(SOURCES, { recursive: true }).flatMap(threadsIn)])];
const { metafile, outputFiles } = await build({
  entryPoints: Object.fromEntries(entries.map((entry) => [nameOf(entry), entry])),
  outdir: BUNDLE,
  write: false,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: APART,
  // Packages written for `require` get one.
  banner: {
    js: "import{createRequire as $requireOf}from'node:module';const require=$requireOf(import.meta.url);",
  },
  sourcemap: true,
  metafile: true,
  logLevel: 'warning',
  plugins: [{ name: 'own-places', setup: keepOwnPlaces }],
});
replaceFiles();
for (const entry of entries) {
  const { exports } = metafile.outputs[`${BUNDLE}/${nameOf(entry)}.js`];
  writeFileSync(compiled(entry), entryText(entry, exports.includes('default')));
}
await build({
  entryPoints: IMPORTED_BY_AUTHORS,
  outbase: SOURCES,
  outdir: MODULES,
  bundle: true,
  format: 'esm',
  // As strategies are bundled: for no platform, by the packages' modules.
  platform: 'neutral',
  mainFields: ['module', 'main'],
  conditions: ['import', 'module', 'default'],
  target: 'es2023',
  logLevel: 'warning',
});

/** Names hold a hash of what is in them: a daemon that runs meanwhile still finds what has not changed. */
function replaceFiles() {
  mkdirSync(BUNDLE, { recursive: true });
  const names = new Set(outputFiles.map(({ path }) => basename(path)));
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
  for (const name of readdirSync(BUNDLE)) if (!names.has(name)) rmSync(join(BUNDLE, name));
}

function threadsIn(file) {
  if (!file.endsWith('.ts')) return [];
  const folder = dirname(join(SOURCES, file));
  const text = readFileSync(join(SOURCES, file), 'utf8');
  return [...text.matchAll(THREAD)].map(([, path]) => `${join(folder, path)}.ts`);
}

/** `src/desk/worker.ts` is `desk-worker`. */
function nameOf(source) {
  return relative(SOURCES, source).replace(/\.ts$/, '').replaceAll('/', '-');
}

function compiled(source) {
  return join(MODULES, relative(SOURCES, source)).replace(/\.ts$/, '.js');
}

/** What a module finds beside itself it finds in the bundle too: beside its compiled file. */
function keepOwnPlaces({ onLoad }) {
  onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
    const text = readFileSync(path, 'utf8');
    if (!text.includes('import.meta.url')) return undefined;
    const place = JSON.stringify(relative(BUNDLE, compiled(relative('.', path))));
    const { code } = await transform(text, {
      loader: 'ts',
      define: { 'import.meta.url': '$place' },
      banner: `const $place=new URL(${place},import.meta.url).href;`,
      sourcemap: 'inline',
      sourcefile: path,
    });
    return { contents: code, loader: 'js' };
  });
}

function entryText(entry, hasDefault) {
  const path = JSON.stringify(relative(dirname(compiled(entry)), `${BUNDLE}/${nameOf(entry)}.js`));
  const lines = [`export * from ${path};`, ...(hasDefault ? [`export { default } from ${path};`] : [])];
  return `${entry === COMMAND_LINE ? '#!/usr/bin/env node\n' : ''}${lines.join('\n')}\n`;
}
