/** What a strategy may import: its own files, packages that stay inside the language, and `openbell`. */
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';

const BUILT_INS = new Set(builtinModules);

/** All but files beside the importing one, which need no look: each look is a message from the bundler's process and back. */
const NOT_BESIDE = /^[^.]|^\.[^./]|\.node$/;

/** This house runs as TypeScript in tests and compiled everywhere else; its own files are found beside this one. */
const OWN_EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** A file of this folder, such as `guest/guest`, as it exists in this build. */
export function ownFile(name: string): string {
  return fileURLToPath(new URL(`./${name}.${OWN_EXTENSION}`, import.meta.url));
}

/** Gives `openbell` to strategies and refuses what would reach outside: Node's modules, URLs, native code. */
export const strategyImports: Plugin = {
  name: 'strategy-imports',
  setup(build) {
    build.onResolve({ filter: /^openbell$/ }, () => ({ path: ownFile('author') }));
    build.onResolve({ filter: NOT_BESIDE }, ({ path }) => {
      const name = path.replace(/^node:/, '');
      if (path.startsWith('node:') || BUILT_INS.has(name) || BUILT_INS.has(name.split('/')[0] ?? '')) {
        return refusal(`"${path}" is a module of Node.js, which strategies do not reach`);
      }
      if (/^[a-z][a-z0-9+.-]*:/i.test(path)) return refusal(`"${path}" would be loaded from elsewhere`);
      if (path.endsWith('.node')) return refusal(`"${path}" is native code, which strategies do not reach`);
      return undefined;
    });
  },
};

function refusal(text: string): { errors: { text: string }[] } {
  return { errors: [{ text }] };
}
