/** `openbell template`: files to begin with. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { EXIT_USAGE, UserError } from '../../domain/exit.ts';
import { jsonOption } from '../options.ts';
import { print, printJson } from '../output.ts';
import { strategyFiles } from '../template/strategy.ts';

interface Options {
  readonly directory: string;
  /** Commander's name for the absence of `--no-link`. */
  readonly link: boolean;
  readonly json?: boolean;
}

/** As a strategy's definition demands it. */
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const NAME_CHARACTERS_MAX = 40;

/** The folder of this package, which a strategy's own folder must know by the name `openbell`. */
const PACKAGE = fileURLToPath(new URL('../../..', import.meta.url));

export function templateCommand(): Command {
  return new Command('template').addCommand(
    new Command('strategy')
      .description('write a new strategy with its test, both working, to be changed')
      .argument('<name>', 'lower-case words joined by hyphens, such as my-breakout')
      .option('--directory <dir>', 'where to write them; made when it is not there', '.')
      .option('--no-link', 'leave node_modules alone where the name openbell is not known in that folder')
      .addOption(jsonOption())
      .addHelpText(
        'after',
        '\nWrites NAME.ts and NAME.test.mjs, and overwrites nothing. The test is run by `node --test`.\n\nExample:\n  openbell template strategy my-breakout --directory strategies',
      )
      .action(writeStrategy),
  );
}

function writeStrategy(name: string, { directory, link, json }: Options): void {
  if (!NAME.test(name) || name.length > NAME_CHARACTERS_MAX) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${JSON.stringify(name)} is no name of a strategy`,
      remedy: `use lower-case words joined by hyphens, at most ${NAME_CHARACTERS_MAX} characters, such as my-breakout`,
    });
  }
  const folder = resolve(directory);
  const files = strategyFiles(name).map((file) => ({ ...file, path: join(folder, file.name) }));
  const present = files.find(({ path }) => existsSync(path));
  if (present !== undefined) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${present.path} is there already`,
      remedy: 'choose another name or another --directory, or delete the file',
    });
  }
  mkdirSync(folder, { recursive: true });
  for (const { path, text } of files) writeFileSync(path, text, { flag: 'wx' });
  const linked = link ? linkOpenbell(folder) : null;
  const isKnown = knowsOpenbell(folder);
  if (json) {
    printJson({ name, files: files.map(({ path }) => path), linked, isKnown });
    return;
  }
  const [strategy, test] = files.map(({ path }) => relative(process.cwd(), path));
  print(`wrote ${strategy}\nwrote ${test}`);
  if (linked !== null) print(`linked ${relative(process.cwd(), linked)}, for the test and for your editor`);
  if (isKnown) print(`\nTry it: node --test ${test}`);
  else print(`\nThe test and your editor look for the package openbell, which is at ${PACKAGE}`);
}

/** Makes the package known by its name in a folder, unless it is; answers the link, or null when none was made. */
function linkOpenbell(folder: string): string | null {
  const link = join(folder, 'node_modules', 'openbell');
  if (knowsOpenbell(folder) || existsSync(link)) return null;
  mkdirSync(dirname(link), { recursive: true });
  // Not by npm, which would tidy up this package's own folder, too. A junction needs no rights on Windows.
  symlinkSync(PACKAGE, link, 'junction');
  return link;
}

/** Whether files of a folder find this package by its name, as its test and an editor do. */
function knowsOpenbell(folder: string): boolean {
  try {
    createRequire(join(folder, 'any.js')).resolve('openbell/testing');
    return true;
  } catch {
    return false;
  }
}
