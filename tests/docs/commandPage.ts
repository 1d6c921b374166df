/** Every command with its arguments and options, out of the command line's own definitions. */
import type { Command } from 'commander';

export interface DescribedCommand {
  /** With those that it belongs to: `openbell tape info`. */
  readonly name: string;
  readonly description: string;
  readonly usage: string;
  readonly terms: readonly Term[];
  /** What its help says below the options, examples included. */
  readonly after: string;
}

interface Term {
  readonly term: string;
  readonly meaning: string;
  readonly initial: string;
}

/** The commands that do something: one that only holds others is not among them. */
export function describeCommands(command: Command, before = 'openbell'): readonly DescribedCommand[] {
  const name = `${before} ${command.name()}`;
  const inner = command.commands.flatMap((one) => describeCommands(one, name));
  if (inner.length > 0) return inner;
  const terms = [
    ...command.registeredArguments.map((argument) => ({
      term: argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
      meaning: argument.description,
      initial: initialOf(argument),
    })),
    ...command.options.map((option) => ({
      term: option.flags,
      meaning: `${option.description}${choicesOf(option.argChoices)}`,
      initial: option.mandatory ? 'required' : initialOf(option),
    })),
  ];
  const usage = `${name} ${command.usage()}`;
  return [{ name, description: command.description(), usage, terms, after: afterOf(command) }];
}

export function pageOf(commands: readonly DescribedCommand[]): string {
  return commands.map(render).join('\n');
}

function render({ name, description, usage, terms, after }: DescribedCommand): string {
  const rows = terms.map(({ term, meaning, initial }) => {
    const cells = [
      `\`${term}\``,
      meaning,
      initial === '' || initial === 'required' ? initial : `\`${initial}\``,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  });
  const table = rows.length === 0 ? '' : `\n| | | default |\n|---|---|---|\n${rows.join('\n')}\n`;
  const more = after === '' ? '' : `\n\`\`\`text\n${after}\n\`\`\`\n`;
  return `## ${name}\n\n\`${usage}\`: ${description}\n${table}${more}`;
}

interface Valued {
  readonly defaultValue?: unknown;
  readonly defaultValueDescription?: string | undefined;
}

function initialOf({ defaultValue, defaultValueDescription }: Valued): string {
  if (defaultValueDescription !== undefined) return defaultValueDescription;
  if (defaultValue === undefined || (Array.isArray(defaultValue) && defaultValue.length === 0)) return '';
  return typeof defaultValue === 'string' ? defaultValue : JSON.stringify(defaultValue);
}

function choicesOf(choices: readonly string[] | undefined): string {
  return choices === undefined ? '' : `; one of: ${choices.join(', ')}`;
}

/** Its help without the part that commander makes of its definition. */
function afterOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text.slice(command.helpInformation().length).trim();
}
