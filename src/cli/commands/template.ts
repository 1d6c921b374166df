/** `openbell template`: files to begin with. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { rulesOf, SessionCalendar } from '../../clock/calendar.ts';
import { liveClock } from '../../clock/live.ts';
import { EXIT_USAGE, UserError } from '../../domain/exit.ts';
import { type EpochMicros, formatMicros, MICROS_PER_DAY } from '../../domain/time.ts';
import { madeUpMinutes } from '../../exchange/market/minutes.ts';
import { jsonOption, list, moment, wholeNumber } from '../options.ts';
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
/** A million rows of 80 bytes are no file to begin with any more. */
const DATA_SYMBOLS_MAX = 50;
const DATA_DAYS_MAX = 60;
const SEED_MAX = 4_294_967_295;
/** In New York, by the clock of Greenwich. */
const NOON_MICROS = 17 * 3_600_000_000;
/** Beside two days for each session: holidays that lie together. */
const SEARCH_DAYS = 10;
const SYMBOL = /^[A-Z][A-Z0-9]{0,11}(\.[A-Z0-9]{1,8})?$/;

/** The folder of this package, which a strategy's own folder must know by the name `openbell`. */
const PACKAGE = fileURLToPath(new URL('../../..', import.meta.url));

export function templateCommand(): Command {
  return new Command('template').addCommand(strategyCommand()).addCommand(dataCommand());
}

function strategyCommand(): Command {
  return new Command('strategy')
    .description('write a new strategy with its test, both working, to be changed')
    .argument('<name>', 'lower-case words joined by hyphens, such as my-breakout')
    .option('--directory <dir>', 'where to write them; made when it is not there', '.')
    .option('--no-link', 'leave node_modules alone where the name openbell is not known in that folder')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nWrites NAME.ts and NAME.test.mjs, and overwrites nothing. The test is run by `node --test`.\n\nExample:\n  openbell template strategy my-breakout --directory strategies',
    )
    .action(writeStrategy);
}

function dataCommand(): Command {
  return new Command('data')
    .description('write made-up minute bars, to try backtests on')
    .argument('<file>', 'the CSV file')
    .requiredOption('--symbols <list>', 'what it holds: AAPL,MSFT', list)
    .option('--days <number>', 'so many sessions', wholeNumber({ min: 1, max: DATA_DAYS_MAX }), 10)
    .option('--until <date>', 'the last of them, or the one before it; default yesterday', day)
    .option(
      '--seed <number>',
      'the same seed makes the same prices',
      wholeNumber({ min: 0, max: SEED_MAX }),
      1,
    )
    .addHelpText(
      'after',
      "\nThe prices are those of the local exchange's synthetic market: fit to exercise a strategy, not to show that it earns.\nOverwrites nothing.\n\nExample:\n  openbell template data minutes.csv --symbols AAPL,NVDA --days 20",
    )
    .action(writeData);
}

/** A moment about noon in New York of a date. */
function day(text: string): EpochMicros {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) throw new InvalidArgumentError('A date looks like 2026-11-20.');
  return moment(text) + NOON_MICROS;
}

interface DataOptions {
  readonly symbols: readonly string[];
  readonly days: number;
  readonly until?: EpochMicros;
  readonly seed: number;
}

function writeData(file: string, { symbols, days, until, seed }: DataOptions): void {
  const wrong = symbols.find((symbol) => !SYMBOL.test(symbol));
  if (symbols.length === 0 || symbols.length > DATA_SYMBOLS_MAX || wrong !== undefined) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: wrong === undefined ? `${symbols.length} symbols are named` : `${wrong} is no stock`,
      remedy: `Name 1 to ${DATA_SYMBOLS_MAX} stocks in capitals, such as AAPL,BRK.B.`,
    });
  }
  const calendar = new SessionCalendar(rulesOf('us_equity'));
  const last = until ?? liveClock.nowMicros() - MICROS_PER_DAY;
  const from = calendar.dateAt(last - (2 * days + SEARCH_DAYS) * MICROS_PER_DAY).toString();
  const sessions = calendar.sessions(from, calendar.dateAt(last).toString()).slice(-days);
  const lines = ['time,symbol,open,high,low,close,volume,vwap,trade_count'];
  for (const row of madeUpMinutes({ symbols, sessions, seed })) {
    const { symbol, open, high, low, close, volume, vwap, tradeCount } = row;
    lines.push(
      [formatMicros(row.timeMicros), symbol, open, high, low, close, volume, vwap, tradeCount].join(),
    );
  }
  refuseOverwriting([resolve(file)]);
  writeFileSync(file, `${lines.join('\n')}\n`, { flag: 'wx' });
  const dates = `${sessions[0]?.date} to ${sessions.at(-1)?.date}`;
  print(`wrote ${file}: ${lines.length - 1} made-up minutes of ${symbols.length} symbols, ${dates}`);
}

function refuseOverwriting(paths: readonly string[]): void {
  const present = paths.find((path) => existsSync(path));
  if (present === undefined) return;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `${present} is there already`,
    remedy: 'Choose another name or folder, or delete the file.',
  });
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
  refuseOverwriting(files.map(({ path }) => path));
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
