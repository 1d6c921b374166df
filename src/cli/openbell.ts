#!/usr/bin/env node
/** The command line: parse, choose, start. */
import { Command, CommanderError } from 'commander';
import { EXIT_DONE, EXIT_USAGE } from '../domain/exit.ts';
import { COMMANDS } from './commands.ts';
import { reportFailure } from './failure.ts';
import { version } from './version.ts';

// Who reads along may stop reading (`openbell runs | head`): that is no failure, and no reason for a daemon to end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const program = new Command('openbell')
  .description('A trading daemon: one strategy file, backtested, paper-traded and run live.')
  .showSuggestionAfterError();

// Only the command that was asked for is loaded: `status` should not wait for esbuild and a database driver.
const [first, second] = process.argv.slice(2);
const asked = first === 'help' ? second : first;
for (const { name, description, load } of COMMANDS) {
  const command = name === asked ? await load() : new Command(name);
  program.addCommand(command.description(description));
}
for (const command of everyCommand(program)) {
  command.exitOverride().version(version()).showHelpAfterError('(see --help)');
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode === EXIT_DONE ? EXIT_DONE : EXIT_USAGE;
  else process.exitCode = reportFailure(error, process.env.OPENBELL_LOG_LEVEL === 'debug');
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap((inner) => everyCommand(inner))];
}
