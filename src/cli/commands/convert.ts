/** `openbell convert`: a plan of LiuAlgoTrader's as one of ours, and what became of each line that could not be kept. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { EXIT_USAGE, UserError, type Violation } from '../../domain/exit.ts';
import { type Conversion, convertPlan } from '../../tradeplan/conversion/convert.ts';
import type { Note } from '../../tradeplan/conversion/notes.ts';
import { readToml, type TomlTable } from '../../tradeplan/conversion/toml.ts';
import { loadTradeplan } from '../../tradeplan/load.ts';
import { prepareParts } from '../../trader/preparation.ts';
import { jsonOption, list } from '../options.ts';
import { print, printJson } from '../output.ts';
import { convertedFile } from '../template/converted.ts';

interface Options {
  readonly out: string;
  readonly miners?: string;
  readonly mode: 'simulated' | 'paper' | 'live';
  readonly asset: 'us_equity' | 'crypto';
  readonly symbols: readonly string[];
  readonly json?: boolean;
}

interface ToldNote extends Note {
  readonly file: string;
}

const LABELS = { changed: 'changed', left_out: 'left out', to_do: 'to do' } as const;

export function convertCommand(): Command {
  return new Command('convert')
    .argument('<tradeplan.toml>', "LiuAlgoTrader's plan")
    .option('--miners <file>', 'its miner.toml, for the miners of the plan')
    .option('--out <file>', 'where to write the plan; overwrites nothing', 'tradeplan.yaml')
    .addOption(
      new Option('--mode <mode>', 'where orders go: there APCA_API_BASE_URL said it')
        .choices(['simulated', 'paper', 'live'])
        .default('simulated'),
    )
    .addOption(
      new Option('--asset <class>', 'what is traded').choices(['us_equity', 'crypto']).default('us_equity'),
    )
    .option('--symbols <list>', 'what strategies trade for which no scanner picks: AAPL,MSFT', list, [])
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nPython is not translated: for each strategy and scanner of your own a file with its parameters is written\nbeside the plan, in which its decisions are yours to write. docs/LIUALGOTRADER.md says where each thing went.\nExit code: 0 the plan is valid, 2 it needs what is named.\n\nExample:\n  openbell convert tradeplan.toml --miners miner.toml --out tradeplan.yaml',
    )
    .action(convert);
}

async function convert(source: string, options: Options): Promise<void> {
  const { miners, mode, asset, symbols, json } = options;
  const converted = convertPlan({
    tradeplan: readTable(source),
    miners: miners === undefined ? null : readTable(miners),
    mode,
    assetClass: asset,
    symbols,
  });
  const notes = [
    ...converted.notes.map((note): ToldNote => ({ file: source, ...note })),
    ...converted.minerNotes.map((note): ToldNote => ({ file: miners ?? '', ...note })),
  ];
  if (converted.withoutSymbols.length > 0) throw nothingToTrade(source, converted.withoutSymbols);
  const plan = resolve(options.out);
  const files = filesOf(converted, { plan, source, notes });
  write(files);
  const violations = await violationsOf(plan);
  const names = files.map(({ path }) => relative(process.cwd(), path));
  if (json) printJson({ files: names, notes, violations });
  else {
    for (const name of names) print(`wrote ${name}`);
    for (const { file, line, path, outcome, text } of notes) {
      print(`${file}:${line}  ${LABELS[outcome]}  ${path}: ${text}`);
    }
    if (violations.length === 0) print(`\nThe plan is valid. Look at it with: openbell check ${names[0]}`);
  }
  if (violations.length > 0) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${names[0]} was written, and is not valid yet`,
      remedy: 'Correct what is named, there or in the TOML; `openbell check` looks again.',
      violations,
    });
  }
}

/** Of the plan as it was written, with its strategies, scanners and miners. */
async function violationsOf(plan: string): Promise<readonly Violation[]> {
  try {
    return (await prepareParts(loadTradeplan(plan))).violations;
  } catch (error) {
    if (error instanceof UserError && error.violations.length > 0) return error.violations;
    throw error;
  }
}

function nothingToTrade(source: string, ids: readonly string[]): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause: `${source} does not say what ${ids.join(', ')} trade${ids.length === 1 ? 's' : ''}`,
    remedy: 'Name symbols with --symbols AAPL,MSFT; nothing was written.',
  });
}

function readTable(path: string): TomlTable {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
      remedy: 'Name the TOML file of a plan.',
    });
  }
  const read = readToml(text);
  if (read.ok) return read.table;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `${path} is not TOML`,
    remedy: 'Correct what is named.',
    violations: [read.violation],
  });
}

interface WrittenFile {
  readonly path: string;
  readonly text: string;
}

/** The plan first. */
function filesOf(
  { plan, files }: Conversion,
  context: { readonly plan: string; readonly source: string; readonly notes: readonly ToldNote[] },
): readonly WrittenFile[] {
  const remarks = context.notes.map(
    ({ file, line, path, outcome, text }) => `#   ${file}:${line} ${LABELS[outcome]}: ${path}: ${text}`,
  );
  const head = [
    `# Made of ${context.source} by openbell convert. tradeplan.example.yaml explains every key.`,
    ...(remarks.length > 0 ? ['# What could not be kept as it was:', ...remarks] : []),
    '',
  ];
  const folder = dirname(context.plan);
  return [
    { path: context.plan, text: `${head.join('\n')}\n${stringify(plan)}` },
    ...files.map(convertedFile).map(({ name, text }) => ({ path: join(folder, name), text })),
  ];
}

function write(files: readonly WrittenFile[]): void {
  const present = files.find(({ path }) => existsSync(path));
  if (present !== undefined) {
    throw new UserError({
      exitCode: EXIT_USAGE,
      cause: `${present.path} is there already`,
      remedy: 'Choose another --out, or delete the file.',
    });
  }
  for (const { path, text } of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
  }
}
