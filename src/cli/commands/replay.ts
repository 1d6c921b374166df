/** `openbell replay`: a recorded session again, decision by decision; or what it would have been with a change. */
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { liveClock } from '../../clock/live.ts';
import { EXIT_DONE, EXIT_UNEXPECTED, EXIT_USAGE, UserError } from '../../domain/exit.ts';
import type { ParameterChange } from '../../replay/changes.ts';
import type { Difference, MachineReplay, ReplayResult } from '../../replay/contract.ts';
import { replay } from '../../replay/replay.ts';
import { findBatchTapes } from '../../replay/tapes.ts';
import { dataDirectoryOption, jsonOption, storageOf } from '../options.ts';
import { otherStrategies } from '../otherStrategies.ts';
import { type Column, print, printJson, renderTable } from '../output.ts';
import { openProgress } from '../progress.ts';
import { parameterChange, runWhatIf, type WhatIfCommand } from '../whatIf.ts';
import { showWhatIf } from '../whatIfTable.ts';

interface Options extends WhatIfCommand {
  readonly tapes?: string;
  readonly strategies?: string;
  readonly json?: boolean;
}

export function replayCommand(): Command {
  return new Command('replay')
    .argument('<batch>', 'its id, or how the id begins; `openbell runs` lists them')
    .option('--tapes <dir>', "the folder of the batch's tapes (`tapes` in the data directory)")
    .addOption(
      new Option(
        '--strategies <plan>',
        "run this plan's strategies and parameters in place of the recorded ones, on the same inboxes",
      ).conflicts(['plan', 'set']),
    )
    .option(
      '--plan <plan>',
      "what if: this plan over the session's market, by the backtester, beside the session's own",
    )
    .option(
      '--set <id.parameter=value>',
      'what if: another value of a parameter of a strategy or scanner; may be given several times',
      parameterChange,
      [] as readonly ParameterChange[],
    )
    .option(
      '--save',
      'what if: keep the rows of both runs in the database, for `runs`, `trades` and `report`',
    )
    .option('--report <file>', 'what if: write a page about the run with the change')
    .addOption(dataDirectoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nEnds with exit code 1 when a decision differs, or when a part of the session was not recorded.\n\nExamples:\n  openbell replay 3f9c2a10\n  openbell replay 3f9c2a10 --strategies tradeplan.yaml\n  openbell replay 3f9c2a10 --json | jq .firstDifference\n  openbell replay 3f9c2a10 --set momentum.lookback=20\n  openbell replay 3f9c2a10 --set movers.max_symbols=50 --save --report what-if.html',
    )
    .action(run);
}

async function run(batchId: string, options: Options): Promise<void> {
  const directory = options.tapes ?? join(storageOf(options).dataDirectory, 'tapes');
  const tapes = findBatchTapes(directory, batchId);
  if (options.plan !== undefined || options.set.length > 0) {
    const result = await runWhatIf(tapes, options);
    if (options.json) printJson(result);
    else showWhatIf(result);
    process.exitCode = result.changed.faults > 0 ? EXIT_UNEXPECTED : EXIT_DONE;
    return;
  }
  if (options.save || options.report !== undefined) throw withoutChange();
  const progress = openProgress(liveClock);
  const change = options.strategies === undefined ? undefined : await otherStrategies(options.strategies);
  const result = await replay({
    tapes,
    ...(change === undefined ? {} : { change }),
    onProgress: (share, text) => progress.update(share, text),
  }).finally(() => progress.done());
  if (options.json) printJson(result);
  else show(result);
  process.exitCode = result.isEqual ? EXIT_DONE : EXIT_UNEXPECTED;
}

function withoutChange(): UserError {
  return new UserError({
    exitCode: EXIT_USAGE,
    cause:
      '--save and --report are for a run with a change: nothing new comes of a session that decides the same',
    remedy: 'Name the change with --set or --plan; `openbell report BATCH` is about the session itself.',
  });
}

function show(result: ReplayResult): void {
  print(renderTable(MACHINES, result.machines, ''));
  print('');
  for (const { machine, rowsLost, unconfirmed, faults } of result.machines) {
    if (rowsLost > 0)
      print(`${machine}: ${rowsLost} rows are missing on its tapes; nothing behind them was compared`);
    if (unconfirmed > 0) {
      print(`${machine}: ${unconfirmed} decisions just before it was killed stand on one tape only`);
    }
    for (const fault of faults) print(`${machine}: ${fault}`);
  }
  const { firstDifference } = result;
  if (firstDifference === null) {
    print(
      result.isEqual
        ? `batch ${result.batchId} decides the same again: ${result.decisions} decisions are equal`
        : `batch ${result.batchId}: ${result.decisions} decisions are equal, as far as they could be compared`,
    );
    return;
  }
  showDifference(firstDifference);
}

function showDifference(difference: Difference): void {
  const { machine, index, at, event, recorded, replayed, fields } = difference;
  print(`The first difference is decision ${index} of ${machine}, at ${at}, on ${event}:`);
  if (recorded === null) print('it was not made in the session.');
  if (replayed === null) print('it is not made again.');
  const names = [...new Set([...Object.keys(recorded ?? {}), ...Object.keys(replayed ?? {})])];
  const rows = names.map((name) => ({
    name: fields.includes(name) ? `${name} !` : name,
    recorded: recorded?.[name] ?? '',
    replayed: replayed?.[name] ?? '',
  }));
  print('');
  print(renderTable(FIELDS, rows, ''));
}

const MACHINES: readonly Column<MachineReplay>[] = [
  { title: 'machine', value: (row) => row.machine },
  { title: 'from', value: (row) => row.from },
  { title: 'to', value: (row) => row.to },
  { title: 'inbox', align: 'right', value: (row) => row.entries.toLocaleString('en-US') },
  { title: 'events', align: 'right', value: (row) => row.events.toLocaleString('en-US') },
  { title: 'equal', align: 'right', value: (row) => row.equal.toLocaleString('en-US') },
  {
    title: 'difference',
    value: (row) => (row.difference === null ? 'none' : `decision ${row.difference.index}`),
  },
];

const FIELDS: readonly Column<{ name: string; recorded: string; replayed: string }>[] = [
  { title: 'field', value: (row) => row.name },
  { title: 'in the session', value: (row) => row.recorded },
  { title: 'in the replay', value: (row) => row.replayed },
];
