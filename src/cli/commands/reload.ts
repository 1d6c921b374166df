/** `openbell reload`: the running daemon reads its plan again. */
import { Command } from 'commander';
import { liveClock } from '../../clock/live.ts';
import { connectControl } from '../../trader/control/control.ts';
import type { ReloadAnswer } from '../../trader/plans/reload.ts';
import { dataDirectoryOption, jsonOption, type StorageOptions, storageOf } from '../options.ts';
import { print, printJson } from '../output.ts';
import { noDaemon } from './status.ts';

/** Strategies are bundled again, and the database is asked. */
const ANSWER_TIMEOUT_MS = 60_000;

interface Options extends StorageOptions {
  readonly json?: boolean;
}

export function reloadCommand(): Command {
  return new Command('reload')
    .addOption(dataDirectoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nStrategies, scanners and miners follow the plan; states, positions and orders are kept. A plan that is wrong, or\nthat changes what only a restart can, is refused whole, and the old one goes on.\nExit code: 0 it was taken over, 2 it was refused, 3 no daemon runs.\n\nExample:\n  openbell reload',
    )
    .action(async (options: Options) => {
      const { dataDirectory } = storageOf(options);
      const client = await connectControl(dataDirectory, liveClock, ANSWER_TIMEOUT_MS);
      if (client === null) throw noDaemon(dataDirectory);
      try {
        const answer = await client.call<ReloadAnswer>('reload');
        if (options.json) printJson(answer);
        else print(linesOf(answer).join('\n'));
      } finally {
        client.close();
      }
    });
}

function linesOf(answer: ReloadAnswer): readonly string[] {
  const { added, restarted, changed, removed, left, scanners, miners } = answer;
  const of = (what: string, ids: readonly string[]) =>
    ids.length === 0 ? [] : [`${what}: ${ids.join(', ')}`];
  const lines = [
    ...of('started', added),
    ...of('begun anew, with their states', restarted),
    ...of('changed, and going on', changed),
    ...of('removed', removed),
    ...left.map(({ instanceId, qty, symbol, fate }) => `${instanceId} holds ${qty} ${symbol}: ${fate}`),
    ...of('scanners begun anew', scanners.started),
    ...of('scanners ended', scanners.ended),
    ...(miners ? ['miners begun anew'] : []),
  ];
  return lines.length === 0 ? ['The plan says what runs already.'] : lines;
}
