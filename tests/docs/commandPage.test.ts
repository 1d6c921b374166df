import { expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { describeCommands, pageOf } from './commandPage.ts';
import { expectWritten } from './written.ts';

const commands = (
  await Promise.all(
    COMMANDS.map(async ({ description, load }) => describeCommands((await load()).description(description))),
  )
).flat();

it('the page of all commands is what the command line says today', () => {
  expectWritten('docs/COMMANDS.md', 'commands', pageOf(commands), 'npm run docs:commands');
});

it('every command says what it does, each of its options what that does, and shows an example', () => {
  const silent = commands.flatMap(({ name, description, terms, after }) => [
    ...(description === '' ? [name] : []),
    ...(after.includes(`  ${name}`) || /^ {2}\S+=\S+ openbell /m.test(after) ? [] : [`${name}: no example`]),
    ...terms.filter(({ meaning }) => meaning === '').map(({ term }) => `${name} ${term}`),
  ]);
  expect(silent).toEqual([]);
  expect(commands.length).toBeGreaterThan(40);
});
